"""Credentials: an application's OAuth2 clients, their secrets, and what a client connects to."""

import shlex
from dataclasses import dataclass, replace
from datetime import timedelta

from gatewright.access.actions import Action
from gatewright.control import applications
from gatewright.control.desk import Desk, expect
from gatewright.crypto import secrets
from gatewright.crypto.secrets import SecretText
from gatewright.domain import ids, text
from gatewright.domain.application import Application
from gatewright.domain.credential import (
    SECRETS_MAX,
    TOKEN_TTL_SECONDS_DEFAULT,
    Credential,
    Secret,
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
class CredentialSheet:
    """A credential with its secrets; `clear` is there once, when the secret was just made."""

    credential: Credential
    secrets: tuple[Secret, ...]
    connection: Connection
    clear: SecretText | None = None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made, in clear for this once."""

    secret: Secret
    clear: SecretText


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
    desk: Desk, application_name: str, kind: Kind, token_ttl_seconds: int | None = None
) -> CredentialSheet:
    """Make a client with a first secret. Raises Conflict when there is one of that kind."""
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, application_name)
    if desk.tx.credentials.count(application_id=application.id, kind=kind):
        raise Conflict(
            f"{application.handle} has keys for {kind} already.",
            "kind",
            "Add a secret to them; a secret is shown only once.",
        )
    ttl = TOKEN_TTL_SECONDS_DEFAULT if token_ttl_seconds is None else token_ttl_seconds
    credential = desk.tx.credentials.add(
        Credential(
            id=ids.new_id("cred", desk.world),
            organization_id=desk.organization.id,
            application_id=application.id,
            kind=kind,
            client_id=ids.new_id("client", desk.world),
            token_ttl_seconds=token_ttl(ttl),
            generation=1,
            created_at=desk.world.now(),
        )
    )
    new = _add(desk, credential, FIRST_SECRET_NAME, None)
    desk.record(
        "credentials.create",
        credential.id,
        application=application.handle,
        kind=kind,
        client_id=credential.client_id,
    )
    connected = connection(desk, credential, new.clear)
    return CredentialSheet(credential, (new.secret,), connected, new.clear)


def set_token_ttl(
    desk: Desk, application_name: str, kind: Kind, seconds: int, expected: int | None = None
) -> CredentialSheet:
    """Change the lifetime of tokens issued from now on. Raises Invalid, NotFound, Stale."""
    credential = _writable(desk, application_name, kind)
    expect(credential.revision, expected)
    if token_ttl(seconds) != credential.token_ttl_seconds:
        credential = desk.tx.credentials.replace(replace(credential, token_ttl_seconds=seconds))
        desk.record("credentials.edit", credential.id, token_ttl_seconds=seconds)
    return sheet(desk, credential)


def revoke_tokens(desk: Desk, application_name: str, kind: Kind) -> CredentialSheet:
    """End every token issued so far; the client gets new ones with the secrets it has."""
    credential = _writable(desk, application_name, kind)
    raised = replace(credential, generation=credential.generation + 1)
    credential = desk.tx.credentials.replace(raised)
    desk.record("credentials.revoke-tokens", credential.id, generation=credential.generation)
    return sheet(desk, credential)


def add_secret(
    desk: Desk, application_name: str, kind: Kind, name: str, expires_in_days: int | None = None
) -> NewSecret:
    """One more secret; the others keep working. Raises Conflict beyond five."""
    credential = _writable(desk, application_name, kind)
    if desk.tx.secrets.count(credential_id=credential.id) >= SECRETS_MAX:
        raise Conflict(
            f"There are {SECRETS_MAX} secrets already.", "secrets", "Remove one that is not used."
        )
    new = _add(desk, credential, text.name(name), expires_in_days)
    desk.record("secrets.create", new.secret.id, name=new.secret.name, hint=new.secret.hint)
    return new


def remove_secret(desk: Desk, application_name: str, kind: Kind, id: str) -> None:
    """Remove a secret, which fails from then on. Raises Conflict for the last usable one.

    Tokens that were got with it live on until they expire or `revoke_tokens` ends them.
    """
    credential = _writable(desk, application_name, kind)
    known = {secret.id: secret for secret in desk.tx.secrets.find(credential_id=credential.id)}
    if id not in known:
        raise NotFound(f"There is no secret {id[:80]!r}.", "secret", "List the credentials.")
    now = desk.world.now()
    left = [item for item in known.values() if item.id != id and item.usable(now)]
    if known[id].usable(now) and not left:
        raise Conflict(
            "It is the last usable secret; without it the application is locked out.",
            "secret",
            "Add another one first, or delete the application.",
        )
    desk.tx.secrets.remove(id)
    desk.record("secrets.delete", id, name=known[id].name, hint=known[id].hint)


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


def _writable(desk: Desk, application_name: str, kind: Kind) -> Credential:
    desk.demand(Action.WRITE_CREDENTIALS)
    return named(desk, applications.named(desk, application_name), kind)


def _add(desk: Desk, credential: Credential, name: str, expires_in_days: int | None) -> NewSecret:
    clear, now = secrets.generate(secrets.CLIENT_SECRET, desk.world), desk.world.now()
    lifetime = None if expires_in_days is None else timedelta(days=expires_in_days)
    secret = desk.tx.secrets.add(
        Secret(
            id=ids.new_id("sec", desk.world),
            organization_id=desk.organization.id,
            credential_id=credential.id,
            name=name,
            digest=desk.keyring.digest(clear),
            pepper_id=desk.keyring.pepper_id,
            hint=secrets.hint(clear),
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            revoked_at=None,
            last_used_at=None,
        )
    )
    return NewSecret(secret, clear)
