"""People: the members of an organization and their roles."""

from dataclasses import replace

from gatewright.access.actions import Action
from gatewright.control import logins
from gatewright.control.desk import Desk, expect
from gatewright.control.logins import Issued
from gatewright.domain import ids, text
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.person import Role, User


def page(desk: Desk, after: str | None, limit: int) -> list[User]:
    """A page of the organization's members."""
    desk.demand(Action.READ_MEMBERS)
    return desk.tx.users.page(after=after, limit=limit, organization_id=desk.organization.id)


def named(desk: Desk, reference: str) -> User:
    """The member of that id or handle. Raises NotFound."""
    desk.demand(Action.READ_MEMBERS)
    by_id = desk.tx.users.get(reference)
    if by_id and by_id.organization_id == desk.organization.id:
        return by_id
    found = desk.tx.users.find(organization_id=desk.organization.id, handle=reference)
    if not found:
        raise NotFound(f"There is no member {reference[:80]!r}.", "member", "List the members.")
    return found[0]


def add(desk: Desk, handle: str, name: str, role: Role) -> User:
    """A new member, who signs in with a link. Raises Invalid, Conflict."""
    desk.demand(Action.WRITE_MEMBERS)
    own_handle = ids.handle(handle, "handle")
    if desk.tx.users.count(organization_id=desk.organization.id, handle=own_handle):
        raise Conflict(f"There is a member {own_handle!r}.", "handle", "Choose another handle.")
    user = desk.tx.users.add(
        User(
            ids.new_id("usr", desk.world),
            desk.organization.id,
            own_handle,
            text.name(name),
            role,
            desk.world.now(),
        )
    )
    desk.record("members.add", user.id, handle=user.handle, role=role)
    return user


def edit(
    desk: Desk,
    reference: str,
    *,
    name: str | None = None,
    role: Role | None = None,
    expected: int | None = None,
) -> User:
    """Change name or role. Raises Conflict when no administrator would be left."""
    desk.demand(Action.WRITE_MEMBERS)
    user = named(desk, reference)
    expect(user.revision, expected)
    changed = replace(
        user,
        name=user.name if name is None else text.name(name),
        role=user.role if role is None else role,
    )
    if user.role is Role.ADMIN and changed.role is not Role.ADMIN:
        _refuse_last_admin(desk)
    if changed == user:
        return user
    saved = desk.tx.users.replace(changed)
    desk.record("members.edit", saved.id, handle=saved.handle, role=saved.role)
    return saved


def remove(desk: Desk, reference: str) -> None:
    """Remove a member with all their logins. Raises Conflict for the last administrator.

    Their applications live on under their id; whoever sees every application can manage them.
    """
    desk.demand(Action.WRITE_MEMBERS)
    user = named(desk, reference)
    if user.role is Role.ADMIN:
        _refuse_last_admin(desk)
    for login in desk.tx.logins.find(user_id=user.id):
        desk.tx.logins.remove(login.id)
    desk.tx.users.remove(user.id)
    desk.record("members.remove", user.id, handle=user.handle)


def create_sign_in_link(desk: Desk, reference: str) -> Issued:
    """A single-use link for a member. Raises NotFound."""
    desk.demand(Action.WRITE_MEMBERS)
    user = named(desk, reference)
    issued = logins.create_sign_in_link(desk.tx, desk.world, desk.keyring, user)
    desk.record("members.sign-in-link", user.id, handle=user.handle)
    return issued


def _refuse_last_admin(desk: Desk) -> None:
    if desk.tx.users.count(organization_id=desk.organization.id, role=Role.ADMIN) < 2:
        raise Conflict("It is the last administrator.", "role", "Make another one first.")
