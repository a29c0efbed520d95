"""Routes of an application's keys: OAuth2 clients and their secrets."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import credentials
from gatewright.control.desk import Desk
from gatewright.domain.environment import Kind
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import CredentialIn, CredentialPatch, SecretIn
from gatewright.interfaces.management.caller import Changing, Creating, Reading

router = APIRouter(prefix="/applications/{app}/credentials", tags=["credentials"])


@router.get("", response_model=models.Page[models.CredentialOut])
def list_credentials(caller: Reading, app: str) -> Response:
    """The application's keys; secrets by their hints only."""
    return caller.read(
        lambda desk: models.Page(
            items=[views.credential(desk, sheet) for sheet in credentials.everything(desk, app)]
        )
    )


@router.post("", status_code=201, response_model=models.CredentialOut)
def create_credential(caller: Creating, app: str, body: CredentialIn) -> Response:
    """Generate keys for one kind of environment; the secret is shown this once."""

    def work(desk: Desk) -> models.CredentialOut:
        sheet = credentials.create(desk, app, body.kind, body.token_ttl_seconds)
        return views.credential(desk, sheet)

    return caller.create(work)


@router.patch("/{kind}", response_model=models.CredentialOut)
def edit_credential(caller: Changing, app: str, kind: Kind, body: CredentialPatch) -> Response:
    """Change the lifetime of tokens issued from now on."""

    def work(desk: Desk) -> models.CredentialOut:
        sheet = credentials.set_token_ttl(desk, app, kind, body.token_ttl_seconds, caller.expected)
        return views.credential(desk, sheet)

    return caller.write(work)


@router.post("/{kind}/secrets", status_code=201, response_model=models.SecretOut)
def add_secret(caller: Creating, app: str, kind: Kind, body: SecretIn) -> Response:
    """One more secret, shown this once; the others keep working."""

    def work(desk: Desk) -> models.SecretOut:
        new = credentials.add_secret(desk, app, kind, body.name, body.expires_in_days)
        return views.secret(desk, new.secret, new)

    return caller.create(work)


@router.delete("/{kind}/secrets/{id}", status_code=204)
def remove_secret(caller: Reading, app: str, kind: Kind, id: str) -> Response:
    """Remove a secret; the last usable one can not be removed."""
    return caller.write(lambda desk: credentials.remove_secret(desk, app, kind, id))


@router.post("/{kind}/revoke-tokens", response_model=models.CredentialOut)
def revoke_tokens(caller: Reading, app: str, kind: Kind) -> Response:
    """End every token that these keys got so far."""
    return caller.write(
        lambda desk: views.credential(desk, credentials.revoke_tokens(desk, app, kind))
    )
