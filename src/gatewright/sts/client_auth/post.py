"""Client id and secret as parameters of the body (RFC 6749 §2.3.1); never of the URI."""

from gatewright.sts.presented import Presented
from gatewright.sts.request import Form, Request

name = "client_secret_post"


def presented(_request: Request, form: Form) -> Presented | None:
    """The pair in the body; a secret without an id belongs to nobody."""
    secret = form.get("client_secret")
    if secret is None:
        return None
    return Presented(form.get("client_id") or "", (secret,))
