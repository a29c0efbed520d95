"""The hop before the token service that ends TLS: what it says of a client is believed, with proof.

Everybody else who sends these headers is not heard.
"""

import hmac
import re
from base64 import b64decode
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

CHAIN = "gatewright.chain"
"""The key under which an environment holds the client's certificates (DER), its own first."""

CERTIFICATES_MAX = 8
_SECRET, _CERTIFICATE, _ADDRESS = (
    "HTTP_X_GW_HOP", "HTTP_X_FORWARDED_CLIENT_CERT", "HTTP_X_FORWARDED_FOR",
)  # fmt: skip
# One element alone, as Envoy writes it when it replaces what came: `Hash=…;Chain="…"`.
_CHAIN = re.compile(r'Hash=[0-9a-f]+;Chain="([A-Za-z0-9%._~+/=-]*)"')
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


class Hop:
    """The gateway's door for the token service; without a secret there is none."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    def hear(self, environ: MutableMapping[str, Any]) -> None:
        """Put the client's certificates and address where they are read, if the hop proves itself;
        take its headers away in any case."""
        secret = environ.pop(_SECRET, None)
        certificate = environ.pop(_CERTIFICATE, None)
        address = environ.pop(_ADDRESS, "")
        environ.pop(CHAIN, None)
        if self._secret is None or secret is None:
            return
        if not hmac.compare_digest(secret.encode("latin-1"), self._secret):
            return
        if address:
            environ["REMOTE_ADDR"] = address
        if certificate:
            environ[CHAIN] = chain(certificate)


def chain(header: str) -> tuple[bytes, ...]:
    """The certificates in the header that Envoy writes; none when it has another form."""
    match = _CHAIN.fullmatch(header)
    if match is None:
        return ()
    found = _PEM.findall(unquote(match[1]))
    return tuple(b64decode(text) for text in found[:CERTIFICATES_MAX])
