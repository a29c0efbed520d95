"""The lifecycle states of an API and the moves between them; per API, not per environment."""

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
    State.DEPRECATED: (State.PUBLISHED, State.RETIRED),
    State.RETIRED: (),
}
LISTED = frozenset({State.PRE_RELEASED, State.PUBLISHED, State.DEPRECATED})
SUBSCRIBABLE = frozenset({State.PRE_RELEASED, State.PUBLISHED})


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
