"""Scopes that a key manager's roles stand for: which names may be mapped, and that they exist."""

from collections.abc import Iterable, Mapping

from gatewright.control.desk import Desk
from gatewright.domain.errors import Invalid
from gatewright.domain.scope import qualified

ROLES_MAX = 200
SCOPES_PER_ROLE_MAX = 50
ROLE_LENGTH_MAX = 200
_PAGE = 200
"""APIs that are read at once while their scopes are looked through."""


def checked(desk: Desk, wished: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Role → scopes with spaces between, as they are kept. Raises Invalid.

    A scope is one of the organization's APIs, named short (that of every API) or qualified.
    """
    if len(wished) > ROLES_MAX:
        raise Invalid(f"holds over {ROLES_MAX} roles.", "role_scopes", "Map fewer.")
    found = {_role(role): sorted(set(scopes)) for role, scopes in wished.items()}
    for role, scopes in found.items():
        if not 0 < len(scopes) <= SCOPES_PER_ROLE_MAX:
            raise Invalid(
                f"{role[:80]!r} must stand for 1 to {SCOPES_PER_ROLE_MAX} scopes.",
                "role_scopes",
                "Leave a role out that stands for none.",
            )
    missing = {name for scopes in found.values() for name in scopes} - set(_known(desk, found))
    if missing:
        raise Invalid(
            f"there is no scope {min(missing)[:200]!r}.",
            "role_scopes",
            "Add it to an API first, or name it as `gatewright scope list API` does.",
        )
    return {role: " ".join(scopes) for role, scopes in found.items()}


def _role(name: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= ROLE_LENGTH_MAX or name != name.strip():
        raise Invalid(
            f"{name[:80]!r} is no name of a role.",
            "role_scopes",
            f"Use 1 to {ROLE_LENGTH_MAX} printable characters without spaces around them.",
        )
    return name


def _known(desk: Desk, wished: Mapping[str, Iterable[str]]) -> Iterable[str]:
    """Every name of every scope, as long as some are still to be found."""
    wanted = {name for scopes in wished.values() for name in scopes}
    after: str | None = None
    while wanted:
        page = desk.tx.apis.page(after=after, limit=_PAGE, organization_id=desk.organization.id)
        for api in page:
            for scope in api.definition.scopes:
                names = {scope.name, qualified(desk.organization.handle, api.handle, scope.name)}
                yield from names & wanted
                wanted -= names
        if len(page) < _PAGE:
            return
        after = page[-1].id
