"""Whom the token service believes about a client's certificate and address: its own door alone."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from gatewright.interfaces.oauth.hop import CERTIFICATES_MAX, CHAIN, Hop
from gatewright.interfaces.oauth.reading import read

SECRET = "s3cret"
LEAF, ISSUER = b"leaf" * 20, b"issuer" * 20


def pem(der: bytes) -> str:
    text = b64encode(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def element(*certificates: bytes) -> str:
    return f'Hash=0a1b;Chain="{quote("".join(map(pem, certificates)), safe="/")}"'


def heard(secret: str | None = SECRET, hop: str | None = SECRET, **headers: str) -> dict[str, Any]:
    environ: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.1", **headers}
    if secret is not None:
        environ["HTTP_X_GW_HOP"] = secret
    Hop(hop).hear(environ)
    assert not any(name.startswith(("HTTP_X_GW", "HTTP_X_FORWARDED")) for name in environ)
    return environ


CERTIFIED = {"HTTP_X_FORWARDED_CLIENT_CERT": element(LEAF, ISSUER),
             "HTTP_X_FORWARDED_FOR": "192.0.2.7"}  # fmt: skip


def test_the_door_is_believed() -> None:
    environ = heard(**CERTIFIED)
    assert environ[CHAIN] == (LEAF, ISSUER)
    assert environ["REMOTE_ADDR"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("secret", "hop"),
    [
        pytest.param(None, SECRET, id="no secret"),
        pytest.param("", SECRET, id="empty"),
        pytest.param("s3cre", SECRET, id="shorter"),
        pytest.param("s3cret,s3cret", SECRET, id="twice"),
        pytest.param("S3CRET", SECRET, id="upper case"),
        pytest.param("\xff", SECRET, id="not ascii"),
        pytest.param(SECRET, None, id="no door here"),
        pytest.param("", None, id="no door, empty"),
        pytest.param("", "", id="empty on both sides"),
    ],
)
def test_nobody_else_is(secret: str | None, hop: str | None) -> None:
    environ = heard(secret, hop, **CERTIFIED, **{CHAIN: (b"forged",)})
    assert CHAIN not in environ
    assert environ["REMOTE_ADDR"] == "10.0.0.1"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("Hash=00", id="hash alone"),
        pytest.param(f"{element(LEAF)},{element(ISSUER)}", id="two elements"),
        pytest.param(f"By=x;{element(LEAF)}", id="more before"),
        pytest.param(f'{element(LEAF)};Subject="CN=x"', id="more behind"),
        pytest.param('Hash=00;Chain="x"', id="no certificate"),
        pytest.param('Hash=00;Cert="x"', id="another form"),
    ],
)
def test_what_it_never_writes_is_no_certificate(header: str) -> None:
    environ = heard(HTTP_X_FORWARDED_CLIENT_CERT=header)
    assert not environ.get(CHAIN)


def test_a_long_chain_is_cut() -> None:
    certificates = [bytes((number,)) * 9 for number in range(20)]
    environ = heard(HTTP_X_FORWARDED_CLIENT_CERT=element(*certificates))
    assert environ[CHAIN] == tuple(certificates[:CERTIFICATES_MAX])


def test_the_request_has_the_leaf_and_what_came_beside_it() -> None:
    class Body:
        def read(self, count: int) -> bytes:
            return b""

    line = {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "x", "wsgi.input": Body()}
    request = read({**line, **heard(**CERTIFIED)}, with_body=True)
    assert (request.certificate, request.chain) == (LEAF, (ISSUER,))
    request = read({**line, **heard("wrong", **CERTIFIED)}, with_body=True)
    assert (request.certificate, request.chain) == (None, ())
