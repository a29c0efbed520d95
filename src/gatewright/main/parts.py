"""What every child makes first: its log, its keyring, its store."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gatewright.crypto.keyring import Keyring
from gatewright.domain.world import World
from gatewright.main.folder import Folder
from gatewright.main.plan import Layout
from gatewright.main.world import real_world
from gatewright.observability.log import Log, take_over_logging
from gatewright.store.port import Store
from gatewright.store.told import ToldStore

if TYPE_CHECKING:
    from gatewright.sts.keys import Backends

_STDERR = 2
AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)


class Parts:
    """The parts of one child, made when they are first asked for."""

    def __init__(self, folder: Folder, name: str) -> None:
        self.folder = folder
        self.layout = Layout.read(folder)
        self.world: World = real_world()
        self.log = Log(
            name, self.world, lambda line: os.write(_STDERR, line), self.layout.log_level
        )
        take_over_logging(self.log)

    def keyring(self) -> Keyring:
        """The installation's keyring. Raises Unavailable."""
        from gatewright.main.environment import read_settings  # the gateway needs none of them
        from gatewright.main.keyring import open_keyring

        return open_keyring(self.folder, read_settings())

    def signers(self, keyring: Keyring) -> "Backends":
        """Whoever holds the private keys."""
        from gatewright.main.environment import read_settings
        from gatewright.main.keyring import open_signers

        return open_signers(read_settings(), keyring, self.world)

    def open_store(self) -> Store:
        """The store. Raises Unavailable."""
        from gatewright.store.sql import open_store  # the gateway serves before it loads this

        return ToldStore(open_store(self.layout.database_url, self.world), self.log.emit)


def authorities_file() -> str | None:
    """The system's certificate authorities, which https upstreams are verified against."""
    named = os.environ.get("SSL_CERT_FILE")
    candidates = (named, *AUTHORITIES) if named else AUTHORITIES
    return next((path for path in candidates if path and Path(path).exists()), None)
