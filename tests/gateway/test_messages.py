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


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_deny_lists_are_what_compiling_them_from_json_gives(count: int) -> None:
    ids = [f"jti{number:04}" * (1 + number % 20) for number in range(count)]
    matcher = shapes.exact_map(shapes.HEADER_JTI, ids, shapes.RUN, shapes.SKIP) if ids else None
    typed = shapes.refuse(deny.REFUSAL, matcher)
    wanted = {"@type": names.EXTENSION, "name": "x", "typed_config": typed}
    assert MESSAGES.unpack(names.EXTENSION, deny.deny_list("x", ids, MESSAGES.pack)) == (
        MESSAGES.unpack(names.EXTENSION, MESSAGES.pack(wanted))
    )
