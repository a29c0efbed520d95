"""`gatewright plan` and `api limit` against a fake management API."""

import json

import pytest

PLAN = {
    "id": "plan_1", "name": "Platinum", "description": "For partners.", "request_count": 600,
    "unit": "hour", "burst_count": 10, "burst_seconds": 5, "stop_on_quota": False,
    "created_at": "2026-11-24T12:00:00Z", "revision": 1,
}  # fmt: skip
FREE = PLAN | {"name": "Free", "request_count": None, "burst_count": None, "description": ""}


def test_a_plan_is_made(run, fake):
    fake.on("POST", "/plans", PLAN, status=201, sequence=4)
    options = "--requests 600 --per hour --burst 10 --burst-seconds 5 --no-stop-on-quota"
    done = run("plan", "create", "Platinum", *options.split(), "--description", "For partners.")
    assert done.exit_code == 0
    assert done.stdout == "plan Platinum: 600 calls per hour\n"
    assert "next: gatewright subscribe APP API --plan Platinum\n" in done.stderr
    assert fake.body() == {
        name: PLAN[name]
        for name in ("name", "description", "request_count", "unit", "burst_count",
                     "burst_seconds", "stop_on_quota")
    }  # fmt: skip


def test_a_name_alone_makes_an_unlimited_one(run, fake):
    fake.on("POST", "/plans", FREE, status=201)
    assert run("plan", "create", "Free").stdout == "plan Free: unlimited\n"
    assert fake.body() == {"name": "Free"}


def test_plans_are_listed_and_shown(run, fake):
    fake.on("GET", "/plans", {"items": [PLAN, FREE]})
    lines = run("plan", "list").stdout.splitlines()
    assert lines == [
        "PLAN      LIMIT               BURST      OVER THE QUOTA  DESCRIPTION",
        "Platinum  600 calls per hour  10 in 5 s  counted only    For partners.",
        "Free      unlimited           -          -",
    ]
    fake.on("GET", "/plans/Platinum", PLAN | {"subscription_count": 3})
    shown = run("plan", "show", "Platinum").stdout
    assert "subscriptions   3\n" in shown and "burst           10 in 5 s\n" in shown


def test_a_plan_is_changed_and_waited_for(run, fake):
    fake.on("PATCH", "/plans/Platinum", PLAN, sequence=9)
    fake.live(9)
    done = run("plan", "edit", "Platinum", "--requests", "600", "--per", "hour")
    assert (done.exit_code, done.stdout) == (0, "plan Platinum: 600 calls per hour\n")
    assert "live on 1 of 1 gateways" in done.stderr
    assert fake.body() == {"request_count": 600, "unit": "hour"}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ("--unlimited", {"request_count": None, "burst_count": None}),
        ("--no-burst", {"burst_count": None}),
        ("--stop-on-quota", {"stop_on_quota": True}),
        ("--name Gold", {"name": "Gold"}),
    ],
)
def test_limits_are_taken_away(run, fake, options, body):
    fake.on("PATCH", "/plans/Platinum", PLAN)
    assert run("plan", "edit", "Platinum", *options.split()).exit_code == 0
    assert fake.body() == body


@pytest.mark.parametrize("options", ["", "--unlimited --requests 5", "--no-burst --burst 5"])
def test_what_can_not_be_meant_asks_nobody(run, fake, options):
    assert run("plan", "edit", "Platinum", *options.split()).exit_code == 64
    assert fake.calls() == []


def test_a_plan_is_deleted_when_confirmed(run, fake):
    fake.on("DELETE", "/plans/Platinum", None, status=204)
    assert run("plan", "delete", "Platinum").exit_code == 64
    assert run("plan", "delete", "Platinum", "--yes").stdout == "plan Platinum is deleted\n"
    fake.refuse("DELETE", "/plans/Gold", 409, "conflict", "2 subscriptions are on plan Gold.",
                field="plan", way_out="Move them.")  # fmt: skip
    done = run("plan", "delete", "Gold", "--yes")
    assert done.exit_code == 1 and "2 subscriptions are on plan Gold." in done.stderr


LIMITS = {
    "environment": "production",
    "limits": [
        {"operation": None, "limit": "1000/minute"},
        {"operation": "GET /books", "limit": "100/minute"},
    ],
    "in_force": [],
    "deployed_revision": 3,
    "deploy_needed": True,
    "revision": 2,
}
PATH = "/apis/books%3Av1.0/limits"


def test_an_api_is_limited(run, fake):
    fake.on("PATCH", f"{PATH}/production", LIMITS)
    done = run("api", "limit", "books:v1.0", "1000/minute", "--environment", "production")
    assert (done.exit_code, done.stdout) == (
        0, "books:v1.0 is limited to 1000/minute in production\n",
    )  # fmt: skip
    assert fake.body() == {"api": "1000/minute"}
    assert "not in force yet: deploying does that; with --revision 3, nothing else" in done.stderr
    assert "next: gatewright api deploy books:v1.0 --environment production\n" in done.stderr


def test_an_operation_is_limited_and_freed(run, fake):
    fake.on("PATCH", f"{PATH}/production", LIMITS | {"in_force": None, "deploy_needed": False})
    words = ("api", "limit", "books:v1.0", "-e", "production", "--operation", "GET /books")
    done = run(*words, "100/minute")
    assert done.stdout == "GET /books of books:v1.0 is limited to 100/minute in production\n"
    assert "production does not serve it yet" in done.stderr
    assert "has no limit any more" in run(*words, "--remove").stdout
    assert [fake.body(0), fake.body(1)] == [
        {"operations": {"GET /books": "100/minute"}}, {"operations": {"GET /books": None}},
    ]  # fmt: skip


def test_limits_are_listed_beside_those_in_force(run, fake):
    other = LIMITS | {
        "environment": "development", "limits": [], "deploy_needed": True,
        "in_force": [{"operation": None, "limit": "5/day"}],
    }  # fmt: skip
    fake.on("GET", PATH, {"items": [other, LIMITS]})
    lines = run("api", "limit", "books:v1.0").stdout.splitlines()
    assert lines[1:] == [
        "development  *           none         5/day",
        "production   *           1000/minute  none",
        "production   GET /books  100/minute   none",
    ]
    found = json.loads(run("api", "limit", "books:v1.0", "-e", "production", "--json").stdout)
    assert found == {"items": [LIMITS]}


@pytest.mark.parametrize(
    "words",
    [("1/day",), ("--remove",), ("1/day", "--remove", "-e", "production"),
     ("--operation", "GET /books")],
)  # fmt: skip
def test_half_a_limit_asks_nobody(run, fake, words):
    assert run("api", "limit", "books:v1.0", *words).exit_code == 64
    assert fake.calls() == []
