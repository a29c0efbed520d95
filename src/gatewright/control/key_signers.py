"""What signs the API keys and test keys of an organization and kind: made when first needed."""

from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import key_ends
from gatewright.control.desk import Desk
from gatewright.crypto import api_key
from gatewright.domain.api_key import ApiKeySigner, key_issuer
from gatewright.domain.environment import Kind
from gatewright.domain.token import issuer


@dataclass(frozen=True, slots=True)
class Replaced:
    """The new signer, and how many API keys ended with the old one."""

    signer: ApiKeySigner
    ended: int


def ensured(desk: Desk, kind: Kind) -> ApiKeySigner:
    """The signer of that kind; the first key makes it, in the same transaction."""
    found = desk.tx.api_key_signers.find(organization_id=desk.organization.id, kind=kind)
    return found[0] if found else _made(desk, kind)


def issuer_of(desk: Desk, kind: Kind) -> str:
    """Who keys of that kind say made them."""
    return key_issuer(issuer(desk.addresses.sts, desk.organization.handle, kind))


def replace_signer(desk: Desk, kind: Kind) -> Replaced:
    """End every API key and test key of that kind at once, whoever has them: for a signer that may
    have leaked. Raises Denied.

    Applications get new keys afterwards; nothing else of theirs changes.
    """
    desk.demand(Action.ROTATE_KEYS)
    for old in desk.tx.api_key_signers.find(organization_id=desk.organization.id, kind=kind):
        desk.tx.api_key_signers.remove(old.id)
        desk.record("api-keys.remove-signer", old.id, kind=kind)
    signer = _made(desk, kind)
    living = desk.tx.api_keys.find(organization_id=desk.organization.id, kind=kind, revoked_at=None)
    for key in living:
        key_ends.end_now(desk, key, "the signer was replaced")
    return Replaced(signer, len(living))


def _made(desk: Desk, kind: Kind) -> ApiKeySigner:
    kid, made = api_key.make_signer(desk.keyring, desk.world)
    signer = desk.tx.api_key_signers.add(
        ApiKeySigner(
            kid,
            desk.organization.id,
            kind,
            made.public_jwk,
            made.sealed_private_key,
            desk.world.now(),
        )
    )
    desk.record("api-keys.create-signer", signer.id, kind=kind)
    return signer
