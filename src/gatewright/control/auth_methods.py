"""The authentication methods that a registered client is held to, and how its owner adds to them.

What a person gives a client to prove itself by, the client may use, whatever it registered.
"""

from collections.abc import Set
from dataclasses import replace

from gatewright.control.desk import Desk
from gatewright.domain.credential import Credential

SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
REGISTERED_NAME = "registered"
"""The name of the secrets and authenticators that a registration made and may replace."""


def widen(desk: Desk, credential: Credential, methods: Set[str], name: str) -> None:
    """Let the client use these too, for which means of that name were made.

    Nothing happens to a client that is held to none, nor for what its registration made.
    """
    present = credential.auth_methods
    if present is not None and name != REGISTERED_NAME and not methods <= present:
        desk.tx.credentials.replace(replace(credential, auth_methods=present | methods))


def given(desk: Desk, credential_id: str) -> frozenset[str]:
    """The methods for which somebody else than the client itself made means."""
    means = {"credential_id": credential_id}
    ways = desk.tx.authenticators.find(**means)
    methods = {str(way.method) for way in ways if way.name != REGISTERED_NAME}
    if any(row.name != REGISTERED_NAME for row in desk.tx.secrets.find(**means)):
        methods |= SECRET_METHODS
    return frozenset(methods)
