"""Whatever is changed, refused or cut off: a model of Envoy ends with what the snapshot holds."""

import random
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.stream_case import Case

from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds.delta import Response
from gatewright.gateway.xds.names import EXTENSION, KINDS, ROUTES, SCOPE


class Client:
    """What Envoy does, in thirty lines: takes all of a response or nothing."""

    def __init__(self) -> None:
        self.have: dict[str, dict[str, tuple[str, bytes]]] = {kind: {} for kind in KINDS}

    def connect(self, case: Case, wanted: Mapping[str, tuple[str, ...]]) -> None:
        for kind in KINDS:
            versions = {name: item[0] for name, item in self.have[kind].items()}
            case.ask(kind, *wanted.get(kind, ()), initial=versions)

    def take(self, response: Response) -> bool:
        if any(item.body.startswith(b"bad") for item in response.resources.values()):
            return False
        for name, item in response.resources.items():
            self.have[response.kind][name] = (item.version, item.body)
        for name in response.removed:
            self.have[response.kind].pop(name, None)
        return True


NAMES = ("a", "b", "c", "d")
WANTED = {ROUTES: NAMES, EXTENSION: NAMES}


def reborn(case: Case) -> Case:
    """The control plane after a restart: the same resources, a new stream."""
    return Case(
        *(
            Update(kind, name, item.body, item.after)
            for kind, found in case.snapshot.resources.items()
            for name, item in found.items()
        )
    )


def chance_update(chance: random.Random) -> Update:
    kind, name = chance.choice(KINDS), chance.choice(NAMES)
    body = chance.choice([None, b"1", b"2", b"3", b"bad1"])
    return Update(kind, name, body, (ROUTES, name) if kind == SCOPE and body else None)


def answer(case: Case, client: Client, response: Response) -> None:
    if client.take(response):
        case.ack(response)
    else:
        case.nack(response)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_happens_a_client_converges_to_the_snapshot(seed: int) -> None:
    chance = random.Random(seed)
    case, client, inflight = Case(), Client(), list[Response]()
    client.connect(case, WANTED)
    for _ in range(chance.randint(5, 40)):
        match chance.randrange(5):
            case 0 | 1:
                case.update(chance_update(chance))
            case 2:
                inflight += case.stream.send()
            case 3 if inflight:
                answer(case, client, inflight.pop(0))
            case 4 if chance.random() < 0.3:
                case, inflight = reborn(case), []
                client.connect(case, WANTED)
    for _ in range(200):
        inflight += case.stream.send()
        if inflight:
            answer(case, client, inflight.pop(0))
    assert not inflight
    assert case.settled() == case.snapshot.mark
    for kind in KINDS:
        check_converged(case, client, kind)


def check_converged(case: Case, client: Client, kind: str) -> None:
    """All but what was refused, and addresses kept back as what they lead to is not there."""
    shall, has = case.snapshot.resources[kind], client.have[kind]
    for name in {*shall, *has}:
        resource = shall.get(name)
        if resource is not None and resource.body.startswith(b"bad"):
            continue
        if resource is not None and resource.after is not None:
            target = case.snapshot.resources[ROUTES].get(name)
            if target is None or target.body.startswith(b"bad"):
                continue
        assert (has[name][1] if name in has else None) == (resource.body if resource else None)
