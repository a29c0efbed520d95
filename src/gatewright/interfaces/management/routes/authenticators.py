"""Routes of what a client proves itself by instead of a secret."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import authenticators, credentials
from gatewright.control.desk import Desk
from gatewright.domain.environment import Kind
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies.authenticators import AuthenticatorIn
from gatewright.interfaces.management.caller import Creating, Reading
from gatewright.interfaces.management.models.authenticators import AuthenticatorOut
from gatewright.interfaces.management.views.authenticators import authenticator as view

router = APIRouter(
    prefix="/applications/{app}/credentials/{kind}/authenticators", tags=["credentials"]
)


@router.get("", response_model=models.Page[AuthenticatorOut])
def list_authenticators(caller: Reading, app: str, kind: Kind) -> Response:
    """What the client may prove itself by, beside its secrets."""
    return caller.read(
        lambda desk: models.Page(
            items=[view(desk, row) for row in authenticators.everything(desk, app, kind)]
        )
    )


@router.post("", status_code=201, response_model=AuthenticatorOut)
def add_authenticator(caller: Creating, app: str, kind: Kind, body: AuthenticatorIn) -> Response:
    """One more key, certificate or outside issuer; the others keep working."""

    def work(desk: Desk) -> AuthenticatorOut:
        row = authenticators.add(
            desk,
            credentials.writable(desk, app, kind),
            body.name,
            body.method,
            body.settings(),
            expires_in_days=body.expires_in_days,
            allow_private=caller.deps.fetcher.allow_private,
        )
        return view(desk, row)

    return caller.create(work)


@router.delete("/{id}", status_code=204)
def remove_authenticator(caller: Reading, app: str, kind: Kind, id: str) -> Response:
    """Remove one; the last usable way to authenticate can not be removed."""
    return caller.write(
        lambda desk: authenticators.remove(desk, credentials.writable(desk, app, kind), id)
    )
