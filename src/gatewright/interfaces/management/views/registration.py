"""From rows to what is answered about dynamic client registration."""

import json

from gatewright.control.desk import Desk
from gatewright.control.initial_tokens import NewToken
from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization
from gatewright.domain.registration import InitialAccessToken, Registration
from gatewright.domain.token import issuer
from gatewright.interfaces.management.models.registration import (
    InitialAccessTokenOut,
    RegisteredClientOut,
    RegistrationOut,
)


def registration(desk: Desk, organization: Organization) -> RegistrationOut:
    """Whether it is on, and the endpoint of each issuer."""
    sts, handle = desk.addresses.sts, organization.handle
    return RegistrationOut(
        enabled=organization.registration_enabled,
        endpoints={kind: f"{issuer(sts, handle, kind)}/register" for kind in Kind},
    )


def token(
    desk: Desk, row: InitialAccessToken, new: NewToken | None = None
) -> InitialAccessTokenOut:
    """An initial access token; in clear when it was just made."""
    return InitialAccessTokenOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        hint=row.hint,
        owner_id=row.owner_id,
        uses_left=row.uses_left,
        usable=row.usable(desk.world.now()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        token=None if new is None else new.clear.reveal(),
    )


def client(row: Registration, client_id: str) -> RegisteredClientOut:
    """A client that registered itself."""
    return RegisteredClientOut(
        id=row.id,
        client_id=client_id,
        application_id=row.application_id,
        initial_access_token_id=row.initial_access_token_id,
        created_at=row.created_at,
        metadata=json.loads(row.metadata),
    )
