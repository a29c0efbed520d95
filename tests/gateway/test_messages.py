"""Our writer of protobuf messages gives what json_format gives, and refuses what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from tests.gateway.regen import FOLDER, desired
from tests.gateway.scene import Scene

from gatewright.domain.errors import Invalid
from gatewright.gateway.compile import deny
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.freeze import freeze
from gatewright.gateway.xds import names, shapes

MESSAGES = load_messages()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_same_message_as_json_format(path: Path) -> None:
    snapshot = Scene(desired(path)[1]).snapshot()
    bootstrap = freeze(snapshot, MESSAGES)
    name = "envoy.config.bootstrap.v3.Bootstrap"
    ours = MESSAGES.message_class(name).FromString(
        MESSAGES.pack({"@type": names.TYPE + name, **bootstrap})
    )
    theirs = MESSAGES.message_class(name)()
    json_format.ParseDict(bootstrap, theirs, descriptor_pool=MESSAGES.pool)
    form = {"descriptor_pool": MESSAGES.pool}
    assert json_format.MessageToDict(ours, **form) == json_format.MessageToDict(theirs, **form)


def test_same_json_same_bytes_whatever_the_order_of_maps() -> None:
    first = {"@type": names.CLUSTER, "name": "a", "metadata": {"filter_metadata": {}}}
    texts = {"x": {"a": "1", "b": [1, True, None]}, "y": {}}
    backwards = dict(reversed(texts.items()))
    packed = {
        MESSAGES.pack({**first, "metadata": {"filter_metadata": each}})
        for each in (texts, backwards)
    }
    assert len(packed) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"nmae": "a"}, id="unknown field"),
        pytest.param({"name": 1}, id="number for a string"),
        pytest.param({"type": "NEARBY"}, id="unknown enum value"),
        pytest.param({"connect_timeout": "soon"}, id="no duration"),
        pytest.param({"load_assignment": "x"}, id="text for a message"),
        pytest.param({"per_connection_buffer_limit_bytes": -1}, id="negative"),
        pytest.param({"per_connection_buffer_limit_bytes": True}, id="truth for a number"),
        pytest.param({"respect_dns_ttl": "true"}, id="text for a truth"),
        pytest.param({"transport_socket": {"typed_config": {}}}, id="any without a type"),
        pytest.param(
            {"transport_socket": {"typed_config": {"@type": "x/none"}}}, id="any of unknown type"
        ),
    ],
)
def test_what_is_no_message_is_refused_with_its_name(content: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        MESSAGES.pack({"@type": names.CLUSTER, **content})
    assert "envoy.config.cluster.v3.Cluster" in str(caught.value)


def from_json(name: str, typed: dict[str, Any]) -> dict[str, Any]:
    wanted = {"@type": names.EXTENSION, "name": name, "typed_config": typed}
    return MESSAGES.unpack(names.EXTENSION, MESSAGES.pack(wanted))


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_recent_lists_are_what_compiling_them_from_json_gives(count: int) -> None:
    ids = [f"jti{number:04}" * (1 + number % 20) for number in range(count)]
    matcher = shapes.exact_map(shapes.HEADER_JTI, ids, shapes.RUN, shapes.SKIP) if ids else None
    wanted = from_json("revoked-recent/x", shapes.refuse(deny.REFUSAL, matcher))
    assert MESSAGES.unpack(names.EXTENSION, deny.recent("x", ids, MESSAGES.pack)) == wanted


def test_lists_with_subjects_look_at_the_jti_then_at_both_headers_of_subjects() -> None:
    subjects = ["client_a.1", "client_b.2"]
    matcher = shapes.SKIP
    for header in shapes.SUBJECT_HEADERS:
        matcher = {"matcher": shapes.exact_map(header, subjects, shapes.RUN, matcher)}
    only = from_json("s/subjects", shapes.refuse(deny.REFUSAL, matcher["matcher"]))
    assert MESSAGES.unpack(names.EXTENSION, deny.shard("s/subjects", subjects, MESSAGES.pack)) == (
        only
    )
    both = shapes.exact_map(shapes.HEADER_JTI, ["jti"], shapes.RUN, matcher)
    wanted = from_json("revoked-recent/x", shapes.refuse(deny.REFUSAL, both))
    found = deny.recent("x", [subjects[0], "jti", subjects[1]], MESSAGES.pack)
    assert MESSAGES.unpack(names.EXTENSION, found) == wanted


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_shards_are_what_compiling_them_from_json_gives(count: int) -> None:
    def verdict(word: str) -> dict[str, Any]:
        action = {"@type": names.CONFIG + "rbac.v3.Action", "name": "revoked", "action": word}
        return {"action": {"name": "rbac", "typed_config": action}}

    ids = [f"jti{number:04}" for number in range(count)]
    matcher = {"on_no_match": verdict("ALLOW")}
    if ids:
        matcher = shapes.exact_map(shapes.HEADER_JTI, ids, verdict("DENY"), verdict("ALLOW"))
    wanted = from_json("x/00", {"@type": shapes.RBAC, "matcher": matcher})
    assert MESSAGES.unpack(names.EXTENSION, deny.shard("x/00", ids, MESSAGES.pack)) == wanted
