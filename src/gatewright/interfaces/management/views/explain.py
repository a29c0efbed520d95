"""From an explanation to what is answered."""

from gatewright.control.explain.steps import Explanation
from gatewright.interfaces.management.models.explain import ExplanationOut, StepOut


def explanation(found: Explanation) -> ExplanationOut:
    """The verdict and its steps."""
    steps = [
        StepOut(
            name=step.name, outcome=step.outcome.value, reason=step.reason, way_out=step.way_out
        )
        for step in found.steps
    ]
    return ExplanationOut(allowed=found.allowed, status=found.status, code=found.code, steps=steps)
