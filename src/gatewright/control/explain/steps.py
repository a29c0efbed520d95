"""The steps of an explanation: what each one found, in the order in which a gateway goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

NAMES = (
    "deployed", "operation", "credential", "issuer", "time", "audience", "signature", "proof",
    "revoked", "meant for", "application", "subscription", "scopes", "plan",
)  # fmt: skip
PASSED = 200
"""The status that stands for: the call goes on to the upstream, which answers."""


class Outcome(StrEnum):
    """What a step came to."""

    OK = "ok"
    REFUSED = "refused"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `reason` never holds the token or a part of its signature."""

    name: str
    outcome: Outcome
    reason: str
    way_out: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict, as `status` and `code` of the gateway's answer, and how it came about."""

    allowed: bool
    status: int
    code: str | None
    steps: Sequence[Step]


class Refused(Exception):
    """A step at which a gateway would refuse the call, with its answer."""

    def __init__(
        self, name: str, status: int, code: str, reason: str, way_out: str | None = None
    ) -> None:
        super().__init__(reason)
        self.step = Step(name, Outcome.REFUSED, reason, way_out)
        self.status, self.code = status, code


@dataclass
class Walk:
    """The steps so far; each name once, in their order."""

    steps: list[Step] = field(default_factory=list)

    def ok(self, name: str, reason: str, way_out: str | None = None) -> None:
        """Note a step that lets the call go on."""
        self.steps.append(Step(name, Outcome.OK, reason, way_out))

    def ended(self, refused: Refused | None = None, *, why: str = "") -> Explanation:
        """The explanation; what was not looked at is not reached."""
        found = [*self.steps, *([refused.step] if refused else [])]
        seen = {step.name for step in found}
        missing = [Step(name, Outcome.NOT_REACHED, why) for name in NAMES if name not in seen]
        ordered = sorted([*found, *missing], key=lambda step: NAMES.index(step.name))
        status, code = (refused.status, refused.code) if refused else (PASSED, None)
        return Explanation(refused is None, status, code, tuple(ordered))
