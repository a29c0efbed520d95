"""Repeated creates: the answer kept under an Idempotency-Key, unreadable without that key.

Id and encryption key derive from the client's key (HKDF, RFC 5869) with the installation's own key
as salt, so that neither the database nor a guess of the client's key opens an answer.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatewright.control.desk import Desk
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.idempotency import KeptAnswer

KEPT_FOR = timedelta(hours=24)
SWEPT_PER_CREATE = 8
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept: the status, the ETag and the body."""

    status: int
    etag: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Repeats:
    """The answers kept for one key of one person."""

    id: str
    fingerprint: str
    _key: bytes

    def find(self, desk: Desk) -> Answer | None:
        """The answer given before. Raises Conflict when the key came with another request."""
        kept = desk.tx.kept_answers.get(self.id)
        if kept is None:
            return None
        if desk.world.now() - kept.created_at >= KEPT_FOR:
            desk.tx.kept_answers.remove(self.id)
            return None
        if kept.fingerprint != self.fingerprint:
            raise Conflict(
                "This key was used for another request.", "Idempotency-Key", "Use a new key."
            )
        nonce, sealed = kept.sealed_body[:_NONCE_BYTES], kept.sealed_body[_NONCE_BYTES:]
        try:
            clear = AESGCM(self._key).decrypt(nonce, sealed, self.id.encode())
        except InvalidTag:
            raise Conflict(
                "The kept answer can not be read.", "Idempotency-Key", "Use a new key."
            ) from None
        etag, body = json.loads(clear)
        return Answer(kept.status, etag, body)

    def keep(self, desk: Desk, answer: Answer) -> None:
        """Keep an answer in this transaction, and drop some that are over a day old."""
        _sweep(desk, self.id)
        nonce = desk.world.random_bytes(_NONCE_BYTES)
        clear = json.dumps([answer.etag, answer.body]).encode()
        desk.tx.kept_answers.add(
            KeptAnswer(
                self.id,
                desk.organization.id,
                self.fingerprint,
                answer.status,
                nonce + AESGCM(self._key).encrypt(nonce, clear, self.id.encode()),
                desk.world.now(),
            )
        )


def repeats(desk: Desk, key: str, method: str, target: str, body: bytes) -> Repeats:
    """The kept answers of that key. Raises Invalid for a key of another form."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "must be 1 to 255 visible ASCII characters.", "Idempotency-Key", "Use a new UUID."
        )
    # With the role, so that somebody who lost it gets nothing that it gave them before.
    person = f"{desk.actor.id}\0{desk.actor.role}"
    context = f"gatewright idempotency\0{desk.organization.id}\0{person}"
    derived = HKDF(SHA256(), 64, desk.keyring.sealing_key, context.encode()).derive(key.encode())
    fingerprint = hashlib.sha256(f"{method}\0{target}\0".encode() + body).hexdigest()
    return Repeats(derived[:32].hex(), fingerprint, derived[32:])


def _sweep(desk: Desk, near: str) -> None:
    """Ids are evenly spread, so that looking at a few beside each new one keeps all in bounds."""
    rows = desk.tx.kept_answers.page(
        after=near, limit=SWEPT_PER_CREATE, organization_id=desk.organization.id
    )
    for row in rows:
        if desk.world.now() - row.created_at >= KEPT_FOR:
            desk.tx.kept_answers.remove(row.id)
