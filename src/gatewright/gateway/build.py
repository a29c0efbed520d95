"""Turns changes of the desired state into changes of Envoy's resources, API by API.

What does not compile is left out with its reason, and what was served before stays.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.environment import Environment
from gatewright.domain.errors import GatewrightError, Invalid
from gatewright.domain.lifecycle import State
from gatewright.domain.token import issuer
from gatewright.gateway import lower, lower_issuers
from gatewright.gateway.compile import (
    listener,
    rates,
    routes,
    services,
    sts_door,
    upstream,
    well_known,
)
from gatewright.gateway.denylist import DenyLists
from gatewright.gateway.desired import Desired, Place, Touched
from gatewright.gateway.doors import Doors, Opens
from gatewright.gateway.ir import (
    STANDARD_ENTRANCES,
    ApiIr,
    EntranceIr,
    EnvironmentIr,
    IssuerIr,
    PlaceIr,
)
from gatewright.gateway.policies import POLICIES, access_token, bound
from gatewright.gateway.site import Site as Site  # others look for it here
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import limiters, names
from gatewright.gateway.xds.messages import Messages
from gatewright.store.mirror import Difference


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a deployment is not served as asked."""

    organization_id: str
    api_id: str
    environment_id: str
    reason: str


@dataclass(slots=True)
class _Served:
    key: str
    cluster: str = ""


