"""From access settings to what is answered."""

from collections.abc import Iterable

from gatewright.control.findings import Finding
from gatewright.domain.api import Access, Api
from gatewright.interfaces.management import models
from gatewright.interfaces.management.models.access import AccessOut
from gatewright.interfaces.management.models.security import ApiAccessOut


def access(row: Access) -> AccessOut:
    """The settings."""
    return AccessOut(
        token_header=row.token_header,
        subscription_required=row.subscription_required,
        api_keys=row.api_keys,
        key_managers=None if row.key_managers is None else sorted(row.key_managers),
    )


def api_access(row: Api, findings: Iterable[Finding] = ()) -> ApiAccessOut:
    """The settings of an API, with what is to be told of a change."""
    return ApiAccessOut(
        **access(row.definition.access).model_dump(),
        api=row.reference,
        revision=row.revision,
        warnings=warnings(findings),
    )


def warnings(findings: Iterable[Finding]) -> list[models.WarningOut]:
    """Findings as warnings."""
    return [models.WarningOut(location=item.location, message=item.message) for item in findings]
