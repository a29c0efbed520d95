"""Applications: how they are found, made, changed and deleted, and who may see which of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import key_ends, subjects
from gatewright.control.desk import Desk, expect
from gatewright.domain import ids, text
from gatewright.domain.application import Application
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.scope import scope_name

ALLOWED_SCOPES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None stays as it is. `allow_every_scope` lifts the limit on scopes."""

    name: str | None = None
    description: str | None = None
    allowed_scopes: Iterable[str] | None = None
    allow_every_scope: bool = False
    blocked: bool | None = None


def page(desk: Desk, after: str | None, limit: int) -> list[Application]:
    """A page of the applications that the actor may see, in the order of their making."""
    desk.demand(Action.READ_APPLICATIONS)
    return desk.tx.applications.page(after=after, limit=limit, **visible(desk))


def visible(desk: Desk) -> dict[str, object]:
    """The conditions of what the actor may see: all of the organization's, or their own."""
    own = {} if desk.may(Action.READ_ALL_APPLICATIONS) else {"owner_id": desk.actor.id}
    return {"organization_id": desk.organization.id, **own}


def visible_ids(desk: Desk) -> tuple[str, ...] | None:
    """The ids of the applications that the actor may see; None when that is every one."""
    if desk.may(Action.READ_ALL_APPLICATIONS):
        return None
    return tuple(item.id for item in desk.tx.applications.find(**visible(desk)))


def sees(desk: Desk, application: Application) -> bool:
    """Whether the actor may see it; to others it is as if it were not there."""
    if application.organization_id != desk.organization.id:
        return False
    return desk.may(Action.READ_ALL_APPLICATIONS) or application.owner_id == desk.actor.id


def named(desk: Desk, reference: str, field: str = "application") -> Application:
    """The application of that id, handle or name. Raises NotFound, Conflict for two of a name."""
    desk.demand(Action.READ_APPLICATIONS)
    by_id = desk.tx.applications.get(reference)
    if by_id and sees(desk, by_id):
        return by_id
    for key in ("handle", "name"):
        found = desk.tx.applications.find(**visible(desk), **{key: reference})
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict(
                f"{len(found)} applications are called {reference[:80]!r}.",
                field,
                f"Use a handle: {', '.join(item.handle for item in found[:5])}.",
            )
    raise NotFound(
        f"There is no application {reference[:120]!r}.", field, "Name it by id, handle or name."
    )


def create(
    desk: Desk,
    name: str,
    *,
    handle: str | None = None,
    description: str = "",
    allowed_scopes: Iterable[str] | None = None,
) -> Application:
    """Make an application of the actor's. Raises Invalid, Conflict when its handle is taken."""
    desk.demand(Action.WRITE_APPLICATIONS)
    id, label = ids.new_id("app", desk.world), text.name(name)
    own_handle = ids.handle(handle or ids.slug(label, id.replace("_", "-")), "handle")
    if desk.tx.applications.count(organization_id=desk.organization.id, handle=own_handle):
        raise Conflict(
            f"There is an application {own_handle!r}.",
            "handle" if handle else "name",
            "Choose another name or handle.",
        )
    application = desk.tx.applications.add(
        Application(
            id=id,
            organization_id=desk.organization.id,
            handle=own_handle,
            name=label,
            description=text.description(description),
            allowed_scopes=_scopes(allowed_scopes),
            blocked=False,
            created_at=desk.world.now(),
            owner_id=desk.actor.id,
        )
    )
    desk.record("applications.create", application.id, handle=own_handle)
    return application


def _scopes(names: Iterable[str] | None) -> frozenset[str] | None:
    if names is None:
        return None
    checked = frozenset(scope_name(name, "allowed_scopes") for name in names)
    if len(checked) > ALLOWED_SCOPES_MAX:
        raise Invalid(f"holds over {ALLOWED_SCOPES_MAX} names.", "allowed_scopes", "Name fewer.")
    return checked


def edit(desk: Desk, reference: str, change: Change, expected: int | None = None) -> Application:
    """Change what is given. Raises Invalid, NotFound, Denied, Stale."""
    desk.demand(Action.WRITE_APPLICATIONS)
    application = named(desk, reference)
    expect(application.revision, expected)
    changed = application
    if change.name is not None:
        changed = replace(changed, name=text.name(change.name))
    if change.description is not None:
        changed = replace(changed, description=text.description(change.description))
    if change.allow_every_scope:
        changed = replace(changed, allowed_scopes=None)
    elif change.allowed_scopes is not None:
        changed = replace(changed, allowed_scopes=_scopes(change.allowed_scopes))
    if changed.allowed_scopes != application.allowed_scopes:
        desk.demand(Action.LIMIT_APPLICATIONS)
    if change.blocked is not None and change.blocked != application.blocked:
        desk.demand(Action.BLOCK_APPLICATIONS)
        changed = replace(changed, blocked=change.blocked)
    if changed == application:
        return application
    saved = desk.tx.applications.replace(changed)
    if saved.allowed_scopes != application.allowed_scopes:
        key_ends.end_wider(desk, saved)
    desk.record("applications.edit", saved.id, handle=saved.handle, blocked=saved.blocked)
    return saved


def delete(desk: Desk, reference: str, expected: int | None = None) -> None:
    """Delete an application with its subscriptions and credentials; its tokens end at once."""
    desk.demand(Action.WRITE_APPLICATIONS)
    application = named(desk, reference)
    expect(application.revision, expected)
    for subscription in desk.tx.subscriptions.find(application_id=application.id):
        desk.tx.subscriptions.remove(subscription.id)
    for credential in desk.tx.credentials.find(application_id=application.id):
        for secret in desk.tx.secrets.find(credential_id=credential.id):
            desk.tx.secrets.remove(secret.id)
        for authenticator in desk.tx.authenticators.find(credential_id=credential.id):
            desk.tx.authenticators.remove(authenticator.id)
        for registration in desk.tx.registrations.find(credential_id=credential.id):
            desk.tx.registrations.remove(registration.id)
        subjects.end(desk.tx, desk.organization, credential, desk.world.now())
        desk.tx.credentials.remove(credential.id)
    for link in desk.tx.external_clients.find(application_id=application.id):
        desk.tx.external_clients.remove(link.id)
    key_ends.remove_all(desk, application)
    desk.tx.applications.remove(application.id)
    desk.record("applications.delete", application.id, handle=application.handle)
