"""Clients that register themselves (RFC 7591) and manage what they registered (RFC 7592).

The token service's process asks it; what a client gets is an application of the initial token's
owner with one credential, never with more rights than a consumer could have given it.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gatewright.control import (
    applications,
    auth_methods,
    client_metadata,
    initial_tokens,
    registered_keys,
    secrets,
    subjects,
)
from gatewright.control.auth_methods import REGISTERED_NAME, SECRET_METHODS
from gatewright.control.client_metadata import ClientMetadata, NotRegistrable
from gatewright.control.desk import Addresses, Desk, record_as
from gatewright.control.ports import serves_everything
from gatewright.crypto import secrets as generated
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential, default_token_ttl
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Denied, NotFound, Stale, Unauthenticated, Unavailable
from gatewright.domain.organization import Organization
from gatewright.domain.person import Role, User
from gatewright.domain.registration import Registration
from gatewright.domain.token import issuer
from gatewright.domain.world import World, seconds
from gatewright.store.port import Store, Transaction

REGISTRATIONS_MAX = 10_000
"""Of one organization."""

_TRIES = 3
_CLIENT_ID_CHARS_MAX = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The issuer at which a client registers."""

    organization_id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Known:
    """A registered client that its registration access token opened."""

    desk: Desk
    registration: Registration
    application: Application
    credential: Credential


