"""https upstreams are verified, by authority and by name, and names are resolved."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.gateway.real import Gateway, call, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

pytestmark = pytest.mark.real
PORT, GOOD, FOREIGN, PLAIN = 22180, 22181, 22182, 22183


class Authority:
    """Signs certificates for names."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([_common(name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        self.file.write_bytes(_pem(self._sign(self._name, self._key.public_key(), basic)))

    def server(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self._sign(x509.Name([_common(host)]), key.public_key(), names)
        form = serialization.PrivateFormat.PKCS8
        text = key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        ) + _pem(certificate)
        path = self._folder / f"{self.file.stem}-{host}.pem"
        path.write_bytes(text)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        return builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())


def _common(name: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("tls")
    ours, foreign = Authority(folder, "ours"), Authority(folder, "foreign")
    upstreams = {
        "good": f"https://localhost:{GOOD}/base",
        "address": f"https://127.0.0.1:{GOOD}",
        "foreign": f"https://localhost:{FOREIGN}",
        "plain": f"https://localhost:{PLAIN}",
        "name": f"http://localhost:{PLAIN}/x",
        "unknown": "http://does-not-exist.invalid",
    }
    apis = [
        {"handle": handle, "upstream": url, "operations": {"GET /a": "anonymous"}}
        for handle, url in upstreams.items()
    ]
    scene = Scene({"environments": {"production": PORT}, "apis": apis}, signing_keys())
    scene.ca_file = str(ours.file)
    with (
        upstream(GOOD, ours.server("localhost")),
        upstream(FOREIGN, foreign.server("localhost")),
        upstream(PLAIN),
    ):
        running = Gateway(folder, scene)
        try:
            running.start_control()
            running.start_envoy()
            eventually(lambda: listening(PORT))
            yield running
        finally:
            running.close()


@pytest.mark.parametrize(
    ("api", "seen"), [("good", "/base/a"), ("name", "/x/a")], ids=["verified", "plain by name"]
)
def test_reaches(gateway: Gateway, api: str, seen: str) -> None:
    eventually(lambda: call(PORT, f"/{api}/v1/a").status == 200)
    assert call(PORT, f"/{api}/v1/a").json["path"] == seen


@pytest.mark.parametrize("api", ["address", "foreign", "plain", "unknown"])
def test_refuses_what_it_can_not_verify_or_find(gateway: Gateway, api: str) -> None:
    reply = call(PORT, f"/{api}/v1/a")
    assert (reply.status, reply.json["code"]) == (503, "101503"), reply
    assert "certificate" not in reply.text.lower()
