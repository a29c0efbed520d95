"""Who may register clients: whether anybody may, and the initial access tokens that let them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gatewright.access.actions import Action, allowed
from gatewright.control.desk import Desk
from gatewright.crypto import secrets
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids, text
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, Invalid, NotFound, Unauthenticated
from gatewright.domain.organization import Organization
from gatewright.domain.person import User
from gatewright.domain.registration import InitialAccessToken, Registration
from gatewright.domain.world import World
from gatewright.store.port import Transaction

TOKENS_MAX = 100
USES_MAX = 100_000
EXPIRES_IN_DAYS_DEFAULT = 30


@dataclass(frozen=True, slots=True)
class NewToken:
    """An initial access token that was just made, in clear for this once."""

    token: InitialAccessToken
    clear: SecretText


def is_enabled(desk: Desk) -> bool:
    """Whether clients may register themselves in the organization."""
    desk.demand(Action.READ_REGISTRATION)
    return desk.organization.registration_enabled


def enable(desk: Desk, *, enabled: bool) -> Organization:
    """Let clients register themselves, or no longer; those that did keep what they have."""
    desk.demand(Action.WRITE_REGISTRATION)
    current = desk.organization
    if current.registration_enabled == enabled:
        return current
    written = desk.tx.organizations.replace(replace(current, registration_enabled=enabled))
    desk.record("registration.edit", current.id, enabled=enabled)
    return written


def create(
    desk: Desk,
    name: str,
    kind: Kind,
    uses: int | None = 1,
    expires_in_days: int | None = EXPIRES_IN_DAYS_DEFAULT,
) -> NewToken:
    """A token for so many registrations of one kind; None of either has no end.

    The applications made by it are the actor's. Raises Invalid, Conflict beyond a hundred.
    """
    desk.demand(Action.WRITE_REGISTRATION)
    if uses is not None and not 1 <= uses <= USES_MAX:
        raise Invalid(f"must be 1 to {USES_MAX}.", "uses", "Leave it out for a single use.")
    if desk.tx.initial_access_tokens.count(organization_id=desk.organization.id) >= TOKENS_MAX:
        raise Conflict(f"There are {TOKENS_MAX} tokens.", "tokens", "Revoke one first.")
    clear, now = secrets.generate(secrets.INITIAL_ACCESS_TOKEN, desk.world), desk.world.now()
    lifetime = None if expires_in_days is None else timedelta(days=expires_in_days)
    token = desk.tx.initial_access_tokens.add(
        InitialAccessToken(
            id=ids.new_id("iat", desk.world),
            organization_id=desk.organization.id,
            kind=kind,
            name=text.name(name),
            digest=desk.keyring.digest(clear),
            pepper_id=desk.keyring.pepper_id,
            hint=secrets.hint(clear),
            owner_id=desk.actor.id,
            uses_left=uses,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            last_used_at=None,
        )
    )
    desk.record("registration.create-token", token.id, name=token.name, kind=kind, uses=uses)
    return NewToken(token, clear)


def page(desk: Desk, after: str | None, limit: int) -> list[InitialAccessToken]:
    """A page of the organization's initial access tokens, used up and expired ones among them."""
    desk.demand(Action.READ_REGISTRATION)
    return desk.tx.initial_access_tokens.page(
        after=after, limit=limit, organization_id=desk.organization.id
    )


def revoke(desk: Desk, id: str) -> None:
    """End a token; clients that registered with it stay. Raises NotFound."""
    desk.demand(Action.WRITE_REGISTRATION)
    token = desk.tx.initial_access_tokens.get(id)
    if token is None or token.organization_id != desk.organization.id:
        raise NotFound(f"There is no token {id[:80]!r}.", "token", "List the tokens.")
    desk.tx.initial_access_tokens.remove(id)
    desk.record("registration.revoke-token", id, name=token.name, hint=token.hint)


def clients(desk: Desk, after: str | None, limit: int) -> list[Registration]:
    """A page of the clients that registered themselves."""
    desk.demand(Action.READ_REGISTRATION)
    return desk.tx.registrations.page(
        after=after, limit=limit, organization_id=desk.organization.id
    )


def client_ids(desk: Desk, rows: Sequence[Registration]) -> dict[str, str]:
    """The client ids behind registrations, by the ids of their credentials."""
    wanted = tuple(row.credential_id for row in rows)
    found = desk.tx.credentials.find(id=wanted) if wanted else []
    return {item.id: item.client_id for item in found}


def prove(
    tx: Transaction, world: World, keyring: Keyring, home: Organization, kind: Kind, bearer: str
) -> tuple[InitialAccessToken, User]:
    """The token and its owner, if it is good there and its owner still may give it out.

    Raises Unauthenticated, the same whatever is wrong.
    """
    refusal = Unauthenticated("The token is not valid.", way_out="Ask for a new one.")
    if not secrets.looks_generated(bearer):
        raise refusal
    digests = tuple(keyring.digest(bearer, pepper_id) for pepper_id in keyring.peppers)
    for token in tx.initial_access_tokens.find(digest=digests, organization_id=home.id):
        owner = tx.users.get(token.owner_id)
        same = keyring.matches(bearer, token.digest, token.pepper_id) and token.kind == kind
        trusted = owner is not None and allowed(owner.role, Action.WRITE_REGISTRATION)
        if same and owner and trusted and token.usable(world.now()):
            return token, owner
    raise refusal


def spend(tx: Transaction, world: World, token: InitialAccessToken) -> None:
    """Count one registration. Raises Stale when another one came first."""
    left = None if token.uses_left is None else token.uses_left - 1
    tx.initial_access_tokens.replace(replace(token, uses_left=left, last_used_at=world.now()))
