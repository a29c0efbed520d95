"""Routes of limits by environment, rollbacks and differences between definitions."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import apis, differences, limits, rollbacks
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies.releases import LimitsPatch, RollbackIn
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models.releases import DifferencesOut, LimitsOut
from gatewright.interfaces.management.routes.deployments import warned
from gatewright.interfaces.management.views import releases as views

router = APIRouter(prefix="/apis/{api}", tags=["deployments"])
_Point = Annotated[str, Query(max_length=100, description="draft, a revision or an environment.")]


@router.get("/limits", response_model=models.Page[LimitsOut])
def list_limits(caller: Reading, api: str) -> Response:
    """The API's limits by environment: those set, and those in force."""

    def work(desk: Desk) -> models.Page[LimitsOut]:
        row = apis.named(desk, api)
        return models.Page(items=[views.limits(row, item) for item in limits.everything(desk, row)])

    return caller.read(work)


@router.patch("/limits/{environment}", response_model=LimitsOut)
def edit_limits(caller: Changing, api: str, environment: str, body: LimitsPatch) -> Response:
    """Limit the calls of an API or of its operations; in force with its next deployment there."""

    def work(desk: Desk) -> LimitsOut:
        row, sheet = limits.edit(
            desk,
            api,
            environment,
            whole=body.api,
            remove_whole="api" in body.model_fields_set and body.api is None,
            operations=body.operations,
            expected=caller.expected,
        )
        return views.limits(row, sheet)

    return caller.write(work)


@router.post("/rollbacks", status_code=201, response_model=models.DeploymentsOut)
def roll_back(caller: Creating, api: str, body: RollbackIn) -> Response:
    """Serve in an environment what it served before, or a named revision; the definition stays."""

    def work(desk: Desk) -> models.DeploymentsOut:
        row = rollbacks.roll_back(desk, api, body.environment, body.to_revision)
        return warned(desk, row.id)

    return caller.create(work)


@router.get("/differences", response_model=DifferencesOut)
def list_differences(
    caller: Reading, api: str, from_: Annotated[_Point, Query(alias="from")], to: _Point = "draft"
) -> Response:
    """What changed between two definitions: revisions, the draft, or what environments serve."""

    def work(desk: Desk) -> DifferencesOut:
        row, found = differences.between(desk, api, from_, to)
        return views.differences(row, from_, to, found)

    return caller.read(work)
