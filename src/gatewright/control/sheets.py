"""What stands around a row when it is shown, read with few queries however many rows there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import environments
from gatewright.control.desk import Desk
from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.environment import Environment
from gatewright.domain.observed import ApiFault


@dataclass(frozen=True, slots=True)
class DeploymentSheet:
    """A deployment with its names; `fault` is None where all is well or the actor may not know."""

    deployment: Deployment
    environment: Environment
    revision: Revision
    url: str
    fault: ApiFault | None


def deployed_to(desk: Desk, apis: Sequence[Api]) -> dict[str, list[Environment]]:
    """For each API's id the environments it is deployed to, in their order; two queries."""
    known = environments.everything(desk)
    rows = desk.tx.deployments.find(api_id=tuple(api.id for api in apis)) if apis else []
    pairs = {(row.api_id, row.environment_id) for row in rows}
    return {api.id: [item for item in known if (api.id, item.id) in pairs] for api in apis}


def deployments(desk: Desk, api: Api) -> list[DeploymentSheet]:
    """The API's deployments, in the order of the environments."""
    rows = {row.environment_id: row for row in desk.tx.deployments.find(api_id=api.id)}
    if not rows:
        return []
    wanted = tuple({row.revision_id for row in rows.values()})
    revisions = {item.id: item for item in desk.tx.revisions.find(id=wanted)}
    faults = {}
    if desk.may(Action.READ_GATEWAYS):
        faults = {item.environment_id: item for item in desk.tx.api_faults.find(api_id=api.id)}
    return [
        DeploymentSheet(
            rows[environment.id],
            environment,
            revisions[rows[environment.id].revision_id],
            environments.call_url(environment, api),
            faults.get(environment.id),
        )
        for environment in environments.everything(desk)
        if environment.id in rows
    ]
