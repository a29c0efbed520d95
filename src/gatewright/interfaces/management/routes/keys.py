"""Routes of signing keys: the list, the rotation, and the end of every token at once.

A key is made before the transaction that stores it: an RSA key takes a tenth of a second, and
one in a program or an HSM as long as that takes.
"""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import keys
from gatewright.domain.environment import Kind
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies.keys import EverythingIn, KeyRotationIn
from gatewright.interfaces.management.caller import Creating, Creator, Reading
from gatewright.interfaces.management.models.keys import KeyOut, KeyRotationOut
from gatewright.interfaces.management.views import keys as views

router = APIRouter(tags=["keys"])


@router.get("/keys", response_model=models.Page[KeyOut])
def list_keys(caller: Reading) -> Response:
    """The signing keys of both issuers: what comes next, what signs, and what still verifies."""
    return caller.read(
        lambda desk: models.Page(items=[views.key(row) for row in keys.everything(desk)])
    )


@router.post("/keys/rotations", response_model=KeyRotationOut, status_code=201)
def rotate_keys(caller: Creating, body: KeyRotationIn) -> Response:
    """Replace the signing keys: announced first, so that no token is refused.

    With `emergency` all keys go at once, for a key that may have leaked: every token that is out is
    refused, and new ones are signed as soon as every connected gateway has the new keys.
    """
    if body.emergency:
        return _replace_all(caller, body.kind)
    organization, kinds = caller.look(lambda desk: keys.to_rotate(desk, body.kind, emergency=False))
    key_desk = caller.deps.key_desk
    made = key_desk.make(organization, kinds)
    answer = caller.create(
        lambda desk: views.rotation(keys.rotate(desk, key_desk, made, now=body.now))
    )
    key_desk.hurry()
    return answer


@router.post("/organization/revoke-tokens", response_model=KeyRotationOut, status_code=201)
def revoke_everything(caller: Creating, body: EverythingIn) -> Response:
    """End every token of the organization at once: its signing keys are removed and replaced."""
    return _replace_all(caller, body.kind)


def _replace_all(caller: Creator, kind: Kind | None) -> Response:
    organization, kinds = caller.look(lambda desk: keys.to_rotate(desk, kind, emergency=True))
    key_desk = caller.deps.key_desk
    made = key_desk.make(organization, kinds)
    answer = caller.create(lambda desk: views.rotation(keys.replace_all(desk, key_desk, made)))
    key_desk.hurry()
    return answer
