"""What signs API keys under a new sealing key: sealed anew, or lost with every key it signed."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatewright.control import organizations
from gatewright.crypto import api_key
from gatewright.crypto.keyring import Keyring
from gatewright.domain.api_key import ApiKey, ApiKeySigner
from gatewright.domain.application import Application
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.main import reseal
from gatewright.store.sql import migrate, open_store

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WORLD = World(lambda: NOW, os.urandom)
OLD, NEW, LOST = (Keyring({"1": b"p" * 32}, "1", letter * 32) for letter in (b"o", b"n", b"l"))


@pytest.fixture
def store(tmp_path):
    url = f"sqlite:///{tmp_path}/gatewright.db"
    migrate(url)
    opened = open_store(url, WORLD)
    urls = {kind: f"http://{kind}.test" for kind in Kind}
    with opened.write() as tx:
        founded = organizations.create(tx, WORLD, "default", "Default", urls)
        owner, id = founded.owner.id, founded.organization.id
        tx.applications.add(Application("app_1", id, "a", "A", "", None, False, NOW, owner))
        for kind, keyring in ((Kind.PRODUCTION, OLD), (Kind.SANDBOX, LOST)):
            kid, made = api_key.make_signer(keyring, WORLD)
            row = ApiKeySigner(kid, id, kind, made.public_jwk, made.sealed_private_key, NOW)
            tx.api_key_signers.add(row)
            tx.api_keys.add(
                ApiKey(f"key_{kind}", id, "app_1", kind, "k", "…", None, NOW, None, None)
            )
    yield opened
    opened.close()


def run(store, old, new, **options):
    with store.write() as tx:
        return reseal._reseal(tx, WORLD, old, new, **options)


def test_a_signer_that_does_not_open_stops_it(store):
    with pytest.raises(Unavailable):
        run(store, OLD, NEW, discard_lost=False)
    with store.read() as tx:
        assert len(tx.api_key_signers.find()) == 2


def test_signers_sign_on_under_the_new_key_and_lost_ones_take_their_keys_along(store):
    with store.read() as tx:
        (before,) = tx.api_key_signers.find(kind=Kind.PRODUCTION)
    assert run(store, OLD, NEW, discard_lost=True) == 1
    assert run(store, OLD, NEW, discard_lost=True) == 0, "it can be repeated"
    with store.read() as tx:
        (after,) = tx.api_key_signers.find()
        ended = {row.kind: row.revoked_at for row in tx.api_keys.find()}
    assert replace(after, sealed_private_key=before.sealed_private_key) == before
    assert api_key.sign(NEW, after, {"a": 1})
    with pytest.raises(Unavailable):
        api_key.sign(OLD, after, {"a": 1})
    assert ended == {Kind.PRODUCTION: None, Kind.SANDBOX: NOW}
