"""From key managers to what is answered."""

from gatewright.domain.key_manager import KeyManager
from gatewright.interfaces.management.models.key_managers import KeyManagerOut


def key_manager(row: KeyManager) -> KeyManagerOut:
    """One key manager, whole."""
    return KeyManagerOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        issuer=row.issuer,
        jwks_uri=row.jwks_uri,
        jwks=row.jwks,
        audiences=sorted(row.audiences),
        client_claim=row.client_claim,
        scope_claim=row.scope_claim,
        token_exchange=row.token_exchange,
        jwt_bearer=row.jwt_bearer,
        enabled=row.enabled,
        created_at=row.created_at,
        revision=row.revision,
    )