@dataclass(frozen=True)
class Registrar:
    """Safe for use by several threads; every call blocks on the database.

    `methods` and `grant_types` are those that the token endpoint offers.
    """

    store: Store
    world: World
    keyring: Keyring
    addresses: Addresses
    methods: Collection[str]
    grant_types: Collection[str]

    def register(self, place: Place, bearer: str, body: bytes) -> dict[str, Any]:
        """The client information response (RFC 7591 §3.2.1) of a new client.

        Raises Unauthenticated, NotRegistrable, NotFound while nobody may register.
        """
        with self.store.read() as tx:
            initial_tokens.prove(
                tx, self.world, self.keyring, self._home(tx, place), place.kind, bearer
            )
        metadata = self._metadata(client_metadata.parse(body))
        return self._write(lambda tx: self._register(tx, place, bearer, metadata))

    def show(self, place: Place, client_id: str, bearer: str) -> dict[str, Any]:
        """What is registered (RFC 7592 §2.1). Raises Unauthenticated, NotFound."""
        with self.store.read() as tx:
            return self._told(place, self._known(tx, place, client_id, bearer), bearer)

    def replace(self, place: Place, client_id: str, bearer: str, body: bytes) -> dict[str, Any]:
        """Replace all that is registered (RFC 7592 §2.2); the scope can only become narrower.

        Raises Unauthenticated, NotRegistrable, NotFound, Denied for a blocked client.
        """
        with self.store.read() as tx:
            self._known(tx, place, client_id, bearer)
        said = client_metadata.parse(body)
        client_metadata.check_replacement(said, client_id)
        metadata, secret = self._metadata(said), said.get("client_secret")

        def work(tx: Transaction) -> dict[str, Any]:
            known = self._free(tx, place, client_id, bearer)
            if secret is not None and not self._is_secret(known, secret):
                raise NotRegistrable("is not the client's to set.", "client_secret")
            return self._replace(place, known, bearer, metadata)

        return self._write(work)

    def remove(self, place: Place, client_id: str, bearer: str) -> None:
        """Delete the client (RFC 7592 §2.3): its tokens end with it. Raises as `replace`."""

        def work(tx: Transaction) -> None:
            self._remove(self._free(tx, place, client_id, bearer))

        self._write(work)

    def _write(self, work: Callable[[Transaction], T]) -> T:
        """Again when somebody changed the same row first. Raises Unavailable at last."""
        for _ in range(_TRIES):
            try:
                with self.store.write() as tx:
                    return work(tx)
            except Stale:
                continue
        raise Unavailable("others change it at this moment.", "registration", "Try again.")

    def _home(self, tx: Transaction, place: Place) -> Organization:
        organization = tx.organizations.get(place.organization_id)
        if organization is None or not organization.registration_enabled:
            raise NotFound("Clients can not register themselves here.", "registration")
        return organization

    def _desk(self, tx: Transaction, organization: Organization, owner_id: str) -> Desk:
        """The owner's desk with the rights of a consumer, whatever else the owner may do."""
        actor = User(owner_id, organization.id, "", "", Role.CONSUMER, self.world.now())
        return Desk(tx, self.world, self.keyring, self.addresses, organization, actor,
                    serves_everything)  # fmt: skip

    def _metadata(self, said: dict[str, Any]) -> ClientMetadata:
        return client_metadata.read(said, self.methods, self.grant_types)

    def _register(
        self, tx: Transaction, place: Place, bearer: str, metadata: ClientMetadata
    ) -> dict[str, Any]:
        home = self._home(tx, place)
        initial, owner = initial_tokens.prove(
            tx, self.world, self.keyring, home, place.kind, bearer
        )
        if tx.registrations.count(organization_id=home.id) >= REGISTRATIONS_MAX:
            raise NotRegistrable(f"{REGISTRATIONS_MAX} clients are registered already.")
        initial_tokens.spend(tx, self.world, initial)
        desk = self._desk(tx, home, owner.id)
        client_id = ids.new_id("client", self.world)
        handle = f"{ids.slug(metadata.name, 'client')[:50].strip('-')}-{client_id[-10:]}"
        application = applications.create(
            desk, metadata.name, handle=handle, allowed_scopes=metadata.scopes
        )
        credential = tx.credentials.add(
            _credential(desk, application, place.kind, client_id, metadata)
        )
        clear = generated.generate(generated.REGISTRATION_ACCESS_TOKEN, self.world)
        registration = tx.registrations.add(
            Registration(
                id=ids.new_id("reg", self.world),
                organization_id=home.id,
                application_id=application.id,
                credential_id=credential.id,
                initial_access_token_id=initial.id,
                digest=self.keyring.digest(clear),
                pepper_id=self.keyring.pepper_id,
                metadata=_text(metadata),
                created_at=self.world.now(),
            )
        )
        known = _Known(desk, registration, application, credential)
        secret = _let_in(known, metadata)
        desk.record("registrations.create", registration.id, client_id=client_id,
                    application=application.handle, method=metadata.method,
                    initial_access_token=initial.id)  # fmt: skip
        return self._told(place, known, clear.reveal(), secret)

    def _known(self, tx: Transaction, place: Place, client_id: str, bearer: str) -> _Known:
        """The client of that id, if the token is its own; the same refusal whatever is wrong."""
        refusal = Unauthenticated("The token is not valid.")
        home = self._home(tx, place)
        if not generated.looks_generated(bearer) or len(client_id) > _CLIENT_ID_CHARS_MAX:
            raise refusal
        digests = tuple(self.keyring.digest(bearer, id) for id in self.keyring.peppers)
        for row in tx.registrations.find(digest=digests, organization_id=home.id):
            credential = tx.credentials.get(row.credential_id)
            application = tx.applications.get(row.application_id)
            same = self.keyring.matches(bearer, row.digest, row.pepper_id)
            if not same or credential is None or application is None:
                continue
            if credential.client_id == client_id and credential.kind == place.kind:
                desk = self._desk(tx, home, application.owner_id)
                return _Known(desk, row, application, credential)
        raise refusal

    def _free(self, tx: Transaction, place: Place, client_id: str, bearer: str) -> _Known:
        """As `_known`, for a change. Raises Denied for a blocked client: it neither changes what
        it was blocked for, nor takes itself out of sight."""
        known = self._known(tx, place, client_id, bearer)
        if known.application.blocked:
            raise Denied("The application is blocked.")
        return known

    def _replace(
        self, place: Place, known: _Known, bearer: str, metadata: ClientMetadata
    ) -> dict[str, Any]:
        tx, before = known.desk.tx, json.loads(known.registration.metadata)
        application = replace(
            known.application, name=metadata.name, allowed_scopes=_narrowed(known, metadata)
        )
        credential = replace(
            known.credential,
            dpop_bound_access_tokens=_demand(
                metadata.dpop_bound,
                known.credential.dpop_bound_access_tokens,
                before.get("dpop_bound_access_tokens", False),
            ),
            tls_client_certificate_bound_access_tokens=_demand(
                metadata.certificate_bound,
                known.credential.tls_client_certificate_bound_access_tokens,
                before.get("tls_client_certificate_bound_access_tokens", False),
            ),
            grant_types=metadata.grant_types,
            auth_methods=auth_methods.given(known.desk, known.credential.id) | {metadata.method},
        )
        registration = replace(known.registration, metadata=_text(metadata))
        if application != known.application:
            application = tx.applications.replace(application)
        if credential != known.credential:
            credential = tx.credentials.replace(credential)
        if registration != known.registration:
            registration = tx.registrations.replace(registration)
        known = _Known(known.desk, registration, application, credential)
        secret = _let_in(known, metadata)
        _record(known, "registrations.edit", method=metadata.method)
        return self._told(place, known, bearer, secret)

    def _remove(self, known: _Known) -> None:
        """With its application, unless the owner gave that other credentials meanwhile."""
        desk, tx = known.desk, known.desk.tx
        _record(known, "registrations.delete", application=known.application.handle)
        tx.registrations.remove(known.registration.id)
        if tx.credentials.count(application_id=known.application.id) < 2:
            applications.delete(desk, known.application.id)
            return
        for secret in tx.secrets.find(credential_id=known.credential.id):
            tx.secrets.remove(secret.id)
        for authenticator in tx.authenticators.find(credential_id=known.credential.id):
            tx.authenticators.remove(authenticator.id)
        subjects.end(tx, desk.organization, known.credential, self.world.now())
        tx.credentials.remove(known.credential.id)

    def _is_secret(self, known: _Known, text: object) -> bool:
        now = self.world.now()
        rows = known.desk.tx.secrets.find(credential_id=known.credential.id)
        return isinstance(text, str) and any(
            row.usable(now) and self.keyring.matches(text, row.digest, row.pepper_id)
            for row in rows
        )

    def _told(
        self, place: Place, known: _Known, bearer: str, secret: SecretText | None = None
    ) -> dict[str, Any]:
        """The client information response (RFC 7591 §3.2.1, RFC 7592 §3); a secret is shown once,
        and the registration access token to whoever has it already."""
        credential, scopes = known.credential, known.application.allowed_scopes
        base = issuer(self.addresses.sts, known.desk.organization.handle, place.kind)
        told: dict[str, Any] = {
            **json.loads(known.registration.metadata),
            "client_id": credential.client_id,
            "client_id_issued_at": seconds(known.registration.created_at),
            "registration_access_token": bearer,
            "registration_client_uri": f"{base}/register/{credential.client_id}",
            "dpop_bound_access_tokens": credential.dpop_bound_access_tokens,
            "tls_client_certificate_bound_access_tokens": (
                credential.tls_client_certificate_bound_access_tokens
            ),
        }
        if scopes is not None:
            told["scope"] = " ".join(sorted(scopes))
        if secret is not None:
            told |= {"client_secret": secret.reveal(), "client_secret_expires_at": 0}
        return told


