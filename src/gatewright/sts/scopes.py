"""Which scopes a client gets: requested ∩ deployed and subscribed ∩ allowed to the application."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from gatewright.domain.scope import qualified
from gatewright.sts.errors import InvalidScope
from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Client, Reach, Records

SCOPE_LENGTH_MAX = 4096
"""Characters of a scope parameter, and of what a token may carry: larger ones break headers."""

_KEPT_ANSWERS_MAX = 64
_QUALIFIED = "urn:"
# RFC 6749 §3.3, with more than one space forgiven.
_SCOPE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class Rights:
    """`names` maps each name a client may ask for, short or qualified, to how a token spells it.

    A short name may stand for several qualified ones. `everything` is what it gets unasked.
    """

    names: dict[str, tuple[str, ...]]
    everything: tuple[str, ...]
    answers: dict[str | None, str] = field(default_factory=dict)


def grant(
    records: Records,
    issuer: Issuer,
    client: Client,
    scope: str | None,
    reach: Reach | None = None,
    limit: frozenset[str] | None = None,
) -> str:
    """The scope string of the token; empty when there is nothing to grant and nothing was asked.

    `reach` narrows to the scopes of some APIs; `limit` to those that it names, short or qualified.
    Raises InvalidScope naming every scope that can not be granted (RFC 6749 §5.2).
    """
    if reach is not None or limit is not None:
        return _granted(rights(records, issuer, client, reach or _all(issuer), limit), scope)
    own = client.rights
    if own is None:
        own = rights(records, issuer, client, _all(issuer))
        client.rights = own
    known: str | None = own.answers.get(scope)
    if known is None:
        known = _granted(own, scope)
        if len(own.answers) < _KEPT_ANSWERS_MAX:
            own.answers[scope] = known
    return known


def rights(
    records: Records,
    issuer: Issuer,
    client: Client,
    reach: Reach,
    limit: frozenset[str] | None = None,
) -> Rights:
    """Everything that the client may ask for there, within `limit`.

    A limit that has the short name allows both; one that has the qualified name allows that one.
    """
    bounds = [bound for bound in (client.application.allowed_scopes, limit) if bound is not None]
    organization = issuer.organization.handle
    names: dict[str, set[str]] = {}
    everything: set[str] = set()
    for api_handle, short in records.scopes(client, reach):
        full = qualified(organization, api_handle, short)
        if all(_has_short(bound, short, limit) for bound in bounds):
            names.setdefault(full, set()).add(full)
            names.setdefault(short, set()).add(short)
            everything.add(short)
        elif all(full in bound or _has_short(bound, short, limit) for bound in bounds):
            names.setdefault(full, set()).add(full)
            names.setdefault(short, set()).add(full)
            everything.add(full)
    spelled = {name: tuple(sorted(_narrow(name, found))) for name, found in names.items()}
    return Rights(spelled, tuple(sorted(everything)))


def meant(
    records: Records, issuer: Issuer, client: Client, names: Collection[str], reach: Reach | None
) -> frozenset[str]:
    """The names in a token of this client, qualified: a short one means its own APIs only."""
    organization = issuer.organization.handle
    own = records.scopes(client, reach or _all(issuer))
    spelled = ((short, qualified(organization, handle, short)) for handle, short in own)
    return frozenset(full for short, full in spelled if short in names or full in names)


def _has_short(bound: frozenset[str], short: str, limit: frozenset[str] | None) -> bool:
    """Whether a bound has the short name. In the limit of a shown token one that reads as a
    qualified name is that of another API."""
    return short in bound and not (bound is limit and short.startswith(_QUALIFIED))


def _all(issuer: Issuer) -> Reach:
    return Reach(frozenset(issuer.environments.values()))


def _narrow(name: str, spellings: set[str]) -> Iterable[str]:
    """One name, spelled as asked where that is allowed, stands alone."""
    return {name} if name in spellings else spellings


def _granted(own: Rights, scope: str | None) -> str:
    wanted = own.everything if scope is None else _parsed(scope)
    refused = [name for name in wanted if scope is not None and name not in own.names]
    granted = dict.fromkeys(
        spelling
        for name in wanted
        for spelling in (own.names.get(name, ()) if scope is not None else (name,))
    )
    if refused:
        named = " ".join(dict.fromkeys(refused))
        raise InvalidScope(f"can not be granted to this client: {named}", "scope")
    text = " ".join(granted)
    if len(text) > SCOPE_LENGTH_MAX:
        raise InvalidScope(
            f"the scopes would take more than {SCOPE_LENGTH_MAX} characters.",
            "scope",
            "Request only those you need.",
        )
    return text


def _parsed(scope: str) -> tuple[str, ...]:
    if len(scope) > SCOPE_LENGTH_MAX or not _SCOPE.fullmatch(scope) or not scope.strip(" "):
        raise InvalidScope(
            f"must be scope names with spaces between, up to {SCOPE_LENGTH_MAX} characters.",
            "scope",
        )
    return tuple(dict.fromkeys(name for name in scope.split(" ") if name))