@dataclass(slots=True)
class _State:
    served: dict[str, _Served] = field(default_factory=dict)
    cluster_users: dict[str, set[str]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    entrances: dict[str, tuple[EntranceIr, ...]] = field(default_factory=dict)
    lowered: dict[str, EnvironmentIr] = field(default_factory=dict)
    home: str = ""


class Build:
    """Follows one desired state. For use by one thread."""

    def __init__(
        self, desired: Desired, site: Site, messages: Messages, now: Callable[[], datetime],
        sealer: Opens | None = None,
    ) -> None:  # fmt: skip
        self._desired, self._site, self._messages, self._now = desired, site, messages, now
        self._deny = DenyLists(messages)
        self._state = _State()
        self._doors = Doors(desired, messages, site.domains, sealer)

    @property
    def closed_domains(self) -> Mapping[str, str]:
        """Why a domain is not served as asked, by its id."""
        return self._doors.closed

    @property
    def faults(self) -> Mapping[str, Fault]:
        """What is left out, by `<api>/<environment>`."""
        return self._state.faults

    @property
    def closed_environments(self) -> Mapping[str, str]:
        """Environments whose front door does not compile, with the reason."""
        return self._state.closed

    @property
    def issuers_left_out(self) -> Mapping[tuple[str, str], str]:
        """Why tokens of a key manager open nothing in an environment, by the ids of both."""
        return {
            (id, manager): reason
            for id, found in self._state.left_out.items()
            for manager, reason in found.items()
        }

    @property
    def environment_ids(self) -> frozenset[str]:
        """The environments that this gateway serves."""
        return frozenset(row.id for row in self._rows("environments") if self._is_ours(row))

    def everything(self) -> list[Update]:
        """Every resource, from scratch."""
        self._state = _State()
        self._find_home()
        ours = [row for row in self._rows("environments") if self._is_ours(row)]
        lists = [lower.deny_list_name(row.organization_id, row.kind) for row in ours]
        self._deny.load(lists, self._rows("revoked_tokens"), self._now())
        touched = self._desired.everything()
        touched.revocations = []
        return [*self._own(), *self._deny.all_updates(), *self._updates(touched)]

    def changes(self, differences: Iterable[Difference]) -> list[Update]:
        """The resources that these differences change."""
        touched = self._desired.touched(differences)
        return [*self._updates(touched), *self._deny.take(touched.revocations, self._now())]

    def apis_of(self, kind: str, name: str) -> list[str]:
        """The keys of the APIs that a resource serves: its own, or all that call an upstream."""
        if kind == names.ROUTES:
            return [name]
        if kind != names.CLUSTER:
            return []
        users = self._state.cluster_users.get(name, ())
        return sorted(self._state.served[id].key for id in users)

    def _own(self) -> list[Update]:
        """What is there whatever the store says."""
        site, pack = self._site, self._messages.pack
        updates = [
            Update(names.CLUSTER, services.STS, pack(services.sts(site.sts_address))),
            Update(names.CLUSTER, bound.CLUSTER, pack(services.proofs(site.proofs_socket))),
        ]
        if site.sts is not None:
            door = pack(sts_door.listener(site.sts))
            updates.append(Update(names.LISTENER, sts_door.NAME, door))
        return updates

    def _updates(self, touched: Touched) -> list[Update]:
        updates: list[Update] = []
        self._find_home()
        for id in sorted(touched.environments):
            environment = self._desired.row("environments", id)
            if environment and self._is_ours(environment) != (id in self._state.lowered):
                self._desired.touch_environment(touched, environment)  # with all that is in it
        for id in sorted(touched.environments):
            updates += self._environment(id)
        if touched.environments:
            updates += self._doors.updates(self._state.lowered)
        for id in sorted(touched.deployments):
            updates += self._deployment(id)
        return [*updates, *(self._place(place) for place in sorted(touched.places))]

    def _environment(self, id: str) -> list[Update]:
        environment: Environment | None = self._desired.row("environments", id)
        if environment is None or not self._is_ours(environment):
            for kept in (self._state.closed, self._state.left_out, self._state.entrances,
                         self._state.lowered):  # fmt: skip
                kept.pop(id, None)
            return [
                Update(names.LISTENER, id, None),
                Update(names.SCOPE, well_known.scope_name(id), None),
                Update(names.ROUTES, well_known.routes_name(id), None),
                *(Update(names.EXTENSION, policy.filter_name(id), None) for policy in POLICIES),
            ]
        try:
            updates = self._front_door(environment)
        except Exception as error:  # noqa: BLE001  what was served stays, the rest goes on
            self._state.closed[id] = _reason(error)
            return []
        self._state.closed.pop(id, None)
        return updates

    def _is_ours(self, environment: Environment | None) -> bool:
        return self._address(environment) is not None or self._doors.serves(environment)

    def _address(self, environment: Environment | None) -> tuple[str, int] | None:
        return self._site.address(environment, self._state.home)

    def _find_home(self) -> None:
        """The organization that was there first has the ports."""
        self._state.home = min((row.id for row in self._rows("organizations")), default="")

    def _front_door(self, environment: Environment) -> list[Update]:
        address = self._address(environment)
        ir = self._lower_environment(environment, address or ("", 0))
        self._state.lowered[environment.id] = ir
        extensions = [
            Update(names.EXTENSION, name, self._messages.pack(resource))
            for name, resource in listener.extensions(ir).items()
        ]
        body = self._messages.pack(listener.listener(ir)) if address else None
        front = Update(names.LISTENER, environment.id, body)
        return [*self._deny.add_list(ir.deny_list), *extensions, front, *self._well_known(ir)]

    def _lower_environment(
        self, environment: Environment, address: tuple[str, int]
    ) -> EnvironmentIr:
        desired, sts_url = self._desired, self._site.sts_url
        organization = desired.row("organizations", environment.organization_id)
        token_issuer = issuer(sts_url, organization.handle, environment.kind)
        signers = desired.api_key_signers(environment)
        return lower.lower_environment(
            organization, environment, desired.signing_keys(environment), sts_url, address,
            self._site.tls,
            issuers=self._issuers(environment),
            api_keys=lower_issuers.lower_keys(signers, token_issuer, environment),
            entrances=self._entrances(environment.id),
            plans=desired.plans(organization.id),
            limits=desired.limits(environment.id),
        )  # fmt: skip

    def _entrances(self, environment_id: str) -> tuple[EntranceIr, ...]:
        """Also those of the time before: an API is served by its old one until Envoy has its new
        routes. They go with the front door's next change."""
        definitions = self._desired.definitions(environment_id)
        now = lower_issuers.entrances(definitions)
        before = self._state.entrances.get(environment_id, ())
        self._state.entrances[environment_id] = now
        return tuple(sorted({*before, *now}, key=lambda item: item.name))

    def _issuers(self, environment: Environment) -> tuple[IssuerIr, ...]:
        """The key managers that can verify; the others' tokens open nothing there."""
        managers = self._desired.key_managers(environment.organization_id)
        left_out = self._state.left_out[environment.id] = {}
        found = []
        for manager in lower_issuers.issuers_at(managers, environment):
            fetched = self._desired.row("fetched_key_sets", manager.id)
            try:
                found.append(lower_issuers.lower_issuer(manager, fetched))
            except Invalid as error:
                left_out[manager.id] = str(error)
        return tuple(found)

    def _well_known(self, ir: EnvironmentIr) -> list[Update]:
        scope, routes_of = well_known.scope(ir), well_known.route_configuration(ir)
        key = (names.ROUTES, routes_of["name"])
        return [
            Update(*key, self._messages.pack(routes_of)),
            Update(names.SCOPE, scope["name"], self._messages.pack(scope), key),
        ]

    def _deployment(self, id: str) -> list[Update]:
        deployment: Deployment | None = self._desired.row("deployments", id)
        if deployment is None:
            return self._withdraw(id)
        api: Api | None = self._desired.row("apis", deployment.api_id)
        ours = self._is_ours(self._desired.row("environments", deployment.environment_id))
        if api is None or api.state is State.RETIRED or not ours:
            return self._withdraw(id)
        key = lower.api_key(deployment.environment_id, api.id)
        served = self._state.served.setdefault(id, _Served(key))
        try:
            ir = self._lower(api, deployment)
            updates = self._compile(ir)
        except Exception as error:  # noqa: BLE001  one bad API is left out, the others go on
            self._fault(deployment, _reason(error))
            return []
        self._state.faults.pop(_fault_id(deployment), None)
        return [*updates, *self._use_cluster(id, served, upstream.cluster_name(ir.upstream))]

    def _lower(self, api: Api, deployment: Deployment) -> ApiIr:
        environment = self._desired.row("environments", deployment.environment_id)
        organization = self._desired.row("organizations", api.organization_id)
        revision: Revision | None = self._desired.row("revisions", deployment.revision_id)
        if environment is None or organization is None or revision is None:
            raise Invalid("its environment, organization or revision is missing.", api.reference)
        occupant = self._desired.occupant((environment.id, api.context, api.version))
        if occupant is not None and occupant.id != deployment.id:
            raise Invalid(
                f"{api.context}/{api.version} is taken by another API.", api.reference,
                "Undeploy one of them or give it another context.",
            )  # fmt: skip
        definition = revision.definition
        required = definition.access.subscription_required
        known = self._desired.subscribers if required else self._desired.everybody
        return lower.lower_api(
            organization, api, definition, deployment, known(api, environment),
            environment.gateway_url,
        )  # fmt: skip

    def _compile(self, ir: ApiIr) -> list[Update]:
        cluster = upstream.cluster(ir.upstream, self._site.ca_file)
        body = self._messages.pack(routes.route_configuration(ir))
        return [
            Update(names.CLUSTER, cluster["name"], self._messages.pack(cluster)),
            Update(names.ROUTES, ir.key, body, _after(ir)),
        ]

    def _place(self, place: Place) -> Update:
        environment_id, context, version = place
        occupant = self._desired.occupant(place)
        ours = self._is_ours(self._desired.row("environments", environment_id))
        key = lower.api_key(environment_id, occupant.api_id) if occupant and ours else ""
        ir = PlaceIr(environment_id, context, version, key)
        if not key:
            return Update(names.SCOPE, ir.name, None)
        return Update(
            names.SCOPE, ir.name, self._messages.pack(routes.place(ir)), (names.ROUTES, key)
        )

    def _withdraw(self, id: str) -> list[Update]:
        served = self._state.served.pop(id, None)
        if served is None:
            return []
        environment_id, _, api_id = served.key.partition("/")
        self._state.faults.pop(f"{api_id}/{environment_id}", None)
        return [Update(names.ROUTES, served.key, None), *self._release_cluster(id, served)]

    def _use_cluster(self, id: str, served: _Served, cluster: str) -> list[Update]:
        self._state.cluster_users.setdefault(cluster, set()).add(id)
        if served.cluster == cluster:
            return []
        released = self._release_cluster(id, served)
        served.cluster = cluster
        return released

    def _release_cluster(self, id: str, served: _Served) -> list[Update]:
        users = self._state.cluster_users.get(served.cluster)
        if users is None:
            return []
        users.discard(id)
        if users:
            return []
        del self._state.cluster_users[served.cluster]
        return [Update(names.CLUSTER, served.cluster, None)]

    def _fault(self, deployment: Deployment, reason: str) -> None:
        self._state.faults[_fault_id(deployment)] = Fault(
            deployment.organization_id, deployment.api_id, deployment.environment_id, reason
        )

    def _rows(self, noun: str) -> Iterable[Any]:
        return self._desired.all(noun)


def _after(ir: ApiIr) -> tuple[str, str] | None:
    """What must be in force before an API's routes: by a requirement that it has not heard of yet,
    Envoy would refuse every call; by a limit that it has not heard of, count none."""
    if ir.entrance not in STANDARD_ENTRANCES:
        return names.EXTENSION, access_token.filter_name(ir.environment_id)
    if rates.is_counted(ir):
        return names.EXTENSION, limiters.folder(ir.environment_id) + "*"
    return None


def _reason(error: Exception) -> str:
    """Our own errors speak for themselves; of others only the kind, as texts may quote input."""
    if isinstance(error, GatewrightError):
        return str(error)
    return f"It can not be compiled ({type(error).__name__})."


def _fault_id(deployment: Deployment) -> str:
    return f"{deployment.api_id}/{deployment.environment_id}"
