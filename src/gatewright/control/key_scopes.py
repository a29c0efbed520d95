"""Which scopes an API key may hold: never more than its application may have.

The same rule as for access tokens: what the application is subscribed to, within what it is
allowed. A key is not looked at again when it is used, so that all is decided here.
"""

from collections.abc import Iterable, Iterator

from gatewright.control import apis
from gatewright.control.desk import Desk
from gatewright.domain.api_key import SCOPES_LENGTH_MAX
from gatewright.domain.application import Application
from gatewright.domain.errors import Invalid
from gatewright.domain.scope import parts, qualified, scope_name, within

SCOPES_MAX = 200


def granted(
    desk: Desk, application: Application, wanted: Iterable[str] | None
) -> frozenset[str] | None:
    """The scopes of a new key; None is every one, which only an unlimited application gets.

    A short name has to be one of a subscribed API's; a full one may be that of any API which the
    actor sees, as some ask for no subscription. Raises Invalid naming what can not be granted.
    """
    if wanted is None:
        return kept(desk, application, None)
    names = frozenset(scope_name(name, "scopes") for name in wanted)
    if len(names) > SCOPES_MAX:
        raise Invalid(f"holds over {SCOPES_MAX} names.", "scopes", "Name fewer.")
    if not names:
        raise Invalid(
            "names no scope.", "scopes", "Name some, or leave it out for all that there are."
        )
    subscribed = frozenset(_subscribed(desk, application))
    unknown = sorted(name for name in names if not _is_known(desk, name, subscribed))
    if unknown:
        raise Invalid(
            f"can not be granted to {application.handle}: {' '.join(unknown)[:500]}.",
            "scopes",
            "Subscribe it to the API first, or name the scope in full, urn:…, if the API asks for"
            " no subscription.",
        )
    spelled = (_allowed(desk, application, name, subscribed) for name in sorted(names))
    return _bounded(frozenset[str]().union(*spelled))


def kept(
    desk: Desk, application: Application, scopes: frozenset[str] | None
) -> frozenset[str] | None:
    """The scopes of a key that takes another's place. Raises Invalid for one not allowed now."""
    if scopes is None:
        allowed = application.allowed_scopes
        return None if allowed is None else _bounded(allowed)
    allowed_now = (_allowed(desk, application, name, frozenset()) for name in sorted(scopes))
    return _bounded(frozenset[str]().union(*allowed_now))


def _subscribed(desk: Desk, application: Application) -> Iterator[tuple[str, str]]:
    """API handle and short name of each scope of the subscribed APIs."""
    for row in desk.tx.subscriptions.find(application_id=application.id):
        for api in desk.tx.apis.find(organization_id=row.organization_id, handle=row.api_handle):
            if api.major == row.api_major:
                yield from ((api.handle, scope.name) for scope in api.definition.scopes)


def _is_known(desk: Desk, name: str, subscribed: frozenset[tuple[str, str]]) -> bool:
    if any(name == short for _, short in subscribed):
        return True
    found = parts(desk.organization.handle, name)
    if found is None:
        return False
    if found in subscribed:
        return True
    seen = apis.versions(desk, found[0])
    return any(found[1] == scope.name for api in seen for scope in api.definition.scopes)


def _allowed(
    desk: Desk, application: Application, name: str, subscribed: frozenset[tuple[str, str]]
) -> frozenset[str]:
    """The name as a key spells it: where only full names are allowed, a short one becomes those."""
    allowed, organization = application.allowed_scopes, desk.organization.handle
    if allowed is None or within(name, allowed, organization):
        return frozenset({name})
    full = {qualified(organization, api, short) for api, short in subscribed if short == name}
    spelled = allowed & full
    if not spelled:
        raise Invalid(
            f"{application.handle} is not allowed {name[:200]}.",
            "scopes",
            "Name scopes that it is allowed, or have an administrator allow more.",
        )
    return spelled


def _bounded(scopes: frozenset[str]) -> frozenset[str]:
    if sum(len(name) + 1 for name in scopes) > SCOPES_LENGTH_MAX:
        raise Invalid(
            f"would take more than {SCOPES_LENGTH_MAX} characters.",
            "scopes",
            "Name only those that the key needs.",
        )
    return scopes
