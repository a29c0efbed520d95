"""Routes of an application's keys: OAuth2 clients and their secrets."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import credentials, secrets
from gatewright.control.desk import Desk
from gatewright.domain.environment import Kind
from gatewright.interfaces.management import in_force, models, views
from gatewright.interfaces.management.bodies import CredentialIn, CredentialPatch, SecretIn
from gatewright.interfaces.management.bodies.secrets import RotationIn
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models.secrets import RotationOut
from gatewright.interfaces.management.views import secrets as secret_views

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
        sheet = credentials.create(
            desk, app, body.kind, body.token_ttl_seconds, with_secret=body.with_secret
        )
        return views.credential(desk, sheet)

    return caller.create(work)


@router.patch("/{kind}", response_model=models.CredentialOut)
def edit_credential(caller: Changing, app: str, kind: Kind, body: CredentialPatch) -> Response:
    """Change the lifetime of tokens issued from now on, or what the client may ask about."""
    change = credentials.Change(**body.model_dump())

    def work(desk: Desk) -> models.CredentialOut:
        return views.credential(desk, credentials.edit(desk, app, kind, change, caller.expected))

    return caller.write(work)


@router.post("/{kind}/secrets", status_code=201, response_model=models.SecretOut)
def add_secret(caller: Creating, app: str, kind: Kind, body: SecretIn) -> Response:
    """One more secret, shown this once; the others keep working."""

    def work(desk: Desk) -> models.SecretOut:
        credential = credentials.writable(desk, app, kind)
        new = secrets.add(desk, credential, body.name, body.expires_in_days)
        return views.secret(desk, new.secret, new)

    return caller.create(work)


@router.post("/{kind}/secrets/rotations", status_code=201, response_model=RotationOut)
def rotate_secrets(caller: Creating, app: str, kind: Kind, body: RotationIn) -> Response:
    """Make a new secret, shown this once, and let the older ones end after the overlap."""

    def work(desk: Desk) -> RotationOut:
        credential = credentials.writable(desk, app, kind)
        wish = (body.name, body.overlap_seconds, body.expires_in_days)
        return secret_views.rotation(desk, secrets.rotate(desk, credential, *wish))

    return caller.create(work)


@router.delete("/{kind}/secrets/{id}", status_code=204)
def remove_secret(caller: Reading, app: str, kind: Kind, id: str) -> Response:
    """Remove a secret; the last usable way to authenticate can not be removed."""
    return caller.write(
        lambda desk: secrets.remove(desk, credentials.writable(desk, app, kind), id)
    )


@router.post("/{kind}/revoke-tokens", response_model=models.CredentialOut, responses=in_force.LATE)
def revoke_tokens(caller: Reading, app: str, kind: Kind) -> Response:
    """End every token that these keys got so far; done when the gateways refuse them."""

    def work(desk: Desk) -> Callable[[bool], models.CredentialOut]:
        shown = views.credential(desk, credentials.revoke_tokens(desk, app, kind))
        return lambda live: shown

    return in_force.write(caller, work)
