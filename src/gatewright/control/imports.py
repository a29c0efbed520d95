"""Import of an OpenAPI document as a new API, or as the next definition of a known one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, environments, limits
from gatewright.control.apis import NewApi
from gatewright.control.desk import Desk, expect
from gatewright.control.fetch import Fetched
from gatewright.control.findings import Finding
from gatewright.control.openapi.document import Imported, read_document
from gatewright.domain import ids
from gatewright.domain.api import Api, upstream_url, version_pair
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.ids import slug


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller says beside the document; None follows the document."""

    context: str | None = None
    version: str | None = None
    upstream: str | None = None
    name: str | None = None
    handle: str | None = None
    update: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The API as written, or as it would be at a dry run."""

    api: Api
    warnings: tuple[Finding, ...]
    created: bool
    removed_operations: tuple[str, ...] = ()


def demand(desk: Desk) -> None:
    """Raise Denied unless the actor may import: asked before a document is read or fetched."""
    desk.demand(Action.WRITE_APIS)


def read(document: str | None, url: str | None, fetch: Callable[[str], Fetched]) -> Imported:
    """The document, given or fetched. Slow, so done before the transaction that writes.

    Raises Refused, TooLarge, and Invalid unless exactly one of the two is given.
    """
    if (document is None) == (url is None):
        raise Invalid("Give either a document or a url.", "document", "Pass one of the two.")
    if url is None:
        return read_document(document or "")
    fetched = fetch(url)
    return read_document(fetched.text, fetched.url)


def write(desk: Desk, imported: Imported, wish: Wish, expected: int | None = None) -> Outcome:
    """Make the API, or with `update` replace the definition of the one of that version.

    State, deployments and subscriptions stay. Raises Conflict when it exists and no update is
    wished, or when the context belongs to another API.
    """
    demand(desk)
    version = wish.version or imported.version
    version_pair(version)
    name = wish.name or imported.name
    handle = ids.handle(wish.handle or slug(name, "api"), "handle")
    warnings = _warnings(imported, wish)
    known = desk.tx.apis.find(organization_id=desk.organization.id, handle=handle, version=version)
    if known and wish.update:
        return _update(desk, known[0], imported, wish, warnings, expected)
    siblings = desk.tx.apis.find(organization_id=desk.organization.id, handle=handle)
    context = wish.context or (siblings[0].context if siblings else f"/{handle}")
    new = NewApi(
        name=name,
        version=version,
        definition=imported.definition,
        handle=handle,
        context=context,
        description=imported.description,
        upstream=wish.upstream or imported.upstream,
    )
    if wish.dry_run:
        draft = apis.drafted(desk, new)
        apis.check_address(desk, draft)
        return Outcome(draft, warnings, created=True)
    return Outcome(apis.create(desk, new), warnings, created=True)


def _warnings(imported: Imported, wish: Wish) -> tuple[Finding, ...]:
    return (
        *imported.warnings,
        *(() if wish.version else imported.version_warnings),
        *(() if wish.upstream else imported.upstream_warnings),
    )


def _update(
    desk: Desk,
    api: Api,
    imported: Imported,
    wish: Wish,
    warnings: tuple[Finding, ...],
    expected: int | None,
) -> Outcome:
    expect(api.revision, expected)
    apis.refuse_retired(api)
    if wish.context not in (None, api.context):
        raise Conflict(
            f"The context of {api.reference} is {api.context} and stays.",
            "context",
            "Leave it out, or import under another handle.",
        )
    base = wish.upstream or (imported.upstream if not api.upstreams else None)
    upstreams = api.upstreams
    if base is not None:
        base = upstream_url(base)
        upstreams = {environment.id: base for environment in environments.everything(desk)}
    changed = replace(
        api,
        name=wish.name or api.name,
        description=imported.description or api.description,
        definition=replace(imported.definition, access=api.definition.access),
        upstreams=upstreams,
    )
    before = {item.key for item in api.definition.operations}
    removed = tuple(sorted(before - {item.key for item in imported.definition.operations}))
    warnings = (*warnings, *limits.findings(desk, api, changed))
    if not wish.dry_run:
        changed = apis.save(desk, api, changed, "apis.import", removed_operations=len(removed))
    return Outcome(changed, warnings, created=False, removed_operations=removed)
