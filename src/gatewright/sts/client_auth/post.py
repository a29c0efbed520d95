"""Client id and secret as parameters of the body (RFC 6749 §2.3.1); never of the URI."""

from datetime import datetime

from gatewright.sts.client_auth import secret
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Presented, Verified
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State

name = "client_secret_post"


def presented(_request: Request, form: Form) -> Presented | None:
    """The pair in the body; a secret without an id belongs to nobody."""
    text = form.get("client_secret")
    return None if text is None else Presented(form.get("client_id") or "", (text,))


def verified(state: State, issuer: Issuer, shown: Presented, now: datetime) -> Verified | None:
    """The client whose secret it is."""
    return secret.verified(state, issuer, shown, now, name)
