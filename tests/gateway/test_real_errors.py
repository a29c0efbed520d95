"""Each security error of Bijira, and what a real Envoy answers instead: status, code, body,
challenge and CORS. The rows are those of the table in `docs/reference/errors.md`."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.conftest import PORT, UPSTREAM_PORT, World, running
from tests.gateway.scene import AT
from tests.gateway.test_real_calls import tampered, unsigned

pytestmark = pytest.mark.real
URL = f"http://127.0.0.1:{UPSTREAM_PORT}"
OK = "/books/v1/books"
METADATA = f"http://127.0.0.1:{PORT}/.well-known/oauth-protected-resource"
SCENE: Mapping[str, Any] = {
    "environments": {"production": PORT},
    "plans": {"Day1": (1, "day", {}), "Burst1": (50, "hour", {"burst_count": 1})},
    "apis": [
        {
            "handle": "books", "upstream": URL,
            "operations": {
                "GET /books": ["books:read"], "POST /books": ["books:write"], "GET /any": "any",
                "GET /open": "anonymous",
            },
        },
        {
            "handle": "options", "upstream": URL,
            "operations": {"GET /own": "any", "OPTIONS /own": "anonymous", "GET /other": "any"},
        },
        {"handle": "shut", "state": "BLOCKED", "operations": {"GET /a": "any"}},
        {"handle": "gone", "state": "RETIRED", "operations": {"GET /a": "any"}},
        {"handle": "early", "state": "PRE-RELEASED", "upstream": URL,
         "operations": {"GET /a": "any"}},
        {
            "handle": "old", "state": "DEPRECATED", "upstream": URL,
            "operations": {"GET /a": "any", "GET /open": "anonymous"},
            "deprecated_at": datetime(2029, 6, 30, 23, 59, 59, tzinfo=UTC),
            "sunset_at": datetime(2031, 1, 5, 7, 8, 9, tzinfo=UTC),
        },
        {"handle": "dead", "upstream": "http://127.0.0.1:1", "operations": {"GET /a": "any"}},
        {"handle": "once", "upstream": URL, "operations": {"GET /a": "any"},
         "limits": {"api": "1/day"}},
        {"handle": "single", "upstream": URL, "operations": {"GET /a": "any"},
         "limits": {"GET /a": "1/day"}},
        {"handle": "everyones", "upstream": URL, "operations": {"GET /a": ["s"], "GET /b": "any"},
         "access": {"subscription_required": False}},
    ],
    "applications": {
        "reader": dict.fromkeys(
            ("books", "shut", "gone", "early", "old", "dead", "once", "single"), "Unlimited"
        ),
        "slow": {"books": "Day1"}, "bursting": {"books": "Burst1"},
        "blocked": {}, "pending": {}, "banned": {"books": "Unlimited"}, "stranger": {},
        "rejected": {},
    },
    "revoked": ["revoked-1"],
}  # fmt: skip


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("gateway"), SCENE) as world:
        scene = world.scene
        banned = replace(scene.tables["applications"]["app_banned"], blocked=True)
        rejected = scene.subscribe("rejected", "books", "Unlimited", pending=True)
        rejected = scene.put("subscriptions", replace(rejected.after, rejection="no"))
        world.in_force(
            scene.subscribe("blocked", "books", "Unlimited", blocked=True),
            scene.subscribe("pending", "books", "Unlimited", pending=True),
            rejected,
            scene.put("applications", banned),
        )
        for path, application in (
            (OK, "slow"), (OK, "bursting"), ("/once/v1/a", "reader"), ("/single/v1/a", "reader"),
        ):  # fmt: skip
            assert world.call(path, world.token(application)).status == 200
        yield world


Token = Callable[[Any], str | None]


@dataclass(frozen=True)
class Row:
    """`bijira` is its code there, `name` what ours is called among the refusals."""

    bijira: str
    name: str
    status: int
    code: str
    message: str
    token: Token
    path: str = OK
    challenge: str = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    describes: str = ""


INVALID = 'error="invalid_token"'
ROWS = {
    "no usable credential": Row(
        "900901", "missing", 401, "900902", "Missing Credentials", lambda t: None,
        challenge="Bearer realm",
    ),
    "credential missing": Row(
        "900902", "missing", 401, "900902", "Missing Credentials", lambda t: None,
        path=OK + "?access_token=x", challenge="Bearer realm",
    ),
    "not a JWT": Row(
        "900901", "invalid", 401, "900901", "Invalid Credentials", lambda t: "garbage",
        challenge=INVALID,
    ),
    "bad signature": Row(
        "900901", "invalid", 401, "900901", "Invalid Credentials", lambda t: tampered(t()),
        challenge=INVALID,
    ),
    "no signature": Row(
        "900901", "invalid", 401, "900901", "Invalid Credentials", lambda t: unsigned(t()),
        challenge=INVALID,
    ),
    "unknown issuer": Row(
        "900901", "invalid", 401, "900901", "Invalid Credentials",
        lambda t: t(iss="http://evil.test"), challenge=INVALID,
    ),
    "revoked": Row(
        "900901", "revoked", 401, "900901", "Invalid Credentials", lambda t: t(jti="revoked-1"),
        challenge='error_description="The access token was revoked"',
    ),
    "expired": Row(
        "900903", "expired", 401, "900903", "Access Token Expired",
        lambda t: t(exp=int(time.time()) - 30), challenge=INVALID,
    ),
    "not valid yet": Row(
        "900904", "inactive", 401, "900904", "Access Token Inactive",
        lambda t: t(nbf=int(time.time()) + 600), challenge=INVALID,
    ),
    "token of another type": Row(
        "900905", "invalid", 401, "900901", "Invalid Credentials", lambda t: f"gwk_{t()}",
        challenge=INVALID,
    ),
    "key of the other environment": Row(
        "900901", "invalid", 401, "900901", "Invalid Credentials", lambda t: t(kind="sandbox"),
        challenge=INVALID,
    ),
    "unclassified": Row(
        "900900", "undecided", 503, "900900", "Unclassified Authentication Failure",
        lambda t: t(gwk=None, gwb="client_reader_production.1", cnf={"jkt": "x"}),
    ),
    "no such resource": Row(
        "900906", "no-route", 404, "404", "Not Found", lambda t: t(), path="/books/v1/nothing",
    ),
    "no such API": Row("404", "no-route", 404, "404", "Not Found", lambda t: t(), path="/no/v1/a"),
    "API retired": Row(
        "404", "no-route", 404, "404", "Not Found", lambda t: t(), path="/gone/v1/a"
    ),
    "subscription blocked": Row(
        "900907", "subscription-blocked", 403, "900907",
        "The requested API is temporarily blocked", lambda t: t("blocked"), describes="unblock",
    ),
    "application blocked": Row(
        "900805", "subscription-blocked", 403, "900907",
        "The requested API is temporarily blocked", lambda t: t("banned"), describes="unblock",
    ),
    "not subscribed": Row(
        "900908", "not-subscribed", 403, "900908", "Resource forbidden", lambda t: t("stranger"),
        describes="Subscribe it",
    ),
    "subscription rejected": Row(
        "900909", "not-subscribed", 403, "900908", "Resource forbidden", lambda t: t("rejected"),
    ),
    "subscription inactive": Row(
        "900909", "subscription-pending", 403, "900909",
        "The subscription to the API is inactive", lambda t: t("pending"), describes="approve",
    ),
    "scope missing": Row(
        "900910", "scope", 403, "900910",
        "The access token does not allow you to access the requested resource",
        lambda t: t(scope="books:write"), describes="books:read",
        challenge='error="insufficient_scope", scope="books:read"',
    ),
    "API blocked": Row(
        "700700", "blocked", 503, "700700", "API blocked", lambda t: t(), path="/shut/v1/a",
    ),
    "over the API's limit": Row(
        "900800", "api-limit", 429, "900800", "Message throttled out", lambda t: t(),
        path="/once/v1/a",
    ),
    "over the resource's limit": Row(
        "900802", "operation-limit", 429, "900802", "Message throttled out", lambda t: t(),
        path="/single/v1/a",
    ),
    "over the subscription's limit": Row(
        "900804", "limit", 429, "900804", "Message throttled out", lambda t: t("slow"),
    ),
    "method not declared": Row(
        "405", "method", 405, "405", "Method Not Allowed", lambda t: t(), method="DELETE",
    ),
    "upstream away": Row(
        "101503", "upstream", 503, "101503", "Service Unavailable", lambda t: t(),
        path="/dead/v1/a",
    ),
    "escaped slash": Row(
        "400", "bad-request", 400, "400", "Bad Request", lambda t: t(), path="/books%2Fv1/books",
    ),
}  # fmt: skip


def test_the_table_in_the_documentation_has_these_rows() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/errors.md").read_text()
    section = text.partition("## From Bijira")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    found = [tuple(cell.strip() for cell in row[:5]) for row in rows[1:]]
    assert found == [
        (name, row.bijira, f"`{row.name}`", str(row.status), row.code) for name, row in ROWS.items()
    ]


@pytest.mark.parametrize("origin", [None, "https://page.test"], ids=["program", "page"])
@pytest.mark.parametrize("name", ROWS)
def test_each_error_is_answered_as_the_table_says(
    errors: World, name: str, origin: str | None
) -> None:
    row = ROWS[name]
    headers = {**row.headers, **({"Origin": origin} if origin else {})}
    reply = errors.call(row.path, row.token(errors.token), method=row.method, headers=headers)
    assert (reply.status, reply.json["code"], reply.json["message"]) == (
        row.status, row.code, row.message,
    ), reply  # fmt: skip
    assert set(reply.json) == {"code", "message", "description", "error_message"}
    assert reply.json["error_message"] == row.message
    assert row.describes in reply.json["description"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-expose-headers"] == "*"
    assert "access-control-allow-credentials" not in reply.headers
    challenge = reply.headers.get("www-authenticate", "")
    assert row.challenge in challenge
    assert bool(challenge) is bool(row.challenge)
    if challenge:
        assert challenge.startswith('Bearer realm="gatewright"')
        assert challenge.endswith(f', resource_metadata="{METADATA}/books/v1.0"')
    assert ("retry-after" in reply.headers) is (row.status == 429 or row.name == "undecided")


ASKED = {"Origin": "https://page.test", "Access-Control-Request-Method": "GET"}


@pytest.mark.parametrize("path", ["books", "any", "open", "nothing"])
def test_a_page_may_ask_before_it_calls(errors: World, path: str) -> None:
    asked = {**ASKED, "Access-Control-Request-Headers": "authorization,x-own"}
    reply = errors.call(f"/books/v1/{path}", method="OPTIONS", headers=asked)
    assert (reply.status, reply.text) == (204, "")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert {"GET", "POST", "DELETE"} <= {*reply.headers["access-control-allow-methods"].split(", ")}
    allowed = reply.headers["access-control-allow-headers"].split(", ")
    assert {"*", "authorization", "api-key", "content-type"} <= set(allowed)
    assert reply.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in reply.headers


NOT_ASKED = [
    pytest.param("/books/v1/books", {}, 405, id="no origin"),
    pytest.param("/books/v1/books", {"Origin": "https://page.test"}, 405, id="no method asked"),
    pytest.param("/no/v1/a", ASKED, 404, id="no such API"),
    pytest.param("/shut/v1/a", ASKED, 503, id="blocked API"),
]


@pytest.mark.parametrize(("path", "headers", "status"), NOT_ASKED)
def test_what_is_no_question_gets_no_answer(
    errors: World, path: str, headers: dict[str, str], status: int
) -> None:
    reply = errors.call(path, method="OPTIONS", headers=headers)
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, "*")
    assert "access-control-allow-methods" not in reply.headers


def test_an_api_that_declares_options_answers_for_itself(errors: World) -> None:
    reply = errors.call("/options/v1/own", method="OPTIONS", headers=ASKED)
    assert (reply.status, reply.json["method"]) == (200, "OPTIONS")
    assert errors.call("/options/v1/other", method="OPTIONS", headers=ASKED).status == 405


def test_answers_of_an_upstream_can_be_read_by_pages_too(errors: World) -> None:
    for headers in ({}, {"Origin": "https://page.test"}):
        reply = errors.call("/books/v1/any", errors.token(), headers=headers)
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "*")


def test_a_deprecated_api_says_since_when_and_until_when(errors: World) -> None:
    token = errors.token()
    for reply in (errors.call("/old/v1/a", token), errors.call("/old/v1/open")):
        assert reply.status == 200
        assert reply.headers["deprecation"] == "@1877558399"
        assert reply.headers["sunset"] == "Sun, 05 Jan 2031 07:08:09 GMT"
    for path in ("/books/v1/any", "/early/v1/a"):
        reply = errors.call(path, token)
        assert reply.status == 200
        assert not {"deprecation", "sunset"} & set(reply.headers)


def test_published_again_it_says_nothing(errors: World) -> None:
    scene = errors.scene
    api = scene.tables["apis"]["api_old_v1.0"]
    errors.in_force(scene.put("apis", replace(api, state=type(api.state)("PUBLISHED"))))
    assert "deprecation" not in errors.call("/old/v1/a", errors.token()).headers
    errors.in_force(scene.put("apis", replace(api, deprecated_at=AT, sunset_at=None)))
    headers = errors.call("/old/v1/a", errors.token()).headers
    assert headers["deprecation"] == f"@{int(AT.timestamp())}"
    assert "sunset" not in headers


ANYBODY = [
    pytest.param(lambda t: t("stranger", "s"), 200, "", id="never subscribed to anything"),
    pytest.param(lambda t: t("stranger", "x"), 403, "900910", id="scopes count all the same"),
    pytest.param(lambda t: t("banned", "s"), 403, "900907", id="blocked application"),
    pytest.param(lambda t: None, 401, "900902", id="no token"),
    pytest.param(lambda t: t("stranger", "s", jti="revoked-1"), 401, "900901", id="revoked"),
    pytest.param(lambda t: t("stranger", "s", gwk=None), 403, "900908", id="no subject"),
    pytest.param(
        lambda t: t("stranger", "s", gwk="km_1|client.1"), 403, "900908", id="unlinked client"
    ),
    pytest.param(lambda t: t("stranger", "s", gwk="key_1"), 403, "900908", id="unknown key"),
]


@pytest.mark.parametrize(("token", "status", "code"), ANYBODY)
def test_an_api_without_subscriptions_takes_every_applications_token(
    errors: World, token: Token, status: int, code: str
) -> None:
    reply = errors.call("/everyones/v1/a", token(errors.token))
    assert reply.status == status, reply
    if status == 200:
        assert "x-ratelimit-limit" not in reply.headers
    else:
        assert reply.json["code"] == code


def test_a_blocked_application_is_let_in_again_once_unblocked(errors: World) -> None:
    scene = errors.scene
    stranger = scene.tables["applications"]["app_stranger"]
    errors.in_force(scene.put("applications", replace(stranger, blocked=True)))
    reply = errors.call("/everyones/v1/b", errors.token("stranger"))
    assert (reply.status, reply.json["code"]) == (403, "900907")
    errors.in_force(scene.put("applications", stranger))
    assert errors.call("/everyones/v1/b", errors.token("stranger")).status == 200
