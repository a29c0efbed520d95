"""An API's life by the command line, each step as its callers meet it at the real gateway."""

import pytest
from tests.journeys.conftest import Installation, call, calling

pytestmark = pytest.mark.real
CONTRACT = """
openapi: 3.0.3
info: {{title: {title}, version: 1.0.0}}
components:
  securitySchemes:
    sts:
      type: oauth2
      flows:
        clientCredentials: {{tokenUrl: /token, scopes: {{"things:read": Read}}}}
security: [{{sts: ["things:read"]}}]
paths:
  /things:
    get: {{summary: List}}
"""
READ = "things:read"


def published(installation: Installation, tmp_path, title: str, upstream: str) -> str:
    """An API of that name, served and published; its base URL in production."""
    file = tmp_path / f"{title}.yaml"
    file.write_text(CONTRACT.format(title=title))
    installation.run("api", "import", str(file), "--upstream", upstream)
    installation.run("api", "deploy", title)
    installation.run("api", "publish", title)
    return f"{installation.urls['gateway']['production']}/{title}/v1.0"


def client(installation: Installation, name: str) -> None:
    installation.run("app", "create", name)
    installation.run("app", "keys", name)


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_subscription_waits_is_approved_and_blocked(
    installation: Installation, upstream: str, tmp_path
) -> None:
    do = installation.run
    base = published(installation, tmp_path, "guarded", upstream)
    client(installation, "Patient")
    do("api", "edit", "guarded", "--approval")
    do("subscribe", "Patient", "guarded", "--plan", "Unlimited")
    early = do("token", "Patient").strip()
    assert code(call(f"{base}/things", early)) == (403, "900909")
    do("token", "Patient", "--scope", READ, code=1)
    do("subscription", "reject", "Patient", "guarded", "--reason", "Who are you?")
    [shown] = installation.json("subscription", "list", "--app", "Patient")["items"]
    assert (shown["state"], shown["rejection"]) == ("rejected", "Who are you?")
    assert code(call(f"{base}/things", early)) == (403, "900908")
    do("subscribe", "Patient", "guarded", "--plan", "Unlimited")
    do("subscription", "approve", "Patient", "guarded")
    token = do("token", "Patient", "--scope", READ).strip()
    assert call(f"{base}/things", token).status_code == 200
    for group, names in (("subscription", ("Patient", "guarded")), ("app", ("Patient",))):
        do(group, "block", *names)
        assert code(call(f"{base}/things", token)) == (403, "900907")
        do(group, "unblock", *names)
        assert call(f"{base}/things", token).status_code == 200
    do("api", "block", "guarded")
    assert code(call(f"{base}/things", token)) == (503, "700700")
    do("api", "unblock", "guarded")
    assert call(f"{base}/things", token).status_code == 200


def test_a_plan_changes_under_tokens_that_are_out(
    installation: Installation, upstream: str, tmp_path
) -> None:
    do = installation.run
    base = published(installation, tmp_path, "planned", upstream)
    client(installation, "Counted")
    do("plan", "create", "Three", "--requests", "3", "--per", "day")
    do("subscribe", "Counted", "planned", "--plan", "Three")
    token = do("token", "Counted", "--scope", READ).strip()
    seen = [call(f"{base}/things", token).status_code for _ in range(4)]
    assert seen == [200, 200, 200, 429]
    do("plan", "delete", "Three", "--yes", code=1)
    do("plan", "edit", "Three", "--requests", "1000")
    assert {call(f"{base}/things", token).status_code for _ in range(5)} == {200}
    do("plan", "edit", "Three", "--unlimited")
    assert {call(f"{base}/things", token).status_code for _ in range(5)} == {200}


def test_limits_are_in_force_when_deployed(
    installation: Installation, upstream: str, tmp_path
) -> None:
    do = installation.run
    base = published(installation, tmp_path, "limited", upstream)
    client(installation, "Many")
    do("subscribe", "Many", "limited", "--plan", "Unlimited")
    token = do("token", "Many", "--scope", READ).strip()
    words = ("api", "limit", "limited", "--environment", "production", "--operation", "GET /things")
    do(*words, "2/day")
    assert {call(f"{base}/things", token).status_code for _ in range(4)} == {200}
    do("api", "deploy", "limited", "--environment", "production", "--revision", "1")
    seen = [call(f"{base}/things", token) for _ in range(3)]
    assert [answer.status_code for answer in seen] == [200, 200, 429]
    assert seen[2].json()["code"] == "900802"
    do(*words, "--remove")
    do("api", "deploy", "limited", "--environment", "production", "--revision", "1")
    assert {call(f"{base}/things", token).status_code for _ in range(4)} == {200}


def test_promoted_and_rolled_back_without_a_lost_call(
    installation: Installation, upstream: str, tmp_path
) -> None:
    do, ask = installation.run, installation.json
    base = published(installation, tmp_path, "released", upstream)
    client(installation, "Steady")
    do("subscribe", "Steady", "released", "--plan", "Unlimited")
    token = do("token", "Steady", "--scope", READ).strip()
    do("scope", "attach", "released", "things:all", "--operation", "GET /things")
    do("api", "deploy", "released", "--environment", "development", "--upstream", f"{upstream}/dev")
    found = do("api", "diff", "released", "production", "development", code=2)
    assert found.splitlines() == [
        "~ GET /things: needs things:read or things:all instead of things:read",
        "+ scope things:all: is added",
    ]
    with calling(f"{base}/things", token) as seen:
        for _ in range(5):
            do("promote", "released", "--from", "development", "--to", "production")
            assert call(f"{base}/things", token).json()["path"] == "/base/things"
            do("rollback", "released", "--environment", "production")
    assert set(seen) == {"200"}, seen
    do("rollback", "released", "--environment", "production", code=1)
    revisions = ask("revisions", "released")["items"]
    assert [(item["number"], item["environments"]) for item in revisions] == [
        (2, ["development"]), (1, ["production"]),
    ]  # fmt: skip
    assert len(ask("api", "show", "released")["operations"][0]["alternatives"]) == 2


def test_deprecated_it_says_so_and_retired_it_is_gone(
    installation: Installation, upstream: str, tmp_path
) -> None:
    do = installation.run
    base = published(installation, tmp_path, "ending", upstream)
    client(installation, "Last")
    do("subscribe", "Last", "ending")
    token = do("token", "Last", "--scope", READ).strip()
    assert "deprecation" not in call(f"{base}/things", token).headers
    do("api", "deprecate", "ending", "--sunset", "2100-06-30", "--since", "2026-01-01")
    headers = call(f"{base}/things", token).headers
    assert headers["deprecation"] == "@1767225600"
    assert headers["sunset"] == "Wed, 30 Jun 2100 00:00:00 GMT"
    do("api", "publish", "ending")
    assert not {"deprecation", "sunset"} & set(call(f"{base}/things", token).headers)
    do("api", "deprecate", "ending")
    assert "sunset" not in call(f"{base}/things", token).headers
    do("api", "lifecycle", "ending", "RETIRED")
    assert call(f"{base}/things", token).status_code == 404
    [shown] = installation.json("subscription", "list", "--app", "Last")["items"]
    assert shown["state"] == "api-retired"
    do("unsubscribe", "Last", "ending")
