"""The lifecycle states of an API and the moves between them; per API, not per environment."""

import re
from datetime import UTC, datetime
from enum import StrEnum

from gatewright.domain.errors import Conflict, Invalid


class State(StrEnum):
    """What a state means for the portal and for calls stands in `docs/concepts.md`."""

    CREATED = "CREATED"
    PRE_RELEASED = "PRE-RELEASED"
    PUBLISHED = "PUBLISHED"
    BLOCKED = "BLOCKED"
    DEPRECATED = "DEPRECATED"
    RETIRED = "RETIRED"


MOVES: dict[State, tuple[State, ...]] = {
    State.CREATED: (State.PRE_RELEASED, State.PUBLISHED),
    State.PRE_RELEASED: (State.CREATED, State.PUBLISHED),
    State.PUBLISHED: (State.CREATED, State.PRE_RELEASED, State.BLOCKED, State.DEPRECATED),
    State.BLOCKED: (State.PUBLISHED, State.DEPRECATED),
    State.DEPRECATED: (State.PUBLISHED, State.BLOCKED, State.RETIRED),
    State.RETIRED: (),
}
LISTED = frozenset({State.PRE_RELEASED, State.PUBLISHED, State.DEPRECATED})
SUBSCRIBABLE = frozenset({State.PRE_RELEASED, State.PUBLISHED})
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?"
)


def parse_state(value: str) -> State:
    """A state by its name in any case, `_` for `-` allowed. Raises Invalid."""
    try:
        return State(value.upper().replace("_", "-"))
    except ValueError:
        names = ", ".join(State)
        raise Invalid(f"{value[:40]!r} is no lifecycle state.", "state", f"Use {names}.") from None


def check_move(current: State, target: State) -> None:
    """Raise Conflict unless the move is allowed; staying is always allowed."""
    if target is not current and target not in MOVES[current]:
        ways = ", ".join(MOVES[current]) or "none: it is final"
        raise Conflict(f"{current} can not become {target}.", "state", f"From here: {ways}.")


def parse_date(value: str, field: str) -> datetime:
    """`2027-06-30`, its beginning in UTC, or an RFC 3339 moment. Raises Invalid naming `field`."""
    reason, way_out = f"{value[:40]!r} is no date.", "Use 2027-06-30 or 2027-06-30T12:00:00Z."
    if not _DATE.fullmatch(value):
        raise Invalid(reason, field, way_out)
    try:
        found = datetime.fromisoformat(value.upper())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(reason, field, way_out) from None


def check_sunset(deprecated_at: datetime, sunset_at: datetime | None) -> None:
    """Raise Invalid unless the sunset, if there is one, is after the deprecation (RFC 9745 §4)."""
    if sunset_at is not None and sunset_at <= deprecated_at:
        reason = f"{sunset_at:%Y-%m-%d %H:%M} is not after {deprecated_at:%Y-%m-%d %H:%M}."
        raise Invalid(reason, "sunset_at", "Give a day after the deprecation.")
