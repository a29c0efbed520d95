"""The settings of a key manager: what may be wished for one, and the rules of each value."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from gatewright.control import environments, role_scopes
from gatewright.control.desk import Desk
from gatewright.crypto import foreign
from gatewright.crypto.published_keys import normalized
from gatewright.domain import text
from gatewright.domain.errors import Invalid
from gatewright.domain.key_manager import ENDPOINTS, KINDS, KeyManager, claim_path
from gatewright.domain.preset import PRESETS, Preset

AUDIENCES_MAX = 50
CLAIM_DEPTH_MAX = 5
_URL = re.compile(r"https?://[\x21\x24-\x3e\x40-\x5b\x5d-\x7a\x7c\x7e]{1,1000}")
"""Without ? # \\ and braces: where a product writes a tenant in braces it means any of them."""

_CLAIM = re.compile(r"[A-Za-z0-9_:./#@-]{1,200}")
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,500}")
KEYS_WAY_OUT = "Pass jwks_uri, or the key set itself as jwks."


@dataclass(frozen=True, slots=True)
class Wish:
    """What to set; None stays as it is, or takes its default in a new one.

    `environments` are handles or ids, none meaning all. `endpoints` and `role_scopes` replace what
    is there; `role_claim` "" forgets it.
    """

    name: str | None = None
    kind: str | None = None
    jwks_uri: str | None = None
    jwks: str | None = None
    audiences: Iterable[str] | None = None
    client_claim: str | None = None
    scope_claim: str | None = None
    role_claim: str | None = None
    role_scopes: Mapping[str, Iterable[str]] | None = None
    environments: Iterable[str] | None = None
    endpoints: Mapping[str, str] | None = None
    described: Mapping[str, str] = field(default_factory=dict)
    """Endpoints that its own description names; those of `endpoints` go before them."""

    token_exchange: bool | None = None
    jwt_bearer: bool | None = None
    api_access: bool | None = None
    enabled: bool | None = None


def preset(kind: str | None) -> Preset:
    """What is known of that kind, of any OpenID Connect issuer for None. Raises Invalid."""
    found = PRESETS.get(KINDS[-1] if kind is None else kind)
    if found is None:
        names = ", ".join(KINDS)
        raise Invalid(f"{str(kind)[:40]!r} is no kind of key manager.", "kind", f"Use {names}.")
    return found


def applied(desk: Desk, row: KeyManager, wish: Wish) -> KeyManager:
    """The key manager with what is wished. Raises Invalid, NotFound for an environment."""
    if wish.jwks is not None and wish.jwks_uri is not None:
        raise Invalid("can not stand beside jwks_uri.", "jwks", "Give one of the two.")
    if wish.kind is not None:
        preset(wish.kind)
    changed = replace(
        row,
        name=row.name if wish.name is None else text.name(wish.name),
        kind=wish.kind or row.kind,
        client_claim=_claim(wish.client_claim, row.client_claim, "client_claim"),
        scope_claim=_claim(wish.scope_claim, row.scope_claim, "scope_claim"),
        role_claim="" if wish.role_claim == "" else _claim(
            wish.role_claim, row.role_claim, "role_claim"
        ),
        audiences=row.audiences if wish.audiences is None else _audiences(wish.audiences),
        environments=_environments(desk, wish.environments, row.environments),
        endpoints=_endpoints(wish, row.endpoints),
        token_exchange=_flag(wish.token_exchange, row.token_exchange),
        jwt_bearer=_flag(wish.jwt_bearer, row.jwt_bearer),
        api_access=_flag(wish.api_access, row.api_access),
        enabled=_flag(wish.enabled, row.enabled),
    )  # fmt: skip
    if wish.role_scopes is not None:
        changed = replace(changed, role_scopes=role_scopes.checked(desk, wish.role_scopes))
    if changed.role_scopes and not changed.role_claim:
        raise Invalid("is not known.", "role_claim", "Say where the tokens list roles.")
    return _with_keys(changed, wish)


def _with_keys(row: KeyManager, wish: Wish) -> KeyManager:
    if wish.jwks is not None:
        row = replace(row, jwks=wish.jwks, jwks_uri=None)
    if wish.jwks_uri is not None:
        row = replace(row, jwks_uri=url(wish.jwks_uri, "jwks_uri", query=True), jwks=None)
    if row.jwks is None and row.jwks_uri is None:
        raise Invalid("are not known.", "keys", KEYS_WAY_OUT)
    if row.jwks is None:
        return row
    return replace(row, jwks=_key_set(row.jwks, for_gateways=row.api_access))


def url(value: str, name: str, *, query: bool = False) -> str:
    """The value if it is an http(s) URL, with a query only where it may have one. Raises Invalid
    naming that field."""
    bare = value.partition("?")[0] if query else value
    try:
        host = urlsplit(value).hostname if _URL.fullmatch(bare) and value.isprintable() else None
    except ValueError:
        host = None
    if not host or "@" in urlsplit(value).netloc or "#" in value or len(value) > 2000:
        raise Invalid(
            f"{value[:200]!r} is not a URL for this.",
            name,
            "Write it as its owner does, such as https://login.example.com/realms/main.",
        )
    return value


def _key_set(value: str, *, for_gateways: bool) -> str:
    """As it was given, or in the one form that gateways take: each key with its algorithm."""
    try:
        keys = foreign.key_set(value, strict=True)
    except foreign.NotValid as error:
        raise Invalid(error.reason, "jwks", "Give a JWK Set with public keys only.") from None
    return normalized(keys) if for_gateways else value


def _audiences(values: Iterable[str]) -> frozenset[str]:
    found = frozenset(values)
    if len(found) > AUDIENCES_MAX or not all(_AUDIENCE.fullmatch(item) for item in found):
        raise Invalid(
            f"must be up to {AUDIENCES_MAX} names of printable characters without spaces.",
            "audiences",
            "Name what the tokens have as aud.",
        )
    return found


def _environments(
    desk: Desk, wished: Iterable[str] | None, current: frozenset[str]
) -> frozenset[str]:
    if wished is None:
        return current
    return frozenset(environments.named(desk, name, "environments").id for name in wished)


def _endpoints(wish: Wish, current: Mapping[str, str]) -> dict[str, str]:
    kept = current if wish.endpoints is None else wish.endpoints
    found = {**wish.described, **kept}
    for name, value in found.items():
        if name not in ENDPOINTS:
            raise Invalid(
                f"{name[:60]!r} is no endpoint that is kept.",
                "endpoints",
                f"Use {', '.join(ENDPOINTS)}.",
            )
        url(value, f"endpoints.{name}", query=True)
    return found


def _claim(value: str | None, current: str, name: str) -> str:
    if value is None:
        return current
    path = claim_path(value)
    if not _CLAIM.fullmatch(value) or not all(path) or len(path) > CLAIM_DEPTH_MAX:
        raise Invalid(
            f"{value[:80]!r} is no name of a claim.",
            name,
            "Such as azp, realm_access.roles or https://example.com/roles.",
        )
    return value


def _flag(value: bool | None, current: bool) -> bool:  # noqa: FBT001
    return current if value is None else value
