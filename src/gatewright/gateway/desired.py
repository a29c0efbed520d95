"""The desired state as a gateway reads it: rows of the store with the indexes that tell, for each
change, which APIs, addresses and front doors it touches. It compiles nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gatewright.domain.api import Access, Api, Definition, Deployment, version_pair
from gatewright.domain.api_key import ApiKey, ApiKeySigner
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.domain_name import DomainName
from gatewright.domain.environment import Environment
from gatewright.domain.key_manager import ExternalClient, FetchedKeySet, KeyManager
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.limit import NO_LIMITS, Limits
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey
from gatewright.gateway import lower_issuers
from gatewright.gateway.ir import STANDARD_ENTRANCES, SubjectIr, SubjectState
from gatewright.gateway.lower import deny_list_name, major_alias
from gatewright.gateway.lower_limits import are_counted_alike, counted, subject_state
from gatewright.store.mirror import Difference

NOUNS = (
    "organizations", "environments", "apis", "revisions", "deployments", "plans", "applications",
    "credentials", "subscriptions", "signing_keys", "revoked_tokens", "key_managers",
    "fetched_key_sets", "external_clients", "api_keys", "api_key_signers", "domains",
)  # fmt: skip
Family = tuple[str, str, int]
Place = tuple[str, str, str]


class Source(Protocol):
    """Where the rows come from: a mirror of the store, or a test."""

    def rows(self, noun: str) -> Mapping[str, Any]:
        """The rows of a noun by id; a live view."""


@dataclass(slots=True)
class Touched:
    """What may differ after a change. Deployments by id, places by key, the rest by id."""

    deployments: set[str] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)
    revocations: list[Difference] = field(default_factory=list)


class Desired:
    """A view of the rows of one store. For use by one thread, as its source is."""

    def __init__(self, source: Source) -> None:
        self._rows: dict[str, Mapping[str, Any]] = {noun: source.rows(noun) for noun in NOUNS}
        self._index: dict[str, defaultdict[Any, dict[str, None]]] = {
            name: defaultdict(dict) for name in _KEYS
        }
        self._past: dict[tuple[str, str], Any] = {}
        self._touchers: dict[str, Callable[[Touched, Any], None]] = {
            "organizations": self._touch_organization,
            "environments": self.touch_environment,
            "apis": self._touch_api,
            "deployments": self._touch_row,
            "plans": self._touch_plan,
            "applications": self._touch_application_row,
            "credentials": self._touch_credential,
            "subscriptions": self._touch_subscription,
            "signing_keys": self._touch_key,
            "api_key_signers": self._touch_key,
            "api_keys": self._touch_outsider,
            "external_clients": self._touch_outsider,
            "key_managers": self._touch_key_manager,
            "fetched_key_sets": self._touch_key_manager,
            "domains": lambda touched, row: touched.environments.add(row.environment_id),
        }
        for noun in NOUNS:
            for row in self._rows[noun].values():
                self._reindex(noun, None, row)

    def row(self, noun: str, id: str) -> Any:
        """The row of that id, or None."""
        return self._rows[noun].get(id)

    def all(self, noun: str) -> Iterable[Any]:
        """Every row of a noun."""
        return self._rows[noun].values()

    def everything(self) -> Touched:
        """All there is, as after a change of everything."""
        touched = Touched(environments=set(self._rows["environments"]))
        for id in self._rows["deployments"]:
            self._touch_deployment(touched, id)
        touched.revocations = [
            Difference("revoked_tokens", row.id, None, row)
            for row in self._rows["revoked_tokens"].values()
        ]
        return touched

    def touched(self, differences: Iterable[Difference]) -> Touched:
        """Keep the indexes and say what the differences may change."""
        known = list(differences)
        touched = Touched()
        self._past = {(item.noun, item.id): item.before for item in known if item.before}
        for item in known:  # what it was part of, before the indexes forget it
            self._touch(touched, item.noun, item.before)
        for item in known:
            self._reindex(item.noun, item.before, item.after)
        for item in known:
            self._touch(touched, item.noun, item.after)
        touched.revocations = [item for item in known if item.noun == "revoked_tokens"]
        self._past = {}
        self._touch_rivals(touched)
        return touched

    def subscribers(self, api: Api, environment: Environment) -> Iterator[SubjectIr]:
        """Whom an API knows by their subscriptions, and how they stand."""
        family = (api.organization_id, api.handle, api.major)
        for id in self._index["subscriptions_by_family"][family]:
            subscription: Subscription = self._rows["subscriptions"][id]
            application = self._rows["applications"].get(subscription.application_id)
            plan = self._rows["plans"].get(subscription.plan_id)
            # Without its plan a subscription says nothing of a limit: it is not in force.
            if application is None or plan is None:
                continue
            state = subject_state(subscription, application_blocked=application.blocked)
            if state is None:
                continue
            for subject in self.subject_keys(application.id, environment):
                yield counted(subject, state, plan)

    def everybody(self, api: Api, environment: Environment) -> Iterator[SubjectIr]:
        """Whom an API without subscriptions must know: who is no client of our own, and who is
        blocked, here or everywhere. All other clients are let in by their token alone."""
        for id in self._index["applications_by_organization"].get(api.organization_id, ()):
            blocked = self._rows["applications"][id].blocked
            state = SubjectState.BLOCKED if blocked else SubjectState.ACTIVE
            for subject in self.subject_keys(id, environment, own=blocked):
                yield SubjectIr(subject, state)
        for subscriber in self.subscribers(api, environment):
            if subscriber.state is SubjectState.BLOCKED:
                yield subscriber

    def subject_keys(
        self, application_id: str, environment: Environment, *, own: bool = True
    ) -> Iterator[str]:
        """What may call for an application: its credentials, where they are asked for with `own`,
        clients elsewhere, and API keys.

        Which of them are good there now, their issuers' rules say; a revoked key is none.
        """
        for credential in self._of("credentials", application_id):
            if own and credential.kind is environment.kind:
                yield credential.subject_key
        for client in self._of("external_clients", application_id):
            yield client.subject_key
        for key in self._of("api_keys", application_id):
            if key.kind is environment.kind and key.revoked_at is None:
                yield key.subject_key

    def _of(self, noun: str, application_id: str) -> Iterator[Any]:
        for id in self._index[f"{noun}_by_application"].get(application_id, ()):
            yield self._rows[noun][id]

    def definitions(self, environment_id: str) -> Iterator[Definition]:
        """What each deployment in an environment is to serve."""
        for id in self._index["deployments_by_environment"].get(environment_id, ()):
            revision = self._rows["revisions"].get(self._rows["deployments"][id].revision_id)
            if revision is not None:
                yield revision.definition

    def plans(self, organization_id: str) -> Iterator[Plan]:
        """All of an organization."""
        for id in self._index["plans_by_organization"].get(organization_id, ()):
            yield self._rows["plans"][id]

    def limits(self, environment_id: str) -> Iterator[Limits]:
        """Those that deployments in an environment have."""
        for id in self._index["limited_by_environment"].get(environment_id, ()):
            yield self._rows["deployments"][id].limits

    def key_managers(self, organization_id: str) -> Iterator[KeyManager]:
        """All of an organization, for whatever they are good."""
        for id in self._index["key_managers_by_organization"].get(organization_id, ()):
            yield self._rows["key_managers"][id]

    def api_key_signers(self, environment: Environment) -> list[ApiKeySigner]:
        """All whose API keys and test keys may be good in the environment."""
        issuer = (environment.organization_id, environment.kind)
        found = self._index["api_key_signers_by_issuer"].get(issuer, ())
        return [self._rows["api_key_signers"][id] for id in found]

    def domains(self, environment_id: str) -> list[DomainName]:
        """Those that lead to an environment."""
        found = self._index["domains_by_environment"].get(environment_id, ())
        return [self._rows["domains"][id] for id in sorted(found)]

    def signing_keys(self, environment: Environment) -> list[SigningKey]:
        """All keys of the environment's issuer, whatever their state."""
        issuer = (environment.organization_id, environment.kind)
        return [self._rows["signing_keys"][id] for id in self._index["keys_by_issuer"][issuer]]

    def environments(self, deny_list: str) -> list[Environment]:
        """The environments that follow a deny list."""
        return [
            item
            for item in self._rows["environments"].values()
            if deny_list_name(item.organization_id, item.kind) == deny_list
        ]

    def occupant(self, place: Place) -> Deployment | None:
        """Who answers at (environment, context, version): the first that was deployed there; for
        a major alias, that of the newest minor version, a listed one before any other."""
        first: dict[tuple[int, int], Deployment] = {}
        for deployment in self._served_at(place[0], place[1]):
            version = self._rows["apis"][deployment.api_id].version
            if place[2] in (version, major_alias(version)):
                rival = first.setdefault(version_pair(version), deployment)
                first[version_pair(version)] = min(rival, deployment, key=lambda item: item.id)
        if not first:
            return None
        return max(first.items(), key=lambda item: (self._listed(item[1]), item[0]))[1]

    def _listed(self, deployment: Deployment) -> bool:
        """In a state that only who may publish can give: deploying alone takes no alias away."""
        state: State = self._rows["apis"][deployment.api_id].state
        return state in LISTED or state is State.BLOCKED

    def _served_at(self, environment_id: str, context: str) -> Iterator[Deployment]:
        for api_id in self._index["apis_by_context"][context]:
            if self._rows["apis"][api_id].state is State.RETIRED:
                continue
            for id in self._index["deployments_by_api"][api_id]:
                deployment = self._rows["deployments"][id]
                if deployment.environment_id == environment_id:
                    yield deployment

    def _reindex(self, noun: str, before: Any, after: Any) -> None:
        for name, (of, key) in _KEYS.items():
            if of != noun:
                continue
            index = self._index[name]
            if before is not None and (after is None or key(before) != key(after)):
                found = index[key(before)]
                found.pop(before.id, None)
                if not found:
                    del index[key(before)]
            if after is not None:
                index[key(after)][after.id] = None

    def _touch(self, touched: Touched, noun: str, row: Any) -> None:
        toucher = self._touchers.get(noun)
        if toucher is not None and row is not None:
            toucher(touched, row)

    def _touch_deployment(self, touched: Touched, id: str) -> None:
        deployment: Deployment | None = self._rows["deployments"].get(id)
        if deployment is not None:
            self._touch_row(touched, deployment)

    def _touch_row(self, touched: Touched, deployment: Deployment) -> None:
        touched.deployments.add(deployment.id)
        for revision in self._then_and_now("revisions", deployment.revision_id):
            if _asks_for_more(revision.definition.access):
                touched.environments.add(deployment.environment_id)
        if deployment.limits != NO_LIMITS:
            touched.environments.add(deployment.environment_id)
        for api in self._then_and_now("apis", deployment.api_id):
            self._touch_places(touched, deployment.environment_id, api)

    def _then_and_now(self, noun: str, id: str) -> list[Any]:
        """A row as it was before the differences under way, and as it is."""
        rows = (self._past.get((noun, id)), self._rows[noun].get(id))
        return [row for row in rows if row is not None]

    @staticmethod
    def _touch_places(touched: Touched, environment_id: str, api: Api) -> None:
        for version in (api.version, major_alias(api.version)):
            touched.places.add((environment_id, api.context, version))

    def _touch_rivals(self, touched: Touched) -> None:
        """Who wants a place is told when it is taken or becomes free."""
        for environment_id, context, version in touched.places:
            for deployment in self._served_at(environment_id, context):
                if self._rows["apis"][deployment.api_id].version == version:
                    touched.deployments.add(deployment.id)

    def _touch_api(self, touched: Touched, api: Api) -> None:
        for id in self._index["deployments_by_api"][api.id]:
            touched.deployments.add(id)
            for deployment in self._then_and_now("deployments", id):
                self._touch_places(touched, deployment.environment_id, api)

    def _touch_family(self, touched: Touched, family: Family) -> None:
        for api_id in self._index["apis_by_family"][family]:
            touched.deployments.update(self._index["deployments_by_api"][api_id])

    def _touch_subscription(self, touched: Touched, row: Subscription) -> None:
        self._touch_family(touched, (row.organization_id, row.api_handle, row.api_major))

    def _touch_application(self, touched: Touched, application_id: str) -> None:
        for id in self._index["subscriptions_by_application"][application_id]:
            row = self._rows["subscriptions"].get(id)
            if row is not None:
                self._touch_subscription(touched, row)

    def _touch_application_row(self, touched: Touched, row: Application) -> None:
        self._touch_application(touched, row.id)
        if any(item.blocked for item in self._then_and_now("applications", row.id)):
            self._touch_open(touched, row.organization_id)

    def _touch_credential(self, touched: Touched, row: Credential) -> None:
        self._touch_application(touched, row.application_id)
        application = self._rows["applications"].get(row.application_id)
        if application is not None and application.blocked:
            self._touch_open(touched, row.organization_id)

    def _touch_outsider(self, touched: Touched, row: ApiKey | ExternalClient) -> None:
        self._touch_application(touched, row.application_id)
        self._touch_open(touched, row.organization_id)

    def _touch_open(self, touched: Touched, organization_id: str) -> None:
        """APIs without subscriptions: whom they know is said at `everybody`."""
        for id in self._index["open_revisions"].get(organization_id, ()):
            touched.deployments.update(self._index["deployments_by_revision"].get(id, ()))

    def _touch_plan(self, touched: Touched, plan: Plan) -> None:
        """The front doors, whose filters count; APIs only where they say something else of it."""
        for environment in self._rows["environments"].values():
            if environment.organization_id == plan.organization_id:
                touched.environments.add(environment.id)
        both = self._then_and_now("plans", plan.id)
        if len(both) == 2 and are_counted_alike(both):
            return
        for id in self._index["subscriptions_by_plan"].get(plan.id, ()):
            row = self._rows["subscriptions"].get(id)
            if row is not None:
                self._touch_subscription(touched, row)

    def touch_environment(self, touched: Touched, environment: Environment) -> None:
        """As after a change of an environment and of all that is in it."""
        touched.environments.add(environment.id)
        for id in self._index["deployments_by_environment"][environment.id]:
            self._touch_deployment(touched, id)

    def _touch_key_manager(self, touched: Touched, row: KeyManager | FetchedKeySet) -> None:
        """Its own front doors: no API names its keys."""
        for environment in self._rows["environments"].values():
            if environment.organization_id == row.organization_id:
                touched.environments.add(environment.id)

    def _touch_key(self, touched: Touched, row: SigningKey | RevokedToken | ApiKeySigner) -> None:
        for environment in self._rows["environments"].values():
            if (environment.organization_id, environment.kind) == (row.organization_id, row.kind):
                touched.environments.add(environment.id)

    def _touch_organization(self, touched: Touched, row: Any) -> None:
        for environment in self._rows["environments"].values():
            if environment.organization_id == row.id:
                self.touch_environment(touched, environment)


