"""Patterns of claims of an outside issuer: which of its subjects an application trusts.

A pattern stands for the whole value. `*` is any run of characters except `:`, so that it never
reaches into the next part of a subject such as `repo:owner/name:ref:refs/heads/main`.
"""

import re

from gatewright.domain.errors import Invalid

PATTERN_LENGTH_MAX = 500
VALUE_LENGTH_MAX = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ANY = "*"


def claim_pattern(text: str, field: str) -> str:
    """The pattern if it says anything. Raises Invalid naming `field`."""
    if not 0 < len(text) <= PATTERN_LENGTH_MAX:
        raise Invalid(f"must have 1 to {PATTERN_LENGTH_MAX} characters.", field)
    if _CONTROL.search(text) or text != text.strip():
        raise Invalid("holds a control character, or space at an end.", field, "Remove it.")
    if not text.strip("*:"):
        raise Invalid("would trust everybody of that issuer.", field, "Name at least a part.")
    return text


def matches(pattern: str, value: object) -> bool:
    """Whether the value is text that the whole pattern describes, in that case of letters.

    Takes time in proportion to both, whatever they hold.
    """
    if not isinstance(value, str) or not 0 < len(value) <= VALUE_LENGTH_MAX:
        return False
    if _CONTROL.search(value):
        return False
    wanted, given = pattern.split(":"), value.split(":")
    same_parts = len(wanted) == len(given)
    return same_parts and all(map(_part_matches, wanted, given))


def _part_matches(pattern: str, value: str) -> bool:
    first, *between = pattern.split(_ANY)
    if not between:
        return pattern == value
    last = between.pop()
    if len(value) < len(first) + len(last) or not value.startswith(first):
        return False
    if not value.endswith(last):
        return False
    place, end = len(first), len(value) - len(last)
    for text in between:  # the leftmost place leaves the most room for the rest
        place = value.find(text, place, end)
        if place < 0:
            return False
        place += len(text)
    return True
