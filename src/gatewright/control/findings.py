"""Several things wrong at once, each with its place, told together instead of one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Finding:
    """`location` is a JSON pointer (with a line where known) or a field; `message` a sentence."""

    location: str
    message: str


@dataclass(eq=False)
class Refused(Invalid):
    """A document or definition with one or more findings that forbid using it."""

    findings: tuple[Finding, ...] = ()


def refuse(findings: Sequence[Finding], field: str, way_out: str) -> None:
    """Raise Refused when there are findings; its reason holds the first and counts the others."""
    if findings:
        first, more = findings[0], len(findings) - 1
        reason = f"{first.location}: {first.message}" + (f" And {more} more." if more else "")
        raise Refused(reason, field, way_out, tuple(findings))
