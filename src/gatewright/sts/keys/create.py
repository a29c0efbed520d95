"""New signing keys, in the caller's transaction; the private half is sealed before it is stored."""

from gatewright.crypto import jwk
from gatewright.crypto.keyring import Keyring
from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.store.port import Transaction

ANNOUNCED, ACTIVE, RETIRED = "announced", "active", "retired"
_KID_BYTES = 16


def seal_context(kid: str) -> str:
    """What a sealed private key is bound to, so that one can not be put in another's place."""
    return f"signing key {kid}"


def create(
    tx: Transaction,
    world: World,
    keyring: Keyring,
    organization: Organization,
    kind: Kind,
    algorithm: str | None = None,
    state: str = ACTIVE,
) -> SigningKey:
    """Make, seal and add a key of the organization's algorithm (or of `algorithm`).

    Raises Invalid for an algorithm that is none.
    """
    chosen = algorithm or organization.signing_algorithm
    key = jwk.generate(chosen)
    kid = jwk.base64url(world.random_bytes(_KID_BYTES))
    sealed = keyring.seal(jwk.to_der(key), seal_context(kid), world)
    row = SigningKey(
        kid,
        organization.id,
        kind,
        chosen,
        jwk.public_jwk(key, chosen, kid),
        sealed,
        state,
        world.now(),
    )
    return tx.signing_keys.add(row)


def ensure(
    tx: Transaction, world: World, keyring: Keyring, organization: Organization
) -> list[SigningKey]:
    """Make the active keys of the organization's algorithm that are missing; those made.

    For the first start, and after the organization chose another algorithm: older keys stay
    published, so that tokens that are out still verify.
    """
    made = []
    for kind in Kind:
        conditions = {
            "organization_id": organization.id,
            "kind": kind,
            "state": ACTIVE,
            "algorithm": organization.signing_algorithm,
        }
        if not tx.signing_keys.find(**conditions):
            made.append(create(tx, world, keyring, organization, kind))
    return made
