"""From limits and differences to what is answered."""

from collections.abc import Iterable

from gatewright.control.differences import Difference
from gatewright.control.limits import LimitsSheet
from gatewright.domain.api import Api
from gatewright.interfaces.management.models.releases import (
    DifferenceOut,
    DifferencesOut,
    LimitsOut,
)
from gatewright.interfaces.management.views import limits as shown


def limits(api: Api, sheet: LimitsSheet) -> LimitsOut:
    """Limits set and in force in one environment."""
    return LimitsOut(
        environment=sheet.environment.handle,
        limits=shown(sheet.limits),
        in_force=None if sheet.in_force is None else shown(sheet.in_force),
        deployed_revision=sheet.deployed_revision,
        deploy_needed=sheet.deploy_needed,
        revision=api.revision,
    )


def differences(api: Api, before: str, after: str, found: Iterable[Difference]) -> DifferencesOut:
    """What changed, in words."""
    return DifferencesOut(
        api=api.reference,
        before=before,
        after=after,
        items=[
            DifferenceOut.model_validate(
                {"kind": it.kind, "change": it.change, "subject": it.subject, "text": it.text}
            )
            for it in found
        ],
    )
