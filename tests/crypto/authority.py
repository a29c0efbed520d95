"""A certificate authority of a test: issues right certificates, and every wrong one asked for."""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
SIGNS = x509.KeyUsage(False, False, False, False, False, True, True, False, False)


class Authority:
    """Signs its own certificate, or is signed by `parent`."""

    def __init__(self, name: str = "CN=Root", parent: "Authority | None" = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name.from_rfc4514_string(name)
        signer = parent or self
        builder = _builder(self.subject, signer.subject, self.key)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        builder = builder.add_extension(SIGNS, True)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    def issue(self, name: str, *, usage=None, is_ca=False, critical=False, starts=-1, ends=30,
              key=None, raw_names=b"", **names: str) -> x509.Certificate:  # fmt: skip
        """A certificate; `starts` and `ends` are days from NOW, `names` its other names."""
        subject = x509.Name.from_rfc4514_string(name) if name else x509.Name([])
        builder = _builder(subject, self.subject, key or new_key(), starts, ends)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), False)
        if is_ca:
            builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        if raw_names:
            oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, raw_names), False)
        if critical:
            odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            builder = builder.add_extension(odd, True)
        others = [KINDS[kind](value) for kind, value in names.items()]
        if others:
            builder = builder.add_extension(x509.SubjectAlternativeName(others), not name)
        return builder.sign(self.key, hashes.SHA256())


KINDS = {
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
    "email": x509.RFC822Name,
    "ip": lambda text: x509.IPAddress(ipaddress.ip_address(text)),
}


ODD_NAMES = bytes.fromhex("3004a3023000")
"""A subjectAltName that holds an x400Address, which cryptography reads none of."""


def new_version(certificate: x509.Certificate) -> bytes:
    """Its DER as of a version of X.509 that there is not."""
    return der(certificate).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020152"), 1)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def self_signed(name: str = "CN=self", starts: float = -1, ends: float = 30, key=None):
    subject, key = x509.Name.from_rfc4514_string(name), key or new_key()
    return _builder(subject, subject, key, starts, ends).sign(key, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> str:
    return "".join(item.public_bytes(Encoding.PEM).decode() for item in certificates)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _builder(subject, issuer, key, starts: float = -1, ends: float = 30):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=starts))
        .not_valid_after(NOW + timedelta(days=ends))
    )
