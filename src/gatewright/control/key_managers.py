"""Key managers: which outside token issuers the organization trusts, with which keys, for what."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gatewright.access.actions import Action
from gatewright.control.desk import Desk, digest, expect
from gatewright.control.fetch import Fetched
from gatewright.crypto import foreign
from gatewright.domain import ids, text
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.key_manager import KeyManager

KEY_MANAGERS_MAX = 100
AUDIENCES_MAX = 50
CLIENT_CLAIM, SCOPE_CLAIM = "azp", "scope"
_URL = re.compile(r"https?://[\x21\x24-\x3e\x40-\x5b\x5d-\x7e]{1,1000}")  # without ? # and \
_CLAIM = re.compile(r"[A-Za-z0-9_:./-]{1,100}")
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,500}")
_DISCOVERY = "/.well-known/openid-configuration"
_KEYS_WAY_OUT = "Pass jwks_uri, or the key set itself as jwks."


@dataclass(frozen=True, slots=True)
class Wish:
    """What to set; None stays as it is, or takes its default in a new one."""

    name: str | None = None
    jwks_uri: str | None = None
    jwks: str | None = None
    audiences: Iterable[str] | None = None
    client_claim: str | None = None
    scope_claim: str | None = None
    token_exchange: bool | None = None
    jwt_bearer: bool | None = None
    enabled: bool | None = None


def demand(desk: Desk) -> None:
    """Raise Denied unless the actor may change key managers: asked before anything is fetched."""
    desk.demand(Action.WRITE_KEY_MANAGERS)


def everything(desk: Desk) -> list[KeyManager]:
    """All of the organization's key managers, in the order of their making."""
    desk.demand(Action.READ_KEY_MANAGERS)
    return desk.tx.key_managers.find(organization_id=desk.organization.id)


def named(desk: Desk, reference: str) -> KeyManager:
    """The key manager of that id, handle or issuer. Raises NotFound."""
    for row in everything(desk):
        if reference in (row.id, row.handle, row.issuer):
            return row
    raise NotFound(
        f"There is no key manager {reference[:120]!r}.", "key_manager", "Name it by its handle."
    )


def discovered(issuer: str, wish: Wish, fetch: Callable[[str], Fetched]) -> Wish:
    """The wish with the `jwks_uri` that the issuer itself tells, unless it names keys already.

    Slow, so done before the transaction. Reads OpenID Connect Discovery 1.0 §4, which must name
    exactly this issuer. Raises Invalid, TooLarge.
    """
    if wish.jwks is not None or wish.jwks_uri is not None:
        return wish
    checked_issuer = _url(issuer, "issuer")
    try:
        found = json.loads(fetch(checked_issuer.removesuffix("/") + _DISCOVERY).text)
    except (ValueError, RecursionError):
        raise Invalid("describes itself by no JSON.", "issuer", _KEYS_WAY_OUT) from None
    except Invalid as error:
        raise Invalid(f"its description {error.reason}", "issuer", _KEYS_WAY_OUT) from None
    members = found if isinstance(found, dict) else {}
    if members.get("issuer") != issuer:
        raise Invalid("describes itself by another name.", "issuer", "Write it as it does.")
    uri = members.get("jwks_uri")
    if not isinstance(uri, str):
        raise Invalid("names no jwks_uri.", "issuer", _KEYS_WAY_OUT)
    return replace(wish, jwks_uri=uri)


def create(desk: Desk, issuer: str, wish: Wish, handle: str | None = None) -> KeyManager:
    """Trust an issuer. Without a flag its tokens are good for nothing yet.

    Raises Invalid, and Conflict when the issuer or handle is there already.
    """
    demand(desk)
    known = everything(desk)
    checked_issuer = _own_issuer_refused(desk, _url(issuer, "issuer"))
    name = text.name(wish.name or urlsplit(checked_issuer).netloc[: text.NAME_LENGTH_MAX])
    own_handle = ids.handle(handle or ids.slug(name, "key-manager"), "handle")
    if len(known) >= KEY_MANAGERS_MAX:
        raise Conflict(f"There are {KEY_MANAGERS_MAX} already.", way_out="Remove one first.")
    if any(row.issuer == checked_issuer for row in known):
        raise Conflict(f"{checked_issuer} is a key manager already.", "issuer", "Change that one.")
    if any(row.handle == own_handle for row in known):
        raise Conflict(f"There is a key manager {own_handle!r}.", "handle", "Choose another.")
    bare = KeyManager(
        id=ids.new_id("km", desk.world),
        organization_id=desk.organization.id,
        handle=own_handle,
        name=name,
        issuer=checked_issuer,
        jwks_uri=None,
        jwks=None,
        audiences=frozenset(),
        client_claim=CLIENT_CLAIM,
        scope_claim=SCOPE_CLAIM,
        token_exchange=False,
        jwt_bearer=False,
        enabled=True,
        created_at=desk.world.now(),
    )
    made = desk.tx.key_managers.add(_with(bare, wish))
    _record(desk, "key-managers.create", made)
    return made


