"""Routes of subscriptions."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import subscriptions
from gatewright.control.desk import Desk
from gatewright.domain.subscription import Subscription, parse_standing
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies import SubscriptionIn, SubscriptionPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models.plans import SubscriptionOut
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut
from gatewright.interfaces.management.views.plans import subscription

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
_Name = Annotated[str | None, Query(max_length=200)]


def one(desk: Desk, row: Subscription) -> SubscriptionOut:
    """A subscription with what stands around it."""
    (sheet,) = subscriptions.sheets(desk, [row])
    return subscription(sheet)


@router.get("", response_model=models.Page[SubscriptionOut])
def list_subscriptions(
    caller: Reading,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    application: _Name = None,
    api: _Name = None,
    state: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Subscriptions, of one application or to one API where given; `state` is active, pending,
    rejected or blocked, whatever becomes of application and API."""

    def work(desk: Desk) -> models.Page[SubscriptionOut]:
        own = None if state is None else parse_standing(state)
        rows, following = cut(
            lambda a, n: subscriptions.page(desk, a, n, application, api, own), cursor, limit
        )
        items = [subscription(sheet) for sheet in subscriptions.sheets(desk, rows)]
        return models.Page(items=items, next_cursor=following)

    return caller.read(work)


@router.post("", status_code=201, response_model=SubscriptionOut)
def subscribe(caller: Creating, body: SubscriptionIn) -> Response:
    """Subscribe an application to an API's major version, under a plan; pending until approved
    where the API asks for that."""
    return caller.create(
        lambda desk: one(desk, subscriptions.create(desk, body.application, body.api, body.plan))
    )


@router.get("/{id}", response_model=SubscriptionOut)
def read_subscription(caller: Reading, id: str) -> Response:
    """A subscription."""
    return caller.read(lambda desk: one(desk, subscriptions.named(desk, id)))


@router.patch("/{id}", response_model=SubscriptionOut)
def edit_subscription(caller: Changing, id: str, body: SubscriptionPatch) -> Response:
    """Change the plan, or block; both act on tokens that are out already."""
    return caller.write(
        lambda desk: one(
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
