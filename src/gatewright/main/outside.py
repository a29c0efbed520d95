"""What the token service may know of the outside: keys of others, authorities of their clients."""

from pathlib import Path

from cryptography.x509 import Certificate

from gatewright.control.fetch import Fetcher
from gatewright.crypto import certificates
from gatewright.crypto.foreign import KEY_SET_BYTES_MAX, NotValid
from gatewright.domain.errors import Invalid
from gatewright.domain.world import World
from gatewright.sts.remote_keys import Fetch

FETCH_SECONDS_MAX = 5
_VARIABLE = "GATEWRIGHT_TLS_CLIENT_CA_FILE"


def key_fetcher(world: World, *, allow_private: bool) -> Fetcher:
    """Reads key sets, with the guard of imports; https alone, unless private addresses may be."""
    return Fetcher(
        world,
        allow_private,
        bytes_max=KEY_SET_BYTES_MAX,
        seconds_max=FETCH_SECONDS_MAX,
        https_only=not allow_private,
    )


def key_fetch(world: World, *, allow_private: bool) -> Fetch:
    """The same for the token service, which takes bytes."""
    fetcher = key_fetcher(world, allow_private=allow_private)
    return lambda uri: fetcher.read(uri).text.encode()


def client_authorities(path: str | None) -> tuple[Certificate, ...]:
    """The certificates of a PEM file; none without a file. Raises Invalid naming the variable."""
    if path is None:
        return ()
    try:
        return certificates.from_pem(Path(path).read_text(encoding="ascii"))
    except OSError as error:
        reason = f"{path} can not be read: {error.strerror}."
    except UnicodeDecodeError:
        reason = f"{path} is no PEM text."
    except NotValid as error:
        reason = f"{path}: {error.reason}"
    raise Invalid(reason, _VARIABLE, "Name a PEM file of certificate authorities.")
