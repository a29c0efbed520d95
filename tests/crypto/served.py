"""Certificates of servers with their keys, of every right and wrong kind, for tests of domains."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def key_text(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class Made:
    """A chain, the server's own first, and its key, both as PEM."""

    chain: str
    key: str

    @property
    def leaf(self) -> str:
        return self.chain.split("-----END")[0] + "-----END CERTIFICATE-----\n"

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.leaf)

    def write(self, folder: Path, name: str = "site") -> tuple[Path, Path]:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.chain)
        key.write_text(self.key)
        return certificate, key


class ServerAuthority:
    """A root with an intermediate, which issues for any names from any time."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._sign(_name("Root"), self.key, _name("Root"), self.key, ca=True)
        self.middle_key = ec.generate_private_key(ec.SECP256R1())
        self.middle = self._sign(_name("Middle"), self.middle_key, _name("Root"), self.key, ca=True)

    @property
    def root_text(self) -> str:
        return _text(self.root)

    def issue(self, *hosts: str, key=None, days: float = 30, starts: float = -1,
              usage=None) -> Made:  # fmt: skip
        key = key or ec.generate_private_key(ec.SECP256R1())
        leaf = self._sign(
            _name(hosts[0] if hosts else "nobody"), key, _name("Middle"), self.middle_key,
            hosts=hosts, days=days, starts=starts, usage=usage,
        )  # fmt: skip
        return Made(_text(leaf) + _text(self.middle), key_text(key))

    def _sign(self, subject, key, issuer, signer, *, ca=False, hosts=(), days=30.0, starts=-1.0,
              usage=None):  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + timedelta(days=starts))
            .not_valid_after(self.now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), True)
        )
        if ca:
            use = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(use, True)
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), False)
        return builder.sign(signer, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
