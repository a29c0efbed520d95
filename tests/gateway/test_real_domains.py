"""Domains on the real Envoy: one port, several organizations, each with its certificates."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.crypto.served import Made, ServerAuthority
from tests.gateway.conftest import SCENE
from tests.gateway.hosting import SEALER, Visitor, another_organization, domain
from tests.gateway.real import Gateway, Tokens, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

pytestmark = pytest.mark.real
PORT, OWN_PORT, DEV_PORT, UPSTREAM_PORT = 22543, 22580, 22581, 22599
UPSTREAM = f"http://127.0.0.1:{UPSTREAM_PORT}/base"
PROD, DEV = "env_production", "env_development"


@dataclass
class Town:
    gateway: Gateway
    scene: Scene
    token: Tokens
    authority: ServerAuthority
    certificates: dict[str, Made]
    visit: Visitor

    def in_force(self, *changes) -> None:
        sequence = self.gateway.add(*changes)
        eventually(lambda: self.gateway.applied() >= sequence)

    def answers(self, host: str) -> bool:
        try:
            return self.visit.call(host, "/")[0] == 404
        except OSError:
            return False


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("town")
    keys, authority = signing_keys(), ServerAuthority()
    books = {**SCENE["apis"][0], "upstream": UPSTREAM}
    scene = Scene({**SCENE, "environments": {"production": OWN_PORT, "development": DEV_PORT},
                   "apis": [books]}, keys)  # fmt: skip
    another_organization(scene, UPSTREAM)
    scene.domains, scene.sealer = ("127.0.0.1", PORT), SEALER
    scene.proofs_socket = str(folder / "proofs.sock")
    certificates = {
        "api.one.test": authority.issue("api.one.test", "*.dev.one.test"),
        "*.dev.one.test": authority.issue("*.dev.one.test"),
        "api.two.test": authority.issue("api.two.test"),
    }
    for host, environment in (("api.one.test", PROD), ("*.dev.one.test", DEV),
                              ("api.two.test", "env_other")):  # fmt: skip
        domain(scene, host, environment, certificates[host])
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(folder, scene)
        found = Town(
            gateway, scene, Tokens(keys, f"http://127.0.0.1:{OWN_PORT}"), authority, certificates,
            Visitor(PORT, authority),
        )  # fmt: skip
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(PORT) and listening(OWN_PORT))
            for host in ("api.one.test", "x.dev.one.test", "api.two.test"):
                eventually(lambda host=host: found.answers(host))
            yield found
        finally:
            gateway.close()


def test_each_host_has_its_certificate_and_its_organization_s_apis(town: Town) -> None:
    for host, name in (("api.one.test", "api.one.test"), ("x.dev.one.test", "*.dev.one.test"),
                       ("api.two.test", "api.two.test")):  # fmt: skip
        assert town.visit.certificate(host) == town.certificates[name].der
    bearer = {"Authorization": f"Bearer {town.token()}"}
    status, seen = town.visit.call("api.one.test", "/books/v1.0/books", headers=bearer)
    assert (status, seen["path"]) == (200, "/base/books")
    assert seen["headers"]["x-forwarded-proto"] == "https"
    assert town.visit.call("api.two.test", "/poems/v1.0/poems")[0] == 200
    assert town.visit.call("api.one.test", "/poems/v1.0/poems")[0] == 404
    assert town.visit.call("api.two.test", "/books/v1.0/books", headers=bearer)[0] == 404
    assert town.visit.call("api.two.test", "/poems/v1.0/secret", headers=bearer)[0] == 401
    assert town.visit.call("x.dev.one.test", "/books/v1.0/books", headers=bearer)[0] == 401
    assert town.visit.call("x.dev.one.test", "/books/v1.0/health")[0] == 200


def test_who_has_no_port_of_its_own_is_at_no_port(town: Town) -> None:
    from tests.gateway.real import call

    assert call(OWN_PORT, "/poems/v1.0/poems").status == 404
    assert call(OWN_PORT, "/books/v1.0/health").status == 200


@pytest.mark.parametrize(("name", "host", "status"), [
    pytest.param("api.one.test", "api.one.test:22543", 200, id="with a port"),
    pytest.param("api.one.test", "API.One.Test", 200, id="in capitals"),
    pytest.param("api.one.test", "api.two.test", 421, id="another organization"),
    pytest.param("api.one.test", "x.dev.one.test", 421, id="another environment of ours"),
    pytest.param("x.dev.one.test", "y.dev.one.test", 200, id="the same wildcard"),
    pytest.param("x.dev.one.test", "a.y.dev.one.test", 421, id="two labels for the star"),
    pytest.param("x.dev.one.test", "dev.one.test", 421, id="none for the star"),
    pytest.param("api.one.test", "api.one.test.evil.test", 421, id="a longer name"),
    pytest.param("api.one.test", "evil.test:api.one.test", 421, id="ours as a port"),
    pytest.param("api.one.test", "127.0.0.1", 421, id="an address"),
    pytest.param("api.one.test", "apixone.test", 421, id="a dot is a dot"),
    pytest.param("api.one.test", "u@api.one.test", 421, id="a user before it"),
])  # fmt: skip
def test_the_host_must_be_the_connection_s(town: Town, name: str, host: str, status: int) -> None:
    found, body = town.visit.call(name, "/books/v1.0/health", host)
    assert found == status, body
    if status == 421:
        assert (body["code"], body["message"]) == ("421", "Misdirected Request")


@pytest.mark.parametrize("name", ["three.test", "one.test", "a.b.dev.one.test", None])
def test_a_name_that_nobody_has_finds_nobody(town: Town, name: str | None) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        town.visit.call(name, "/books/v1.0/health", "api.one.test")


def test_plain_text_finds_nobody(town: Town) -> None:
    with socket.create_connection(("127.0.0.1", PORT), 5) as plain:
        plain.sendall(b"GET /books/v1.0/health HTTP/1.1\r\nHost: api.one.test\r\n\r\n")
        try:
            answer = plain.recv(100)
        except ConnectionError:
            answer = b""
        assert answer == b""


def test_a_renewal_is_served_at_once_and_cuts_nobody_off(town: Town) -> None:
    open_one = town.visit.connect("api.two.test")
    assert town.visit.call("api.two.test", "/poems/v1.0/poems", on=open_one)[0] == 200
    renewed = town.authority.issue("api.two.test")
    began = time.monotonic()
    town.in_force(domain(town.scene, "api.two.test", "env_other", renewed))
    eventually(lambda: town.visit.certificate("api.two.test") == renewed.der, 2)
    assert time.monotonic() - began < 2
    town.certificates["api.two.test"] = renewed
    assert town.visit.call("api.two.test", "/poems/v1.0/poems", on=open_one)[0] == 200
    open_one.close()


def test_what_we_find_bad_keeps_the_one_before_and_hurts_nobody(town: Town) -> None:
    from gatewright.crypto.domain_keys import DomainSealer

    made = town.authority.issue("api.two.test")
    other = DomainSealer(b"x" * 32)
    town.in_force(domain(town.scene, "api.two.test", "env_other", made, sealer=other))
    eventually(lambda: any(b"gateway.domain_closed" in line for line in town.gateway.lines))
    for host in ("api.one.test", "api.two.test"):
        assert town.visit.certificate(host) == town.certificates[host].der
    town.in_force(domain(town.scene, "api.two.test", "env_other", made))
    eventually(lambda: town.visit.certificate("api.two.test") == made.der)
    town.certificates["api.two.test"] = made


def test_what_envoy_refuses_keeps_the_one_before_and_hurts_nobody(town: Town) -> None:
    made, other = town.authority.issue("api.two.test"), town.authority.issue("x.test")
    sequence = town.gateway.add(domain(town.scene, "api.two.test", "env_other", made,
                                       key=other.key))  # fmt: skip
    eventually(lambda: town.gateway.applied() >= sequence)

    def refused() -> str:
        with town.gateway.store.read() as tx:
            return tx.gateway_nodes.get("node-1").rejection

    eventually(lambda: "domain/dom_api.two.test" in refused())
    assert "PRIVATE" not in refused()
    for host in ("api.one.test", "api.two.test"):
        assert town.visit.certificate(host) == town.certificates[host].der
    town.in_force(domain(town.scene, "api.two.test", "env_other", made))
    eventually(lambda: town.visit.certificate("api.two.test") == made.der)
    town.certificates["api.two.test"] = made


def test_a_domain_more_cuts_off_no_connection_of_the_others(town: Town) -> None:
    open_one = town.visit.connect("api.one.test")
    assert town.visit.call("api.one.test", "/books/v1.0/health", on=open_one)[0] == 200
    made = town.authority.issue("new.two.test")
    town.in_force(domain(town.scene, "new.two.test", "env_other", made))
    eventually(lambda: town.answers("new.two.test"))
    assert town.visit.call("new.two.test", "/poems/v1.0/poems")[0] == 200
    assert town.visit.call("api.one.test", "/books/v1.0/health", on=open_one)[0] == 200
    open_one.close()
    town.in_force(town.scene.drop("domains", "dom_new.two.test"))
    eventually(lambda: not town.answers("new.two.test"))
    assert town.answers("api.two.test")


def test_no_key_lies_in_the_clear_anywhere(town: Town) -> None:
    snapshot = town.gateway.folder / "snapshot.bin"
    time.sleep(2.5)  # it is written after a second
    body = b"".join(line.encode() for line in town.certificates["api.one.test"].key.splitlines()
                    if "-----" not in line)[:40]  # fmt: skip
    for path in (snapshot, town.gateway.folder / "envoy.log", town.gateway.folder / "envoy.json"):
        content = path.read_bytes()
        assert b"PRIVATE KEY" not in content and body not in content, path
    assert b"domain/dom_api.one.test" in snapshot.read_bytes()
    assert not any(b"PRIVATE KEY" in line for line in town.gateway.lines)
    with socket.socket(socket.AF_UNIX) as admin:
        admin.connect(str(town.gateway.admin))
        admin.sendall(
            b"GET /config_dump?include_eds HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        dump = b"".join(iter(lambda: admin.recv(65_536), b""))
    assert b"dom_api.one.test" in dump and b"PRIVATE KEY" not in dump


def test_without_the_store_a_new_envoy_serves_every_domain_from_the_snapshot(town: Town) -> None:
    time.sleep(2.5)
    town.gateway.kill_envoy()
    town.gateway.stop_control()
    town.gateway.start_control(store=False)
    town.gateway.start_envoy()
    for host in ("api.one.test", "api.two.test"):
        eventually(lambda host=host: town.answers(host))
        assert town.visit.certificate(host) == town.certificates[host].der
    assert town.visit.call("api.two.test", "/poems/v1.0/poems")[0] == 200
