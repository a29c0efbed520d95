"""What the pipeline looks up, grouped for it and kept up to date row by row from the mirror."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from gatewright.domain.api import Api, Definition, Deployment, Revision
from gatewright.domain.application import Application
from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import SECRETS_MAX, Credential, Secret
from gatewright.domain.scope import Scope
from gatewright.domain.world import EPOCH
from gatewright.store.mirror import Difference, Mirror

Grouping = Callable[[Any], Hashable]

NOUNS = (
    "organizations", "environments", "apis", "revisions", "deployments", "applications",
    "credentials", "secrets", "authenticators", "subscriptions", "signing_keys", "revoked_tokens",
    "key_managers",
)  # fmt: skip
GROUPS: Mapping[str, tuple[str, Grouping]] = {
    "organization by handle": ("organizations", lambda row: row.handle),
    "environments": ("environments", lambda row: (row.organization_id, row.kind)),
    "apis": ("apis", lambda row: (row.organization_id, row.handle, row.major)),
    "apis by context": ("apis", lambda row: (row.organization_id, row.context)),
    "deployments": ("deployments", lambda row: row.api_id),
    "credential by client": ("credentials", lambda row: row.client_id),
    "secrets": ("secrets", lambda row: row.credential_id),
    "authenticators": ("authenticators", lambda row: row.credential_id),
    "key managers": ("key_managers", lambda row: (row.organization_id, row.issuer)),
    "key managers of organization": ("key_managers", lambda row: row.organization_id),
    "subscriptions": ("subscriptions", lambda row: row.application_id),
    "signing keys": ("signing_keys", lambda row: (row.organization_id, row.kind)),
    "revisions": (
        "revisions", lambda row: (row.organization_id, row.definition.access.subscription_required),
    ),
}  # fmt: skip
_NOBODY = Secret("", "", "", "", "-" * 64, "-", "", EPOCH, EPOCH, EPOCH, None)
SLOTS_OF_NOBODY = (_NOBODY,) * SECRETS_MAX
"""What an unknown client's secret is compared with: as many digests as anybody may have."""

ISSUER_NOUNS = frozenset({"organizations", "environments", "signing_keys"})
RIGHTS_NOUNS = frozenset(NOUNS) - {
    "secrets", "authenticators", "signing_keys", "revoked_tokens", "key_managers",
}  # fmt: skip


class Reach(NamedTuple):
    """Which APIs a token is for: all of some environments, and single ones at (environment, API)
    by their ids."""

    environment_ids: frozenset[str]
    apis: frozenset[tuple[str, str]] = frozenset()

    def covers(self, environment_id: str, api_id: str) -> bool:
        """Whether it is for that API there."""
        return environment_id in self.environment_ids or (environment_id, api_id) in self.apis


@dataclass(slots=True)
class Client:
    """A credential with its application, secrets and authenticators; `rights` is worked out,
    `drafts` are tokens of which only the time is missing."""

    credential: Credential
    application: Application
    slots: tuple[Secret, ...] = field(repr=False)
    authenticators: tuple[Authenticator, ...] = ()
    rights: Any = None
    drafts: dict[Hashable, bytes] = field(default_factory=dict, repr=False)


class Records:
    """The mirror's rows by what one knows of them. Reading never touches the store."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._groups: dict[str, dict[Hashable, dict[str, Any]]] = {name: {} for name in GROUPS}
        self._clients: dict[str, Client] = {}
        for noun in NOUNS:
            rows = mirror.rows(noun)
            self.take(Difference(noun, id, None, row) for id, row in rows.items())

    def take(self, differences: Iterable[Difference]) -> frozenset[str]:
        """Take changed rows over; the nouns that changed."""
        changed = set()
        for item in differences:
            changed.add(item.noun)
            for name, (noun, grouping) in GROUPS.items():
                if noun == item.noun:
                    self._regroup(self._groups[name], grouping, item)
            if item.noun in ("secrets", "authenticators"):
                self._forget(item.before or item.after)
        if changed & RIGHTS_NOUNS:
            self._clients.clear()
        return frozenset(changed)

    def group(self, name: str, key: Hashable) -> list[Any]:
        """The rows of a group, in the order of their ids."""
        rows = self._groups[name].get(key)
        return [rows[id] for id in sorted(rows)] if rows else []

    def row(self, noun: str, id: str) -> Any | None:
        """A row by its id."""
        return self._mirror.rows(noun).get(id)

    def rows(self, noun: str) -> Iterable[Any]:
        """Every row of a noun."""
        return self._mirror.rows(noun).values()

    def client(self, client_id: str) -> Client | None:
        """The client of that id, whatever its issuer."""
        known = self._clients.get(client_id)
        return known if known else self._assemble(client_id)

    def scopes(self, client: Client, reach: Reach) -> Iterable[tuple[str, str]]:
        """(API handle, scope name) of what is deployed there and the client may call: what it
        subscribed to, and what asks for no subscription."""
        for revision in self.group("revisions", (client.application.organization_id, False)):
            api: Api | None = self.row("apis", revision.api_id)
            if api is not None:
                for scope in self._deployed(api, reach, revision.id):
                    yield api.handle, scope.name
        for subscription in self.group("subscriptions", client.application.id):
            if subscription.blocked or subscription.pending:
                continue
            key = (subscription.organization_id, subscription.api_handle, subscription.api_major)
            for api in self.group("apis", key):
                for scope in self._deployed(api, reach):
                    yield api.handle, scope.name

    def _deployed(self, api: Api, reach: Reach, revision_id: str | None = None) -> Iterable[Scope]:
        if api.state == "RETIRED":
            return
        deployment: Deployment
        for deployment in self.group("deployments", api.id):
            revision = self.row("revisions", deployment.revision_id)
            if revision_id not in (None, deployment.revision_id):
                continue
            if reach.covers(deployment.environment_id, api.id) and revision:
                yield from revision.definition.scopes

    def _assemble(self, client_id: str) -> Client | None:
        for credential in self.group("credential by client", client_id):
            application = self.row("applications", credential.application_id)
            if application:
                secrets = tuple(
                    row for row in self.group("secrets", credential.id) if row.revoked_at is None
                )
                slots = secrets + SLOTS_OF_NOBODY[len(secrets) :]
                known = tuple(self.group("authenticators", credential.id))
                client = Client(credential, application, slots, known)
                return self._clients.setdefault(client_id, client)
        return None

    def _forget(self, row: Secret | Authenticator) -> None:
        credential = self.row("credentials", row.credential_id)
        if credential:
            self._clients.pop(credential.client_id, None)

    @staticmethod
    def _regroup(
        group: dict[Hashable, dict[str, Any]], grouping: Grouping, item: Difference
    ) -> None:
        if item.before is not None:
            key = grouping(item.before)
            rows = group.get(key, {})
            rows.pop(item.id, None)
            if not rows:
                group.pop(key, None)
        if item.after is not None:
            group.setdefault(grouping(item.after), {})[item.id] = item.after


def slim_revision(revision: Revision) -> Revision:
    """A revision with its access and the names of its scopes, without what there may be very many
    of.

    A scope that only an operation names counts: no token could ever open that operation otherwise.
    """
    definition = revision.definition
    names = {scope.name for scope in definition.scopes}.union(
        *(operation.scopes for operation in definition.operations)
    )
    wanted = Definition((), tuple(map(Scope, sorted(names))), definition.access)
    return replace(revision, definition=wanted)


def slim_api(api: Api) -> Api:
    """An API without its working copy: only what is deployed has scopes."""
    return replace(api, definition=Definition((), ()), description="", upstreams={})
