"""X.509 certificates of TLS clients (RFC 8705): read, told apart by thumbprint, name and chain.

It knows no client and fetches nothing: no revocation list, no responder, no missing intermediate.
"""

import hashlib
import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gatewright.crypto.foreign import NotValid
from gatewright.crypto.jwk import base64url

PEM_LENGTH_MAX = 65_536
CERTIFICATES_MAX = 20
CHAIN_LENGTH_MAX = 8
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_NAMES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "E": NameOID.EMAIL_ADDRESS,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
_DAMAGED = (x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
"""What reading a certificate raises beside ValueError."""

_SPELLINGS = {spelling: oid for name, oid in _NAMES.items()
              for spelling in (name, name.lower(), name.upper())}  # fmt: skip
"""The short names of RFC 4514 §3, which have no case, and two more that certificates have."""


def thumbprint(der: bytes) -> str:
    """The `x5t#S256` of a certificate (RFC 8705 §3.1): base64url of the SHA-256 of its DER."""
    return base64url(hashlib.sha256(der).digest())


def from_der(der: bytes) -> x509.Certificate:
    """The certificate. Raises NotValid when it is none, or bytes follow it."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.extensions  # read lazily, and refused here instead
    except (ValueError, TypeError, *_DAMAGED):
        raise NotValid("the certificate is damaged.") from None
    return certificate


@lru_cache(maxsize=256)
def from_pem(text: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text, at most CERTIFICATES_MAX. Raises NotValid without one."""
    if "PRIVATE KEY" in text:
        raise NotValid("it holds a private key; only certificates may be given.")
    bodies = _PEM.findall(text[: PEM_LENGTH_MAX + 1])
    if not bodies or len(text) > PEM_LENGTH_MAX or len(bodies) > CERTIFICATES_MAX:
        raise NotValid(f"it is no PEM text of 1 to {CERTIFICATES_MAX} certificates.")
    return tuple(from_base64(body) for body in bodies)


def from_base64(text: str) -> x509.Certificate:
    """The certificate of standard base64, as in `x5c` (RFC 7517 §4.7). Raises NotValid."""
    try:
        return from_der(b64decode("".join(text.split()), validate=True))
    except ValueError:
        raise NotValid("a certificate is not base64.") from None


def to_pem(certificates: Sequence[x509.Certificate]) -> str:
    """The certificates as PEM text, each once."""
    texts = [item.public_bytes(Encoding.PEM).decode() for item in certificates]
    return "".join(dict.fromkeys(texts))


def is_current(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether `now` is within its dates."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def name(text: str) -> x509.Name:
    """A subject name as RFC 4514 writes it, the most specific part first. Raises NotValid."""
    try:
        found = x509.Name.from_rfc4514_string(text, _SPELLINGS)
    except ValueError:
        raise NotValid("it is no name as in CN=client,O=Example,C=DE (RFC 4514).") from None
    if not list(found):
        raise NotValid("it is empty.")
    return found


def is_chained(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    now: datetime,
) -> bool:
    """Whether a path leads to one of the authorities (RFC 5280 §6), valid now and for a client.

    An extended key usage must allow clientAuth, where there is one (RFC 5280 §4.2.1.12).
    """
    if not authorities:
        return False
    verifier = (
        PolicyBuilder()
        .store(Store(list(authorities)))
        .time(now)
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_leaf_policy()
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, list(others[:CHAIN_LENGTH_MAX]))
    except VerificationError:
        return False
    return True


def _leaf_policy() -> ExtensionPolicy:
    """That of web servers demands a SAN, which a client known by its subject may not have."""
    agnostic = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.permit_all()
        .may_be_present(x509.ExtendedKeyUsage, agnostic, _check_usage)
        .may_be_present(x509.BasicConstraints, agnostic, _check_constraints)
    )


def _check_usage(
    _policy: Policy, _certificate: x509.Certificate, found: x509.ExtendedKeyUsage | None
) -> None:
    if found is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in found:
        raise ValueError("not for clients")


def _check_constraints(
    _policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints | None
) -> None:
    if found is not None and found.ca:
        raise ValueError("an authority is no client")


def _alternatives(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> list[object]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [item.value for item in extension.value if isinstance(item, kind)]


def _has_dns(certificate: x509.Certificate, wanted: str) -> bool:
    known = (str(item).lower() for item in _alternatives(certificate, x509.DNSName))
    return wanted.lower() in known


def _has_ip(certificate: x509.Certificate, wanted: str) -> bool:
    address = ipaddress.ip_address(wanted)
    return address in _alternatives(certificate, x509.IPAddress)


_Match = Callable[[x509.Certificate, str], bool]
SUBJECTS: Mapping[str, _Match] = {
    "tls_client_auth_subject_dn": lambda item, wanted: item.subject == name(wanted),
    "tls_client_auth_san_dns": _has_dns,
    "tls_client_auth_san_uri": lambda item, wanted: (
        wanted in _alternatives(item, x509.UniformResourceIdentifier)
    ),
    "tls_client_auth_san_ip": _has_ip,
    "tls_client_auth_san_email": lambda item, wanted: (
        wanted in _alternatives(item, x509.RFC822Name)
    ),
}
"""By which of its names a certificate is known: exactly one of these (RFC 8705 §2.1.2). Each is
compared whole and without wildcards; a subject part by part, whatever string type it has."""
