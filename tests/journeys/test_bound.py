"""An installation with a certificate: tokens bound to keys and certificates, from end to end."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.crypto.holder import Holder
from tests.gateway.pair import Pair
from tests.journeys.conftest import Installation, start

pytestmark = pytest.mark.real
PATH = "/reading-list/v1.0/books"


@dataclass
class Client:
    """A client with a key pair and a certificate."""

    installation: Installation
    server: Pair
    shown: Pair
    keys: dict[str, Any]
    holder: Holder = field(default_factory=Holder)
    nonce: str | None = None

    def send(
        self, url: str, headers: dict[str, str], body: str | None = None, *, certified: bool = False
    ) -> tuple[int, Any]:
        context = ssl.create_default_context(cafile=str(self.server.certificate))
        context.check_hostname = False
        if certified:
            context.load_cert_chain(self.shown.certificate, self.shown.key)
        parts = urlsplit(url)
        connection = http.client.HTTPSConnection(str(parts.netloc), context=context, timeout=10)
        try:
            connection.request("POST" if body else "GET", parts.path, body, headers)
            response = connection.getresponse()
            self.nonce = response.getheader("dpop-nonce") or self.nonce
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def token(self, *, dpop: bool = False, certified: bool = False, **form: str) -> Any:
        secret = f"{self.keys['client_id']}:{self.keys['client_secret']}".encode()
        url = self.installation.urls["sts"] + "/token"
        headers = {
            "Authorization": f"Basic {base64.b64encode(secret).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if dpop:
            headers["DPoP"] = self.holder.proof(int(time.time()), htm="POST", htu=url)
        body = urlencode({"grant_type": "client_credentials", **form})
        status, answer = self.send(url, headers, body, certified=certified)
        assert status == 200, answer
        return answer

    def call(self, scheme: str, token: str, *, certified: bool = False) -> int:
        url = self.installation.urls["gateway"]["production"] + PATH
        proof = self.holder.proof(
            int(time.time()), htm="GET", htu=url, access_token=token, nonce=self.nonce
        )
        headers = {"Authorization": f"{scheme} {token}", "DPoP": proof}
        return self.send(url, headers, certified=certified)[0]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("bound")
    server = Pair(folder, "server")
    installation = start(
        folder / "data", "--ephemeral",
        GATEWRIGHT_TLS_CERTIFICATE_FILE=str(server.certificate),
        GATEWRIGHT_TLS_KEY_FILE=str(server.key),
    )  # fmt: skip
    try:
        installation.run("app", "create", "bound")
        keys = installation.json("app", "keys", "bound")
        installation.run("subscribe", "bound", "reading-list")
        yield Client(installation, server, Pair(folder, "client"), keys)
    finally:
        installation.stop()


def test_a_key_opens_what_is_bound_to_it(client: Client) -> None:
    answer = client.token(dpop=True)
    assert answer["token_type"] == "DPoP"
    client.call("DPoP", answer["access_token"])  # a service that has just started wants its nonce
    assert client.call("DPoP", answer["access_token"]) == 200
    assert client.call("Bearer", answer["access_token"]) == 401


def test_a_certificate_opens_what_is_bound_to_it(client: Client) -> None:
    client.installation.run("app", "binding", "bound", "--certificate")
    token = client.token(certified=True)["access_token"]
    client.installation.run("app", "binding", "bound", "--no-certificate")
    assert client.call("Bearer", token, certified=True) == 200
    assert client.call("Bearer", token) == 401


def test_a_narrowed_token_is_found_by_the_metadata(client: Client) -> None:
    gateway = client.installation.urls["gateway"]["production"]
    url = f"{gateway}/.well-known/oauth-protected-resource/reading-list/v1.0"
    status, told = client.send(url, {})
    assert (status, told["resource"]) == (200, f"{gateway}/reading-list/v1.0")
    assert told["authorization_servers"] == [client.installation.urls["sts"]]
    token = client.token(resource=told["resource"])["access_token"]
    assert client.call("Bearer", token) == 200


def test_the_secret_of_the_hop_is_in_no_log(client: Client) -> None:
    secret = (client.installation.data / "keys" / "hop.key").read_text().strip()
    logs: list[Path] = list((client.installation.data / "logs").iterdir())
    assert logs
    assert not [path for path in logs if secret in path.read_text()]
