"""The keyring's files: made at first start, mode 0600, in a folder of mode 0700."""

import os
from pathlib import Path

from gatewright.crypto.keyring import KEY_BYTES, Keyring
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

_SEALING = "sealing.key"
_PEPPER = "pepper-{}.key"


def create(folder: Path, world: World) -> Keyring:
    """Make the files that are missing and load the keyring. Raises Unavailable as `load` does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (_SEALING, _PEPPER.format(1)):
        path = folder / name
        if not path.exists():
            _write(path, world.random_bytes(KEY_BYTES))
    return load(folder)


def load(folder: Path) -> Keyring:
    """The keyring of that folder. Raises Unavailable naming the file that is missing or damaged."""
    peppers = {
        path.stem.removeprefix("pepper-"): _read(path) for path in folder.glob("pepper-*.key")
    }
    if not peppers:
        raise Unavailable(f"{folder} holds no pepper.", "keys", "Restore it from your backup.")
    newest = max(peppers, key=lambda id: (len(id), id))
    return Keyring(peppers, newest, _read(folder / _SEALING))


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise Unavailable(
            f"{path} can not be read: {error.strerror}.", "keys", "Restore it from your backup."
        ) from None
    if len(key) != KEY_BYTES:
        raise Unavailable(f"{path} is damaged.", "keys", "Restore it from your backup.")
    return key


def _write(path: Path, key: bytes) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
