"""Certificates of servers with their private keys: read, fitted together, and judged.

Nothing is fetched: neither a missing intermediate nor a revocation list. That an authority of the
clients stands behind the chain is not asked, as it may be a private one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from gatewright.crypto import certificates
from gatewright.crypto.foreign import NotValid
from gatewright.domain.errors import Invalid

KEY_LENGTH_MAX = 16_384
RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
CURVES = ("secp256r1", "secp384r1", "secp521r1")
CERTIFICATE, KEY = "certificate", "key"
_KEY = re.compile(r"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----")
_ALL_TEXT = re.compile(
    r"(?:\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)+\s*"
)
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*"
)
_ANY_KEY = re.compile(
    r"-----BEGIN ((?:RSA |EC )?)PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END \1PRIVATE KEY-----"
)
_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A chain, its own certificate first, with the key that belongs to it; both as PEM texts.

    `names` are those of its subject alternative names that are of DNS, in lower case.
    """

    chain: str
    key: str = field(repr=False)
    names: tuple[str, ...]
    begins_at: datetime
    expires_at: datetime


def read(chain: str, key: str) -> ServerCertificate:
    """The pair, with every certificate in its order. Raises Invalid naming `certificate` or `key`;
    whether it is current and of whom it is, others ask."""
    items = _chain(chain)
    leaf, private = items[0], _private_key(key)
    _check_fit(leaf, private)
    _check_order(items)
    _check_use(leaf)
    return _pair(items, private)


def fitting(chain: str, key: str) -> ServerCertificate:
    """The operator's own pair, of which only that the two belong together is asked. Raises
    Invalid naming `certificate` or `key`."""
    try:
        items = certificates.from_pem("".join(_CERTIFICATE.findall(chain)))
    except NotValid as error:
        raise Invalid(str(error), CERTIFICATE) from None
    found = _ANY_KEY.search(key)  # parameters of a curve may stand before it
    leaf, private = items[0], _private_key(found[0] if found else key)
    _check_fit(leaf, private)
    return _pair(items, private)


def covers(names: Sequence[str], host: str) -> bool:
    """Whether one of the names stands for the host: a star for one whole first label, and no more
    (RFC 9525 §6.3). A host with a star is covered by that very name only."""
    if host in names:
        return True
    first, dot, rest = host.partition(".")
    return bool(dot) and first != "*" and f"*.{rest}" in names


def _chain(text: str) -> tuple[x509.Certificate, ...]:
    if len(text) > certificates.PEM_LENGTH_MAX or not _ALL_TEXT.fullmatch(text):
        raise Invalid(
            "is no PEM text of certificates and nothing else.", CERTIFICATE,
            "Give the certificate and then its intermediates; the key goes into the other file.",
        )  # fmt: skip
    try:
        return certificates.from_pem(text)
    except NotValid as error:
        raise Invalid(str(error), CERTIFICATE) from None


def _private_key(text: str) -> _PrivateKey:
    way_out = "Give an RSA key of 2048 bits or more, or one of P-256, P-384 or P-521, as PEM."
    if len(text) > KEY_LENGTH_MAX or len(_KEY.findall(text)) != 1:
        raise Invalid("is no single private key in PEM without a password.", KEY, way_out)
    try:
        found = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Invalid("can not be read.", KEY, way_out) from None
    if isinstance(found, rsa.RSAPrivateKey) and RSA_BITS_MIN <= found.key_size <= RSA_BITS_MAX:
        return found
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name in CURVES:
        return found
    raise Invalid("is of a kind that the gateway can not use.", KEY, way_out)


def _pair(items: Sequence[x509.Certificate], private: _PrivateKey) -> ServerCertificate:
    leaf = items[0]
    return ServerCertificate(
        certificates.to_pem(items),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        _dns_names(leaf),
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    )


def _check_fit(leaf: x509.Certificate, private: _PrivateKey) -> None:
    if _public_bytes(leaf.public_key()) != _public_bytes(private.public_key()):
        raise Invalid("does not belong to the certificate.", KEY, "Give the key it was made for.")


def _public_bytes(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_order(items: Sequence[x509.Certificate]) -> None:
    for number, (one, issuer) in enumerate(pairwise(items), start=1):
        try:
            one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise Invalid(
                f"number {number} is not issued by number {number + 1}.", CERTIFICATE,
                "Put the server's own first, then each one's issuer; nothing else.",
            ) from None  # fmt: skip


def _check_use(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        raise Invalid("is not for servers (extended key usage).", CERTIFICATE)


def _dns_names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(dict.fromkeys(name.lower() for name in found.get_values_for_type(x509.DNSName)))
