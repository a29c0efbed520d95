"""The secret by which the token service knows the gateway's TLS door: a file beside the keys."""

from gatewright.crypto.jwk import base64url
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.main.folder import Folder, write_private

_FILE = "hop.key"
_BYTES = 32


def create(folder: Folder, world: World) -> None:
    """Make the file if it is missing; whoever deletes it gets another one at the next start."""
    path = folder.keys / _FILE
    if not path.exists():
        write_private(path, base64url(world.random_bytes(_BYTES)) + "\n")


def load(folder: Folder) -> str:
    """The secret. Raises Unavailable when the file can not be read."""
    path = folder.keys / _FILE
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise Unavailable(f"{path} can not be read.", "keys", "Delete it and start again.")
    return secret
