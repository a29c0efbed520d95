"""Free text that people type: names and descriptions, bounded and free of control characters."""

import re

from gatewright.domain.errors import Invalid

NAME_LENGTH_MAX = 100
LINE_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 20_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def name(value: str, field: str = "name") -> str:
    """A display name: 1 to 100 characters in one line. Raises Invalid naming `field`."""
    stripped = value.strip()
    if not stripped or len(stripped) > NAME_LENGTH_MAX:
        raise Invalid(f"must have 1 to {NAME_LENGTH_MAX} characters.", field, "Choose another.")
    if _CONTROL.search(stripped):
        raise Invalid("holds a control character.", field, "Remove it.")
    return stripped


def line(value: str, field: str) -> str:
    """One line of up to 200 characters, or none. Raises Invalid naming `field`."""
    if len(value) > LINE_LENGTH_MAX:
        raise Invalid(f"is longer than {LINE_LENGTH_MAX} characters.", field, "Shorten it.")
    if _CONTROL.search(value):
        raise Invalid("holds a control character.", field, "Remove it.")
    return value


def description(value: str, field: str = "description") -> str:
    """A description in Markdown, up to 20,000 characters. Raises Invalid naming `field`."""
    if len(value) > DESCRIPTION_LENGTH_MAX:
        raise Invalid(f"is longer than {DESCRIPTION_LENGTH_MAX} characters.", field, "Shorten it.")
    if _CONTROL.search(value.replace("\n", "").replace("\r", "").replace("\t", "")):
        raise Invalid("holds a control character.", field, "Remove it.")
    return value
