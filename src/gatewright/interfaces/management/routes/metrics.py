"""`GET /metrics`: the numbers of the installation, for Prometheus to scrape."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from gatewright.control import metrics
from gatewright.interfaces.management.caller import Reading
from gatewright.observability.metrics import CONTENT_TYPE

router = APIRouter(tags=["status"])


@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics(caller: Reading) -> Response:
    """Counters and histograms of the token service, in Prometheus' text format."""
    totals = caller.look(lambda desk: metrics.everything(desk, caller.deps.metrics))
    return Response(totals.as_text(), media_type=CONTENT_TYPE)
