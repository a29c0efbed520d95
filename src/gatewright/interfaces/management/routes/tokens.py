"""Routes of test tokens and token revocations, which the token service carries out.

The token service works in transactions of its own, so that none may be open here meanwhile.
"""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import tokens
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies import RevocationIn, TokenIn
from gatewright.interfaces.management.caller import (
    SEQUENCE_HEADER,
    Reading,
    answer_of,
    respond,
)

router = APIRouter(tags=["tokens"])


@router.post("/applications/{app}/tokens", response_model=models.TokenOut)
def generate_token(caller: Reading, app: str, body: TokenIn) -> Response:
    """An access token of the application, by the rules of the token endpoint."""
    application, credential = caller.look(lambda desk: tokens.to_generate(desk, app, body.kind))
    answer = caller.deps.token_desk.issue(application, credential, body.scope)
    caller.commit(lambda desk: tokens.note_generation(desk, credential, body.scope))
    token = models.TokenOut.model_validate(dict(answer))
    return respond(answer_of(token, 200), {"Pragma": "no-cache"})


@router.post("/token-revocations", response_model=models.RevocationOut)
def revoke_token(caller: Reading, body: RevocationIn) -> Response:
    """Revoke one access token of this organization."""
    organization, actor = caller.look(tokens.revoker)
    revoked = caller.deps.token_desk.revoke(organization, body.token, actor)
    sequence = caller.look(lambda desk: desk.tx.sequence)
    answer = answer_of(models.RevocationOut(revoked=revoked), 200)
    return respond(answer, {SEQUENCE_HEADER: str(sequence)})
