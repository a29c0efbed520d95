"""The watch over key sets: when an address is read, what is written, and who waits for whom."""

import itertools
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.crypto.keyholder import Keyholder

from gatewright.control import organizations
from gatewright.control.fetch import Fetched
from gatewright.control.key_set_watch import THREADS_FOR_FAILING, KeySetWatch
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Invalid
from gatewright.domain.ids import new_id
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.world import World
from gatewright.store.sql import migrate, open_store

GATEWAYS = {Kind.PRODUCTION: "http://127.0.0.1:8080", Kind.SANDBOX: "http://127.0.0.1:8081"}


class Scene:
    """One organization, addresses that answer by a table, and a watch over them."""

    def __init__(self, folder):
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        numbers = itertools.count(1)
        self.world = World(
            lambda: self.now,
            lambda n: (next(numbers) * 0x9E3779B97F4A7C15F39C % (1 << 8 * n)).to_bytes(n),
        )
        url = f"sqlite:///{folder}/gatewright.db"
        migrate(url)
        self.store = open_store(url, self.world)
        with self.store.write() as tx:
            self.organization = organizations.create(
                tx, self.world, "default", "default", GATEWAYS
            ).organization
        self.pages, self.asked, self.events, self.failed = {}, [], [], []
        self.watch = KeySetWatch(
            self.store, self.world, self.read, self.events.append, self.failed.append
        )

    def read(self, url):
        self.asked.append(url)
        page = self.pages.get(url)
        if callable(page):
            page = page()
        if page is None:
            raise Invalid("answers 503.", "url", "Later.")
        return Fetched(page, url)

    def manager(self, name, **members):
        row = KeyManager(**{
            "id": new_id("km", self.world), "organization_id": self.organization.id,
            "handle": name, "name": name, "issuer": f"https://{name}.test",
            "jwks_uri": f"https://{name}.test/jwks", "jwks": None, "audiences": frozenset(),
            "client_claim": "azp", "scope_claim": "scope", "token_exchange": False,
            "jwt_bearer": False, "enabled": True, "created_at": self.now, "api_access": True,
        } | members)  # fmt: skip
        with self.store.write() as tx:
            return tx.key_managers.add(row)

    def look(self):
        """One look, and everything read that it began to read."""
        self.watch.look()
        deadline = time.monotonic() + 10
        while any(item.under_way for item in self.watch._addresses.values()):
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def kept(self, row):
        with self.store.read() as tx:
            return tx.fetched_key_sets.get(row.id)

    def pass_time(self, **amount):
        self.now += timedelta(**amount)


@pytest.fixture
def scene(tmp_path):
    found = Scene(tmp_path)
    yield found
    found.watch.stop()
    found.store.close()
    assert found.failed == []


def sequence(scene):
    with scene.store.read() as tx:
        return tx.sequence


def test_keys_are_read_at_once_and_then_each_minute(scene):
    row, holder = scene.manager("okta"), Keyholder()
    scene.pages[row.jwks_uri] = holder.jwks()
    scene.look()
    kept = scene.kept(row)
    assert json.loads(kept.jwks)["keys"][0]["alg"] == "ES256" and kept.failure is None
    assert [event.name for event in scene.events] == ["key_set.fetched"]
    scene.pass_time(seconds=50)
    scene.look()
    assert len(scene.asked) == 1
    scene.pass_time(seconds=20)
    scene.look()
    assert len(scene.asked) == 2


def test_nothing_is_written_while_nothing_differs(scene):
    row, holder = scene.manager("okta"), Keyholder()
    scene.pages[row.jwks_uri] = holder.jwks()
    scene.look()
    before = sequence(scene)
    scene.pages[row.jwks_uri] = holder.jwks(x5t="another page, the same key")
    for _ in range(5):
        scene.pass_time(seconds=70)
        scene.look()
    assert len(scene.asked) == 6 and sequence(scene) == before and len(scene.events) == 1


def test_a_rotated_key_is_taken_over(scene):
    row, old, new = scene.manager("okta"), Keyholder(kid="a"), Keyholder(kid="b")
    scene.pages[row.jwks_uri] = old.jwks()
    scene.look()
    scene.pages[row.jwks_uri] = old.jwks(new)
    scene.pass_time(seconds=70)
    scene.look()
    assert len(json.loads(scene.kept(row).jwks)["keys"]) == 2
    with scene.store.read() as tx:
        actions = [item for item in tx.audit_records.find() if item.action == "key-sets.fetch"]
    assert len({item.detail["jwks_digest"] for item in actions}) == 2
    assert {item.actor for item in actions} == {"system"}


