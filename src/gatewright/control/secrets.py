"""Secrets of a client: several at once, their rotation, and that no client is locked out.

Which client it is, and whether the actor may see it, `credentials.writable` has decided before.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gatewright.access.actions import Action
from gatewright.control import auth_methods
from gatewright.control.desk import Desk
from gatewright.crypto import secrets
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids, text
from gatewright.domain.credential import SECRETS_MAX, Credential, Secret
from gatewright.domain.errors import Conflict, Invalid, NotFound

OVERLAP_SECONDS_DEFAULT = 86_400
OVERLAP_SECONDS_MAX = 90 * 86_400
ROTATED_NAME = "rotated"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made, in clear for this once."""

    secret: Secret
    clear: SecretText


@dataclass(frozen=True, slots=True)
class Rotation:
    """The new secret, and the older ones that end with the overlap or before."""

    new: NewSecret
    retiring: tuple[Secret, ...]


class Way(Protocol):
    """A way to authenticate: a secret or an authenticator."""

    @property
    def id(self) -> str:
        """Its id, unlike that of any other way."""

    def usable(self, now: datetime) -> bool:
        """Whether it opens at that moment."""


def make(desk: Desk, credential: Credential, name: str, expires_in_days: int | None) -> NewSecret:
    """A new secret of the credential; the caller records what it is for. Raises Invalid."""
    auth_methods.widen(desk, credential, auth_methods.SECRET_METHODS, name)
    clear, now = secrets.generate(secrets.CLIENT_SECRET, desk.world), desk.world.now()
    lifetime = None if expires_in_days is None else timedelta(days=expires_in_days)
    secret = desk.tx.secrets.add(
        Secret(
            id=ids.new_id("sec", desk.world),
            organization_id=desk.organization.id,
            credential_id=credential.id,
            name=text.name(name),
            digest=desk.keyring.digest(clear),
            pepper_id=desk.keyring.pepper_id,
            hint=secrets.hint(clear),
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            revoked_at=None,
            last_used_at=None,
        )
    )
    return NewSecret(secret, clear)


def add(
    desk: Desk, credential: Credential, name: str, expires_in_days: int | None = None
) -> NewSecret:
    """One more secret; the others keep working. Raises Conflict beyond five usable ones."""
    desk.demand(Action.WRITE_CREDENTIALS)
    _make_room(desk, credential)
    new = make(desk, credential, name, expires_in_days)
    desk.record("secrets.create", new.secret.id, client_id=credential.client_id,
                name=new.secret.name, hint=new.secret.hint)  # fmt: skip
    return new


def rotate(
    desk: Desk,
    credential: Credential,
    name: str = ROTATED_NAME,
    overlap_seconds: int = OVERLAP_SECONDS_DEFAULT,
    expires_in_days: int | None = None,
) -> Rotation:
    """A new secret; every older usable one ends after the overlap, never later than it would.

    Raises Invalid, and Conflict where five secrets would still be usable beside the new one.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise Invalid(
            f"must be 0 to {OVERLAP_SECONDS_MAX} seconds.",
            "overlap_seconds",
            "0 ends the older secrets at once.",
        )
    now = desk.world.now()
    end = now + timedelta(seconds=overlap_seconds)
    older = [item for item in desk.tx.secrets.find(credential_id=credential.id) if item.usable(now)]
    retiring = tuple(_end_by(desk, item, end) for item in older)
    _make_room(desk, credential)
    new = make(desk, credential, name, expires_in_days)
    desk.record(
        "secrets.rotate",
        new.secret.id,
        client_id=credential.client_id,
        name=new.secret.name,
        hint=new.secret.hint,
        overlap_seconds=overlap_seconds,
        retiring=" ".join(item.id for item in retiring) or None,
    )
    return Rotation(new, retiring)


def remove(desk: Desk, credential: Credential, id: str) -> None:
    """Remove a secret, which fails from then on. Raises Conflict for the last usable way in.

    Tokens that were got with it live on until they expire or `revoke_tokens` ends them.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    secret = desk.tx.secrets.get(id)
    if secret is None or secret.credential_id != credential.id:
        raise NotFound(f"There is no secret {id[:80]!r}.", "secret", "List the credentials.")
    demand_another_way(desk, secret, credential.id, "secret")
    desk.tx.secrets.remove(id)
    desk.record("secrets.delete", id, client_id=credential.client_id,
                name=secret.name, hint=secret.hint)  # fmt: skip


def demand_another_way(desk: Desk, leaving: Way, credential_id: str, field: str) -> None:
    """Raise Conflict when `leaving` is the client's last usable way to authenticate.

    Secrets and authenticators count together; what has expired locks nobody out by leaving.
    """
    now = desk.world.now()
    if not leaving.usable(now):
        return
    tx = desk.tx
    ways: list[Way] = [
        *tx.secrets.find(credential_id=credential_id),
        *tx.authenticators.find(credential_id=credential_id),
    ]
    if not any(way.id != leaving.id and way.usable(now) for way in ways):
        raise Conflict(
            "It is the last usable way to authenticate; without it the application is locked out.",
            field,
            "Add a secret or an authenticator first, or delete the application.",
        )


def _end_by(desk: Desk, secret: Secret, end: datetime) -> Secret:
    if secret.expires_at is not None and secret.expires_at <= end:
        return secret
    return desk.tx.secrets.replace(replace(secret, expires_at=end))


def _make_room(desk: Desk, credential: Credential) -> None:
    """Let those go that open nothing any more, once they would be in the way of a new one."""
    rows, now = desk.tx.secrets.find(credential_id=credential.id), desk.world.now()
    if len(rows) < SECRETS_MAX:
        return
    gone = [item for item in rows if not item.usable(now)]
    if not gone:
        raise Conflict(
            f"There are {SECRETS_MAX} secrets already.", "secrets", "Remove one that is not used."
        )
    for item in gone:
        desk.tx.secrets.remove(item.id)
        desk.record("secrets.delete", item.id, client_id=credential.client_id,
                    name=item.name, hint=item.hint, reason="expired")  # fmt: skip
