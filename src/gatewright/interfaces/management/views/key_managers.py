"""From key managers and linked clients to what is answered."""

import json
from collections.abc import Sequence

from gatewright.control import environments, key_sets
from gatewright.control.desk import Desk
from gatewright.control.external_clients import LinkSheet
from gatewright.domain.key_manager import FetchedKeySet, KeyManager
from gatewright.interfaces.management.models.key_managers import (
    ExternalClientOut,
    KeyManagerOut,
    KeySetOut,
    LinkableOut,
)


def key_manager(desk: Desk, row: KeyManager) -> KeyManagerOut:
    """One key manager, whole."""
    return KeyManagerOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        kind=row.kind,
        issuer=row.issuer,
        jwks_uri=row.jwks_uri,
        jwks=row.jwks,
        audiences=sorted(row.audiences),
        client_claim=row.client_claim,
        scope_claim=row.scope_claim,
        role_claim=row.role_claim,
        role_scopes={role: scopes.split() for role, scopes in sorted(row.role_scopes.items())},
        environments=_handles(desk, row),
        endpoints=row.endpoints,
        token_exchange=row.token_exchange,
        jwt_bearer=row.jwt_bearer,
        api_access=row.api_access,
        enabled=row.enabled,
        key_set=_key_set(key_sets.kept(desk.tx, row)),
        client_count=desk.tx.external_clients.count(key_manager_id=row.id),
        created_at=row.created_at,
        revision=row.revision,
    )


def linkable(desk: Desk, row: KeyManager) -> LinkableOut:
    """What a consumer has to know of a key manager."""
    return LinkableOut(
        handle=row.handle,
        name=row.name,
        kind=row.kind,
        issuer=row.issuer,
        environments=_handles(desk, row),
        endpoints=row.endpoints,
    )


def external_client(sheet: LinkSheet) -> ExternalClientOut:
    """A linked client; `enabled` is whether its key manager's tokens are taken for calls."""
    manager = sheet.key_manager
    return ExternalClientOut(
        id=sheet.link.id,
        application=sheet.application.handle,
        key_manager=manager.handle,
        issuer=manager.issuer,
        client_id=sheet.link.client_id,
        enabled=manager.enabled and manager.api_access,
        created_at=sheet.link.created_at,
        revision=sheet.link.revision,
    )


def external_clients(sheets: Sequence[LinkSheet]) -> list[ExternalClientOut]:
    """Several."""
    return [external_client(sheet) for sheet in sheets]


def _handles(desk: Desk, row: KeyManager) -> list[str]:
    if not row.environments:
        return []
    known = environments.everything(desk)
    return [item.handle for item in known if item.id in row.environments]


def _key_set(kept: FetchedKeySet | None) -> KeySetOut | None:
    if kept is None:
        return None
    keys = [] if kept.jwks is None else json.loads(kept.jwks)["keys"]
    return KeySetOut(
        keys=[f"{key['alg']} {key.get('kid', '')}".strip() for key in keys],
        since=kept.fetched_at,
        failure=kept.failure,
        failing_since=None if kept.failure is None else kept.checked_at,
    )
