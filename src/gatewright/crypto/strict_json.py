"""Hooks for `json.loads` that refuse what two readers may take differently; it knows no JOSE."""

from typing import Any


def single_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may disagree about a repeated member (RFC 7515 §4); so none may repeat.

    Raises ValueError.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member repeats")
    return members


def no_constant(name: str) -> float:
    """NaN and the infinities are no JSON (RFC 8259 §6). Raises ValueError."""
    raise ValueError(f"{name} is no JSON")
