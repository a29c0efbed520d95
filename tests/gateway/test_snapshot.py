"""The snapshot on disk and in memory, the bootstrap, and what the fleet makes of refusals."""

import json
import subprocess
from pathlib import Path

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.gateway.envoy import Bootstrap, binary, bootstrap
from gatewright.gateway.fleet import Connection, Fleet
from gatewright.gateway.snapshot import Snapshot, Update, encode, keep, load, version_of
from gatewright.gateway.xds.delta import Answer, Rejected, Request, Stream
from gatewright.gateway.xds.names import CLUSTER, EXTENSION, KINDS, LISTENER, ROUTES, SCOPE


def some() -> Snapshot:
    snapshot = Snapshot()
    snapshot.update(
        [
            Update(CLUSTER, "c", b"\x00\xff" * 50),
            Update(SCOPE, "s", b"scope", (ROUTES, "r")),
            Update(ROUTES, "r", b""),
        ],
        7,
    )
    return snapshot


def test_what_was_kept_is_loaded_again_with_the_same_versions(tmp_path: Path) -> None:
    path, snapshot = tmp_path / "deep" / "snapshot.bin", some()
    keep(encode(snapshot.resources, snapshot.mark), path)
    loaded = load(path)
    assert loaded.resources == snapshot.resources
    assert loaded.mark == 7
    assert [item.name for item in path.parent.iterdir()] == ["snapshot.bin"]


def test_what_was_kept_is_old_until_the_store_has_been_read(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.bin"
    keep(encode(some().resources, 7), path)
    loaded, told = load(path), list[str]()
    assert loaded.is_kept
    assert not some().is_kept
    loaded.watch(lambda kind, which, mark: told.append(kind))
    loaded.update([], 7)
    assert not loaded.is_kept
    assert told == list(KINDS)


@pytest.mark.parametrize("place", [0, 30, 60, -1], ids=["magic", "digest", "body", "last"])
def test_a_damaged_file_is_refused_wherever_the_damage_is(tmp_path: Path, place: int) -> None:
    path = tmp_path / "snapshot.bin"
    content = bytearray(encode(some().resources, 7))
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="damaged"):
        load(path)


@pytest.mark.parametrize("length", [0, 10, 54, 80])
def test_half_a_file_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "snapshot.bin"
    path.write_bytes(encode(some().resources, 7)[:length])
    with pytest.raises(Unavailable):
        load(path)


def test_no_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no snapshot"):
        load(tmp_path / "none")


def test_the_same_bytes_are_no_change() -> None:
    snapshot, told = some(), list[object]()
    snapshot.watch(lambda *change: told.append(change))
    assert not snapshot.update([Update(ROUTES, "r", b"")], 8)
    assert not snapshot.update([Update(ROUTES, "none", None)], 9)
    assert told == []
    assert snapshot.update([Update(ROUTES, "r", b"2")], 10)
    assert told == [(ROUTES, ["r"], 10)]


def test_replacing_keeps_what_is_asked_for_and_removes_the_rest() -> None:
    snapshot = some()
    snapshot.replace([Update(CLUSTER, "new", b"1")], frozenset({"r"}), 8)
    left = {name for kind in KINDS for name in snapshot.resources[kind]}
    assert left == {"new", "r"}


def refused(kind: str, name: str, body: bytes) -> Answer:
    return Answer(kind, rejected=(Rejected(kind, name, version_of(body), "no good"),))


def fleet_of(snapshot: Snapshot) -> tuple[Fleet, Connection]:
    return Fleet(snapshot), Connection(Stream(snapshot.resources), "node-1", "1.40.0")


def test_a_refused_version_gives_way_to_the_last_one_taken() -> None:
    snapshot = some()
    fleet, connection = fleet_of(snapshot)
    fleet.observe(connection, Answer(ROUTES, {"r": version_of(b"")}))
    snapshot.update([Update(ROUTES, "r", b"good")], 8)
    fleet.observe(connection, Answer(ROUTES, {"r": version_of(b"good")}))
    snapshot.update([Update(ROUTES, "r", b"bad")], 9)
    snapshot.update([Update(ROUTES, "r", b"worse")], 10)
    fleet.observe(connection, refused(ROUTES, "r", b"worse"))
    assert snapshot.resources[ROUTES]["r"].body == b"good"
    assert fleet.refusals() == {(ROUTES, "r"): ("no good", True)}
    assert "no good" in fleet.nodes["node-1"].rejection


def test_a_refused_first_version_is_not_served_at_all() -> None:
    snapshot = Snapshot()
    fleet, connection = fleet_of(snapshot)
    snapshot.update([Update(ROUTES, "r", b"bad")], 1)
    fleet.observe(connection, refused(ROUTES, "r", b"bad"))
    assert snapshot.resources[ROUTES] == {}
    assert fleet.refusals() == {(ROUTES, "r"): ("no good", False)}


def test_what_was_refused_is_not_admitted_again_and_another_version_clears_it() -> None:
    snapshot = some()
    fleet, connection = fleet_of(snapshot)
    snapshot.update([Update(ROUTES, "r", b"bad")], 8)
    fleet.observe(connection, refused(ROUTES, "r", b"bad"))
    assert fleet.admit([Update(ROUTES, "r", b"bad")]) == []
    better = Update(ROUTES, "r", b"better")
    assert fleet.admit([better]) == [better]
    assert fleet.refusals() == {}


