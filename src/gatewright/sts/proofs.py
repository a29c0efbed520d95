"""The record of single-use proofs, shared by every worker through the store."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from gatewright.domain.errors import Conflict
from gatewright.domain.token import UsedProof
from gatewright.domain.world import seconds
from gatewright.store.port import Store
from gatewright.sts import answer
from gatewright.sts.answer import Answer
from gatewright.sts.proof import Single

PRUNED_AT_ONCE_MAX = 2000


def used_proof(expires_at: datetime, *parts: str) -> UsedProof:
    """The record of a proof: `parts` tell it apart (its use, its owner, its jti).

    The same proof has the same expiry, as that follows from what is signed; so the id sorts by
    time and the oldest are found without an index.
    """
    digest = sha256("\0".join(parts).encode()).hexdigest()
    return UsedProof(f"{seconds(expires_at):012}-{digest}", expires_at)


def accept(store: Store, singles: Sequence[Single]) -> Answer | None:
    """Write the proofs down, all or none; the refusal when one was accepted before.

    Raises Unavailable.
    """
    single = None
    try:
        with store.write() as tx:
            for single in singles:
                tx.used_proofs.add(single.proof)
    except Conflict:
        return answer.refusal(single.replayed) if single else None
    return None


def prune(store: Store, now: datetime) -> None:
    """Forget proofs that would be refused for their age, a part at a time so that nobody waits
    long for the database. Raises Unavailable."""
    while True:
        with store.read() as tx:
            rows = tx.used_proofs.page(after=None, limit=PRUNED_AT_ONCE_MAX)
        old = [row.id for row in rows if row.expires_at < now]
        if old:
            with store.write() as tx:
                for id in old:
                    tx.used_proofs.remove(id)
        if len(old) < PRUNED_AT_ONCE_MAX:
            return
