"""Key sets of key managers whose tokens the gateways take: read, kept, and read again.

They are read when a key manager is made or changed, and about every minute from then on. What is
kept is written only when it differs, so that no gateway is told anything for nothing; keys stay
when a later reading fails, as an issuer that is away ends nobody's tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gatewright.control.desk import Desk, digest, record_as
from gatewright.control.fetch import Fetched
from gatewright.crypto import foreign
from gatewright.crypto.published_keys import normalized
from gatewright.domain.errors import GatewrightError, Invalid
from gatewright.domain.key_manager import FetchedKeySet, KeyManager
from gatewright.domain.world import World
from gatewright.observability.events import Event, KeySetFailed, KeySetFetched
from gatewright.store.port import Transaction

FAILURE_LENGTH_MAX = 300
Fetch = Callable[[str], Fetched]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an address answered: the keys in their one form, or why there are none."""

    jwks_uri: str
    at: datetime
    jwks: str | None
    failure: str | None

    @property
    def key_count(self) -> int:
        """How many keys there are."""
        return 0 if self.jwks is None else len(foreign.key_set(self.jwks))


def wanted(row: KeyManager) -> bool:
    """Whether gateways need keys of it that somebody has to read."""
    return row.api_access and row.enabled and row.jwks_uri is not None


def read(uri: str, fetch: Fetch, world: World) -> Reading:
    """Read the keys at an address; takes as long as `fetch` may. Raises nothing of theirs."""
    at = world.now()
    try:
        found = normalized(foreign.key_set(fetch(uri).text))
    except GatewrightError as error:
        return Reading(uri, at, None, f"{uri} {error.reason}"[:FAILURE_LENGTH_MAX])
    except foreign.NotValid as error:
        return Reading(uri, at, None, f"{uri}: {error.reason}"[:FAILURE_LENGTH_MAX])
    return Reading(uri, at, found, None)


def read_first(row: KeyManager, fetch: Fetch, world: World) -> Reading:
    """The keys of a new address, which has to have some. Raises Invalid."""
    found = read(row.jwks_uri or "", fetch, world)
    if found.failure is not None:
        raise Invalid(
            found.failure,
            "jwks_uri",
            "Mend the address, pass the key set itself as jwks, or switch it on later.",
        )
    return found


def kept(tx: Transaction, row: KeyManager) -> FetchedKeySet | None:
    """What was read last of its address, if anything."""
    found = tx.fetched_key_sets.get(row.id)
    return found if found is not None and found.jwks_uri == row.jwks_uri else None


def differs(tx: Transaction, reading: Reading, row: KeyManager) -> bool:
    """Whether a reading of its address says anything else than what is kept: other keys, or that
    failures begin or end."""
    if reading.jwks_uri != row.jwks_uri:
        return False
    before = kept(tx, row)
    if before is None or (before.failure is None) is not (reading.failure is None):
        return True
    return reading.jwks is not None and reading.jwks != before.jwks


def keep(tx: Transaction, world: World, actor: str, reading: Reading, row: KeyManager) -> bool:
    """Write the reading down if it differs from what is kept; whether it did.

    A reading of an address that is no longer the key manager's is left alone. Raises Stale when
    somebody else wrote at the same time.
    """
    if not differs(tx, reading, row):
        return False
    stored, before = tx.fetched_key_sets.get(row.id), kept(tx, row)
    jwks = reading.jwks or (before.jwks if before else None)
    fetched_at = reading.at if reading.jwks else (before.fetched_at if before else None)
    made = FetchedKeySet(
        row.id, row.organization_id, reading.jwks_uri, jwks, fetched_at, reading.at,
        reading.failure,
    )  # fmt: skip
    if stored is None:
        tx.fetched_key_sets.add(made)
    else:
        tx.fetched_key_sets.replace(replace(made, revision=stored.revision))
    action = "key-sets.fetch" if reading.failure is None else "key-sets.fail"
    detail: dict[str, object] = {
        "handle": row.handle,
        "jwks_uri": reading.jwks_uri,
        "jwks_digest": None if jwks is None else digest(jwks),
        "failure": reading.failure,
    }
    record_as(tx, world, row.organization_id, actor, action, row.id, detail)
    return True


def forget(tx: Transaction, row: KeyManager) -> None:
    """Remove what is kept of a key manager."""
    tx.fetched_key_sets.remove(row.id)


def settle(desk: Desk, row: KeyManager, reading: Reading | None) -> None:
    """In the transaction that changes a key manager: keep what was read for it, and nothing of an
    address that it has no longer."""
    if reading is not None:
        keep(desk.tx, desk.world, desk.actor.id, reading, row)
    if kept(desk.tx, row) is None:
        forget(desk.tx, row)


def event(organization: str, row: KeyManager, reading: Reading) -> Event:
    """What to report of a reading that was written down."""
    if reading.failure is None:
        return KeySetFetched(organization, row.handle, reading.key_count)
    return KeySetFailed(organization, row.handle, reading.failure)