def _asks_for_more(access: Access) -> bool:
    """Whether a front door must know of this entrance; the standard ones are always there."""
    return lower_issuers.entrance(access) not in STANDARD_ENTRANCES


_KEYS: dict[str, tuple[str, Any]] = {
    "deployments_by_api": ("deployments", lambda row: row.api_id),
    "deployments_by_environment": ("deployments", lambda row: row.environment_id),
    "deployments_by_revision": ("deployments", lambda row: row.revision_id),
    "limited_by_environment": (
        "deployments", lambda row: row.environment_id if row.limits != NO_LIMITS else None,
    ),
    "open_revisions": (
        "revisions",
        lambda row: None if row.definition.access.subscription_required else row.organization_id,
    ),
    "plans_by_organization": ("plans", lambda row: row.organization_id),
    "applications_by_organization": ("applications", lambda row: row.organization_id),
    "apis_by_context": ("apis", lambda row: row.context),
    "apis_by_family": ("apis", lambda row: (row.organization_id, row.handle, row.major)),
    "subscriptions_by_family": (
        "subscriptions", lambda row: (row.organization_id, row.api_handle, row.api_major),
    ),
    "subscriptions_by_application": ("subscriptions", lambda row: row.application_id),
    "subscriptions_by_plan": ("subscriptions", lambda row: row.plan_id),
    "credentials_by_application": ("credentials", lambda row: row.application_id),
    "external_clients_by_application": ("external_clients", lambda row: row.application_id),
    "api_keys_by_application": ("api_keys", lambda row: row.application_id),
    "key_managers_by_organization": ("key_managers", lambda row: row.organization_id),
    "api_key_signers_by_issuer": (
        "api_key_signers", lambda row: (row.organization_id, row.kind),
    ),
    "domains_by_environment": ("domains", lambda row: row.environment_id),
    "keys_by_issuer": ("signing_keys", lambda row: (row.organization_id, row.kind)),
}  # fmt: skip
