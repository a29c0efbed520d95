"""Routes of the organization's members."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import people
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import MemberIn, MemberPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(prefix="/members", tags=["members"])


@router.get("", response_model=models.Page[models.UserOut])
def list_members(caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Response:
    """The organization's members."""

    def work(desk: Desk) -> models.Page[models.UserOut]:
        rows, following = cut(lambda a, n: people.page(desk, a, n), cursor, limit)
        return models.Page(items=[views.user(row) for row in rows], next_cursor=following)

    return caller.read(work)


@router.post("", status_code=201, response_model=models.UserOut)
def add_member(caller: Creating, body: MemberIn) -> Response:
    """A new member, who signs in with a link."""
    return caller.create(
        lambda desk: views.user(people.add(desk, body.handle, body.name, body.role))
    )


@router.patch("/{member}", response_model=models.UserOut)
def edit_member(caller: Changing, member: str, body: MemberPatch) -> Response:
    """Change a member's name or role."""
    return caller.write(
        lambda desk: views.user(
            people.edit(desk, member, name=body.name, role=body.role, expected=caller.expected)
        )
    )


@router.delete("/{member}", status_code=204)
def remove_member(caller: Reading, member: str) -> Response:
    """Remove a member with all their logins."""
    return caller.write(lambda desk: people.remove(desk, member))


@router.post("/{member}/sign-in-links", status_code=201, response_model=models.SignInLinkOut)
def create_sign_in_link(caller: Creating, member: str) -> Response:
    """A single-use sign-in link's code for a member, good for 30 minutes and shown this once."""

    def work(desk: Desk) -> models.SignInLinkOut:
        issued = people.create_sign_in_link(desk, member)
        expires_at = issued.login.expires_at or desk.world.now()
        code = issued.clear.reveal()
        url = f"{desk.addresses.portal}/welcome/{code}"
        return models.SignInLinkOut(url=url, code=code, expires_at=expires_at)

    return caller.create(work)
