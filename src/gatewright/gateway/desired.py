"""The desired state as a gateway reads it: rows of the store with the indexes that tell, for each
change, which APIs, addresses and front doors it touches. It compiles nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gatewright.domain.api import Api, Deployment, version_pair
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Environment
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey
from gatewright.gateway.lower import deny_list_name, major_alias
from gatewright.store.mirror import Difference

NOUNS = (
    "organizations", "environments", "apis", "revisions", "deployments", "plans", "applications",
    "credentials", "subscriptions", "signing_keys", "revoked_tokens",
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
            "environments": self._touch_environment,
            "apis": self._touch_api,
            "deployments": self._touch_row,
            "plans": self._touch_plan,
            "applications": lambda touched, row: self._touch_application(touched, row.id),
            "credentials": lambda touched, row: self._touch_application(
                touched, row.application_id
            ),
            "subscriptions": self._touch_subscription,
            "signing_keys": self._touch_key,
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

    def subscribers(self, api: Api, environment: Environment) -> Iterator[tuple[str, Plan | None]]:
        """Subject keys that may call, each with its plan."""
        family = (api.organization_id, api.handle, api.major)
        for id in self._index["subscriptions_by_family"][family]:
            subscription: Subscription = self._rows["subscriptions"][id]
            application = self._rows["applications"].get(subscription.application_id)
            plan = self._rows["plans"].get(subscription.plan_id)
            # Without its plan a subscription says nothing of a limit: it is not in force.
            if subscription.blocked or application is None or application.blocked or plan is None:
                continue
            for credential in self.credentials(application.id):
                if credential.kind is environment.kind:
                    yield credential.subject_key, plan

    def credentials(self, application_id: str) -> Iterator[Credential]:
        """The credentials of an application."""
        for id in self._index["credentials_by_application"][application_id]:
            yield self._rows["credentials"][id]

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

    def _touch_plan(self, touched: Touched, plan: Plan) -> None:
        for id in self._index["subscriptions_by_plan"][plan.id]:
            row = self._rows["subscriptions"].get(id)
            if row is not None:
                self._touch_subscription(touched, row)

    def _touch_environment(self, touched: Touched, environment: Environment) -> None:
        touched.environments.add(environment.id)
        for id in self._index["deployments_by_environment"][environment.id]:
            self._touch_deployment(touched, id)

    def _touch_key(self, touched: Touched, row: SigningKey | RevokedToken) -> None:
        for environment in self._rows["environments"].values():
            if (environment.organization_id, environment.kind) == (row.organization_id, row.kind):
                touched.environments.add(environment.id)

    def _touch_organization(self, touched: Touched, row: Any) -> None:
        for environment in self._rows["environments"].values():
            if environment.organization_id == row.id:
                self._touch_environment(touched, environment)


_KEYS: dict[str, tuple[str, Any]] = {
    "deployments_by_api": ("deployments", lambda row: row.api_id),
    "deployments_by_environment": ("deployments", lambda row: row.environment_id),
    "apis_by_context": ("apis", lambda row: row.context),
    "apis_by_family": ("apis", lambda row: (row.organization_id, row.handle, row.major)),
    "subscriptions_by_family": (
        "subscriptions", lambda row: (row.organization_id, row.api_handle, row.api_major),
    ),
    "subscriptions_by_application": ("subscriptions", lambda row: row.application_id),
    "subscriptions_by_plan": ("subscriptions", lambda row: row.plan_id),
    "credentials_by_application": ("credentials", lambda row: row.application_id),
    "keys_by_issuer": ("signing_keys", lambda row: (row.organization_id, row.kind)),
}  # fmt: skip
