"""What Envoy's usage counters say: their names taken apart, and what was counted since before."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewright.domain.usage import LATENCY_FLOORS
from gatewright.gateway.compile.usage import CALL, PREFIX

_BUCKETS = {str(floor): index for index, floor in enumerate(LATENCY_FLOORS)}
_CLOCK_SECONDS = 2
_PREFIX = PREFIX.encode()
NO_SUBJECT = ""
_NONE = ("", "-")


@dataclass(frozen=True, slots=True)
class Boot:
    """Which Envoy counted: its counters began at zero. `started_at` is in seconds, give or take
    one."""

    base_id: int
    epoch: int
    started_at: int

    def same(self, other: "Boot") -> bool:
        """Whether it is one process, as it goes on with its counters."""
        if (self.base_id, self.epoch) != (other.base_id, other.epoch):
            return False
        return abs(self.started_at - other.started_at) <= _CLOCK_SECONDS

    @property
    def text(self) -> str:
        """As it is stored."""
        return f"{self.base_id} {self.epoch} {self.started_at}"


def boot(text: str) -> Boot:
    """The inverse of `Boot.text`."""
    return Boot(*(int(part) for part in text.split(" ")))


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters of one Envoy at one moment, by their name without what all have in common."""

    boot: Boot
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Call:
    """What one counter counts. Texts are empty and `operation` is `-` where no route matched;
    `bucket` is an index of LATENCY_FLOORS, None for calls of an unknown duration."""

    environment_id: str
    status: int
    organization: str
    reference: str
    operation: str
    subject: str
    bucket: int | None


class Lines:
    """Takes an answer of Envoy's `/stats` piece by piece, so that other threads get their turn.

    Lines that are no usage counters are passed over.
    """

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """The next piece; an empty one ends the answer."""
        *lines, self._rest = (self._rest + piece + (b"" if piece else b"\n")).split(b"\n")
        for line in lines:
            if line.startswith(_PREFIX):
                name, _, value = line.rpartition(b": ")
                if value.isdigit():
                    text = name[len(_PREFIX) :].decode(errors="replace")
                    self.counters[text] = int(value)


def call(name: str) -> Call | None:
    """What a counter of that name counts; None for a name that is none of ours."""
    bucket, _, rest = name.partition(CALL)
    parts = rest.split("|", 2)
    if len(parts) < 3 or not parts[1].isdecimal():
        return None
    environment_id, status, whose = parts
    if whose.partition("|")[0] in _NONE:  # no route, and so no subject
        return Call(environment_id, int(status), "", "", "-", NO_SUBJECT, _BUCKETS.get(bucket))
    route = whose.split("|", 3)
    if len(route) < 4:
        return None
    organization, reference, operation, subject = route
    subject = NO_SUBJECT if subject in _NONE else subject
    return Call(
        environment_id, int(status), organization, reference, operation, subject,
        _BUCKETS.get(bucket),
    )  # fmt: skip


def counted(before: Reading | None, after: Reading) -> dict[str, int]:
    """What was counted in between, by name.

    Counters begin at zero in another Envoy, and when Envoy had given one up and made it anew.
    """
    known = before.counters if before and before.boot.same(after.boot) else {}
    found = {}
    for name, value in after.counters.items():
        old = known.get(name, 0)
        difference = value - old if value >= old else value
        if difference:
            found[name] = difference
    return found
