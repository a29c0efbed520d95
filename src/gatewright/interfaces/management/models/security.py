"""What is answered about the security of an API and of its operations, and test keys."""

from datetime import datetime

from gatewright.interfaces.management.models import Out, WarningOut
from gatewright.interfaces.management.models.access import AccessOut


class ApiAccessOut(AccessOut):
    """The settings of an API, in force from its next deployment on; `warnings` forbid nothing."""

    api: str
    revision: int
    warnings: list[WarningOut]


class TestKeyOut(Out):
    """A test key, shown this once, for the header that `header` names. `curl` runs as printed."""

    test_key: str
    header: str
    api: str
    environment: str
    scopes: list[str]
    url: str
    expires_in: int
    expires_at: datetime
    curl: str
