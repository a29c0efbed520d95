"""The one real clock and source of chance."""

import os
from datetime import UTC, datetime

from gatewright.domain.world import World


def real_world() -> World:
    """The system's clock, and random bytes of the operating system."""
    return World(lambda: datetime.now(UTC), os.urandom)
