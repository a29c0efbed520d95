"""A worker of the token service, on the listening socket that its fellows share."""

from gatewright.interfaces.oauth.app import create_app
from gatewright.interfaces.oauth.server import run as serve
from gatewright.main.folder import Folder
from gatewright.main.parts import Parts
from gatewright.sts.service import TokenService


def run(folder: Folder, descriptor: int) -> None:
    """Serve until the signal comes."""
    parts = Parts(folder, "sts")
    store = parts.open_store()
    service = TokenService(
        store, parts.keyring(), parts.world, parts.layout.sts_url, parts.log.emit
    )
    try:
        serve(create_app(service, parts.log), descriptor)
    finally:
        store.close()
