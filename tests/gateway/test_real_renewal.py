"""The certificate that the settings name is renewed by its files alone: at gateway and STS door."""

import contextlib
import http.client
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.crypto.served import Made, ServerAuthority
from tests.gateway.conftest import SCENE
from tests.gateway.real import Gateway, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

from gatewright.gateway.ir import StsIr, TlsIr

pytestmark = pytest.mark.real
PORT, STS_PORT, UPSTREAM_PORT = 22643, 22644, 22699


@dataclass
class Place:
    gateway: Gateway
    authority: ServerAuthority
    folder: Path

    def served(self, port: int = PORT) -> bytes:
        with contextlib.closing(self.connect(port)) as connection:
            return bytes(connection.sock.getpeercert(binary_form=True))

    def connect(self, port: int = PORT) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cadata=self.authority.root_text)
        connection = http.client.HTTPSConnection("localhost", port, timeout=5, context=context)
        connection.connect()
        return connection

    def told(self, event: bytes) -> int:
        return sum(event in line for line in self.gateway.lines)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, authority = tmp_path_factory.mktemp("renewal"), ServerAuthority()
    certificate, key = authority.issue("localhost").write(folder)
    books = {**SCENE["apis"][0], "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}/base",
             "deploy": ("production",)}  # fmt: skip
    scene = Scene({"environments": {"production": PORT}, "apis": [books]}, signing_keys())
    scene.tls = TlsIr(str(certificate), str(key))
    scene.sts = StsIr("127.0.0.1", STS_PORT, scene.tls, "hop")
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(folder, scene)
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(PORT) and listening(STS_PORT))
            yield Place(gateway, authority, folder)
        finally:
            gateway.close()


def replace(folder: Path, made: Made) -> None:
    """As a renewing program does: new files take the place of the old ones, one by one."""
    certificate, key = made.write(folder, "next")
    certificate.replace(folder / "site.pem")
    key.replace(folder / "site.key")


def test_new_files_are_served_without_a_restart_and_open_connections_live_on(place: Place) -> None:
    pid, open_one = place.gateway.envoy_pid, place.connect()
    renewed = place.authority.issue("localhost")
    replace(place.folder, renewed)
    for port in (PORT, STS_PORT):
        eventually(lambda port=port: place.served(port) == renewed.der, 5)
    open_one.request("GET", "/books/v1.0/health")
    assert open_one.getresponse().status == 200
    open_one.close()
    assert place.gateway.envoy_pid == pid


def test_files_that_are_written_over_in_place_are_seen_too(place: Place) -> None:
    renewed = place.authority.issue("localhost")
    renewed.write(place.folder)
    eventually(lambda: place.served() == renewed.der, 5)


def test_a_link_that_leads_elsewhere_is_seen_too(place: Place) -> None:
    renewed, elsewhere = place.authority.issue("localhost"), place.folder / "elsewhere"
    elsewhere.mkdir()
    for name, path in zip(("site.pem", "site.key"), renewed.write(elsewhere), strict=True):
        link = place.folder / f"{name}.link"
        link.symlink_to(path)
        link.replace(place.folder / name)
    eventually(lambda: place.served() == renewed.der, 5)


@pytest.mark.parametrize("broken", ["a key that does not fit", "no certificate", "no file"])
def test_broken_files_keep_the_one_before_and_are_reported_once(place: Place, broken: str) -> None:
    before, told = place.served(), place.told(b"gateway.certificate_refused")
    certificate, key = place.folder / "site.pem", place.folder / "site.key"
    if broken == "no certificate":
        certificate.write_text("nothing")
    elif broken == "no file":
        certificate.unlink()
    else:
        key.write_text(place.authority.issue("localhost").key)
    eventually(lambda: place.told(b"gateway.certificate_refused") == told + 1, 5)
    assert {place.served(port) for port in (PORT, STS_PORT)} == {before}
    renewed = place.authority.issue("localhost")
    replace(place.folder, renewed)
    eventually(lambda: place.served() == renewed.der, 5)
    assert place.told(b"gateway.certificate_refused") == told + 1
    assert not any(b"PRIVATE KEY" in line for line in place.gateway.lines)


def test_it_is_not_in_the_snapshot_and_a_new_envoy_gets_it_without_the_store(place: Place) -> None:
    before = place.served()
    place.gateway.kill_envoy()
    place.gateway.stop_control()
    assert b"PRIVATE KEY" not in (place.folder / "snapshot.bin").read_bytes()
    place.gateway.start_control(store=False)
    place.gateway.start_envoy()
    eventually(lambda: listening(PORT) and listening(STS_PORT))
    assert {place.served(port) for port in (PORT, STS_PORT)} == {before}
