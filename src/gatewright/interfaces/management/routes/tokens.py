"""Routes of test tokens and token revocations, which the token service carries out.

The token service works in transactions of its own, so that none may be open here meanwhile.
"""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import revocations, tokens
from gatewright.control.desk import Desk
from gatewright.interfaces.management import in_force, models
from gatewright.interfaces.management.bodies import RevocationIn, TokenIn
from gatewright.interfaces.management.bodies.revocations import ApplicationRevocationIn
from gatewright.interfaces.management.caller import Reading, answer_of, respond
from gatewright.interfaces.management.models.revocations import RevokedTokensOut

router = APIRouter(tags=["tokens"])


@router.post("/applications/{app}/tokens", response_model=models.TokenOut)
def generate_token(caller: Reading, app: str, body: TokenIn) -> Response:
    """An access token of the application, by the rules of the token endpoint."""
    application, credential = caller.look(lambda desk: tokens.to_generate(desk, app, body.kind))
    answer = caller.deps.token_desk.issue(application, credential, body.scope)
    caller.commit(lambda desk: tokens.note_generation(desk, credential, body.scope))
    token = models.TokenOut.model_validate(dict(answer))
    return respond(answer_of(token, 200), {"Pragma": "no-cache"})


@router.post("/token-revocations", response_model=models.RevocationOut, responses=in_force.LATE)
def revoke_token(caller: Reading, body: RevocationIn) -> Response:
    """Revoke one access token of this organization; done when the gateways refuse it."""
    organization, actor = caller.look(tokens.revoker)
    revoked = caller.deps.token_desk.revoke(organization, body.token, actor)
    sequence = caller.look(lambda desk: desk.tx.sequence)
    return in_force.answer(
        caller, lambda live: models.RevocationOut(revoked=revoked, live=live), sequence
    )


@router.post(
    "/applications/{app}/revoke-tokens", response_model=RevokedTokensOut, responses=in_force.LATE
)
def revoke_application_tokens(
    caller: Reading, app: str, body: ApplicationRevocationIn | None = None
) -> Response:
    """End every token that an application got so far; done when the gateways refuse them."""
    kind = None if body is None else body.kind

    def work(desk: Desk) -> Callable[[bool], RevokedTokensOut]:
        revoked = revocations.of_application(desk, app, kind)
        kinds = [item.kind for item in revoked.credentials]
        handle = revoked.application.handle
        return lambda live: RevokedTokensOut(application=handle, kinds=kinds, live=live)

    return in_force.write(caller, work)