def _credential(
    desk: Desk, application: Application, kind: Kind, client_id: str, metadata: ClientMetadata
) -> Credential:
    return Credential(
        id=ids.new_id("cred", desk.world),
        organization_id=desk.organization.id,
        application_id=application.id,
        kind=kind,
        client_id=client_id,
        token_ttl_seconds=default_token_ttl(desk.organization),
        generation=1,
        created_at=desk.world.now(),
        dpop_bound_access_tokens=metadata.dpop_bound,
        tls_client_certificate_bound_access_tokens=metadata.certificate_bound,
        grant_types=metadata.grant_types,
        auth_methods=frozenset({metadata.method}),
    )


def _let_in(known: _Known, metadata: ClientMetadata) -> SecretText | None:
    """Make what the client proves itself by, and let what an earlier registration made go.

    The secret in clear when one had to be made.
    """
    desk, credential = known.desk, known.credential
    ours = {"credential_id": credential.id, "name": REGISTERED_NAME}
    for authenticator in desk.tx.authenticators.find(**ours):
        desk.tx.authenticators.remove(authenticator.id)
    kept = desk.tx.secrets.find(**ours)
    if metadata.method in SECRET_METHODS:
        if any(row.usable(desk.world.now()) for row in kept):
            return None
        return secrets.add(desk, credential, REGISTERED_NAME).clear
    for row in kept:
        desk.tx.secrets.remove(row.id)
    registered_keys.trust(desk, credential, metadata, REGISTERED_NAME)
    return None


def _narrowed(known: _Known, metadata: ClientMetadata) -> frozenset[str] | None:
    """The new limit on scopes: the present one stays where nothing is said (RFC 7592 §2.2 lets
    the server choose), and nobody widens their own."""
    present, wanted = known.application.allowed_scopes, metadata.scopes
    if wanted is None:
        return present
    if present is not None and not wanted <= present:
        more = " ".join(sorted(wanted - present))
        raise NotRegistrable(f"not allowed to this client: {more[:200]}", "scope")
    return wanted


def _demand(wanted: bool, present: bool, wanted_before: bool) -> bool:  # noqa: FBT001
    """What the client did not ask for is a demand of its owner's, which it can not take back."""
    return wanted or (present and not wanted_before)


def _record(known: _Known, action: str, **detail: object) -> None:
    """The client itself did it."""
    desk, client_id = known.desk, known.credential.client_id
    record_as(desk.tx, desk.world, desk.organization.id, client_id, action,
              known.registration.id, {"client_id": client_id, **detail})  # fmt: skip


def _text(metadata: ClientMetadata) -> str:
    return json.dumps(metadata.told, separators=(",", ":"))
