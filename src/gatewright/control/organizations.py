"""Organizations: how one begins, with its environments, plans and owner. Keys are the STS's."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from gatewright.access.actions import Action
from gatewright.control import keys
from gatewright.control.desk import SYSTEM, Desk, expect, record_as
from gatewright.control.ports import EnsureKeys
from gatewright.domain import ids, organization, text
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.organization import SIGNING_ALGORITHMS, Organization
from gatewright.domain.person import Role, User
from gatewright.domain.plan import DEFAULT_PLANS, Plan
from gatewright.domain.world import World
from gatewright.store.port import Transaction

DEFAULT_HANDLE = "default"
OWNER_HANDLE = "owner"
_ENVIRONMENTS = (
    ("development", "Development", Kind.SANDBOX),
    ("production", "Production", Kind.PRODUCTION),
)


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "name": text.name,
    "signing_algorithm": organization.signing_algorithm,
    "key_rotation_days": organization.key_rotation_days,
    "key_announcement_seconds": organization.key_announcement_seconds,
    "token_ttl_seconds_min": organization.token_ttl_seconds_min,
    "token_ttl_seconds_max": organization.token_ttl_seconds_max,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What to change about an organization; None stays as it is."""

    name: str | None = None
    signing_algorithm: str | None = None
    key_rotation_days: int | None = None
    key_announcement_seconds: int | None = None
    token_ttl_seconds_min: int | None = None
    token_ttl_seconds_max: int | None = None


@dataclass(frozen=True, slots=True)
class Founded:
    """An organization with all that it begins with."""

    organization: Organization
    environments: tuple[Environment, ...]
    plans: tuple[Plan, ...]
    owner: User


def create_default(tx: Transaction, world: World, gateway_urls: Mapping[Kind, str]) -> Founded:
    """Found the organization `default` with the user `owner`. Raises Conflict when it exists."""
    return create(tx, world, DEFAULT_HANDLE, "Default organization", gateway_urls)


def create(
    tx: Transaction, world: World, handle: str, name: str, gateway_urls: Mapping[Kind, str]
) -> Founded:
    """Found an organization. Raises Invalid for the handle or name, Conflict when it is taken."""
    now = world.now()
    organization = tx.organizations.add(
        Organization(
            ids.new_id("org", world),
            ids.handle(handle, "handle"),
            text.name(name),
            SIGNING_ALGORITHMS[0],
            now,
        )
    )
    environments = tuple(
        tx.environments.add(
            Environment(
                id=ids.new_id("env", world),
                organization_id=organization.id,
                handle=own_handle,
                name=own_name,
                kind=kind,
                position=position,
                gateway_url=gateway_urls[kind].rstrip("/"),
                created_at=now,
            )
        )
        for position, (own_handle, own_name, kind) in enumerate(_ENVIRONMENTS)
    )
    plans = tuple(
        tx.plans.add(
            Plan(ids.new_id("plan", world), organization.id, plan_name, count, "minute", now)
        )
        for plan_name, count in DEFAULT_PLANS
    )
    owner = tx.users.add(
        User(ids.new_id("usr", world), organization.id, OWNER_HANDLE, "Owner", Role.ADMIN, now)
    )
    record_as(
        tx, world, organization.id, SYSTEM, "organizations.create", organization.id,
        {"handle": organization.handle},
    )  # fmt: skip
    return Founded(organization, environments, plans, owner)


def edit(
    desk: Desk, ensure_keys: EnsureKeys, change: Change, expected: int | None = None
) -> Organization:
    """Change what is given. Raises Invalid, Stale.

    Keys of the algorithm left behind stay published, so that tokens that are out still verify.
    Bounds of token lifetimes act on the next token, whatever its credential says.
    """
    desk.demand(Action.WRITE_SETTINGS)
    current = desk.organization
    expect(current.revision, expected)
    given = {name: value for name, value in asdict(change).items() if value is not None}
    checked: dict[str, Any] = {name: _CHECKS[name](value) for name, value in given.items()}
    changed = organization.with_ordered_ttls(replace(current, **checked))
    if changed == current:
        return current
    written = desk.tx.organizations.replace(changed)
    keys.follow(desk, current, written)
    ensure_keys(desk.tx, written)
    desk.record("organizations.edit", written.id, **given)
    return written


def find(tx: Transaction, handle: str = DEFAULT_HANDLE) -> Organization | None:
    """The organization of that handle, or None: `main` asks whether this is the first start."""
    found = tx.organizations.find(handle=handle)
    return found[0] if found else None


def owner(tx: Transaction, organization: Organization) -> User | None:
    """Its user `owner`, or None."""
    found = tx.users.find(organization_id=organization.id, handle=OWNER_HANDLE)
    return found[0] if found else None


def keep_gateway_urls(
    tx: Transaction, world: World, organization: Organization, gateway_urls: Mapping[Kind, str]
) -> list[Environment]:
    """Write the gateways' present URLs, which move with a busy port; returns what changed."""
    changed = []
    for environment in tx.environments.find(organization_id=organization.id):
        url = gateway_urls.get(environment.kind, environment.gateway_url).rstrip("/")
        if url != environment.gateway_url:
            changed.append(tx.environments.replace(replace(environment, gateway_url=url)))
            record_as(
                tx, world, organization.id, SYSTEM, "environments.move", environment.id,
                {"gateway_url": url},
            )  # fmt: skip
    return changed
