"""The bodies about plans and the approval of subscriptions."""

from typing import Annotated

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short, Text

Calls = Annotated[int, Field(ge=0, le=10**12)]


class PlanPatch(In):
    """What is left out stays; null for `request_count` is unlimited, for `burst_count` no burst."""

    name: Short | None = None
    description: Text | None = None
    request_count: Calls | None = None
    unit: Short | None = None
    burst_count: Calls | None = None
    burst_seconds: Calls | None = None
    stop_on_quota: bool | None = None


class PlanIn(PlanPatch):
    """`request_count` calls per `unit` (minute, hour or day); without it, unlimited."""

    name: Short


class RejectionIn(In):
    """`reason` is shown to whose subscription it is."""

    reason: Short
