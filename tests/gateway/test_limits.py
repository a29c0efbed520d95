"""Whom an API knows, which limits a front door tells, and what a change of either touches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.gateway.scene import AT, Scene

from gatewright.domain.api_key import ApiKey
from gatewright.domain.environment import Kind
from gatewright.domain.key_manager import ExternalClient
from gatewright.domain.observed import ABSENT_AFTER, GatewayNode
from gatewright.gateway.build import Build
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.desired import Desired
from gatewright.gateway.ir import LimitIr, PlanIr
from gatewright.gateway.lower_limits import http_date, lower_limits, lower_plans
from gatewright.gateway.observed import Observations
from gatewright.gateway.shares import Shares, members
from gatewright.gateway.snapshot import Snapshot
from gatewright.gateway.xds import limiters, names
from gatewright.store.mirror import Difference

MESSAGES = load_messages()


def scene() -> Scene:
    return Scene(
        {
            "apis": [
                {"handle": "a", "operations": {"GET /a": "any"}},
                {
                    "handle": "open", "operations": {"GET /a": "any"},
                    "access": {"subscription_required": False},
                },
            ],
            "applications": {"x": {"a": "Bronze"}, "y": {"a": "Tiny"}, "z": {}},
        }
    )  # fmt: skip


def touched(found: Scene, *changes: Difference) -> set[str]:
    desired = Desired(found)
    return {id.split("_")[1] for id in desired.touched(changes).deployments}


def key(application: str) -> ApiKey:
    return ApiKey(
        f"key_{application}", "org_1", f"app_{application}", Kind.PRODUCTION, "k", "h", None, AT,
        None, None,
    )  # fmt: skip


def test_a_changed_plan_touches_front_doors_and_no_api() -> None:
    found = scene()
    desired = Desired(found)
    plan = found.tables["plans"]["plan_Bronze"]
    change = desired.touched([found.put("plans", replace(plan, request_count=7))])
    assert (change.environments, change.deployments) == ({"env_production"}, set())
    gone = desired.touched([found.drop("plans", "plan_Bronze")])
    assert gone.deployments == {"dep_a_v1.0_production"}


def test_an_api_without_subscriptions_is_touched_by_whom_it_must_know() -> None:
    found = scene()
    assert touched(found, *found.application("new", {})) == set()
    assert touched(found, found.put("api_keys", key("z"))) == {"open"}
    client = ExternalClient("ext_1", "org_1", "km_1", "c", "app_z", AT)
    assert touched(found, found.put("external_clients", client)) == {"open"}
    application = found.tables["applications"]["app_x"]
    blocked = found.put("applications", replace(application, blocked=True))
    assert touched(found, blocked) == {"a", "open"}
    credential = found.tables["credentials"]["cred_x_production"]
    assert touched(found, found.put("credentials", replace(credential, generation=2))) == {
        "a", "open",
    }  # fmt: skip


def test_an_api_without_subscriptions_knows_keys_clients_and_who_is_blocked() -> None:
    found = scene()
    found.put("api_keys", key("z"))
    found.put("external_clients", ExternalClient("ext_1", "org_1", "km_1", "c", "app_z", AT))
    application = found.tables["applications"]["app_x"]
    found.put("applications", replace(application, blocked=True))
    found.subscribe("y", "open", "Tiny", blocked=True)
    api = found.tables["apis"]["api_open_v1.0"]
    environment = found.tables["environments"]["env_production"]
    known = {item.key: item.state for item in Desired(found).everybody(api, environment)}
    assert known == {
        "key_z": "active", "km_1|c": "active", "client_x_production.1": "blocked",
        "client_y_production.1": "blocked",
    }  # fmt: skip


def test_a_front_door_tells_the_limits_of_its_own_environment_once() -> None:
    found = scene()
    found.api("a", {"GET /a": "any"}, limits={"api": "5/minute", "GET /a": "5/minute"})
    found.api("open", {"GET /a": "any"}, limits={"api": "7/day"})
    desired = Desired(found)
    assert lower_limits(desired.limits("env_production")) == (LimitIr(5, 60), LimitIr(7, 86_400))
    assert lower_limits(desired.limits("env_other")) == ()
    assert lower_plans(desired.plans("org_1")) == (
        PlanIr("plan_Bronze", LimitIr(1000, 60)), PlanIr("plan_Tiny", LimitIr(3, 3600)),
    )  # fmt: skip


def test_routes_that_count_wait_for_what_they_name() -> None:
    found = scene()
    build = Build(Desired(found), found.site, MESSAGES, lambda: AT)
    after = {item.name: item.after for item in build.everything() if item.kind == names.ROUTES}
    folder = (names.EXTENSION, limiters.folder("env_production") + "*")
    assert after["env_production/api_a_v1.0"] == folder
    assert after["env_production/api_open_v1.0"] is None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2031, 1, 5, 7, 8, 9, tzinfo=UTC), "Sun, 05 Jan 2031 07:08:09 GMT"),
        (
            datetime(2030, 12, 31, 23, 0, tzinfo=timezone(timedelta(hours=-2))),
            "Wed, 01 Jan 2031 01:00:00 GMT",
        ),
    ],
)
def test_a_date_in_a_header_is_in_english_and_utc(moment: datetime, text: str) -> None:
    assert http_date(moment) == text


def test_every_gateway_is_one_member_wherever_it_is_seen() -> None:
    assert "endpoints" not in members([])
    assert members(["a", "b"]) == members(["b", "a", "a"])
    snapshot = Snapshot()
    shares = Shares(snapshot, MESSAGES.pack)
    seen = []
    snapshot.watch(lambda kind, which, mark: seen.append((kind, which, mark)))
    shares.here(["a"])
    shares.here(["a"])
    shares.elsewhere(["b"])
    assert seen == [(names.ENDPOINTS, [limiters.LOCAL_CLUSTER], 1)] * 2
    body = snapshot.resources[names.ENDPOINTS][limiters.LOCAL_CLUSTER].body
    assert body == MESSAGES.pack(members(["a", "b"]))
    snapshot.replace([], frozenset(), 5)
    assert limiters.LOCAL_CLUSTER in snapshot.resources[names.ENDPOINTS]


def test_what_was_kept_of_the_fleet_is_believed_until_somebody_connects() -> None:
    snapshot = Snapshot()
    Shares(snapshot, MESSAGES.pack).here(["a", "b"])
    kept = snapshot.resources[names.ENDPOINTS][limiters.LOCAL_CLUSTER].body
    again = Shares(snapshot, MESSAGES.pack)
    assert snapshot.resources[names.ENDPOINTS][limiters.LOCAL_CLUSTER].body == kept
    again.here(["a"])
    assert snapshot.resources[names.ENDPOINTS][limiters.LOCAL_CLUSTER].body != kept


class _Rows:
    def __init__(self, *rows: GatewayNode) -> None:
        self.gateway_nodes = self.api_faults = self
        self._rows = rows

    def find(self) -> list[GatewayNode]:
        return list(self._rows)

    def __enter__(self) -> "_Rows":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> "_Rows":
        return self


def test_only_present_gateways_of_the_same_environments_share() -> None:
    def node(
        id: str, environment: str = "e", *, connected: bool = True, ago: int = 0
    ) -> GatewayNode:
        seen = AT - timedelta(seconds=ago)
        return GatewayNode(id, frozenset({environment}), connected, seen, "1.40", 1, "")

    rows = _Rows()
    observations = Observations(rows)  # type: ignore[arg-type]
    rows._rows = (
        node("own"), node("other"), node("left", connected=False), node("elsewhere", "f"),
        node("dead", ago=int(ABSENT_AFTER.total_seconds())),
    )  # fmt: skip
    assert observations.others({"own"}, frozenset({"e"}), AT) == {"other"}
