"""What is answered about domain names."""

from datetime import datetime

from gatewright.interfaces.management.models import Out


class DomainOut(Out):
    """A host. `url` is where its calls go on the gateway's own port; the key is never told."""

    id: str
    host: str
    environment: str
    url: str
    certificate: str
    expires_at: datetime
    expires_soon: bool
    created_at: datetime
    revision: int
