"""From domain names to what is answered."""

from gatewright.control.desk import Desk
from gatewright.domain.domain_name import DomainName
from gatewright.domain.expiry import expires_soon
from gatewright.interfaces.management.models.domains import DomainOut

_PORT = 443


def domain(desk: Desk, row: DomainName) -> DomainOut:
    """One domain, without its key."""
    environment = desk.tx.environments.get(row.environment_id)
    now = desk.world.now()
    port = desk.addresses.domains_port
    return DomainOut(
        id=row.id,
        host=row.host,
        environment=environment.handle if environment else row.environment_id,
        url=f"https://{row.host}" + (f":{port}" if port not in (0, _PORT) else ""),
        certificate=row.certificate,
        expires_at=row.expires_at,
        expires_soon=row.expires_at <= now or expires_soon(row, now),
        created_at=row.created_at,
        revision=row.revision,
    )
