"""Key managers: which outside token issuers the organization trusts, with which keys, for what."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from gatewright.access.actions import Action
from gatewright.control import key_sets
from gatewright.control.desk import Desk, digest, expect
from gatewright.control.key_manager_settings import Wish, applied, preset, url
from gatewright.control.key_sets import Fetch, Reading
from gatewright.domain import ids, text
from gatewright.domain.api import BUILT_IN
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.key_manager import KINDS, KeyManager
from gatewright.domain.world import World

KEY_MANAGERS_MAX = 100


def demand(desk: Desk) -> None:
    """Raise Denied unless the actor may change key managers: asked before anything is fetched."""
    desk.demand(Action.WRITE_KEY_MANAGERS)


def everything(desk: Desk) -> list[KeyManager]:
    """All of the organization's key managers, in the order of their making."""
    desk.demand(Action.READ_KEY_MANAGERS)
    return desk.tx.key_managers.find(organization_id=desk.organization.id)


def linkable(desk: Desk) -> list[KeyManager]:
    """Those whose clients may be linked to applications: consumers choose among them."""
    desk.demand(Action.READ_APPLICATIONS)
    return desk.tx.key_managers.find(
        organization_id=desk.organization.id, api_access=True, enabled=True
    )


def named(desk: Desk, reference: str) -> KeyManager:
    """The key manager of that id, handle or issuer. Raises NotFound."""
    for row in everything(desk):
        if reference in (row.id, row.handle, row.issuer):
            return row
    raise NotFound(
        f"There is no key manager {reference[:120]!r}.", "key_manager", "Name it by its handle."
    )


def bare(desk: Desk, issuer: str, wish: Wish, handle: str | None = None) -> KeyManager:
    """What is about to be made, each value checked, and not stored yet. Raises Invalid."""
    demand(desk)
    checked_issuer = _own_issuer_refused(desk, url(issuer, "issuer"))
    name = text.name(wish.name or urlsplit(checked_issuer).netloc[: text.NAME_LENGTH_MAX])
    own_handle = ids.handle(handle or ids.slug(name, "key-manager"), "handle")
    if own_handle == BUILT_IN:
        raise Invalid("is the name of the built-in token service.", "handle", "Choose another.")
    known_claims = preset(wish.kind)
    row = KeyManager(
        id=ids.new_id("km", desk.world),
        organization_id=desk.organization.id,
        handle=own_handle,
        name=name,
        issuer=checked_issuer,
        jwks_uri=None,
        jwks=None,
        audiences=frozenset(),
        client_claim=known_claims.client_claim(checked_issuer),
        scope_claim=known_claims.scope_claim,
        token_exchange=False,
        jwt_bearer=False,
        enabled=True,
        created_at=desk.world.now(),
        kind=wish.kind or KINDS[-1],
        role_claim=known_claims.role_claim,
    )
    return applied(desk, row, wish)


def create(
    desk: Desk,
    issuer: str,
    wish: Wish,
    handle: str | None = None,
    reading: Reading | None = None,
) -> KeyManager:
    """Trust an issuer. Without a flag its tokens are good for nothing yet.

    `reading` are its keys, where gateways need them (`to_read`). Raises Invalid, and Conflict when
    the issuer or handle is there already.
    """
    row = bare(desk, issuer, wish, handle)
    _check_free(everything(desk), row)
    made = desk.tx.key_managers.add(row)
    key_sets.settle(desk, made, reading)
    _record(desk, "key-managers.create", made)
    return made


def to_read(before: KeyManager | None, after: KeyManager) -> bool:
    """Whether a change needs the keys to be read first: of a new address, or for the first time."""
    if not key_sets.wanted(after):
        return False
    return before is None or before.jwks_uri != after.jwks_uri or not key_sets.wanted(before)


def changed(desk: Desk, reference: str, wish: Wish) -> tuple[KeyManager, KeyManager]:
    """A key manager before and after a change that is not stored. Raises Invalid, NotFound."""
    demand(desk)
    current = named(desk, reference)
    return current, applied(desk, current, wish)


def readings(
    before: KeyManager | None, after: KeyManager, fetch: Fetch, world: World
) -> Reading | None:
    """The keys that a change needs, read now, outside of any transaction; else None.

    Raises Invalid when a new address has none. One that is only switched on again is taken as it
    is: its old keys, if any, go on while it is away.
    """
    if not to_read(before, after):
        return None
    if before is not None and before.jwks_uri == after.jwks_uri:
        return key_sets.read(after.jwks_uri or "", fetch, world)
    return key_sets.read_first(after, fetch, world)


