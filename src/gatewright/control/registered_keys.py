"""What a registering client proves itself by instead of a secret: keys or certificates.

The rules of each method are `authenticator_settings`'s; here stands what a stranger may not do
beside them. Nothing is fetched: the address of a key set is checked again by whoever reads it.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from gatewright.control import authenticators
from gatewright.control.client_metadata import ClientMetadata, NotRegistrable
from gatewright.control.desk import Desk
from gatewright.control.fetch import reachable
from gatewright.crypto import foreign
from gatewright.crypto.foreign import NotValid
from gatewright.domain.authenticator import Method
from gatewright.domain.credential import Credential

_INSIDE = frozenset({"localhost", "local", "internal", "intranet", "lan", "home", "corp", "test"})


def trust(desk: Desk, credential: Credential, metadata: ClientMetadata, name: str) -> None:
    """Let the client in by what its metadata names. Raises Invalid or NotRegistrable."""
    given: dict[str, Any] = dict(metadata.settings)
    algorithm = given.pop("token_endpoint_auth_signing_alg", None)
    if isinstance(given.get("jwks_uri"), str):
        _check_address(given["jwks_uri"])
    row = authenticators.add(desk, credential, name, Method(metadata.method), given)
    if algorithm is not None and "jwks" in row.settings:
        _check_algorithm(row.settings["jwks"], algorithm)


def _check_algorithm(jwks: str, algorithm: str) -> None:
    try:
        known = {key.algorithm for key in foreign.key_set(jwks)}
    except NotValid as error:
        raise NotRegistrable(error.reason, "jwks") from None
    if algorithm not in known:
        raise NotRegistrable("no key in jwks is for it.", "token_endpoint_auth_signing_alg")


def _check_address(uri: str) -> None:
    """A public one: a stranger names it, and this server will call it."""
    try:
        host = urlsplit(uri).hostname or ""
    except ValueError:
        host = ""
    if not _is_public(host):
        raise NotRegistrable("is not a public https address.", "jwks_uri")


def _is_public(host: str) -> bool:
    """By its spelling; what a name leads to is looked at when it is read."""
    try:
        return reachable(ipaddress.ip_address(host), False)  # noqa: FBT003
    except ValueError:
        labels = host.rstrip(".").split(".")
        # Numbers that are no address here are one to others: 127.1, 0x7f000001, 2130706433.
        return len(labels) > 1 and labels[-1].isalpha() and labels[-1] not in _INSIDE
