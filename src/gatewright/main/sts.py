"""A worker of the token service, on the listening socket that its fellows share."""

import os
from datetime import timedelta

from gatewright.control.desk import Addresses
from gatewright.control.registrations import Registrar
from gatewright.crypto.keyring import Keyring
from gatewright.interfaces.oauth.app import create_app
from gatewright.interfaces.oauth.hop import Hop
from gatewright.interfaces.oauth.server import run as serve
from gatewright.main import hop
from gatewright.main.folder import Folder
from gatewright.main.outside import client_authorities, key_fetch
from gatewright.main.parts import Parts
from gatewright.main.plan import PROGRAM, Layout
from gatewright.main.world import worker_world
from gatewright.observability.metrics import Account
from gatewright.store.port import Store
from gatewright.sts.client_auth import NAMES
from gatewright.sts.grants import GRANTS
from gatewright.sts.limits import Rate
from gatewright.sts.service import TokenService

LAG_MAX = timedelta(milliseconds=1)
"""How long a token may still be granted after a block or a revocation was answered."""

BURST_SECONDS = 2


def run(folder: Folder, descriptor: int) -> None:
    """Serve until the signal comes."""
    parts = Parts(folder, "sts")
    store, keyring = parts.open_store(), parts.keyring()
    service = TokenService(
        store,
        keyring,
        worker_world(),
        parts.layout.sts_url,
        parts.log.emit,
        demands_nonces=parts.layout.dpop_nonce == "required",
        signers=parts.signers(keyring),
        fetch=key_fetch(parts.world, allow_private=parts.layout.fetch_private_addresses),
        client_authorities=client_authorities(parts.layout.tls_client_ca_file),
        client_rate=_client_rate(parts.layout),
        report_rows=parts.log.emit_rows if parts.layout.sts_token_events else None,
        lag_max=LAG_MAX,
        mtls_url=parts.layout.sts_mtls_url,
    )
    account = Account(folder.metrics / f"{os.environ.get(PROGRAM, 'sts')}.json")
    try:
        registrar = _registrar(parts, store, keyring)
        app = create_app(service, parts.log, registrar, hop=_hop(parts), account=account)
        serve(app, descriptor)
    finally:
        store.close()


def _hop(parts: Parts) -> Hop:
    """The gateway's door, where there is one."""
    return Hop(hop.load(parts.folder) if parts.layout.tls_files else None)


def _client_rate(layout: Layout) -> Rate | None:
    rate = layout.sts_client_rate
    return Rate(rate, BURST_SECONDS * rate) if rate else None


def _registrar(parts: Parts, store: Store, keyring: Keyring) -> Registrar:
    """What lets clients register themselves, with the methods and grants that are here."""
    layout = parts.layout
    addresses = Addresses(
        f"{layout.control_url}/api/v1",
        layout.sts_url,
        layout.control_url,
        f"{layout.control_url}/console",
    )
    return Registrar(store, parts.world, keyring, addresses, NAMES, tuple(GRANTS))