def edit(
    desk: Desk,
    reference: str,
    wish: Wish,
    expected: int | None = None,
    reading: Reading | None = None,
) -> KeyManager:
    """Change what is given, for tokens shown from now on; the issuer stays.

    Raises Invalid, NotFound, Stale.
    """
    current, wished = changed(desk, reference, wish)
    expect(current.revision, expected)
    if wished == current:
        return current
    written = desk.tx.key_managers.replace(wished)
    key_sets.settle(desk, written, reading)
    _record(desk, "key-managers.edit", written)
    return written


def refresh(desk: Desk, reference: str, reading: Reading) -> KeyManager:
    """Keep what was just read of its keys, or that they can not be read."""
    demand(desk)
    row = named(desk, reference)
    key_sets.keep(desk.tx, desk.world, desk.actor.id, reading, row)
    return row


def refreshable(desk: Desk, reference: str) -> KeyManager:
    """The key manager, if there is something to be read again. Raises Conflict, NotFound."""
    demand(desk)
    row = named(desk, reference)
    if not key_sets.wanted(row):
        raise Conflict(
            f"No gateway takes keys from an address of {row.handle}.",
            "key_manager",
            "It must be enabled, with api_access and a jwks_uri.",
        )
    return row


def delete(
    desk: Desk, reference: str, expected: int | None = None, *, unlink: bool = False
) -> None:
    """Trust it no longer. Tokens that were got by its tokens live on until they expire.

    Raises Conflict while clients of it are linked to applications, unless they are to be unlinked.
    """
    demand(desk)
    current = named(desk, reference)
    expect(current.revision, expected)
    links = desk.tx.external_clients.find(key_manager_id=current.id)
    if links and not unlink:
        raise Conflict(
            f"{len(links)} clients of {current.handle} are linked to applications.",
            "key_manager",
            "Switch it off instead, or remove it with its links (`unlink`).",
        )
    for link in links:
        desk.tx.external_clients.remove(link.id)
    key_sets.forget(desk.tx, current)
    desk.tx.key_managers.remove(current.id)
    desk.record(
        "key-managers.delete",
        current.id,
        handle=current.handle,
        issuer=current.issuer,
        unlinked=len(links) or None,
    )


def _check_free(known: Sequence[KeyManager], new: KeyManager) -> None:
    if len(known) >= KEY_MANAGERS_MAX:
        raise Conflict(f"There are {KEY_MANAGERS_MAX} already.", way_out="Remove one first.")
    if any(row.issuer == new.issuer for row in known):
        raise Conflict(f"{new.issuer} is a key manager already.", "issuer", "Change that one.")
    if any(row.handle == new.handle for row in known):
        raise Conflict(f"There is a key manager {new.handle!r}.", "handle", "Choose another.")


def _own_issuer_refused(desk: Desk, issuer: str) -> str:
    """No issuer of this installation: a sandbox's tokens would be good in production."""
    if issuer == desk.addresses.sts or issuer.startswith(f"{desk.addresses.sts}/"):
        raise Invalid(
            "is this installation's own token service.",
            "issuer",
            "Its access tokens can be exchanged at their own issuer without this.",
        )
    return issuer


def _record(desk: Desk, action: str, row: KeyManager) -> None:
    roles = "; ".join(f"{role}: {scopes}" for role, scopes in sorted(row.role_scopes.items()))
    desk.record(
        action,
        row.id,
        handle=row.handle,
        kind=row.kind,
        issuer=row.issuer,
        jwks_uri=row.jwks_uri,
        jwks_digest=None if row.jwks is None else digest(row.jwks),
        client_claim=row.client_claim,
        scope_claim=row.scope_claim,
        role_claim=row.role_claim or None,
        role_scopes=roles or None,
        role_scopes_digest=digest(roles) if roles else None,
        audiences=" ".join(sorted(row.audiences)),
        environments=" ".join(sorted(row.environments)) or None,
        token_exchange=row.token_exchange,
        jwt_bearer=row.jwt_bearer,
        api_access=row.api_access,
        enabled=row.enabled,
    )
