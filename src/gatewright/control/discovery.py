"""What a token issuer tells about itself (OpenID Connect Discovery 1.0, RFC 8414): read once.

Slow, so done before any transaction.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from gatewright.control.fetch import Fetched
from gatewright.control.key_manager_settings import KEYS_WAY_OUT, Wish, preset, url
from gatewright.domain.errors import Invalid
from gatewright.domain.key_manager import ENDPOINTS

WELL_KNOWN = "/.well-known/openid-configuration"
_AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
Fetch = Callable[[str], Fetched]


@dataclass(frozen=True, slots=True)
class Described:
    """The issuer, and the wish with what its description adds."""

    issuer: str
    wish: Wish


def described(issuer: str | None, well_known: str | None, wish: Wish, fetch: Fetch) -> Described:
    """What is wished, filled with what the issuer tells. What is given goes before what is told.

    Nothing is read where an issuer is given with its keys and no `well_known`. Raises Invalid,
    TooLarge.
    """
    if issuer is None and well_known is None:
        raise Invalid("is not given.", "issuer", "Give the issuer or its well-known URL.")
    knows_keys = wish.jwks is not None or wish.jwks_uri is not None
    if issuer is not None and well_known is None and knows_keys:
        return Described(issuer, wish)
    field = "issuer" if well_known is None else "well_known"
    at = url(well_known or issuer or "", field, query=well_known is not None)
    at = well_known or at.removesuffix("/") + WELL_KNOWN
    members = _read(at, field, fetch)
    told = _issuer(members, at, issuer, wish, field)
    found = {name: members[name] for name in ENDPOINTS if isinstance(members.get(name), str)}
    if not knows_keys:
        wish = replace(wish, jwks_uri=_keys_at(members, field))
    return Described(told, replace(wish, described=found))


def _read(at: str, field: str, fetch: Fetch) -> dict[str, Any]:
    try:
        found = json.loads(fetch(at).text)
    except (ValueError, RecursionError):
        raise Invalid("describes itself by no JSON.", field, KEYS_WAY_OUT) from None
    except Invalid as error:
        raise Invalid(f"its description {error.reason}", field, KEYS_WAY_OUT) from None
    return found if isinstance(found, dict) else {}


def _issuer(members: dict[str, Any], at: str, given: str | None, wish: Wish, field: str) -> str:
    """The issuer that is described. Somebody else's description is refused unless the product is
    known to describe its issuers elsewhere, or the person names the issuer beside it."""
    told = members.get("issuer")
    if given is not None and told != given:
        raise Invalid("describes itself by another name.", field, "Write it as it does.")
    if not isinstance(told, str):
        raise Invalid("names no issuer.", field, "Give the URL of its description.")
    starts = preset(wish.kind).issuers
    if given is None and at not in _places(told) and not told.startswith(starts):
        raise Invalid(
            f"describes {told[:200]!r}, which it does not belong to.",
            field,
            "If that is the issuer of the tokens, give it as issuer beside the well-known URL.",
        )
    return url(told, "issuer")


def _places(issuer: str) -> tuple[str, ...]:
    """Where an issuer may describe itself (Discovery §4, RFC 8414 §3.1)."""
    parts = urlsplit(issuer)
    inserted = f"{parts.scheme}://{parts.netloc}{_AUTHORIZATION_SERVER}{parts.path.rstrip('/')}"
    bare = issuer.removesuffix("/")
    return (bare + WELL_KNOWN, bare + _AUTHORIZATION_SERVER, inserted)


def _keys_at(members: dict[str, Any], field: str) -> str:
    uri = members.get("jwks_uri")
    if not isinstance(uri, str):
        raise Invalid("names no jwks_uri.", field, KEYS_WAY_OUT)
    return uri
