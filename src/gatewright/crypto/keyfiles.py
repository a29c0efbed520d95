"""The keyring's files: made at first start, mode 0600, in a folder of mode 0700."""

import os
from collections.abc import Mapping
from pathlib import Path

from gatewright.crypto.keyring import KEY_BYTES, Keyring
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

_SEALING = "sealing.key"
_NEXT_SEALING = "sealing.key.next"
_PEPPER = "pepper-{}.key"


def create(
    folder: Path,
    world: World,
    sealing_key: bytes | None = None,
    peppers: Mapping[str, bytes] | None = None,
) -> Keyring:
    """Make the files that are missing and load the keyring. Raises Unavailable as `load` does.

    A key that comes from elsewhere gets no file.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = [_SEALING] if sealing_key is None else []
    for name in wanted if peppers is not None else [*wanted, _PEPPER.format(1)]:
        path = folder / name
        if not path.exists():
            _write(path, world.random_bytes(KEY_BYTES))
    return load(folder, sealing_key, peppers)


def load(
    folder: Path,
    sealing_key: bytes | None = None,
    peppers: Mapping[str, bytes] | None = None,
) -> Keyring:
    """The keyring of that folder, but for what is given.

    Raises Unavailable naming the file that is missing or damaged.
    """
    found = peppers or {
        path.stem.removeprefix("pepper-"): _read(path) for path in folder.glob("pepper-*.key")
    }
    if not found:
        raise Unavailable(f"{folder} holds no pepper.", "keys", "Restore it from your backup.")
    newest = max(found, key=lambda id: (len(id), id))
    return Keyring(found, newest, sealing_key or _read(folder / _SEALING))


def next_sealing_key(folder: Path, world: World) -> bytes:
    """The sealing key that will take the place of the present one, made unless it is there."""
    path = folder / _NEXT_SEALING
    if not path.exists():
        _write(path, world.random_bytes(KEY_BYTES))
    return _read(path)


def take_next_sealing_key(folder: Path) -> None:
    """Put the next sealing key in the place of the present one, which is gone for good."""
    (folder / _NEXT_SEALING).rename(folder / _SEALING)


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
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
