"""The numbers of the installation, as one organization may see them."""

from collections.abc import Callable

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.environment import Kind
from gatewright.domain.token import issuer
from gatewright.observability.metrics import Totals


def everything(desk: Desk, read: Callable[[], Totals]) -> Totals:
    """The numbers of all processes; what names clients only for the organization's own issuers."""
    desk.demand(Action.READ_METRICS)
    totals = read()
    handle, url = desk.organization.handle, desk.addresses.sts
    totals.keep("issuer", {issuer(url, handle, kind) for kind in Kind})
    return totals
