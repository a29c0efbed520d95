"""Limits of an API in one environment: how many calls all its callers together may make."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.domain.errors import Invalid

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
REQUEST_COUNT_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`request_count` calls per `unit`, a key of UNIT_SECONDS."""

    request_count: int
    unit: str

    @property
    def text(self) -> str:
        """As people write it: `100/minute`."""
        return f"{self.request_count}/{self.unit}"


@dataclass(frozen=True, slots=True)
class Limits:
    """For the whole API, and for single operations by their key such as `GET /books`."""

    api: Rate | None = None
    operations: Mapping[str, Rate] = field(default_factory=dict)

    def within(self, keys: Mapping[str, str]) -> "Limits":
        """Only those of operations in `keys`, each under what it is called there."""
        kept = {keys[key]: item for key, item in self.operations.items() if key in keys}
        return self if kept == self.operations else Limits(self.api, kept)


NO_LIMITS = Limits()


def rate(value: str, field_name: str = "limit") -> Rate:
    """`100/minute` → Rate. Raises Invalid naming `field_name`."""
    count, _, unit = value.strip().partition("/")
    if unit not in UNIT_SECONDS or not count.isascii() or not count.isdigit() or len(count) > 10:
        raise Invalid(f"{value[:40]!r} is no limit.", field_name, "Write it as 100/minute.")
    return Rate(request_count(int(count), field_name), unit)


def request_count(value: int, field_name: str = "request_count") -> int:
    """The value if it can be counted to. Raises Invalid naming `field_name`."""
    if not 1 <= value <= REQUEST_COUNT_MAX:
        reason = f"{value} is out of bounds."
        raise Invalid(reason, field_name, f"Use 1 to {REQUEST_COUNT_MAX:,} calls.")
    return value