def test_old_keys_stay_while_the_issuer_is_away_and_it_is_asked_less_and_less(scene):
    row, holder = scene.manager("okta"), Keyholder()
    scene.pages[row.jwks_uri] = holder.jwks()
    scene.look()
    keys = scene.kept(row).jwks
    scene.pages.clear()
    written, asked = [], []
    for _ in range(60):
        scene.pass_time(seconds=30)
        scene.look()
        written.append(sequence(scene))
        asked.append(len(scene.asked))
    kept = scene.kept(row)
    assert kept.jwks == keys and "answers 503" in kept.failure
    assert len(set(written)) == 2, "written once, when the failing begins"
    assert asked[-1] < 10, "half an hour of failing is a few readings"
    assert [event.name for event in scene.events] == ["key_set.fetched", "key_set.failed"]
    scene.pages[row.jwks_uri] = holder.jwks()
    scene.pass_time(minutes=10)
    scene.look()
    assert scene.kept(row).failure is None and scene.events[-1].name == "key_set.fetched"


@pytest.mark.parametrize("page", [
    pytest.param("no json", id="no JSON"),
    pytest.param("[" * 60_000, id="a nest of lists"),
    pytest.param(json.dumps({"keys": []}), id="no keys"),
    pytest.param(json.dumps({"keys": [Keyholder().jwk(d="AAAA")]}), id="a private key"),
    pytest.param(json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]}), id="a secret"),
    pytest.param(Keyholder().jwks(pad="x" * 70_000), id="too large"),
])  # fmt: skip
def test_a_page_that_is_no_key_set_takes_nothing_away(scene, page):
    row = scene.manager("okta")
    scene.pages[row.jwks_uri] = Keyholder().jwks()
    scene.look()
    keys = scene.kept(row).jwks
    scene.pages[row.jwks_uri] = page
    scene.pass_time(seconds=70)
    scene.look()
    assert scene.kept(row).jwks == keys and scene.kept(row).failure
    assert "AAAA" not in scene.kept(row).failure


@pytest.mark.parametrize("members", [
    pytest.param({"enabled": False}, id="disabled"),
    pytest.param({"api_access": False}, id="not for calls"),
    pytest.param({"jwks_uri": None, "jwks": Keyholder().jwks()}, id="keys are given"),
])  # fmt: skip
def test_what_no_gateway_needs_is_not_read(scene, members):
    scene.manager("okta", **members)
    scene.look()
    assert scene.asked == []


def test_another_address_is_read_at_once_and_its_failure_keeps_no_keys_of_the_old(scene):
    row = scene.manager("okta")
    scene.pages[row.jwks_uri] = Keyholder().jwks()
    scene.look()
    with scene.store.write() as tx:
        tx.key_managers.replace(replace(row, jwks_uri="https://other.test/jwks"))
    scene.look()
    assert scene.asked[-1] == "https://other.test/jwks"
    assert scene.kept(row).jwks is None and scene.kept(row).failure


def test_an_address_that_hangs_delays_nobody_else(scene):
    gate = threading.Event()
    hanging = [scene.manager(f"slow-{number}") for number in range(THREADS_FOR_FAILING + 3)]
    for row in hanging:  # they have failed once
        scene.pages[row.jwks_uri] = None
    scene.look()
    for row in hanging:
        scene.pages[row.jwks_uri] = lambda: gate.wait(10) and None
    scene.pass_time(seconds=70)
    scene.watch.look()
    sound = scene.manager("sound")
    scene.pages[sound.jwks_uri] = Keyholder().jwks()
    scene.watch.look()
    deadline = time.monotonic() + 5
    while scene.kept(sound) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    gate.set()
    scene.look()


def test_the_gone_are_forgotten(scene):
    row = scene.manager("okta")
    scene.look()
    with scene.store.write() as tx:
        tx.key_managers.remove(row.id)
    scene.look()
    assert scene.watch._addresses == {}


def test_two_control_processes_watch_at_once(scene):
    other = KeySetWatch(
        scene.store, scene.world, scene.read, scene.events.append, scene.failed.append
    )
    rows = [scene.manager(f"m{number}") for number in range(12)]
    for row in rows:
        scene.pages[row.jwks_uri] = Keyholder().jwks()
    other.look()
    scene.look()
    deadline = time.monotonic() + 10
    while any(item.under_way for item in other._addresses.values()):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    other.stop()
    assert all(scene.kept(row).jwks for row in rows) and len(scene.events) == len(rows)
