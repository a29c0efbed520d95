"""Credentials: an application's OAuth2 clients, and what a client connects to."""

import shlex
from dataclasses import asdict, dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import applications, secrets, subjects
from gatewright.control.desk import Desk, expect
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids
from gatewright.domain.application import Application
from gatewright.domain.credential import (
    Credential,
    Secret,
    default_token_ttl,
    token_ttl,
)
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.token import issuer

FIRST_SECRET_NAME = "first"


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs to get tokens; `curl` runs as printed when the secret was just made."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
    metadata_url: str
    curl: str


@dataclass(frozen=True, slots=True)
class Change:
    """What to change about a credential; None stays as it is."""

    token_ttl_seconds: int | None = None
    introspects_all: bool | None = None
    dpop_bound_access_tokens: bool | None = None
    tls_client_certificate_bound_access_tokens: bool | None = None


@dataclass(frozen=True, slots=True)
class CredentialSheet:
    """A credential with its secrets; `clear` is there once, when the secret was just made."""

    credential: Credential
    secrets: tuple[Secret, ...]
    connection: Connection
    clear: SecretText | None = None


def everything(desk: Desk, application_name: str) -> list[CredentialSheet]:
    """The application's credentials with their secrets."""
    application = applications.named(desk, application_name)
    found = desk.tx.credentials.find(application_id=application.id)
    wanted = tuple(item.id for item in found)
    rows = desk.tx.secrets.find(credential_id=wanted) if wanted else []
    return [
        CredentialSheet(
            item,
            tuple(row for row in rows if row.credential_id == item.id),
            connection(desk, item),
        )
        for item in found
    ]


def named(desk: Desk, application: Application, kind: Kind) -> Credential:
    """The application's credential of that kind. Raises NotFound."""
    found = desk.tx.credentials.find(application_id=application.id, kind=kind)
    if not found:
        raise NotFound(
            f"{application.handle} has no keys for {kind}.", "kind", "Generate them first."
        )
    return found[0]


def sheet(desk: Desk, credential: Credential) -> CredentialSheet:
    """One credential with its secrets."""
    rows = tuple(desk.tx.secrets.find(credential_id=credential.id))
    return CredentialSheet(credential, rows, connection(desk, credential))


def create(
    desk: Desk,
    application_name: str,
    kind: Kind,
    token_ttl_seconds: int | None = None,
    *,
    with_secret: bool = True,
) -> CredentialSheet:
    """Make a client, with a first secret unless it shall never have one.

    Raises Conflict when there is one of that kind.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, application_name)
    if desk.tx.credentials.count(application_id=application.id, kind=kind):
        raise Conflict(
            f"{application.handle} has keys for {kind} already.",
            "kind",
            "Add a secret to them; a secret is shown only once.",
        )
    ttl = default_token_ttl(desk.organization)
    if token_ttl_seconds is not None:
        ttl = token_ttl(token_ttl_seconds, desk.organization)
    credential = desk.tx.credentials.add(
        Credential(
            id=ids.new_id("cred", desk.world),
            organization_id=desk.organization.id,
            application_id=application.id,
            kind=kind,
            client_id=ids.new_id("client", desk.world),
            token_ttl_seconds=ttl,
            generation=1,
            created_at=desk.world.now(),
        )
    )
    desk.record(
        "credentials.create",
        credential.id,
        application=application.handle,
        kind=kind,
        client_id=credential.client_id,
        secret=None if with_secret else "none",
    )
    if not with_secret:
        return CredentialSheet(credential, (), connection(desk, credential))
    new = secrets.make(desk, credential, FIRST_SECRET_NAME, None)
    connected = connection(desk, credential, new.clear)
    return CredentialSheet(credential, (new.secret,), connected, new.clear)


def writable(desk: Desk, application_name: str, kind: Kind) -> Credential:
    """The application's credential of that kind, for a change. Raises Denied, NotFound."""
    desk.demand(Action.WRITE_CREDENTIALS)
    return named(desk, applications.named(desk, application_name), kind)


def edit(
    desk: Desk, application_name: str, kind: Kind, change: Change, expected: int | None = None
) -> CredentialSheet:
    """Change what is given, for tokens issued from now on. Raises Invalid, NotFound, Stale.

    Raises Denied unless an administrator decides what the client may ask about.
    """
    credential = writable(desk, application_name, kind)
    expect(credential.revision, expected)
    given = {name: value for name, value in asdict(change).items() if value is not None}
    changed = replace(credential, **given)
    if changed.introspects_all != credential.introspects_all:
        desk.demand(Action.GRANT_INTROSPECTION)
    if change.token_ttl_seconds is not None:
        token_ttl(change.token_ttl_seconds, desk.organization)
    if changed != credential:
        credential = desk.tx.credentials.replace(changed)
        desk.record("credentials.edit", credential.id, **given)
    return sheet(desk, credential)


def revoke_tokens(desk: Desk, application_name: str, kind: Kind) -> CredentialSheet:
    """End every token issued so far; the client gets new ones with the secrets it has."""
    credential = writable(desk, application_name, kind)
    return sheet(desk, subjects.renew(desk, credential))


def connection(desk: Desk, credential: Credential, clear: SecretText | None = None) -> Connection:
    """Where that client gets, revokes and checks tokens (RFC 8414 names)."""
    base = issuer(desk.addresses.sts, desk.organization.handle, credential.kind)
    path = base.removeprefix(desk.addresses.sts)
    secret = "CLIENT_SECRET" if clear is None else clear.reveal()
    user = f"'{credential.client_id}:{secret}'"
    return Connection(
        issuer=base,
        token_endpoint=f"{base}/token",
        revocation_endpoint=f"{base}/revoke",
        introspection_endpoint=f"{base}/introspect",
        jwks_uri=f"{base}/jwks",
        metadata_url=f"{desk.addresses.sts}/.well-known/oauth-authorization-server{path}",
        curl=f"curl -u {user} -d grant_type=client_credentials {shlex.quote(base + '/token')}",
    )
