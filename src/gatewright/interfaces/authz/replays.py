"""Which proofs were used (RFC 9449 §11.1): in memory, bounded, each until it would be too old.

Only its digest is kept. When there is no room, nothing more is accepted: never is one forgotten
that could be used again.
"""

import hashlib
from collections import Counter, defaultdict

from gatewright.crypto.dpop import AHEAD_SECONDS_MAX, DpopProof, InvalidProof

PROOFS_MAX = 262_144
"""Some 30 MB, and more in a minute than one process can verify."""

PROOFS_PER_KEY_MAX = 65_536
"""So that one client can not fill the record for all."""

_DIGEST_BYTES = 16


class Full(Exception):
    """There is no room for another proof; try again in a second."""


class Replays:
    """The proofs of one process, started at second `since`. For use by one thread."""

    def __init__(
        self, since: int, proofs_max: int = PROOFS_MAX, per_key_max: int = PROOFS_PER_KEY_MAX
    ) -> None:
        self._since, self._proofs_max, self._per_key_max = since, proofs_max, per_key_max
        self._seen: set[bytes] = set()
        self._by_key: Counter[str] = Counter()
        self._expiring: defaultdict[int, list[tuple[bytes, str]]] = defaultdict(list)
        self._pruned = since

    def __len__(self) -> int:
        return len(self._seen)

    def accept(self, proof: DpopProof, now: int) -> bool:
        """Remember a proof; whether it was certainly never used.

        One from before the start may have been used at the process before, which took those of
        clocks ahead as well; and one that is forgotten counts again when our clock is set back.
        Raises InvalidProof when it came before, Full when there is no room.
        """
        self._prune(now)
        digest = hashlib.sha256(f"{proof.jkt} {proof.jti}".encode()).digest()[:_DIGEST_BYTES]
        if digest in self._seen:
            raise InvalidProof("the proof was used before.")
        if len(self._seen) >= self._proofs_max or self._by_key[proof.jkt] >= self._per_key_max:
            raise Full
        self._seen.add(digest)
        self._by_key[proof.jkt] += 1
        self._expiring[proof.expires_at].append((digest, proof.jkt))
        is_forgotten = proof.expires_at < self._pruned
        return proof.iat > self._since + AHEAD_SECONDS_MAX and not is_forgotten

    def _prune(self, now: int) -> None:
        """Forget what `dpop.check` refuses by now for its age."""
        if now <= self._pruned:
            return
        self._pruned = now
        for second in [item for item in self._expiring if item < now]:
            for digest, key in self._expiring.pop(second):
                self._seen.discard(digest)
                self._by_key[key] -= 1
                if not self._by_key[key]:
                    del self._by_key[key]
