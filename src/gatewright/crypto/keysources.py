"""Where the keyring's keys come from when not from files: text of base64, or a program's output.

Neither is ever written down here: errors name the setting and say nothing of what it held.
"""

import binascii
import shlex
import subprocess
from base64 import b64decode
from collections.abc import Mapping

from gatewright.crypto.keyring import KEY_BYTES
from gatewright.domain.errors import Unavailable

COMMAND_SECONDS_MAX = 10.0
_WAY_OUT = f"Give {KEY_BYTES} random bytes in base64, such as `openssl rand -base64 32` makes."


def key(text: str, field: str) -> bytes:
    """The key that is written there in base64 or base64url. Raises Unavailable naming `field`."""
    joined = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unavailable("is no base64.", field, _WAY_OUT) from None
    if len(raw) != KEY_BYTES:
        raise Unavailable(f"holds {len(raw)} bytes, not {KEY_BYTES}.", field, _WAY_OUT)
    return raw


def peppers(text: str, field: str) -> dict[str, bytes]:
    """`1=<base64>,2=<base64>`: peppers by id. Raises Unavailable naming `field`."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        id, separator, value = part.partition("=")
        if not separator or not id.strip().isdecimal():
            raise Unavailable(
                "is no list of numbered peppers.", field, "Write 1=<base64>,2=<base64>."
            )
        found[id.strip()] = key(value, field)
    if not found:
        raise Unavailable("holds no pepper.", field, "Write 1=<base64>, or unset it.")
    return found


def from_command(
    command: str,
    field: str,
    environment: Mapping[str, str] | None = None,
    seconds_max: float = COMMAND_SECONDS_MAX,
) -> bytes:
    """The key that a program prints in base64. Raises Unavailable naming `field`."""
    mend = "Run it by hand and see."
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # nobody knows what it says there
            env=None if environment is None else dict(environment),
            timeout=seconds_max,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"did not end within {seconds_max:g} seconds.", field, mend) from None
    except (OSError, ValueError) as error:
        raise Unavailable(f"can not be run: {type(error).__name__}.", field, mend) from None
    if done.returncode != 0:
        raise Unavailable(f"ended with code {done.returncode}.", field, mend)
    return key(done.stdout.decode("ascii", "replace"), field)
