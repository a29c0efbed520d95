"""The keyring and the keepers of private keys, from wherever the settings say that they come."""

import os
from collections.abc import Mapping

from gatewright.crypto import keyfiles, keysources
from gatewright.crypto.keyring import Keyring
from gatewright.domain.errors import Invalid
from gatewright.domain.world import World
from gatewright.main.environment import SECRET_VARIABLES
from gatewright.main.folder import Folder
from gatewright.settings import Settings
from gatewright.sts import keys

SEALING_KEY, SEALING_KEY_COMMAND, PEPPERS = (
    "GATEWRIGHT_SEALING_KEY", "GATEWRIGHT_SEALING_KEY_COMMAND", "GATEWRIGHT_PEPPERS",
)  # fmt: skip


def open_keyring(folder: Folder, settings: Settings) -> Keyring:
    """The installation's keyring. Raises Unavailable naming the file or the setting."""
    return keyfiles.load(folder.keys, _sealing_key(settings), _peppers(settings))


def create_keyring(folder: Folder, settings: Settings, world: World) -> Keyring:
    """The same, after making the files that are missing; a key from elsewhere gets none."""
    return keyfiles.create(folder.keys, world, _sealing_key(settings), _peppers(settings))


def sealing_source(settings: Settings) -> str:
    """Where the sealing key comes from: file, environment or command."""
    if settings.sealing_key is not None:
        return "environment"
    return "file" if settings.sealing_key_command is None else "command"


def open_signers(settings: Settings, keyring: Keyring, world: World) -> keys.Backends:
    """Every backend that is set up."""
    command = settings.signer_command
    return keys.backends(
        keyring, world, signer_command=command, environment=without_secrets(os.environ)
    )


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that hold keys."""
    return {name: value for name, value in environment.items() if name not in SECRET_VARIABLES}


def _sealing_key(settings: Settings) -> bytes | None:
    text, command = settings.sealing_key, settings.sealing_key_command
    if text is not None and command is not None:
        raise Invalid(
            f"both {SEALING_KEY} and {SEALING_KEY_COMMAND} are set.", SEALING_KEY, "Unset one."
        )
    if text is not None:
        return keysources.key(text.get_secret_value(), SEALING_KEY)
    if command is not None:
        clean = without_secrets(os.environ)
        return keysources.from_command(command, SEALING_KEY_COMMAND, clean)
    return None


def _peppers(settings: Settings) -> dict[str, bytes] | None:
    text = settings.peppers
    return None if text is None else keysources.peppers(text.get_secret_value(), PEPPERS)
