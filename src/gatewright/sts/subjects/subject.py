"""Whom a shown token is about and what it leaves to whoever may act on it; checked already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatewright.crypto.foreign import NotValid
from gatewright.domain.token import EXCHANGED_CLAIM

TEXT_LENGTH_MAX = 255
ACTORS_MAX = 5
"""How deep `act` nests (RFC 8693 §4.1): the actor now and four before."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_IDENTITY = ("iss", "sub", "client_id")


@dataclass(frozen=True, slots=True)
class Subject:
    """`expires_at` is in seconds. None as `scopes` or `audience` limits nothing.

    `idp` is the outside issuer that vouches for `sub`; None for a client of ours. `confirmation`
    is the `cnf` that whoever shows the token has to prove, `actors` the `act` of the token,
    `may_act` who alone may act for it (RFC 8693 §4.4), `subject_key` that of a client of ours,
    whose end ends what was exchanged for it.
    """

    sub: str
    idp: str | None
    expires_at: int
    scopes: frozenset[str] | None
    audience: frozenset[str] | None
    confirmation: Mapping[str, Any] | None
    actors: Mapping[str, Any] | None
    may_act: Mapping[str, str] | None
    client_id: str | None = None
    subject_key: str | None = None


def check_proven(subject: Subject, proven: Mapping[str, str]) -> None:
    """Raise NotValid unless the request proves every key that the shown token is bound to.

    Whoever stole a bound token (RFC 9449, RFC 8705) must not change it for one of his own.
    """
    bound = subject.confirmation
    if bound is None:
        return
    if not bound or any(proven.get(name) != value for name, value in bound.items()):
        raise NotValid("it is bound to a key that this request does not prove.")


def is_named(subject: Subject, issuer_url: str, client_id: str, actor: Mapping[str, str]) -> bool:
    """Whether the token lets this actor of this client act for its subject (RFC 8693 §4.4): what
    it says of its actor is all true, or it says nothing. `actor` without `iss` is one of ours."""
    known = {"iss": issuer_url, **actor, "client_id": client_id}
    return all(known.get(name) == value for name, value in (subject.may_act or {}).items())


def kept(subject: Subject) -> dict[str, Any]:
    """What of the shown token binds the new one as well: who vouches, and who alone may act."""
    found = {
        "idp": subject.idp, "may_act": subject.may_act, EXCHANGED_CLAIM: subject.subject_key
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that may become one of ours: 1 to 255 characters, none of control.

    Raises NotValid.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_LENGTH_MAX:
        raise NotValid(f"its {name} is no text of 1 to {TEXT_LENGTH_MAX} characters.")
    if _CONTROL.search(value) or not value.isprintable():
        raise NotValid(f"its {name} holds a character that can not be printed.")
    return value


def actors(claims: Mapping[str, Any], issuer: str | None) -> dict[str, Any] | None:
    """The `act` of the claims, only with what tells actors apart, or None without one.

    `issuer` is added where an actor names none, so that nobody of outside reads as one of ours.
    Raises NotValid when it is malformed or too deep.
    """
    found: list[dict[str, str]] = []
    link: object = claims.get("act")
    while link is not None:
        if not isinstance(link, dict) or len(found) >= ACTORS_MAX:
            raise NotValid(f"its act is no object, or over {ACTORS_MAX} deep.")
        found.append(({"iss": issuer} if issuer else {}) | identity(link, "act"))
        link = link.get("act")
    chain: dict[str, Any] | None = None
    for actor in reversed(found):
        chain = actor if chain is None else {**actor, "act": chain}
    return chain


def may_act(claims: Mapping[str, Any]) -> dict[str, str] | None:
    """Who may act for the subject, or None when the token does not say. Raises NotValid."""
    value = claims.get("may_act")
    if "may_act" not in claims:
        return None
    if not isinstance(value, dict) or not value.keys() <= set(_IDENTITY):
        raise NotValid("its may_act names an actor by more than iss, sub and client_id.")
    return identity(value, "may_act")


def identity(value: Mapping[str, Any], name: str) -> dict[str, str]:
    """The members that tell an actor apart. Raises NotValid without any but `iss`."""
    found = {member: text(value, member) for member in _IDENTITY if member in value}
    if not found.keys() & {"sub", "client_id"}:
        raise NotValid(f"its {name} names nobody.")
    return found
