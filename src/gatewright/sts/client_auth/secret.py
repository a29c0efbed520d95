"""Client secrets against their keyed hashes; one cost, whoever asks."""

import hmac
from datetime import datetime

from gatewright.domain.credential import Secret
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Presented, Verified
from gatewright.sts.records import SLOTS_OF_NOBODY
from gatewright.sts.state import State

SECRET_LENGTH_MAX = 1024
_NO_DIGEST = "?" * 64  # of a pepper that is gone: as long as a digest, and equal to none


def verified(
    state: State, issuer: Issuer, shown: Presented, now: datetime, method: str
) -> Verified | None:
    """The same hashes and comparisons are made for a client that does not exist."""
    client = state.client(shown.client_id, issuer)
    slots = client.slots if client else SLOTS_OF_NOBODY
    match: Secret | None = None
    for secret in shown.secrets:
        digests = _digests(state, secret if len(secret) <= SECRET_LENGTH_MAX else "")
        for slot in slots:
            equal = hmac.compare_digest(digests.get(slot.pepper_id, _NO_DIGEST), slot.digest)
            if equal and slot.usable(now):
                match = slot
    return Verified(client, method, match) if client and match else None


def _digests(state: State, secret: str) -> dict[str, str]:
    """One keyed hash for each pepper of the installation, whichever the client's secrets use."""
    keyring = state.keyring
    return {pepper_id: keyring.digest(secret, pepper_id) for pepper_id in keyring.peppers}
