"""APIs: how they are found, made, changed and deleted, and which of them a role may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import definitions, environments
from gatewright.control.desk import Desk, expect
from gatewright.control.fitting import fitted
from gatewright.domain import ids, text
from gatewright.domain.api import Api, Definition, context_path, upstream_url, version_pair
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope
from gatewright.domain.subscription import Subscription

_PAGE = 200
"""Rows read at once while a search goes through them."""


@dataclass(frozen=True, slots=True)
class NewApi:
    """What a new API is made of; the handle and the context derive from the name when None."""

    name: str
    version: str
    definition: Definition
    handle: str | None = None
    context: str | None = None
    description: str = ""
    upstream: str | None = None


def page(
    desk: Desk, after: str | None, limit: int, state: State | None = None, search: str | None = None
) -> list[Api]:
    """A page of the APIs that the actor may see, in the order of their making.

    `search` finds a part of name, handle or context, in any case.
    """
    desk.demand(Action.READ_APIS)
    states = _visible_states(desk) if state is None else _visible_states(desk) & {state}
    if not states:
        return []
    conditions: dict[str, object] = {"organization_id": desk.organization.id}
    if len(states) < len(State):
        conditions["state"] = tuple(sorted(states))
    if not search:
        return desk.tx.apis.page(after=after, limit=limit, **conditions)
    return _matching(desk, after, limit, search.casefold(), conditions)


def _matching(
    desk: Desk, after: str | None, limit: int, word: str, conditions: dict[str, object]
) -> list[Api]:
    found: list[Api] = []
    while len(found) < limit:
        rows = desk.tx.apis.page(after=after, limit=_PAGE, **conditions)
        found += [
            api for api in rows if word in f"{api.name}\n{api.handle}\n{api.context}".casefold()
        ]
        if len(rows) < _PAGE:
            break
        after = rows[-1].id
    return found[:limit]


def _visible_states(desk: Desk) -> frozenset[State]:
    return frozenset(State) if desk.may(Action.READ_DRAFTS) else LISTED


def versions(desk: Desk, handle: str) -> list[Api]:
    """All versions of a handle that the actor may see, newest first."""
    desk.demand(Action.READ_APIS)
    found = desk.tx.apis.find(organization_id=desk.organization.id, handle=handle)
    seen = [api for api in found if api.state in _visible_states(desk)]
    return sorted(seen, key=lambda api: version_pair(api.version), reverse=True)


def named(desk: Desk, reference: str, field: str = "api") -> Api:
    """The API of that id, `handle:version` or handle (its newest version).

    Raises NotFound, also for what the actor may not see.
    """
    desk.demand(Action.READ_APIS)
    by_id = desk.tx.apis.get(reference)
    if by_id and by_id.organization_id == desk.organization.id:
        if by_id.state in _visible_states(desk):
            return by_id
    else:
        handle, _, version = reference.partition(":")
        found = [api for api in versions(desk, handle) if version in ("", api.version)]
        if found:
            return found[0]
    raise NotFound(
        f"There is no API {reference[:120]!r}.", field, "Name it by id, handle or handle:version."
    )


def create(desk: Desk, new: NewApi) -> Api:
    """Make an API in state CREATED. Raises Invalid, and Conflict when its address is taken."""
    desk.demand(Action.WRITE_APIS)
    draft = drafted(desk, new)
    check_address(desk, draft)
    api = desk.tx.apis.add(draft)
    desk.record("apis.create", api.id, reference=api.reference, context=api.context)
    return api


def drafted(desk: Desk, new: NewApi) -> Api:
    """The API as it would be made, with its values checked and nothing written. Raises Invalid."""
    id, now, name = ids.new_id("api", desk.world), desk.world.now(), text.name(new.name)
    handle = ids.handle(new.handle or ids.slug(name, id.replace("_", "-")), "handle")
    version_pair(new.version)
    upstreams = {}
    if new.upstream is not None:
        base = upstream_url(new.upstream)
        upstreams = {environment.id: base for environment in environments.everything(desk)}
    return Api(
        id=id,
        organization_id=desk.organization.id,
        handle=handle,
        context=context_path(new.context or f"/{handle}"),
        version=new.version,
        name=name,
        description=text.description(new.description),
        state=State.CREATED,
        definition=new.definition,
        upstreams=upstreams,
        created_at=now,
        updated_at=now,
    )


def check_address(desk: Desk, draft: Api) -> None:
    """Raise Conflict when the version exists, or when handle and context belong to others.

    All versions of a handle share one context and no other handle has it, so that
    `/context/v1` means one API. Sees all rows, whatever the actor may see.
    """
    organization_id = desk.organization.id
    for api in desk.tx.apis.find(organization_id=organization_id, handle=draft.handle):
        if api.version == draft.version:
            raise Conflict(
                f"{api.reference} exists already.",
                "version",
                "Choose another version, or import with update to replace its definition.",
            )
        if api.context != draft.context:
            raise Conflict(
                f"The versions of {api.handle} share the context {api.context}.",
                "context",
                f"Use {api.context}, or another handle.",
            )
    for api in desk.tx.apis.find(organization_id=organization_id, context=draft.context):
        if api.handle != draft.handle:
            raise Conflict(
                f"The context {draft.context} belongs to {api.handle}.",
                "context",
                f"Choose another context, or the handle {api.handle} to add a version to it.",
            )


def edit(
    desk: Desk,
    reference: str,
    *,
    name: str | None = None,
    description: str | None = None,
    upstreams: Mapping[str, str | None] | None = None,
    approval_required: bool | None = None,
    expected: int | None = None,
) -> Api:
    """Change what is given; `upstreams` is by environment name, None removes. Raises Stale…

    Who may publish decides whether new subscriptions need approval; raises Denied to others.
    """
    api = editable(desk, reference, expected)
    if approval_required not in (None, api.approval_required):
        desk.demand(Action.PUBLISH)
    kept = dict(api.upstreams)
    for environment_name, url in (upstreams or {}).items():
        field = f"upstreams.{environment_name}"
        environment = environments.named(desk, environment_name, field)
        if url is None:
            kept.pop(environment.id, None)
        else:
            kept[environment.id] = upstream_url(url, field)
    changed = replace(
        api,
        name=api.name if name is None else text.name(name),
        description=api.description if description is None else text.description(description),
        upstreams=kept,
        approval_required=api.approval_required if approval_required is None else approval_required,
    )
    approval = None if approval_required is None else str(changed.approval_required).lower()
    return save(desk, api, changed, "apis.edit", approval_required=approval)


def set_operations(
    desk: Desk, reference: str, operations: Sequence[Operation], expected: int | None = None
) -> Api:
    """Replace the whole list of operations; scopes they name for the first time get defined."""
    api = editable(desk, reference, expected)
    known = {scope.name for scope in api.definition.scopes}
    used = frozenset[str]().union(*(item.scopes for item in operations))
    scopes = (*api.definition.scopes, *(Scope(name) for name in sorted(used - known)))
    definition = definitions.define(operations, scopes, api.definition.access)
    changed = replace(api, definition=definition)
    return save(desk, api, changed, "apis.set-operations", operations=len(operations))


def editable(desk: Desk, reference: str, expected: int | None = None) -> Api:
    """The API if the actor may change it. Raises NotFound, Denied, Stale, Conflict if RETIRED."""
    desk.demand(Action.WRITE_APIS)
    api = named(desk, reference)
    expect(api.revision, expected)
    refuse_retired(api)
    return api


def refuse_retired(api: Api) -> None:
    """Raise Conflict if it is RETIRED, which is final."""
    if api.state is State.RETIRED:
        raise Conflict(
            f"{api.reference} is RETIRED and stays as it is.",
            "state",
            "Create a new version instead, or delete it.",
        )


def save(desk: Desk, before: Api, after: Api, action: str, **detail: object) -> Api:
    """Write a changed API with its audit record; nothing is written when nothing differs.

    Limits of operations that it no longer has are left out.
    """
    if after.definition != before.definition:
        after = fitted(after)
    if after == before:
        return before
    saved = desk.tx.apis.replace(replace(after, updated_at=desk.world.now()))
    desk.record(action, saved.id, reference=saved.reference, **detail)
    return saved


def delete(desk: Desk, reference: str, *, force: bool = False, expected: int | None = None) -> None:
    """Delete an API with its revisions and deployments.

    Raises Conflict when subscriptions cover it, unless it is RETIRED or `force`; the
    subscriptions end with the last version of their major version.
    """
    desk.demand(Action.DELETE_APIS)
    api = named(desk, reference)
    expect(api.revision, expected)
    covering = covering_subscriptions(desk, api)
    if covering and api.state is not State.RETIRED and not force:
        raise Conflict(
            f"{len(covering)} subscriptions cover {api.reference}.",
            "api",
            "Deprecate and retire it first, or delete it with force=true.",
        )
    siblings = desk.tx.apis.find(organization_id=api.organization_id, handle=api.handle)
    if not [item for item in siblings if item.id != api.id and item.major == api.major]:
        for subscription in covering:
            desk.tx.subscriptions.remove(subscription.id)
            desk.record("subscriptions.delete", subscription.id, reason="its API was deleted")
    for deployment in desk.tx.deployments.find(api_id=api.id):
        desk.tx.deployments.remove(deployment.id)
    for revision in desk.tx.revisions.find(api_id=api.id):
        desk.tx.revisions.remove(revision.id)
    desk.tx.apis.remove(api.id)
    desk.record("apis.delete", api.id, reference=api.reference, state=api.state, forced=force)


def covering_subscriptions(desk: Desk, api: Api) -> list[Subscription]:
    """The subscriptions to its handle and major version."""
    return desk.tx.subscriptions.find(
        organization_id=api.organization_id, api_handle=api.handle, api_major=api.major
    )
