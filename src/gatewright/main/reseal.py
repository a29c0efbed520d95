"""`gatewright keys reseal`: every private key under a new sealing key, while nothing runs.

Cut off at any moment it can be run again: the new key is on disk before the database knows it.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gatewright.crypto import api_key, keyfiles, keysources
from gatewright.crypto.domain_keys import DomainSealer
from gatewright.crypto.keyring import Keyring
from gatewright.domain import domain_name
from gatewright.domain.audit import AuditRecord
from gatewright.domain.errors import Unavailable
from gatewright.domain.ids import new_id
from gatewright.domain.world import World
from gatewright.main.environment import read_settings
from gatewright.main.folder import Folder, only_one
from gatewright.main.keyring import SEALING_KEY, SEALING_KEY_COMMAND, open_keyring, sealing_source
from gatewright.main.world import real_world
from gatewright.store.port import Transaction
from gatewright.store.sql import open_store
from gatewright.sts.keys.backends import sealed

NEW_SEALING_KEY = "GATEWRIGHT_NEW_SEALING_KEY"
_SYSTEM = "system"


def reseal(
    root: Path, *, discard_lost: bool = False, environment: Mapping[str, str] = os.environ
) -> int:
    """How many keys were sealed anew. Raises Unavailable when it runs, or a key does not open.

    With `discard_lost` such a key is removed, with every token that it signed; where none is left
    the next start makes new ones.

    With the key in a file, the new one is made here and takes its place; from elsewhere, it is
    what NEW_SEALING_KEY holds, and to be put there afterwards.
    """
    folder, settings, world = Folder(root), read_settings(), real_world()
    with only_one(folder):
        old = open_keyring(folder, settings)
        source = sealing_source(settings)
        if source == "file":
            key = keyfiles.next_sealing_key(folder.keys, world)
        else:
            name = SEALING_KEY if source == "environment" else SEALING_KEY_COMMAND
            key = _given(environment, name)
        new = replace(old, sealing_key=key)
        store = open_store(settings.database_url or f"sqlite:///{folder.database}", world)
        try:
            with store.write() as tx:
                count = _reseal(tx, world, old, new, discard_lost=discard_lost)
        finally:
            store.close()
        if source == "file":
            keyfiles.take_next_sealing_key(folder.keys)
    return count


def _given(environment: Mapping[str, str], name: str) -> bytes:
    text = environment.get(NEW_SEALING_KEY)
    if not text:
        raise Unavailable(
            f"the sealing key comes from {name}, so the new one has to be given.",
            NEW_SEALING_KEY,
            f"Set {NEW_SEALING_KEY} for this command, and {name} to the same afterwards.",
        )
    return keysources.key(text, NEW_SEALING_KEY)


def _reseal(
    tx: Transaction, world: World, old: Keyring, new: Keyring, *, discard_lost: bool
) -> int:
    count = lost = 0
    for row in tx.signing_keys.find(backend=sealed.NAME):
        context = sealed.seal_context(row.id)
        if _opens(new, row.sealed_private_key, context):  # sealed by a run that was cut off
            continue
        if discard_lost and not _opens(old, row.sealed_private_key, context):
            tx.signing_keys.remove(row.id)
            lost += 1
            continue
        clear = old.unseal(row.sealed_private_key, context)
        sealed_anew = new.seal(clear, context, world)
        tx.signing_keys.replace(replace(row, sealed_private_key=sealed_anew))
        count += 1
    for reseal_rows in (_reseal_signers, _reseal_domains):
        anew, gone = reseal_rows(tx, world, old, new, discard_lost=discard_lost)
        count, lost = count + anew, lost + gone
    for kept in tx.kept_answers.find():  # they are encrypted under the old key, for a day
        tx.kept_answers.remove(kept.id)
    for organization in tx.organizations.find():
        id, now = new_id("aud", world), world.now()
        detail = {"keys": str(count), "lost": str(lost)}
        tx.audit_records.add(
            AuditRecord(id, organization.id, now, _SYSTEM, "keys.reseal", organization.id, detail)
        )
    return count


def _reseal_domains(
    tx: Transaction, world: World, old: Keyring, new: Keyring, *, discard_lost: bool
) -> tuple[int, int]:
    """The keys of domains: how many were sealed anew, and how many are lost with their domains."""
    count = lost = 0
    before, after = DomainSealer.of(old), DomainSealer.of(new)
    for row in tx.domains.find():
        context = domain_name.seal_context(row.id)
        if _opens(after, row.sealed_private_key, context):
            continue
        if discard_lost and not _opens(before, row.sealed_private_key, context):
            tx.domains.remove(row.id)
            lost += 1
            continue
        clear = before.unseal(row.sealed_private_key, context)
        tx.domains.replace(replace(row, sealed_private_key=after.seal(clear, context, world)))
        count += 1
    return count, lost


def _reseal_signers(
    tx: Transaction, world: World, old: Keyring, new: Keyring, *, discard_lost: bool
) -> tuple[int, int]:
    """What signs API keys: how many were sealed anew, and how many are lost with their keys."""
    count = lost = 0
    for row in tx.api_key_signers.find():
        context = api_key.seal_context(row.id)
        if _opens(new, row.sealed_private_key, context):
            continue
        tx.api_key_signers.remove(row.id)  # it never changes, so it goes and comes again
        if discard_lost and not _opens(old, row.sealed_private_key, context):
            of_it = {"organization_id": row.organization_id, "kind": row.kind}
            for key in tx.api_keys.find(**of_it, revoked_at=None):
                tx.api_keys.replace(replace(key, revoked_at=world.now()))
            lost += 1
            continue
        clear = old.unseal(row.sealed_private_key, context)
        anew = new.seal(clear, context, world)
        tx.api_key_signers.add(replace(row, sealed_private_key=anew))
        count += 1
    return count, lost


def _opens(keyring: Keyring | DomainSealer, sealed_key: bytes, context: str) -> bool:
    try:
        keyring.unseal(sealed_key, context)
    except Unavailable:
        return False
    return True
