"""The bodies about client secrets."""

from typing import Annotated

from pydantic import Field

from gatewright.control.secrets import (
    OVERLAP_SECONDS_DEFAULT,
    OVERLAP_SECONDS_MAX,
    ROTATED_NAME,
)
from gatewright.interfaces.management.bodies import Days, In, Short


class RotationIn(In):
    """A new secret; the older ones end `overlap_seconds` from now, 0 being at once."""

    name: Short = ROTATED_NAME
    overlap_seconds: Annotated[int, Field(ge=0, le=OVERLAP_SECONDS_MAX)] = OVERLAP_SECONDS_DEFAULT
    expires_in_days: Days | None = None
