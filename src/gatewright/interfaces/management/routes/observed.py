"""Routes of what is in force: status, gateways, live, and the audit."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.access.actions import Action
from gatewright.control import audit, environments, gateways, overview
from gatewright.control.desk import Desk
from gatewright.domain.environment import Kind
from gatewright.domain.token import issuer
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.caller import Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(tags=["status"])


@router.get("/status", response_model=models.StatusOut)
def read_status(caller: Reading) -> Response:
    """URLs, gateways, faults and counts; gateways only for those who may see them."""

    def work(desk: Desk) -> models.StatusOut:
        may_see = desk.may(Action.READ_GATEWAYS)
        nodes = gateways.nodes(desk) if may_see else []
        counts = overview.counts(desk)
        return models.StatusOut(
            version=caller.deps.version,
            urls=_urls(desk),
            sequence=desk.tx.sequence,
            gateways=[views.gateway(desk, node) for node in nodes],
            faults=_faults(desk) if may_see else [],
            counts=models.CountsOut(
                apis=counts.apis,
                applications=counts.applications,
                subscriptions=counts.subscriptions,
            ),
        )

    return caller.read(work)


def _urls(desk: Desk) -> models.UrlsOut:
    known, addresses = environments.everything(desk), desk.addresses
    by_kind = {str(item.kind): item.gateway_url for item in reversed(known)}
    return models.UrlsOut(
        management=addresses.management,
        sts=issuer(addresses.sts, desk.organization.handle, Kind.PRODUCTION),
        portal=addresses.portal,
        console=addresses.console,
        gateway=by_kind | {item.handle: item.gateway_url for item in known},
    )


def _faults(desk: Desk) -> list[models.ApiFaultOut]:
    rows = gateways.faults(desk)
    handles = {item.id: item.handle for item in environments.everything(desk)}
    found = desk.tx.apis.find(id=tuple({row.api_id for row in rows})) if rows else []
    references = {item.id: item.reference for item in found}
    return [
        models.ApiFaultOut(
            reason=row.reason,
            serving=row.serving,
            at=row.at,
            api=references.get(row.api_id, row.api_id),
            environment=handles.get(row.environment_id, row.environment_id),
        )
        for row in rows
    ]


@router.get("/gateways", response_model=models.Page[models.GatewayOut])
def list_gateways(caller: Reading) -> Response:
    """Every gateway that serves the organization."""
    return caller.read(
        lambda desk: models.Page(items=[views.gateway(desk, node) for node in gateways.nodes(desk)])
    )


@router.get("/live", response_model=models.LiveOut)
def read_live(
    caller: Reading,
    sequence: Annotated[int, Query(ge=0, description="A write's Gatewright-Sequence header.")],
) -> Response:
    """Whether a write is in force on every connected gateway."""

    def work(desk: Desk) -> models.LiveOut:
        found = gateways.live(desk, sequence)
        return models.LiveOut(
            live=found.live,
            sequence=found.sequence,
            gateways=[views.gateway(desk, node) for node in found.nodes],
        )

    return caller.read(work)


@router.get("/audit", response_model=models.Page[models.AuditOut])
def list_audit(caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Response:
    """Who changed what, oldest first."""

    def work(desk: Desk) -> models.Page[models.AuditOut]:
        rows, following = cut(lambda a, n: audit.page(desk, a, n), cursor, limit)
        names = audit.actor_names(desk, rows)
        return models.Page(items=[views.audit(row, names) for row in rows], next_cursor=following)

    return caller.read(work)
