"""Time and chance, which no room reaches for by itself: `main` makes one and passes it in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class World:
    """The clock (aware, UTC) and the source of unpredictable bytes."""

    now: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_SECONDS = 86_400


def microseconds(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def seconds(moment: datetime) -> int:
    """Whole seconds since the epoch, rounded down: a JWT NumericDate (RFC 7519 §2)."""
    passed = moment - EPOCH  # its parts, as dividing it costs more than all the rest
    return passed.days * _DAY_SECONDS + passed.seconds


def moment(microseconds_since_epoch: int) -> datetime:
    """The inverse of `microseconds`."""
    return EPOCH + timedelta(microseconds=microseconds_since_epoch)
