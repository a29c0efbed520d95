"""New signing keys, for the caller's transaction; whoever holds the private half is a backend."""

from datetime import datetime

from gatewright.crypto import jwk
from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.store.port import Transaction
from gatewright.sts.keys.backend import Backends
from gatewright.sts.keys.rotation import ACTIVE, ANNOUNCED

_KID_BYTES = 16


def make(
    world: World,
    backends: Backends,
    organization: Organization,
    kind: Kind,
    *,
    state: str = ANNOUNCED,
    activates_at: datetime | None = None,
) -> SigningKey:
    """A new key of the organization's algorithm, which is stored nowhere yet.

    Needs no transaction, and should have none: an RSA key takes a tenth of a second. Raises
    Invalid for an algorithm that is none, Unavailable when the backend is away.
    """
    kid = jwk.base64url(world.random_bytes(_KID_BYTES))
    algorithm = organization.signing_algorithm
    made = backends.create(algorithm, kid)
    return SigningKey(
        kid,
        organization.id,
        kind,
        algorithm,
        made.public_jwk,
        made.reference,
        state,
        world.now(),
        backend=backends.preferred,
        activates_at=activates_at,
    )


def check(tx: Transaction, backends: Backends) -> None:
    """Open every key that signs or will sign. Raises Unavailable naming one that does not open."""
    for row in tx.signing_keys.find(state=(ACTIVE, ANNOUNCED)):
        backends.open(row)


def ensure(
    tx: Transaction, world: World, backends: Backends, organization: Organization
) -> list[SigningKey]:
    """Make an active key for each issuer of the organization that has none at all; those made.

    For the first start, when no token is out and no gateway could know an older key.
    """
    return [
        tx.signing_keys.add(make(world, backends, organization, kind, state=ACTIVE))
        for kind in Kind
        if not tx.signing_keys.count(organization_id=organization.id, kind=kind)
    ]
