"""The catalogue: what anybody may see of an organization's APIs without signing in.

It shows what is deployed, never the definition that is being worked on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.control.environments import call_url
from gatewright.domain.api import Api, Definition
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.errors import NotFound
from gatewright.domain.lifecycle import LISTED
from gatewright.domain.organization import Organization
from gatewright.store.port import Transaction

_NOTHING = Definition((), ())


@dataclass(frozen=True, slots=True)
class Offer:
    """A listed API as it can be called: in production, else in the last environment before it.

    Without any deployment the definition is empty, `environment` and `url` are None.
    """

    api: Api
    definition: Definition
    environment: Environment | None
    url: str | None


def page(tx: Transaction, organization: Organization, after: str | None, limit: int) -> list[Offer]:
    """A page of the organization's listed APIs, in the order of their making."""
    states = tuple(sorted(LISTED))
    found = tx.apis.page(after=after, limit=limit, organization_id=organization.id, state=states)
    return _offers(tx, organization, found)


def named(tx: Transaction, organization: Organization, handle: str, version: str) -> Offer:
    """The listed API of that handle and version. Raises NotFound, for hidden ones too."""
    found = tx.apis.find(organization_id=organization.id, handle=handle, version=version)
    offers = _offers(tx, organization, [api for api in found if api.state in LISTED])
    if not offers:
        reference = f"{handle}:{version}"[:120]
        raise NotFound(f"There is no API {reference!r} here.", "api", "See the list of APIs.")
    return offers[0]


def _offers(tx: Transaction, organization: Organization, apis: Sequence[Api]) -> list[Offer]:
    """With three queries, however many APIs there are."""
    if not apis:
        return []
    known = tx.environments.find(organization_id=organization.id)
    best_last = sorted(known, key=lambda item: (item.kind is Kind.PRODUCTION, item.position))
    rank = {environment.id: place for place, environment in enumerate(best_last)}
    deployed = tx.deployments.find(api_id=tuple(api.id for api in apis))
    chosen = {row.api_id: row for row in sorted(deployed, key=lambda row: rank[row.environment_id])}
    wanted = tuple({row.revision_id for row in chosen.values()})
    revisions = {item.id: item for item in tx.revisions.find(id=wanted)} if wanted else {}
    offers = []
    for api in apis:
        row = chosen.get(api.id)
        if row is None:
            offers.append(Offer(api, _NOTHING, None, None))
            continue
        environment = best_last[rank[row.environment_id]]
        definition = revisions[row.revision_id].definition
        offers.append(Offer(api, definition, environment, call_url(environment, api)))
    return offers
