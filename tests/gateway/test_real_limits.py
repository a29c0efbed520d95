"""Plans and limits on a real Envoy: exact headers, bursts, quotas that do not stop, and buckets
that outlive whatever is re-sent."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.conftest import PORT, SANDBOX_PORT, UPSTREAM_PORT, World, running
from tests.gateway.scene import AT

pytestmark = pytest.mark.real
URL = f"http://127.0.0.1:{UPSTREAM_PORT}"
PLANS: Mapping[str, Any] = {
    "Hour3": (3, "hour", {}),
    "Minute6": (6, "minute", {}),
    "Day1": (1, "day", {}),
    "Burst": (50, "hour", {"burst_count": 2, "burst_seconds": 1}),
    "Soft": (2, "minute", {"stop_on_quota": False}),
    "SoftBurst": (
        3, "hour", {"stop_on_quota": False, "burst_count": 2, "burst_seconds": 1},
    ),
}  # fmt: skip
ONE = {"GET /a": "any", "GET /open": "anonymous", "GET /scoped": ["s"]}
SCENE: Mapping[str, Any] = {
    "environments": {"production": PORT, "development": SANDBOX_PORT},
    "plans": PLANS,
    "apis": [
        {"handle": "one", "upstream": URL, "operations": ONE},
        {"handle": "one", "version": "v1.1", "upstream": URL, "operations": ONE},
        {"handle": "one", "version": "v2.0", "upstream": URL, "operations": ONE},
        {"handle": "other", "upstream": URL, "operations": ONE},
        {"handle": "shared", "upstream": URL, "operations": ONE, "limits": {"api": "4/hour"}},
        {
            "handle": "narrow", "upstream": URL,
            "operations": {"GET /a": "any", "GET /b": "any", "GET /open": "anonymous"},
            "limits": {"GET /a": "2/hour", "GET /open": "2/hour", "api": "5/hour"},
        },
    ],
    "applications": {
        name: dict.fromkeys(("one", "one:2", "other", "shared", "narrow"), name)
        for name in (*PLANS, "Unlimited", "Bronze")
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("gateway"), SCENE) as found:
        yield found


def fresh(world: World, name: str, plan: str) -> str:
    """A token of a new application with a plan for every API."""
    changes = world.scene.application(name, dict.fromkeys(("one", "one:2", "other"), plan))
    world.in_force(*changes)
    return world.token(name)


def told(reply: Any) -> tuple[str | None, ...]:
    names = ("limit", "remaining", "reset")
    return tuple(reply.headers.get(f"x-ratelimit-{name}") for name in names)


def test_each_answer_tells_the_exact_state_of_the_bucket(limited: World) -> None:
    token = fresh(limited, "exact", "Hour3")
    replies = [limited.call("/one/v1/a", token) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert [told(reply) for reply in replies] == [
        ("3", "2", "0"), ("3", "1", "0"), ("3", "0", "1200"), ("3", "0", "1200"),
        ("3", "0", "1200"),
    ]  # fmt: skip
    assert [reply.headers.get("retry-after") for reply in replies] == [
        None, None, None, "1200", "1200",
    ]  # fmt: skip
    assert [reply.headers.get("x-ratelimit-enforced") for reply in replies[2:]] == [
        None, "plan", "plan",
    ]  # fmt: skip
    assert replies[3].json["code"] == "900804"


def test_retry_after_is_that_of_the_callers_own_plan(limited: World) -> None:
    slow, fast = fresh(limited, "slow", "Day1"), fresh(limited, "fast", "Minute6")
    assert limited.call("/one/v1/a", slow).status == 200
    assert limited.call("/one/v1/a", slow).headers["retry-after"] == "86400"
    replies = [limited.call("/one/v1/a", fast) for _ in range(7)]
    assert [reply.status for reply in replies] == [200] * 6 + [429]
    assert replies[6].headers["retry-after"] == "10"


def test_an_unlimited_plan_tells_nothing(limited: World) -> None:
    for _ in range(3):
        reply = limited.call("/one/v1/a", limited.token("Unlimited"))
        assert reply.status == 200
        assert told(reply) == (None, None, None)
        assert "retry-after" not in reply.headers


def test_a_burst_is_stopped_and_costs_no_quota(limited: World) -> None:
    token = fresh(limited, "bursting", "Burst")
    replies = [limited.call("/one/v1/a", token) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert [told(reply)[1] for reply in replies[:2]] == ["49", "48"]
    for refused in replies[2:]:
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["x-ratelimit-enforced"] == "burst"
        assert refused.json["code"] == "900804"
        assert "at once" in refused.json["description"]
    time.sleep(1.1)
    assert told(limited.call("/one/v1/a", token))[:2] == ("50", "47")


def test_a_quota_that_does_not_stop_is_only_counted(limited: World) -> None:
    token = fresh(limited, "soft", "Soft")
    replies = [limited.call("/one/v1/a", token) for _ in range(4)]
    assert [reply.status for reply in replies] == [200] * 4
    assert [told(reply)[:2] for reply in replies] == [
        ("2", "1"),
        ("2", "0"),
        ("2", "0"),
        ("2", "0"),
    ]
    assert not any("retry-after" in reply.headers for reply in replies)


def test_a_burst_stops_where_the_quota_does_not(limited: World) -> None:
    token = fresh(limited, "softburst", "SoftBurst")
    statuses = [limited.call("/one/v1/a", token).status for _ in range(3)]
    time.sleep(1.1)
    statuses += [limited.call("/one/v1/a", token).status for _ in range(2)]
    assert statuses == [200, 200, 429, 200, 200]


def test_minor_versions_share_what_major_versions_and_apis_do_not(limited: World) -> None:
    token = fresh(limited, "sharing", "Hour3")
    paths = ("/one/v1.0/a", "/one/v1.1/a", "/one/v1/a", "/one/v1.0/a")
    assert [limited.call(path, token).status for path in paths] == [200, 200, 200, 429]
    assert told(limited.call("/one/v2/a", token))[:2] == ("3", "2")
    assert told(limited.call("/other/v1/a", token))[:2] == ("3", "2")


def test_anonymous_calls_and_refused_ones_count_for_nobody(limited: World) -> None:
    token = fresh(limited, "counting", "Hour3")
    for _ in range(4):
        assert told(limited.call("/one/v1/open", token)) == (None, None, None)
        refused = limited.call("/one/v1/scoped", token)
        assert (refused.status, told(refused)) == (403, (None, None, None))
    assert told(limited.call("/one/v1/a", token))[:2] == ("3", "2")


RESENT = ["subscribe", "deploy", "block", "another plan of the API", "lifecycle"]


@pytest.mark.parametrize("change", RESENT)
def test_what_re_sends_an_api_refills_no_bucket(limited: World, change: str) -> None:
    scene, name = limited.scene, f"steady{RESENT.index(change)}"
    token = fresh(limited, name, "Hour3")
    for _ in range(2):
        limited.call("/one/v1/a", token)
    if change == "subscribe":
        limited.in_force(*scene.application(f"{name}-x", {"one": "Day1"}))
    elif change == "deploy":
        limited.in_force(
            *scene.api("one", {**ONE, "GET /new": "any"}, version="v1.1", upstream=URL)
        )
        assert limited.call("/one/v1.1/new", token).status == 200
    elif change == "block":
        limited.in_force(scene.subscribe("Bronze", "one", "Bronze", blocked=True))
        assert limited.call("/one/v1/a", limited.token("Bronze")).status == 403
        limited.in_force(scene.subscribe("Bronze", "one", "Bronze"))
    elif change == "another plan of the API":
        limited.in_force(scene.subscribe("Bronze", "one", "Minute6"))
        limited.in_force(scene.subscribe("Bronze", "one", "Bronze"))
    else:
        api = scene.tables["apis"]["api_one_v1.1"]
        later = replace(api, state=type(api.state)("DEPRECATED"), deprecated_at=AT)
        limited.in_force(scene.put("apis", later))
        limited.in_force(scene.put("apis", replace(api, state=type(api.state)("PUBLISHED"))))
    left = 0 if change == "deploy" else 1
    replies = [limited.call("/one/v1/a", token) for _ in range(left + 1)]
    assert [reply.status for reply in replies] == [200] * left + [429]


def test_another_plan_of_a_subscription_is_in_force_at_once(limited: World) -> None:
    token = fresh(limited, "moving", "Day1")
    assert [limited.call("/one/v1/a", token).status for _ in range(2)] == [200, 429]
    limited.in_force(limited.scene.subscribe("moving", "one", "Hour3"))
    assert told(limited.call("/one/v1/a", token))[:2] == ("3", "2")
    limited.in_force(limited.scene.subscribe("moving", "one", "Unlimited"))
    assert told(limited.call("/one/v1/a", token)) == (None, None, None)


def test_a_changed_plan_is_in_force_at_once_and_re_sends_no_api(limited: World) -> None:
    scene = limited.scene
    token = fresh(limited, "changing", "Minute6")
    assert told(limited.call("/one/v1/a", token))[0] == "6"
    snapshot = limited.gateway.snapshot
    assert snapshot
    kind = next(kind for kind in snapshot.resources if kind.endswith("RouteConfiguration"))
    before = {name: item.version for name, item in snapshot.resources[kind].items()}
    plan = scene.tables["plans"]["plan_Minute6"]
    limited.in_force(scene.put("plans", replace(plan, request_count=9)))
    assert told(limited.call("/one/v1/a", token))[:2] == ("9", "8")
    limited.in_force(scene.put("plans", replace(plan, request_count=None)))
    assert told(limited.call("/one/v1/a", token)) == (None, None, None)
    limited.in_force(scene.put("plans", plan))
    assert told(limited.call("/one/v1/a", token))[:2] == ("6", "5")
    assert {name: item.version for name, item in snapshot.resources[kind].items()} == before


def test_an_api_limit_counts_all_callers_together(limited: World) -> None:
    tokens = [limited.token("Unlimited"), limited.token("Bronze")]
    replies = [limited.call("/shared/v1/a", tokens[turn % 2]) for turn in range(3)]
    replies.append(limited.call("/shared/v1/open"))
    replies += [limited.call("/shared/v1/a", token) for token in tokens]
    replies.append(limited.call("/shared/v1/open"))
    assert [reply.status for reply in replies] == [200] * 4 + [429] * 3
    for refused in replies[4:]:
        assert refused.json["code"] == "900800"
        assert refused.headers["retry-after"] == "900"
        assert refused.headers["x-ratelimit-enforced"] == "api"
    assert told(replies[4]) == (None, None, None)
    assert told(replies[5])[0] == "1000"  # the caller's own plan still has calls
    limited.in_force(*limited.scene.api("shared", ONE, upstream=URL, limits={"api": "4/hour"}))
    assert limited.call("/shared/v1/a", tokens[0]).status == 429


def test_an_operation_limit_is_the_operations_alone(limited: World) -> None:
    token = limited.token("Unlimited")
    replies = [limited.call("/narrow/v1/a", token) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].json["code"] == "900802"
    assert replies[2].headers["retry-after"] == "1800"
    assert replies[2].headers["x-ratelimit-enforced"] == "operation"
    assert [limited.call("/narrow/v1/open").status for _ in range(2)] == [200, 200]
    # Four have counted against the API: what the operation refuses costs the others nothing.
    assert limited.call("/narrow/v1/b", token).status == 200
    assert limited.call("/narrow/v1/b", token).json["code"] == "900800"


def test_without_its_limit_an_api_is_free_again(limited: World) -> None:
    limited.in_force(*limited.scene.api("shared", ONE, upstream=URL))
    for _ in range(6):
        assert limited.call("/shared/v1/open").status == 200
