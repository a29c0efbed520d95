"""The certificate that the settings name, read again whenever its files change.

What does not fit together keeps the one before: files are often replaced one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatewright.crypto import server_certificates
from gatewright.domain.errors import Invalid
from gatewright.gateway.compile import secrets
from gatewright.gateway.ir import SecretIr, TlsIr
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages
from gatewright.observability.events import Event

_FILE_BYTES_MAX = 262_144
_Mark = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class CertificateRefused(Event):
    """The files of the certificate can not be used; the one before is served on."""

    name: ClassVar[str] = "gateway.certificate_refused"
    level: ClassVar[str] = "error"
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class CertificateTaken(Event):
    """The certificate was read, at the start or when its files changed."""

    name: ClassVar[str] = "gateway.certificate_taken"
    file: str
    expires_at: str


class CertificateFiles:
    """For use by one thread. `current` is what to serve; None until a pair was good."""

    def __init__(
        self, tls: TlsIr | None, messages: Messages, report: Callable[[Event], None]
    ) -> None:
        self._tls, self._messages, self._report = tls, messages, report
        self._mark: _Mark | None = None
        self._doubted: _Mark | None = None
        self.current: Update | None = None

    def look(self) -> bool:
        """Read the files if they changed; whether there is a new certificate to serve.

        Files that do not fit are reported at the second look only.
        """
        if self._tls is None:
            return False
        mark = _mark(self._tls)
        if mark == self._mark:
            return False
        try:
            update = self._read(self._tls)
        except Invalid as error:
            if mark == self._doubted or self.current is None:
                self._mark = mark
                self._report(CertificateRefused(self._tls.certificate_file, str(error)))
            self._doubted = mark
            return False
        self._mark = mark
        changed = self.current is None or self.current.body != update.body
        self.current = update
        return changed

    def _read(self, tls: TlsIr) -> Update:
        chain = _text(tls.certificate_file, server_certificates.CERTIFICATE)
        pair = server_certificates.fitting(chain, _text(tls.key_file, server_certificates.KEY))
        body = self._messages.pack(secrets.secret(SecretIr(secrets.SERVER, pair.chain, pair.key)))
        self._report(CertificateTaken(tls.certificate_file, pair.expires_at.isoformat()))
        return Update(names.SECRET, secrets.SERVER, body)


def _mark(tls: TlsIr) -> _Mark:
    """Differs when a file was written or replaced, also by way of a link."""
    found = []
    for file in (tls.certificate_file, tls.key_file):
        try:
            known = Path(file).stat()
            found.append((known.st_ino, known.st_mtime_ns, known.st_size))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def _text(file: str, field: str) -> str:
    try:
        with Path(file).open("rb") as content:
            return content.read(_FILE_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"can not be read ({type(error).__name__}).", field) from None