def edit(desk: Desk, reference: str, wish: Wish, expected: int | None = None) -> KeyManager:
    """Change what is given, for tokens shown from now on; the issuer stays.

    Raises Invalid, NotFound, Stale.
    """
    demand(desk)
    current = named(desk, reference)
    expect(current.revision, expected)
    changed = _with(current, wish)
    if changed == current:
        return current
    written = desk.tx.key_managers.replace(changed)
    _record(desk, "key-managers.edit", written)
    return written


def delete(desk: Desk, reference: str, expected: int | None = None) -> None:
    """Trust it no longer. Tokens that were got by its tokens live on until they expire."""
    demand(desk)
    current = named(desk, reference)
    expect(current.revision, expected)
    desk.tx.key_managers.remove(current.id)
    desk.record("key-managers.delete", current.id, handle=current.handle, issuer=current.issuer)


def _with(row: KeyManager, wish: Wish) -> KeyManager:
    if wish.jwks is not None and wish.jwks_uri is not None:
        raise Invalid("can not stand beside jwks_uri.", "jwks", "Give one of the two.")
    changed = replace(
        row,
        name=row.name if wish.name is None else text.name(wish.name),
        client_claim=_claim(wish.client_claim, row.client_claim, "client_claim"),
        scope_claim=_claim(wish.scope_claim, row.scope_claim, "scope_claim"),
        audiences=row.audiences if wish.audiences is None else _audiences(wish.audiences),
        token_exchange=_flag(wish.token_exchange, row.token_exchange),
        jwt_bearer=_flag(wish.jwt_bearer, row.jwt_bearer),
        enabled=_flag(wish.enabled, row.enabled),
    )
    if wish.jwks is not None:
        changed = replace(changed, jwks=_key_set(wish.jwks), jwks_uri=None)
    if wish.jwks_uri is not None:
        changed = replace(changed, jwks_uri=_url(wish.jwks_uri, "jwks_uri", query=True), jwks=None)
    if changed.jwks is None and changed.jwks_uri is None:
        raise Invalid("are not known.", "keys", _KEYS_WAY_OUT)
    return changed


def _url(value: str, field: str, *, query: bool = False) -> str:
    bare = value.partition("?")[0] if query else value
    try:
        host = urlsplit(value).hostname if _URL.fullmatch(bare) and value.isprintable() else None
    except ValueError:
        host = None
    if not host or "@" in urlsplit(value).netloc or "#" in value or len(value) > 2000:
        raise Invalid(
            f"{value[:200]!r} is not a URL for this.",
            field,
            "Write it as its owner does, such as https://login.example.com/realms/main.",
        )
    return value


def _own_issuer_refused(desk: Desk, issuer: str) -> str:
    """No issuer of this installation: a sandbox's tokens would be good in production."""
    if issuer == desk.addresses.sts or issuer.startswith(f"{desk.addresses.sts}/"):
        raise Invalid(
            "is this installation's own token service.",
            "issuer",
            "Its access tokens can be exchanged at their own issuer without this.",
        )
    return issuer


def _key_set(value: str) -> str:
    try:
        foreign.key_set(value, strict=True)
    except foreign.NotValid as error:
        raise Invalid(error.reason, "jwks", "Give a JWK Set with public keys only.") from None
    return value


def _audiences(values: Iterable[str]) -> frozenset[str]:
    found = frozenset(values)
    if len(found) > AUDIENCES_MAX or not all(_AUDIENCE.fullmatch(item) for item in found):
        raise Invalid(
            f"must be up to {AUDIENCES_MAX} names of printable characters without spaces.",
            "audiences",
            "Name what the tokens have as aud.",
        )
    return found


def _claim(value: str | None, current: str, field: str) -> str:
    if value is None:
        return current
    if not _CLAIM.fullmatch(value):
        raise Invalid(f"{value[:80]!r} is no name of a claim.", field, "Such as azp or scp.")
    return value


def _flag(value: bool | None, current: bool) -> bool:  # noqa: FBT001
    return current if value is None else value


def _record(desk: Desk, action: str, row: KeyManager) -> None:
    desk.record(
        action,
        row.id,
        handle=row.handle,
        issuer=row.issuer,
        jwks_uri=row.jwks_uri,
        jwks_digest=None if row.jwks is None else digest(row.jwks),
        client_claim=row.client_claim,
        scope_claim=row.scope_claim,
        audiences=" ".join(sorted(row.audiences)),
        token_exchange=row.token_exchange,
        jwt_bearer=row.jwt_bearer,
        enabled=row.enabled,
    )
