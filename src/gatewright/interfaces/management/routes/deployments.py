"""Routes of revisions, deployments and promotions."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import apis, deployments, sheets, spellings
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import DeploymentIn, PromotionIn
from gatewright.interfaces.management.caller import Creating, Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(prefix="/apis/{api}", tags=["deployments"])


@router.get("/revisions", response_model=models.Page[models.RevisionOut])
def list_revisions(
    caller: Reading, api: str, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """The API's immutable revisions, oldest first."""

    def work(desk: Desk) -> models.Page[models.RevisionOut]:
        row = apis.named(desk, api)
        rows, following = cut(lambda a, n: deployments.revisions(desk, row, a, n), cursor, limit)
        deployed = sheets.deployments(desk, row)
        items = [
            views.revision(
                item,
                [
                    sheet.environment.handle
                    for sheet in deployed
                    if sheet.deployment.revision_id == item.id
                ],
            )
            for item in rows
        ]
        return models.Page(items=items, next_cursor=following)

    return caller.read(work)


def _all(desk: Desk, api: str) -> models.Page[models.DeploymentOut]:
    found = sheets.deployments(desk, apis.named(desk, api))
    return models.Page(items=[views.deployment(desk, sheet) for sheet in found])


@router.get("/deployments", response_model=models.Page[models.DeploymentOut])
def list_deployments(caller: Reading, api: str) -> Response:
    """Where the API is deployed."""
    return caller.read(lambda desk: _all(desk, api))


def warned(desk: Desk, api: str) -> models.DeploymentsOut:
    """Every deployment, with what is to be told of the revisions that they serve."""
    found = sheets.deployments(desk, apis.named(desk, api))
    revisions = {sheet.revision.id: sheet.revision for sheet in found}
    told = {
        finding: models.WarningOut(location=finding.location, message=finding.message)
        for revision in revisions.values()
        for finding in spellings.warnings(revision.definition.operations)
    }
    items = [views.deployment(desk, sheet) for sheet in found]
    return models.DeploymentsOut(items=items, warnings=list(told.values()))


@router.post("/deployments", status_code=201, response_model=models.DeploymentsOut)
def deploy(caller: Creating, api: str, body: DeploymentIn) -> Response:
    """Deploy what the definition holds now, or a revision; answers every deployment."""

    def work(desk: Desk) -> models.DeploymentsOut:
        row = deployments.deploy(
            desk,
            api,
            environment=body.environment,
            number=body.revision,
            upstream=body.upstream,
        )
        return warned(desk, row.id)

    return caller.create(work)


@router.delete("/deployments/{environment}", status_code=204)
def undeploy(caller: Reading, api: str, environment: str) -> Response:
    """Take the API out of an environment."""

    def work(desk: Desk) -> None:
        deployments.undeploy(desk, api, environment)

    return caller.write(work)


@router.post("/promotions", status_code=201, response_model=models.DeploymentsOut)
def promote(caller: Creating, api: str, body: PromotionIn) -> Response:
    """Deploy the revision of one environment to another; answers every deployment."""

    def work(desk: Desk) -> models.DeploymentsOut:
        row = deployments.promote(desk, api, body.from_, body.to, body.upstream)
        return warned(desk, row.id)

    return caller.create(work)
