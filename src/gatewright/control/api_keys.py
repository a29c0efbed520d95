"""API keys of an application: made, listed, replaced and revoked. A key is shown once, and stored
nowhere: what is kept of it are its id, by which gateways know it, and a hint.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.access.actions import Action
from gatewright.control import applications, key_ends, key_scopes, key_signers
from gatewright.control.desk import Desk
from gatewright.crypto import api_key, secrets
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids, text
from gatewright.domain.api_key import (
    API_KEY_SCOPE,
    API_KEYS_MAX,
    EVERY_SCOPE,
    ApiKey,
    api_key_audience,
)
from gatewright.domain.application import Application
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.token import SUBJECT_CLAIM
from gatewright.domain.world import seconds

EXPIRY_DAYS_MAX = 3_650
OVERLAP_SECONDS_MAX = 90 * 86_400


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, in clear for this once."""

    key: ApiKey
    clear: SecretText


@dataclass(frozen=True, slots=True)
class Regenerated:
    """The new key, and the old one with its end."""

    new: NewKey
    old: ApiKey


def everything(desk: Desk, application_name: str) -> list[ApiKey]:
    """The application's keys in the order of their making, those that ended among them."""
    application = applications.named(desk, application_name)
    return desk.tx.api_keys.find(application_id=application.id)


def create(
    desk: Desk,
    application_name: str,
    kind: Kind,
    name: str,
    *,
    scopes: Iterable[str] | None = None,
    expires_in_days: int | None = None,
) -> NewKey:
    """Make a key. Without `scopes` it holds all that the application may have, without an expiry
    it lives until it is revoked.

    Raises Invalid, Denied, NotFound, and Conflict beyond API_KEYS_MAX.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, application_name)
    granted = key_scopes.granted(desk, application, scopes)
    expires_at = None
    if expires_in_days is not None:
        expires_at = desk.world.now() + timedelta(days=_days(expires_in_days))
    new = _make(desk, application, kind, text.name(name), granted, expires_at)
    _record(desk, "api-keys.create", new.key, application=application.handle)
    return new


def regenerate(
    desk: Desk,
    application_name: str,
    reference: str,
    *,
    overlap_seconds: int = 0,
    expires_in_days: int | None = None,
) -> Regenerated:
    """Put a new key of the same name, kind, scopes and length of life in the place of one.

    The old one ends at once, or after the overlap, never later than it would. Raises as `create`
    does, and Conflict for one that is revoked.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, application_name)
    old = named(desk, application, reference)
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise Invalid(
            f"must be 0 to {OVERLAP_SECONDS_MAX} seconds.",
            "overlap_seconds",
            "0 ends the old key at once.",
        )
    if old.state(desk.world.now()) == "revoked":
        raise Conflict(f"{old.id} is revoked.", "key", "Create a new key instead.")
    expires_at = _expiry_like(desk, old)
    if expires_in_days is not None:
        expires_at = desk.world.now() + timedelta(days=_days(expires_in_days))
    granted = key_scopes.kept(desk, application, old.scopes)
    ended = key_ends.end_after(desk, old, timedelta(seconds=overlap_seconds))
    new = _make(desk, application, old.kind, old.name, granted, expires_at)
    _record(desk, "api-keys.regenerate", new.key, application=application.handle,
            old=old.id, overlap_seconds=overlap_seconds)  # fmt: skip
    return Regenerated(new, ended)


def revoke(desk: Desk, application_name: str, reference: str) -> ApiKey:
    """End a key; one that is revoked already stays so. Raises Denied, NotFound, Conflict."""
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, application_name)
    return key_ends.end_now(desk, named(desk, application, reference))


def named(desk: Desk, application: Application, reference: str) -> ApiKey:
    """The application's key of that id, or the one active key of that name.

    Raises NotFound, and Conflict for two of a name.
    """
    by_id = desk.tx.api_keys.get(reference)
    if by_id is not None and by_id.application_id == application.id:
        return by_id
    now = desk.world.now()
    rows = desk.tx.api_keys.find(application_id=application.id, name=reference)
    found = [row for row in rows if row.usable(now)]
    if len(found) == 1:
        return found[0]
    if found:
        known = ", ".join(row.id for row in found[:5])
        reason = f"{len(found)} keys are called {reference[:80]!r}."
        raise Conflict(reason, "key", f"Use an id: {known}.")
    raise NotFound(
        f"{application.handle} has no API key {reference[:80]!r}.", "key", "List its API keys."
    )


def _make(
    desk: Desk,
    application: Application,
    kind: Kind,
    name: str,
    scopes: frozenset[str] | None,
    expires_at: datetime | None,
) -> NewKey:
    _make_room(desk, application)
    signer, now = key_signers.ensured(desk, kind), desk.world.now()
    id = ids.new_id("key", desk.world)
    carried = [API_KEY_SCOPE, EVERY_SCOPE] if scopes is None else [API_KEY_SCOPE, *sorted(scopes)]
    claims: dict[str, object] = {
        "iss": key_signers.issuer_of(desk, kind),
        "aud": api_key_audience(kind),
        SUBJECT_CLAIM: id,
        "jti": id,
        "sub": application.id,
        "scope": " ".join(carried),
        "iat": seconds(now),
    }
    if expires_at is not None:
        claims["exp"] = seconds(expires_at)
    clear = api_key.sign_api_key(desk.keyring, signer, claims)
    key = desk.tx.api_keys.add(
        ApiKey(
            id=id,
            organization_id=desk.organization.id,
            application_id=application.id,
            kind=kind,
            name=name,
            hint=secrets.hint(clear),
            scopes=scopes,
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
        )
    )
    return NewKey(key, clear)


def _make_room(desk: Desk, application: Application) -> None:
    """Let those go that ended, once they would be in the way of a new one."""
    rows, now = desk.tx.api_keys.find(application_id=application.id), desk.world.now()
    if len(rows) < API_KEYS_MAX:
        return
    ended = [row for row in rows if not row.usable(now)]
    if not ended:
        raise Conflict(
            f"{application.handle} has {API_KEYS_MAX} API keys.", "keys", "Revoke one first."
        )
    for row in ended:
        desk.tx.api_keys.remove(row.id)
        _record(desk, "api-keys.delete", row, reason="it had ended")


def _expiry_like(desk: Desk, old: ApiKey) -> datetime | None:
    """As far away as the old one's was when it was made."""
    if old.expires_at is None:
        return None
    return desk.world.now() + (old.expires_at - old.created_at)


def _days(value: int) -> int:
    if not 1 <= value <= EXPIRY_DAYS_MAX:
        raise Invalid(
            f"{value} is out of bounds.",
            "expires_in_days",
            f"Use 1 to {EXPIRY_DAYS_MAX} days, or leave it out.",
        )
    return value


def _record(desk: Desk, action: str, key: ApiKey, **detail: object) -> None:
    scopes = None if key.scopes is None else " ".join(sorted(key.scopes))
    expires = None if key.expires_at is None else key.expires_at.isoformat()
    desk.record(action, key.id, name=key.name, hint=key.hint, kind=key.kind, scopes=scopes,
                expires_at=expires, **detail)  # fmt: skip