def test_nodes_tell_what_is_in_force_and_who_has_left() -> None:
    snapshot = some()
    fleet, connection = fleet_of(snapshot)
    snapshot.watch(connection.stream.note)
    connection.stream.receive(Request(CLUSTER), snapshot.mark)
    connection.stream.receive(Request(LISTENER), snapshot.mark)
    (response,) = connection.stream.send()
    fleet.observe(connection, Answer(CLUSTER))
    assert fleet.nodes["node-1"].applied == 6
    answer = connection.stream.receive(Request(CLUSTER, nonce=response.nonce), snapshot.mark)
    fleet.observe(connection, answer)
    assert fleet.nodes["node-1"].applied == 7
    fleet.observe(connection, None)
    assert not fleet.nodes["node-1"].connected


def test_an_envoy_that_comes_back_has_nothing_new_before_it_has_asked_for_every_kind() -> None:
    snapshot = some()
    snapshot.update([Update(LISTENER, "l", b"door"), Update(EXTENSION, "keys", b"old")], 7)
    held = {
        kind: {name: item.version for name, item in found.items()}
        for kind, found in snapshot.resources.items()
    }
    snapshot.update([Update(EXTENSION, "keys", b"new")], 8)
    fleet, connection = fleet_of(snapshot)
    snapshot.watch(connection.stream.note)
    for kind in (CLUSTER, LISTENER, SCOPE, ROUTES, EXTENSION):
        asked = Request(kind, subscribe=tuple(held[kind]), initial=held[kind])
        fleet.observe(connection, connection.stream.receive(asked, snapshot.mark))
        sent = connection.stream.send()
        fleet.evaluate()
        assert fleet.nodes["node-1"].applied < 8, kind
    (response,) = sent
    taken = Request(EXTENSION, nonce=response.nonce)
    fleet.observe(connection, connection.stream.receive(taken, snapshot.mark))
    assert fleet.nodes["node-1"].applied == 8


def test_a_refused_deny_list_or_key_set_is_never_in_force() -> None:
    """Who waits for a revocation, or to sign with a new key, must not be told that it is there."""
    snapshot, name = some(), "revoked-recent/org/production"
    fleet, connection = fleet_of(snapshot)
    snapshot.watch(connection.stream.note)
    for kind in KINDS:
        asked = Request(kind, initial={name: version_of(b"1")} if kind == EXTENSION else {})
        fleet.observe(connection, connection.stream.receive(asked, snapshot.mark))
    snapshot.update([Update(EXTENSION, name, b"1")], 8)
    answer_all(fleet, connection, snapshot)
    assert fleet.nodes["node-1"].applied == 8
    snapshot.update([Update(EXTENSION, name, b"2")], 9)
    answer_all(fleet, connection, snapshot, error="no good")
    snapshot.update([Update(ROUTES, "r", b"later")], 10)
    answer_all(fleet, connection, snapshot)
    assert fleet.nodes["node-1"].applied == 8
    snapshot.update(fleet.admit([Update(EXTENSION, name, b"3")]), 11)
    answer_all(fleet, connection, snapshot)
    assert fleet.nodes["node-1"].applied == 11


def answer_all(
    fleet: Fleet, connection: Connection, snapshot: Snapshot, error: str | None = None
) -> None:
    while sent := connection.stream.send():
        for response in sent:
            request = Request(response.kind, nonce=response.nonce, error=error)
            fleet.observe(connection, connection.stream.receive(request, snapshot.mark))


@pytest.mark.real
def test_envoy_takes_our_bootstrap(tmp_path: Path) -> None:
    config = tmp_path / "envoy.json"
    settings = Bootstrap("node-1", tmp_path / "ads.sock", tmp_path / "admin.sock")
    config.write_text(json.dumps(bootstrap(settings)))
    command = [str(binary()), "--mode", "validate", "-c", str(config), "-l", "error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert oct(binary().stat().st_mode & 0o111) != "0o0"


def test_while_one_envoy_takes_over_from_another_both_count() -> None:
    snapshot = Snapshot()
    fleet, old = fleet_of(snapshot)
    new = Connection(Stream(snapshot.resources), "node-1", "1.40.1")
    settled = {old: 5, new: 9}
    whole = {old: True, new: False}
    for item in (old, new):
        item.stream = type(
            "S", (), {"is_whole": whole[item], "settled": lambda self, mark, n=settled[item]: n}
        )()  # type: ignore[assignment]
    fleet.observe(old, Answer(ROUTES))
    fleet.observe(new, Answer(ROUTES))
    assert fleet.nodes["node-1"].applied == 5
    assert fleet.nodes["node-1"].version == "1.40.1"
    new.stream.__class__.is_whole = True  # type: ignore[misc, assignment]
    fleet.observe(new, Answer(ROUTES))
    assert fleet.nodes["node-1"].applied == 5
    fleet.observe(old, None)
    assert fleet.nodes["node-1"].connected
    assert fleet.nodes["node-1"].applied == 9
    fleet.observe(new, None)
    assert not fleet.nodes["node-1"].connected
