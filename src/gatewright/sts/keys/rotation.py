"""When a signing key is announced, signs, retires and is removed: decided here, done elsewhere.

Pure: it is given an issuer's rows, the time, the organization's rules and how far the gateways are.
The one promise behind every rule: a token that is out is refused by nobody who should let it in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.domain.observed import ABSENT_AFTER, GatewayNode
from gatewright.domain.organization import Organization
from gatewright.domain.token import KEY_GRACE, SigningKey

ANNOUNCED, ACTIVE, RETIRED = "announced", "active", "retired"
SILENCE_MAX = timedelta(minutes=10)
"""A connected gateway that reports nothing for this long after a key should sign is given up."""

LEFT_LATELY = timedelta(seconds=5)
"""A gateway that left a moment ago, such as while its control process starts again, serves on with
what it has and is most likely back soon: it is waited for as well."""

OUTLIVED = "the last token that it signed has expired"
WITHDRAWN = "it was never used"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an organization asks of its keys. `rotation` None is by hand only; `lifetime` is that
    of the longest token."""

    algorithm: str
    rotation: timedelta | None
    announcement: timedelta
    lifetime: timedelta

    @classmethod
    def of(cls, organization: Organization) -> "Rules":
        """Those that stand in the organization's settings."""
        return cls(
            organization.signing_algorithm,
            timedelta(days=organization.key_rotation_days) or None,
            timedelta(seconds=organization.key_announcement_seconds),
            timedelta(seconds=organization.token_ttl_seconds_max),
        )


@dataclass(frozen=True, slots=True)
class Announce:
    """Make a key of the algorithm and publish it; it may sign from `activates_at` on."""

    algorithm: str
    activates_at: datetime


@dataclass(frozen=True, slots=True)
class Activate:
    """Let an announced key sign from now on."""

    key: SigningKey


@dataclass(frozen=True, slots=True)
class Retire:
    """Sign with it no more; it verifies until `removes_at`."""

    key: SigningKey
    removes_at: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Publish it no more; `reason` is for the audit."""

    key: SigningKey
    reason: str


Step = Announce | Activate | Retire | Remove


def due(
    rows: Sequence[SigningKey], now: datetime, rules: Rules, applied: int | None
) -> tuple[Step, ...]:
    """What is to be done for one issuer, all in one transaction; empty when nothing is.

    `applied` is the sequence up to which every gateway that counts has everything in force; None
    when there is no gateway to wait for.
    """
    steps: list[Step] = [
        Remove(row, OUTLIVED)
        for row in rows
        if row.state == RETIRED and row.removes_at is not None and row.removes_at <= now
    ]
    announced = [row for row in rows if row.state == ANNOUNCED]
    following = _newest(row for row in announced if row.algorithm == rules.algorithm)
    steps += [Remove(row, WITHDRAWN) for row in announced if row is not following]
    signing = signing_key(rows, rules.algorithm)
    if following is not None and _ready(following, now, applied):
        steps.append(Activate(following))
        signing = following
    elif following is None:
        steps += _announcement(signing, now, rules)
    steps += [
        Retire(row, removes_at(row, now, rules.lifetime))
        for row in rows
        if row.state == ACTIVE and row is not signing
    ]
    return tuple(steps)


def waits(rows: Iterable[SigningKey], now: datetime) -> bool:
    """Whether a key would sign already if it were not for the gateways."""
    return any(row.state == ANNOUNCED and _time_has_come(row, now) for row in rows)


def signing_key(rows: Iterable[SigningKey], algorithm: str) -> SigningKey | None:
    """The key that signs: the newest active one, of the algorithm if there is one."""
    active = [row for row in rows if row.state == ACTIVE]
    return max(
        active, key=lambda row: (row.algorithm == algorithm, row.created_at, row.id), default=None
    )


def removes_at(row: SigningKey, now: datetime, lifetime: timedelta) -> datetime:
    """When a key that signed until now is of no use any more, not before it says itself."""
    gone = now + lifetime + KEY_GRACE
    return max(gone, row.removes_at) if row.removes_at else gone


def applied_by(
    nodes: Iterable[GatewayNode],
    environment_ids: frozenset[str],
    rows: Sequence[SigningKey],
    now: datetime,
) -> int | None:
    """The sequence that all gateways of these environments have; None when none counts.

    A gateway counts while it is connected, and for a moment after. One that died without a word
    stays connected in its row: it is given up when it has said nothing for SILENCE_MAX since the
    key that waits for it should have signed, and much sooner while nothing signs at all.
    """
    signs = any(row.state == ACTIVE for row in rows)
    patience = SILENCE_MAX if signs else ABSENT_AFTER
    since = max(
        (row.activates_at or row.created_at for row in rows if row.state == ANNOUNCED), default=now
    )
    return min(
        (
            node.applied_sequence
            for node in nodes
            if (node.connected or now - node.seen_at <= LEFT_LATELY)
            and node.environment_ids & environment_ids
            and now - max(node.seen_at, since) <= patience
        ),
        default=None,
    )


def _announcement(signing: SigningKey | None, now: datetime, rules: Rules) -> list[Step]:
    """A successor: at once where the algorithm is another, in its time where the key is old."""
    if signing is None or signing.algorithm != rules.algorithm:
        return [Announce(rules.algorithm, now)]
    signs_since = signing.activates_at or signing.created_at
    if rules.rotation is not None and now - signs_since >= rules.rotation:
        return [Announce(rules.algorithm, now + rules.announcement)]
    return []


def _ready(row: SigningKey, now: datetime, applied: int | None) -> bool:
    return _time_has_come(row, now) and (applied is None or applied >= row.announced_sequence)


def _time_has_come(row: SigningKey, now: datetime) -> bool:
    return row.activates_at is None or row.activates_at <= now


def _newest(rows: Iterable[SigningKey]) -> SigningKey | None:
    return max(rows, key=lambda row: (row.created_at, row.id), default=None)
