"""A gateway that ends TLS: versions, client certificates, tokens bound to them, the STS's door."""

import http.client
import json
import ssl
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.crypto.holder import Holder
from tests.gateway.conftest import SCENE
from tests.gateway.pair import Pair
from tests.gateway.proving import SUBJECT, Bound, Service
from tests.gateway.real import Gateway, Tokens, eventually, listening, signing_keys, told, upstream
from tests.gateway.scene import Scene

from gatewright.gateway.ir import StsIr, TlsIr
from gatewright.interfaces.oauth.hop import CHAIN, Hop

pytestmark = pytest.mark.real
PORT, STS_PORT, STS_PLAIN_PORT, UPSTREAM_PORT = 22443, 22444, 22445, 22099
GATEWAY = f"https://localhost:{PORT}"
PATH = "/books/v1.0/books"
SECRET = "the-hop-s-secret"


@dataclass
class Doors:
    """The gateway with TLS, two clients with certificates."""

    scene: Scene
    tokens: Tokens
    server: Pair
    ours: Pair
    other: Pair


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    server, ours, other = (Pair(folder, name) for name in ("localhost", "ours", "other"))
    keys = signing_keys()
    scene = Scene({**SCENE, "environments": {"production": PORT}, "apis": SCENE["apis"][:1]}, keys)
    row = scene.rows("environments")["env_production"]
    scene.tables["environments"][row.id] = type(row)(
        row.id, row.organization_id, row.handle, row.name, row.kind, row.position, GATEWAY,
        row.created_at,
    )  # fmt: skip
    scene.tables["deployments"].pop("dep_books_v1.0_development")
    scene.tls = TlsIr(str(server.certificate), str(server.key))
    scene.sts = StsIr("127.0.0.1", STS_PORT, scene.tls, SECRET)
    scene.sts_port, scene.proofs_socket = STS_PLAIN_PORT, str(folder / "proofs.sock")
    service, gateway = Service(Path(scene.proofs_socket)), Gateway(folder, scene)
    with upstream(UPSTREAM_PORT), upstream(STS_PLAIN_PORT):
        try:
            service.start()
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(PORT) and listening(STS_PORT))
            yield Doors(scene, Tokens(keys, GATEWAY), server, ours, other)
        finally:
            gateway.close()
            service.stop()


def send(
    doors: Doors, path: str, *headers: tuple[str, str], shown: Pair | None = None, port: int = PORT
) -> tuple[int, Any, str]:
    context = ssl.create_default_context(cafile=str(doors.server.certificate))
    if shown:
        context.load_cert_chain(shown.certificate, shown.key)
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    return told(connection, "GET", path, headers)


def to_certificate(doors: Doors, pair: Pair) -> tuple[str, str]:
    cnf = {"x5t#S256": pair.thumbprint}
    return "Authorization", f"Bearer {doors.tokens(gwk=None, gwb=SUBJECT, cnf=cnf)}"


def test_an_ordinary_token_passes_with_and_without_a_certificate(doors: Doors) -> None:
    ordinary = ("Authorization", f"Bearer {doors.tokens()}")
    for shown in (None, doors.ours):
        status, body, _ = send(doors, PATH, ordinary, shown=shown)
        assert status == 200, body
        assert body["headers"]["x-forwarded-proto"] == "https"


def test_a_token_bound_to_a_certificate_opens_with_it_alone(doors: Doors) -> None:
    token = to_certificate(doors, doors.ours)
    assert send(doors, PATH, token, shown=doors.ours)[0] == 200
    for shown in (None, doors.other):
        status, body, challenge = send(doors, PATH, token, shown=shown)
        assert (status, body["code"]) == (401, "900901")
        assert challenge.startswith('Bearer realm="gatewright", error="invalid_token"')
        assert f'resource_metadata="{GATEWAY}/.well-known/' in challenge


def test_no_header_stands_for_a_certificate(doors: Doors) -> None:
    pem = doors.ours.certificate.read_text().replace("\n", "%0A").replace(" ", "%20")
    forged = (
        ("X-Forwarded-Client-Cert", f'Hash=00;Chain="{pem}"'),
        ("X-Gw-Certificate", doors.ours.thumbprint),
        ("X-Gw-Hop", SECRET),
        ("Client-Cert", doors.ours.thumbprint),
    )
    token = to_certificate(doors, doors.ours)
    assert send(doors, PATH, token, *forged)[0] == 401
    assert send(doors, PATH, token, *forged, shown=doors.other)[0] == 401
    status, body, _ = send(doors, PATH, token, *forged, shown=doors.ours)
    assert status == 200
    assert not {"x-forwarded-client-cert", "x-gw-hop"} & set(body["headers"])


def test_a_token_bound_to_both_needs_both(doors: Doors) -> None:
    holder = Holder()
    bound = Bound(doors.tokens, GATEWAY, PATH)
    cnf = {"jkt": holder.thumbprint, "x5t#S256": doors.ours.thumbprint}
    token = bound.token(holder, cnf=cnf)
    for scheme, shown, status in (
        ("DPoP", doors.ours, 200), ("DPoP", doors.other, 401), ("DPoP", None, 401),
        ("Bearer", doors.ours, 401),
    ):  # fmt: skip
        proof = ("DPoP", bound.proof(holder, token))
        found = send(doors, PATH, ("Authorization", f"{scheme} {token}"), proof, shown=shown)
        assert found[0] == status, (scheme, shown, found)


@pytest.mark.parametrize("port", [PORT, STS_PORT])
def test_old_versions_of_tls_are_refused(doors: Doors, port: int) -> None:
    context = ssl.create_default_context(cafile=str(doors.server.certificate))
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        http.client.HTTPSConnection("localhost", port, timeout=5, context=context).request(
            "GET", "/"
        )


def heard(body: Any) -> dict[str, Any]:
    """What the token service would make of the headers that came to it."""
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value
               for name, value in body["headers"].items()}  # fmt: skip
    environ["REMOTE_ADDR"] = "hop"
    Hop(SECRET).hear(environ)
    return environ


def test_the_token_service_s_door_tells_of_the_certificate(doors: Doors) -> None:
    forged = (
        ("X-Gw-Hop", "forged"),
        ("X-Forwarded-Client-Cert", 'Hash=00;Chain="x"'),
        ("X-Forwarded-For", "6.6.6.6"),
    )
    status, body, _ = send(doors, "/sts/x", *forged, shown=doors.ours, port=STS_PORT)
    assert (status, body["path"]) == (200, "/sts/x")
    found = heard(body)
    assert found[CHAIN] == (doors.ours.der,)
    assert found["REMOTE_ADDR"] not in ("hop", "6.6.6.6")
    pem = doors.ours.certificate.read_text().replace("-----BEGIN CERTIFICATE-----", "")
    assert b64decode(pem.replace("-----END CERTIFICATE-----", "")) == doors.ours.der


def test_without_a_certificate_it_tells_of_none(doors: Doors) -> None:
    forged = ("X-Forwarded-Client-Cert", 'Hash=00;Chain="x"')
    _, body, _ = send(doors, "/sts/x", forged, port=STS_PORT)
    assert body["headers"]["x-gw-hop"] == SECRET
    assert "x-forwarded-client-cert" not in body["headers"]
    assert CHAIN not in heard(body)


def test_the_secret_stays_between_the_two(doors: Doors) -> None:
    assert SECRET not in repr(doors.scene.sts)
    ordinary = ("Authorization", f"Bearer {doors.tokens()}")
    assert SECRET not in json.dumps(send(doors, PATH, ordinary)[1])
