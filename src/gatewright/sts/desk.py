"""Tokens for a signed-in person: the same pipeline, where the person stands in for the secret."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from gatewright.crypto.keyring import Keyring
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.errors import Conflict, Invalid, NotFound, Unavailable
from gatewright.domain.organization import Organization
from gatewright.domain.world import World
from gatewright.observability.events import Event
from gatewright.store.port import Store
from gatewright.sts import revoke, token
from gatewright.sts.answer import description
from gatewright.sts.errors import InvalidScope, Refused, TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.keys import Backends
from gatewright.sts.proof import Proven
from gatewright.sts.records import Client
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State

PERSON = "person"
"""Stands for the method of authentication: a signed-in person vouches for the client."""


class TokenDesk:
    """Safe for use by several threads. Whoever calls has checked that the person may.

    Raises Unavailable when the database can not be read at the start.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        world: World,
        sts_url: str,
        report: Callable[[Event], None] = lambda _event: None,
        signers: Backends | None = None,
    ) -> None:
        self._state = State(store, keyring, world, sts_url, report, signers)
        self._turn = threading.Lock()

    def issue(
        self, application: Application, credential: Credential, scope: str | None
    ) -> Mapping[str, Any]:
        """The token response (RFC 6749 §5.1); `scope` is empty when nothing was granted.

        Raises Invalid naming a scope that can not be granted, Conflict for a blocked application,
        NotFound for a credential that is gone, Unavailable without a signing key.
        """
        values = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        with self._turn:
            self._state.renew()
            issuer, client = self._known(application, credential)
            try:
                granted = token.issue(
                    self._state, issuer, Request(b""), Form(values), lambda: Proven(client, PERSON)
                )
            except InvalidScope as refused:
                raise Invalid(
                    description(refused), "scope", "Subscribe to its API first."
                ) from None
            except TemporarilyUnavailable as refused:
                raise Unavailable(refused.reason, "keys", "Run `gatewright doctor`.") from None
            except Refused as refused:
                raise Conflict(description(refused), "application") from None
        return granted.members() | {"scope": granted.scope}

    def revoke(self, organization: Organization, token: str, actor: str = revoke.SYSTEM) -> bool:
        """Revoke an access token of that organization; False when it is none that lives.

        `actor` is the user whom the audit record names. Raises Unavailable.
        """
        with self._turn:
            self._state.renew()
            found = revoke.decide_as_administrator(self._state, organization, token, actor)
        if found is None:
            return False
        revoke.write(self._state.store, self._state.world, found)
        return True

    def close(self) -> None:
        """Stop following the store."""
        self._state.close()

    def _known(self, application: Application, credential: Credential) -> tuple[Issuer, Client]:
        state = self._state
        found = self._find(credential)
        if found is None and state.look_again(state.world.now()):
            found = self._find(credential)
        if found is None or found[1].application.id != application.id:
            raise NotFound("the application has no such credential.", "credential")
        return found

    def _find(self, credential: Credential) -> tuple[Issuer, Client] | None:
        organization = self._state.records.row("organizations", credential.organization_id)
        issuer = organization and self._state.issuer(organization.handle, credential.kind)
        client = self._state.client(credential.client_id, issuer) if issuer else None
        return (issuer, client) if issuer and client else None
