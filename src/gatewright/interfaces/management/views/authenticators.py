"""From authenticators to what is answered."""

import orjson
from cryptography.hazmat.primitives.serialization import Encoding

from gatewright.control.desk import Desk
from gatewright.crypto import certificates
from gatewright.domain.authenticator import Authenticator
from gatewright.domain.expiry import expires_soon
from gatewright.interfaces.management.models.authenticators import AuthenticatorOut

_JSON = ("jwks", "claims")


def authenticator(desk: Desk, row: Authenticator) -> AuthenticatorOut:
    """One authenticator whole."""
    now = desk.world.now()
    pem = row.settings.get("certificates")
    registered = certificates.from_pem(pem) if pem else ()
    return AuthenticatorOut(
        id=row.id,
        name=row.name,
        method=row.method,
        settings={
            name: orjson.loads(value) if name in _JSON else value
            for name, value in row.settings.items()
        },
        thumbprints=[
            certificates.thumbprint(item.public_bytes(Encoding.DER)) for item in registered
        ],
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        usable=row.usable(now),
        expires_soon=expires_soon(row, now),
    )
