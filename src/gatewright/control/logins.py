"""Logins: what proves a person, namely sign-in links, personal access tokens and sessions.

Works before there is a Desk, so that these functions take the transaction and the keyring alone.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from gatewright.access.actions import Action
from gatewright.control.desk import Desk, record_as
from gatewright.crypto import secrets
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids, text
from gatewright.domain.errors import Conflict, NotFound, Unauthenticated
from gatewright.domain.person import Login, LoginKind, User
from gatewright.domain.world import World
from gatewright.store.port import Transaction

SESSION_COOKIE = "gw_session"
SESSION_PATHS = ("/api", "/console")
"""A session's cookie is set for these paths only. Gateways may share the console's host name, and
cookies know no port: no API can have a context that begins so (`domain.api.RESERVED_CONTEXTS`)."""
LINK_LIFETIME = timedelta(minutes=30)
SESSION_LIFETIME = timedelta(hours=12)
ACCESS_TOKEN_DAYS_DEFAULT = 90
LOGINS_MAX = 100
"""Logins of one user that are kept; the oldest that ended make room."""
USE_GRANULARITY = timedelta(hours=1)
"""How exact the time of last use is: one write an hour, and not one a request."""

_PREFIXES = {
    LoginKind.ACCESS_TOKEN: secrets.PERSONAL_ACCESS_TOKEN,
    LoginKind.SESSION: secrets.SESSION,
    LoginKind.LINK: secrets.SIGN_IN_LINK,
}
_WAY_OUT = "Sign in with a new link, or use a personal access token."


@dataclass(frozen=True, slots=True)
class Issued:
    """A login that was just made, with its secret in clear for this once."""

    login: Login
    user: User
    clear: SecretText


@dataclass(frozen=True, slots=True)
class Proven:
    """Who a secret proves, and by which login."""

    user: User
    login: Login


def issue(
    tx: Transaction,
    world: World,
    keyring: Keyring,
    user: User,
    kind: LoginKind,
    name: str,
    lifetime: timedelta | None,
) -> Issued:
    """Make a login; None never expires. Raises Conflict when the user has too many that live."""
    _make_room(tx, world, user)
    clear, now = secrets.generate(_PREFIXES[kind], world), world.now()
    login = tx.logins.add(
        Login(
            id=ids.new_id("log", world),
            organization_id=user.organization_id,
            user_id=user.id,
            kind=kind,
            name=text.name(name),
            digest=keyring.digest(clear),
            pepper_id=keyring.pepper_id,
            hint=secrets.hint(clear),
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            used_at=None,
            revoked_at=None,
        )
    )
    record_as(
        tx, world, user.organization_id, user.id, "logins.create", login.id,
        {"kind": kind, "name": login.name, "user": user.handle},
    )  # fmt: skip
    return Issued(login, user, clear)


def _make_room(tx: Transaction, world: World, user: User) -> None:
    found = tx.logins.find(user_id=user.id)
    surplus = len(found) - LOGINS_MAX + 1
    ended = [login for login in found if not login.usable(world.now())]
    ended += [login for login in found if login.kind is LoginKind.SESSION and login not in ended]
    for login in ended[: max(surplus, 0)]:
        tx.logins.remove(login.id)
    if surplus > len(ended):
        raise Conflict(f"There are {LOGINS_MAX} logins.", "logins", "Revoke access tokens first.")


def create_sign_in_link(tx: Transaction, world: World, keyring: Keyring, user: User) -> Issued:
    """A single-use link's code, good for 30 minutes."""
    return issue(tx, world, keyring, user, LoginKind.LINK, "sign-in link", LINK_LIFETIME)


def redeem(
    tx: Transaction, world: World, keyring: Keyring, code: str, kind: LoginKind, name: str
) -> Issued:
    """Spend a sign-in link for a session or an access token. Raises Unauthenticated."""
    link = _find(tx, world, keyring, code, (LoginKind.LINK,))
    tx.logins.replace(replace(link.login, used_at=world.now()))
    lifetime = (
        SESSION_LIFETIME if kind is LoginKind.SESSION else timedelta(days=ACCESS_TOKEN_DAYS_DEFAULT)
    )
    return issue(tx, world, keyring, link.user, kind, name, lifetime)


def prove(
    tx: Transaction, world: World, keyring: Keyring, secret: str, kinds: tuple[LoginKind, ...]
) -> Proven:
    """Who the secret proves. Raises Unauthenticated, the same whatever is wrong with it."""
    return _find(tx, world, keyring, secret, kinds)


def still_proven(tx: Transaction, world: World, proven: Proven) -> Proven:
    """The same login as of this transaction. Raises Unauthenticated when it ended meanwhile."""
    login, user = tx.logins.get(proven.login.id), tx.users.get(proven.user.id)
    if login is None or user is None or not login.usable(world.now()):
        raise Unauthenticated("The login has ended.", way_out=_WAY_OUT)
    return Proven(user, login)


def note_use(tx: Transaction, world: World, proven: Proven) -> None:
    """Write the time of last use, in a transaction that writes anyway."""
    if use_is_stale(world, proven):
        tx.logins.replace(replace(proven.login, used_at=world.now()))


def use_is_stale(world: World, proven: Proven) -> bool:
    """Whether the written time of last use is over an hour old."""
    used_at = proven.login.used_at
    return used_at is None or world.now() - used_at > USE_GRANULARITY


def _find(
    tx: Transaction, world: World, keyring: Keyring, secret: str, kinds: tuple[LoginKind, ...]
) -> Proven:
    refusal = Unauthenticated("There is no such login, or it has ended.", way_out=_WAY_OUT)
    if not secrets.looks_generated(secret):
        raise refusal
    digests = tuple(keyring.digest(secret, pepper_id) for pepper_id in keyring.peppers)
    for login in tx.logins.find(digest=digests, kind=kinds):
        user = tx.users.get(login.user_id)
        same = keyring.matches(secret, login.digest, login.pepper_id)
        if same and user is not None and login.usable(world.now()):
            return Proven(user, login)
    raise refusal


def access_tokens(desk: Desk, after: str | None, limit: int) -> list[Login]:
    """A page of the actor's own personal access tokens that are not revoked."""
    desk.demand(Action.OWN_LOGINS)
    return desk.tx.logins.page(
        after=after,
        limit=limit,
        organization_id=desk.organization.id,
        user_id=desk.actor.id,
        kind=LoginKind.ACCESS_TOKEN,
    )


def create_access_token(desk: Desk, name: str, expires_in_days: int | None) -> Issued:
    """A personal access token for the actor, of 90 days unless said otherwise."""
    desk.demand(Action.OWN_LOGINS)
    days = ACCESS_TOKEN_DAYS_DEFAULT if expires_in_days is None else expires_in_days
    return issue(
        desk.tx, desk.world, desk.keyring, desk.actor, LoginKind.ACCESS_TOKEN, name,
        timedelta(days=days),
    )  # fmt: skip


def end(desk: Desk, id: str) -> None:
    """End one of the actor's own logins. Raises NotFound."""
    desk.demand(Action.OWN_LOGINS)
    login = desk.tx.logins.get(id)
    if login is None or login.user_id != desk.actor.id:
        raise NotFound(f"There is no access token {id[:80]!r}.", "id", "List your access tokens.")
    desk.tx.logins.remove(id)
    desk.record("logins.end", id, kind=login.kind, name=login.name)
