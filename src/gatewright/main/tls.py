"""The certificate with which gateways and token service end TLS, checked before the start."""

import ssl
from pathlib import Path

from gatewright.domain.errors import Invalid
from gatewright.settings import Settings

CERTIFICATE, KEY = "GATEWRIGHT_TLS_CERTIFICATE_FILE", "GATEWRIGHT_TLS_KEY_FILE"


def certificate_files(settings: Settings) -> tuple[str, str] | None:
    """Absolute paths of certificate and key, or None without them. Raises Invalid naming the
    variable when one is missing, can not be read, or does not belong to the other."""
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = CERTIFICATE if certificate is None else KEY
        raise Invalid("is not set, and the other one is.", missing, "Set both or none.")
    for path, variable in ((certificate, CERTIFICATE), (key, KEY)):
        _check_readable(path, variable)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError):
        raise Invalid(
            f"{certificate} and {key} are no certificate with its key.", CERTIFICATE,
            "Name PEM files: the certificate with its chain, and its key without a password.",
        ) from None  # fmt: skip
    return str(certificate.resolve()), str(key.resolve())


def _check_readable(path: Path, variable: str) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} can not be read: {error.strerror}.", variable) from None
