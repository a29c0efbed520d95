"""Organizations: how one begins, with its environments, plans and owner. Keys are the STS's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control.desk import SYSTEM, Desk, expect, record_as
from gatewright.control.ports import EnsureKeys
from gatewright.domain import ids, text
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.organization import SIGNING_ALGORITHMS, Organization
from gatewright.domain.organization import signing_algorithm as checked_algorithm
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
    desk: Desk,
    ensure_keys: EnsureKeys,
    *,
    name: str | None = None,
    signing_algorithm: str | None = None,
    expected: int | None = None,
) -> Organization:
    """Change the name, or what new tokens are signed with; None stays. Raises Invalid, Stale.

    Keys of the algorithm left behind stay published, so that tokens that are out still verify.
    """
    desk.demand(Action.WRITE_SETTINGS)
    current = desk.organization
    expect(current.revision, expected)
    changed = replace(
        current,
        name=current.name if name is None else text.name(name),
        signing_algorithm=checked_algorithm(signing_algorithm or current.signing_algorithm),
    )
    if changed == current:
        return current
    written = desk.tx.organizations.replace(changed)
    ensure_keys(desk.tx, written)
    desk.record("organizations.edit", written.id, name=name, signing_algorithm=signing_algorithm)
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
