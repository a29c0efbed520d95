"""JWTs of the organization's key managers: whether one of them signed it for us, in time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gatewright.crypto import foreign
from gatewright.crypto.foreign import ForeignKey, NotValid
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.world import seconds
from gatewright.sts.issuer import Issuer
from gatewright.sts.state import State
from gatewright.sts.subjects.subject import Subject, actors, may_act, text

SKEW_SECONDS = 30
"""How far a clock of others may be ahead: `nbf` and `iat` within it are taken as now."""

KEY_SETS_KEPT = 256

OUR_CLIENTS = "client_"
"""How every client id begins (`domain.ids`): no subject of outside may read as one."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Claims that a key manager signed for us and that are in force now; `typ` in lower case."""

    manager: KeyManager
    claims: Mapping[str, Any]
    expires_at: int
    typ: str | None


def unverified_issuer(unverified_jwt: str) -> object:
    """Who a JWT says made it; good only for finding the keys. Raises NotValid."""
    foreign.header(unverified_jwt)
    return foreign.parsed(unverified_jwt.split(".")[1], "the payload").get("iss")


def signed(
    state: State, issuer: Issuer, unverified_jwt: str, trusts: Callable[[KeyManager], bool]
) -> Signed:
    """The claims, if a key manager that `trusts` accepts signed them for us (RFC 7523 §3).

    Raises NotValid, KeysNeeded.
    """
    header, made_by = foreign.header(unverified_jwt), unverified_issuer(unverified_jwt)
    known = state.records.group("key managers", (issuer.organization.id, str(made_by)))
    found = [row for row in known if row.enabled and trusts(row)]
    if not found:
        raise NotValid("its issuer is not trusted for this.")
    manager: KeyManager = found[0]
    claims = _verified(state, manager, unverified_jwt)
    now = seconds(state.world.now())
    expires_at = foreign.seconds_of(claims, "exp")
    if expires_at is None or expires_at <= now:
        raise NotValid("it has expired, or has no exp.")
    for name in ("nbf", "iat"):
        if (foreign.seconds_of(claims, name) or 0) > now + SKEW_SECONDS:
            raise NotValid(f"its {name} is in the future.")
    _check_audience(issuer, manager, claims)
    typ = header.typ and header.typ.lower().removeprefix("application/")
    return Signed(manager, claims, expires_at, typ)


def subject(signed: Signed) -> Subject:
    """Whom it is about. Scopes limit when it has some, its audience is not ours to hand on.

    Raises NotValid for a subject that could be taken for one of our clients (RFC 9700 §4.15).
    """
    claims, manager = signed.claims, signed.manager
    confirmation = claims.get("cnf")
    if "cnf" in claims and not isinstance(confirmation, dict):
        raise NotValid("its cnf is no object.")
    sub = text(claims, "sub")
    if sub.lower().startswith(OUR_CLIENTS):
        raise NotValid("its sub reads as a client of ours.")
    return Subject(
        sub=sub,
        idp=manager.issuer,
        expires_at=signed.expires_at,
        scopes=_scopes(claims, manager.scope_claim),
        audience=None,
        confirmation=confirmation,
        actors=actors(claims, manager.issuer),
        may_act=may_act(claims),
    )


def _verified(state: State, manager: KeyManager, unverified_jwt: str) -> Mapping[str, Any]:
    """The claims that a key of the manager signed. Raises NotValid, KeysNeeded."""
    if manager.jwks is not None:
        return foreign.verify(unverified_jwt, _key_set(manager.jwks))
    if manager.jwks_uri is None:
        raise NotValid("its issuer has no keys.")
    return state.remote_keys.verify(unverified_jwt, manager.jwks_uri)


@lru_cache(maxsize=KEY_SETS_KEPT)
def _key_set(jwks: str) -> tuple[ForeignKey, ...]:
    return foreign.key_set(jwks)


def _check_audience(issuer: Issuer, manager: KeyManager, claims: Mapping[str, Any]) -> None:
    """For us, or for somebody that the key manager's owner named in our stead."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    ours = manager.audiences | {issuer.url, f"{issuer.url}/token"}
    if not isinstance(named, list) or not any(isinstance(x, str) and x in ours for x in named):
        raise NotValid("its aud names neither this issuer nor an audience of its key manager.")


def _scopes(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Text with spaces between (RFC 8693 §4.2) or a list; None when the claim is not there."""
    value = claims.get(name)
    if name not in claims:
        return None
    found = value.split() if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise NotValid(f"its {name} is no list of scopes.")
    return frozenset(found)
