"""What is answered about a token or key; none of its text."""

from typing import Literal

from gatewright.interfaces.management.models import Out


class StepOut(Out):
    """One step of the gateway's decision, and what to do where it refuses."""

    name: str
    outcome: Literal["ok", "refused", "not reached"]
    reason: str
    way_out: str | None


class ExplanationOut(Out):
    """Whether the gateway lets the call go on; if not, with which status and code it answers."""

    allowed: bool
    status: int
    code: str | None
    steps: list[StepOut]
