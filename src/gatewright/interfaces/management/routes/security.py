"""Routes of an API's access settings, the security of its operations, and test keys."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import access, apis, test_keys
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies.security import (
    AccessPatch,
    OperationPatch,
    TestKeyIn,
)
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models.security import ApiAccessOut, TestKeyOut
from gatewright.interfaces.management.views import api_access as access_views
from gatewright.interfaces.management.views import test_keys as test_key_views

router = APIRouter(prefix="/apis/{api}", tags=["security"])


@router.get("/access", response_model=ApiAccessOut)
def read_access(caller: Reading, api: str) -> Response:
    """How callers of the API show who they are."""
    return caller.read(lambda desk: access_views.api_access(apis.named(desk, api)))


@router.patch("/access", response_model=ApiAccessOut)
def edit_access(caller: Changing, api: str, body: AccessPatch) -> Response:
    """Change the token's header, whether a subscription is needed, and whose keys and tokens are
    taken; in force with the next deployment."""
    every = "key_managers" in body.model_fields_set and body.key_managers is None
    change = access.Change(**body.model_dump(), every_key_manager=every)

    def work(desk: Desk) -> ApiAccessOut:
        done = access.edit(desk, api, change, caller.expected)
        return access_views.api_access(done.api, done.warnings)

    return caller.write(work)


@router.patch("/operations", response_model=models.ApiOut)
def secure_operation(caller: Changing, api: str, body: OperationPatch) -> Response:
    """Ask for a token or not, and take any API key or not; scopes stay as they are."""
    tokens = None if body.security is None else body.security == "oauth2"
    wish = access.Security(tokens=tokens, api_key=body.api_key)

    def work(desk: Desk) -> models.ApiOut:
        done = access.secure(desk, api, body.operation, wish, caller.expected)
        return views.api(desk, done.api, done.warnings)

    return caller.write(work)


@router.post("/test-key", status_code=201, response_model=TestKeyOut)
def create_test_key(caller: Creating, api: str, body: TestKeyIn) -> Response:
    """A key for this API in one environment, for a quarter of an hour and without subscription;
    shown this once."""

    def work(desk: Desk) -> TestKeyOut:
        made = test_keys.create(desk, api, body.environment, body.scopes)
        return test_key_views.test_key(made)

    return caller.create(work)
