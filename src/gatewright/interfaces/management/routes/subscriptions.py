"""Routes of subscriptions."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import subscriptions
from gatewright.control.desk import Desk
from gatewright.domain.subscription import Subscription
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import SubscriptionIn, SubscriptionPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
_Name = Annotated[str | None, Query(max_length=200)]


def _one(desk: Desk, row: Subscription) -> models.SubscriptionOut:
    (sheet,) = subscriptions.sheets(desk, [row])
    return views.subscription(sheet)


@router.get("", response_model=models.Page[models.SubscriptionOut])
def list_subscriptions(
    caller: Reading,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    application: _Name = None,
    api: _Name = None,
) -> Response:
    """Subscriptions, of one application or to one API where given."""

    def work(desk: Desk) -> models.Page[models.SubscriptionOut]:
        rows, following = cut(
            lambda a, n: subscriptions.page(desk, a, n, application, api), cursor, limit
        )
        items = [views.subscription(sheet) for sheet in subscriptions.sheets(desk, rows)]
        return models.Page(items=items, next_cursor=following)

    return caller.read(work)


@router.post("", status_code=201, response_model=models.SubscriptionOut)
def subscribe(caller: Creating, body: SubscriptionIn) -> Response:
    """Subscribe an application to an API's major version, under a plan."""
    return caller.create(
        lambda desk: _one(desk, subscriptions.create(desk, body.application, body.api, body.plan))
    )


@router.get("/{id}", response_model=models.SubscriptionOut)
def read_subscription(caller: Reading, id: str) -> Response:
    """A subscription."""
    return caller.read(lambda desk: _one(desk, subscriptions.named(desk, id)))


@router.patch("/{id}", response_model=models.SubscriptionOut)
def edit_subscription(caller: Changing, id: str, body: SubscriptionPatch) -> Response:
    """Change the plan, or block; both act on tokens that are out already."""
    return caller.write(
        lambda desk: _one(
            desk,
            subscriptions.edit(
                desk, id, plan_name=body.plan, blocked=body.blocked, expected=caller.expected
            ),
        )
    )


@router.delete("/{id}", status_code=204)
def unsubscribe(caller: Changing, id: str) -> Response:
    """Unsubscribe; calls are refused at once."""
    return caller.write(lambda desk: subscriptions.delete(desk, id, caller.expected))
