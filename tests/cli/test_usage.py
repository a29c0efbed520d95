"""`gatewright usage`: what it asks for, and the table it prints."""

import json

import pytest


def numbers(calls, p50=4.5):
    return {"calls": calls, "latency_p50_ms": p50, "latency_p95_ms": 1234.6, "latency_p99_ms": None}


def row(calls, at=None, **group):
    return {"starts_at": at, "group": group, **numbers(calls)}


@pytest.fixture
def told(fake):
    def on(*rows, calls=12345):
        answer = {
            "since": "2026-11-23T12:00:00Z", "until": "2026-11-24T12:00:00Z",
            "total": numbers(calls), "items": list(rows), "next_cursor": None,
        }  # fmt: skip
        fake.on("GET", "/usage", answer)

    return on


def test_the_table_has_the_most_called_first_and_a_total(run, fake, told):
    told(row(2, api="a", version="v1.0"), row(12343, api="\x1bb", version=""))
    result = run("usage")
    assert result.exit_code == 0, result.stderr
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["API", "VERSION", "CALLS", "P50", "P95", "P99"],
        ["\\x1bb", "-", "12,343", "4", "ms", "1,235", "ms", "-"],
        ["a", "v1.0", "2", "4", "ms", "1,235", "ms", "-"],
        ["total", "12,345", "4", "ms", "1,235", "ms", "-"],
    ]
    params = fake.requests[0].url.params
    assert params.get_list("group_by") == ["api", "version"] and params["last"] == "24h"


def test_options_become_what_is_asked(run, fake, told):
    told()
    result = run(
        "usage", "--by", "operation,status", "--by", "plan", "--api", "books", "--app", "reader",
        "--status", "4xx", "-e", "production", "--operation", "GET /a", "--plan", "Gold",
        "--since", "2026-11-01", "--until", "2026-11-02T10:00:00+01:00", "--every", "1h",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    params = fake.requests[0].url.params
    assert params.get_list("group_by") == ["operation", "status", "plan"]
    assert {name: params[name] for name in ("api", "application", "status", "environment")} == {
        "api": "books", "application": "reader", "status": "4xx", "environment": "production",
    }  # fmt: skip
    assert params["from"] == "2026-11-01T00:00:00+00:00"
    assert params["to"] == "2026-11-02T10:00:00+01:00" and params["interval"] == "1h"
    assert "last" not in params


def test_with_an_interval_rows_stay_in_the_order_of_time(run, told):
    told(row(1, "2026-11-24T10:00:00Z", api="a"), row(5, "2026-11-24T11:00:00Z", api="a"))
    lines = run("usage", "--every", "1h", "--by", "api").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "FROM", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", "total",
    ]  # fmt: skip


def test_json_is_the_answer_and_the_limit_cuts_it(run, told):
    told(*(row(number, api=f"a{number}") for number in range(1, 6)))
    document = json.loads(run("usage", "--json", "--limit", "2").stdout)
    assert [item["calls"] for item in document["items"]] == [5, 4]
    assert document["total"]["calls"] == 12345
    assert "3 more rows" in run("usage", "--limit", "2").stderr


def test_a_time_that_is_none_is_refused(run):
    result = run("usage", "--since", "yesterday")
    assert result.exit_code != 0 and "is no time" in result.stderr
