"""Self-signed certificates with their keys, for tests of TLS."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.crypto.holder import b64


class Pair:
    """A self-signed certificate and its key."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), 7)
        builder = builder.not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, none))

    @property
    def thumbprint(self) -> str:
        return b64(hashlib.sha256(self.der).digest())
