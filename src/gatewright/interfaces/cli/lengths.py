"""Lengths of time as people type them, such as 30m or 7d."""

import re

import typer

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(length: str, option: str) -> int:
    """Seconds of a length such as 90s, 30m, 24h or 7d, or 0. Raises BadParameter."""
    match = re.fullmatch(r"([0-9]{1,8})([smhd]?)", length.strip())
    if match is None or (not match[2] and int(match[1])):
        raise typer.BadParameter(
            f"{length!r} is no length of time: write such as 30m, 24h, 7d, or 0.",
            param_hint=f"'{option}'",
        )
    return int(match[1]) * _UNIT_SECONDS[match[2] or "s"]
