"""HTTP Basic (RFC 7617): client id and secret, each form-encoded by RFC 6749 §2.3.1."""

import binascii
import re
from datetime import datetime

from gatewright.sts.client_auth import secret
from gatewright.sts.errors import InvalidClient, InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Presented, Verified
from gatewright.sts.request import AUTHORIZATION_BYTES_MAX, Form, Request, decoded
from gatewright.sts.state import State

name = "client_secret_basic"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def presented(request: Request, _form: Form) -> Presented | None:
    """The pair in the Authorization header. Raises InvalidRequest when the header repeats,
    InvalidClient when it is of another scheme or malformed."""
    if not request.authorization:
        return None
    if len(request.authorization) > 1:
        raise InvalidRequest("the Authorization header is repeated.", "authorization")
    header = request.authorization[0]
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic" or len(header) > AUTHORIZATION_BYTES_MAX:
        raise InvalidClient("the Authorization header must use the Basic scheme.")
    try:
        sent = binascii.a2b_base64(encoded.strip(), strict_mode=True)
        client_id, colon, text = sent.partition(b":")
        readings = _readings(client_id, text) if colon else []
    except (binascii.Error, UnicodeDecodeError):
        readings = []
    if not readings or any(_has_control(text) for pair in readings for text in pair):
        raise InvalidClient("the Basic credentials are malformed.")
    return Presented(readings[0][0], tuple(text for _, text in readings))


def _has_control(text: str) -> bool:
    """Printable text, which nearly all is, needs no search."""
    return not text.isprintable() and bool(_CONTROL.search(text))


def verified(state: State, issuer: Issuer, shown: Presented, now: datetime) -> Verified | None:
    """The client whose secret it is."""
    return secret.verified(state, issuer, shown, now, name)


def _readings(client_id: bytes, text: bytes) -> list[tuple[str, str]]:
    """Decoded as the RFC says; then as sent, for the many clients that do not encode.

    A `+` or `%` of such a client survives by the second reading. Our own ids and secrets have
    neither, so that there is only one reading.
    """
    sent = (client_id.decode(), text.decode())
    if b"%" not in text and b"+" not in text and b"%" not in client_id:
        return [sent]
    try:
        read = (decoded(client_id), decoded(text))
    except InvalidRequest:
        return [sent]
    return [read] if read == sent else [read, (read[0], sent[1])]
