"""The route that tells why a token or key is let in or refused."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control.explain import explain
from gatewright.interfaces.management.bodies.explain import ExplainIn
from gatewright.interfaces.management.caller import Reading
from gatewright.interfaces.management.models.explain import ExplanationOut
from gatewright.interfaces.management.views.explain import explanation

router = APIRouter(tags=["explain"])


@router.post("/explain", response_model=ExplanationOut)
def explain_token(caller: Reading, body: ExplainIn) -> Response:
    """What the gateway does with a call that has this token or key, step by step.

    It reads and keeps nothing: no call is made, and the token is not in the answer.
    """
    return caller.read(
        lambda desk: explanation(
            explain(desk, body.token, body.api, body.operation, body.environment, body.header)
        )
    )
