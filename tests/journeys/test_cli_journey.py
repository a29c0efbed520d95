"""The guide's own way, by the command line, on a contract that is not the sample."""

import base64
import json
import shlex
import subprocess
import time
from pathlib import Path

import httpx2
import pytest
from tests.journeys.conftest import Installation, call

pytestmark = pytest.mark.real
CONTRACT = Path(__file__).with_name("shop.yaml")


def test_from_a_contract_to_a_secured_call(installation: Installation, upstream: str) -> None:
    do, ask = installation.run, installation.json
    imported = ask("api", "import", str(CONTRACT), "--context", "/shop", "--upstream", upstream)
    assert imported["api"]["version"] == "v2.3"
    shown = ask("api", "show", "corner-shop")
    assert {item["name"] for item in shown["scopes"]} == {"orders:read", "orders:write"}
    do("scope", "attach", "corner-shop", "orders:audit", "--operation", "GET /orders/{id}")
    do("api", "deploy", "corner-shop")
    do("api", "publish", "corner-shop")
    do("app", "create", "Till")
    keys = ask("app", "keys", "Till")
    assert keys["client_secret"] not in do("app", "keys", "Till", "--json", code=1)

    gateway = installation.urls["gateway"]["production"]
    base = f"{gateway}/shop/v2.3"
    early = do("token", "Till").strip()
    refused = call(f"{base}/orders", early)
    assert (refused.status_code, refused.json()["code"]) == (403, "900908")

    do("subscribe", "Till", "corner-shop", "--plan", "Gold")
    assert call(f"{base}/orders").status_code == 401
    no_scope = call(f"{base}/orders", early)
    assert no_scope.status_code == 403
    assert 'scope="orders:read"' in no_scope.headers["www-authenticate"]

    token = do("token", "Till", "--scope", "orders:read").strip()
    answer = call(f"{base}/orders?page=2", token)
    assert answer.status_code == 200
    assert answer.json()["path"] == "/base/orders?page=2"
    assert "authorization" not in answer.json()["headers"]
    assert not [key for key in answer.json()["headers"] if key.startswith("x-gw-")]
    forbidden = call(f"{base}/orders", token, "POST", json={})
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "900910")
    assert "orders:write" in forbidden.headers["www-authenticate"]
    assert call(f"{base}/orders/7", token).status_code == 200
    assert call(f"{base}/opening-hours").status_code == 200
    assert call(f"{gateway}/shop/v2/orders", token).status_code == 200

    do("unsubscribe", "Till", "corner-shop")
    assert call(f"{base}/orders", token).json()["code"] == "900908"
    do("subscribe", "Till", "corner-shop")
    assert call(f"{base}/orders", token).status_code == 200
    do("revoke", token)
    revoked = call(f"{base}/orders", token)
    assert (revoked.status_code, revoked.json()["code"]) == (401, "900901")
    assert 'error="invalid_token"' in revoked.headers["www-authenticate"]


def test_the_printed_token_command_runs_as_it_stands(installation: Installation) -> None:
    do, ask = installation.run, installation.json
    do("app", "create", "Printed")
    keys = ask("app", "keys", "Printed")
    done = subprocess.run(keys["connection"]["curl"], shell=True, capture_output=True, check=True)
    assert b'"access_token"' in done.stdout
    metadata = call(keys["connection"]["metadata_url"]).json()
    assert metadata["issuer"] == keys["connection"]["issuer"] == installation.urls["sts"]


def test_over_the_plan_s_limit_is_429(installation: Installation, upstream: str) -> None:
    do = installation.run
    do("app", "create", "Hasty")
    do("app", "keys", "Hasty")
    do("subscribe", "Hasty", "reading-list", "--plan", "Bronze")
    token = do("token", "Hasty", "--scope", "books:read").strip()
    url = f"{installation.urls['gateway']['production']}/reading-list/v1.0/books"
    began, served = time.monotonic(), 0
    with httpx2.Client(headers={"authorization": f"Bearer {token}"}, timeout=10) as client:
        while (last := client.get(url)).status_code == 200:
            served += 1
            assert served < 5000
    refilled = (time.monotonic() - began) * 1000 / 60
    assert 1000 <= served <= 1000 + refilled + 1
    assert (last.status_code, last.json()["code"]) == (429, "900804")
    assert int(last.headers["retry-after"]) >= 1
    assert last.headers["x-ratelimit-limit"].startswith("1000")
    assert last.headers["x-ratelimit-remaining"] == "0"


def test_sandbox_and_production_keep_apart(installation: Installation) -> None:
    do, urls = installation.run, installation.urls
    do("app", "create", "Both")
    do("app", "keys", "Both", "--kind", "sandbox")
    do("subscribe", "Both", "reading-list")
    token = do("token", "Both", "--kind", "sandbox").strip()
    path = "/reading-list/v1.0/books"
    assert call(urls["gateway"]["sandbox"] + path, token).status_code == 200
    assert call(urls["gateway"]["production"] + path, token).status_code == 401


def test_the_sample_s_command_from_the_banner(installation: Installation) -> None:
    [line] = [item for item in installation.banner.splitlines() if item.strip().startswith("curl ")]
    words = shlex.split(line)
    with_status = [*words, "-s", "-o", "/dev/null", "-w", "%{http_code}"]

    def status(command: list[str]) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert status(["sh", "-c", shlex.join(with_status)]) == "200"
    header = words.index("-H")
    assert status(with_status[:header] + with_status[header + 2 :]) == "401"
    assert status([*with_status, "-X", "POST", "-d", "{}"]) == "403"


def test_rs256_by_choice_while_older_tokens_go_on(installation: Installation) -> None:
    do, ask = installation.run, installation.json
    do("app", "create", "Chooser")
    do("app", "keys", "Chooser")
    do("subscribe", "Chooser", "reading-list", "--plan", "Unlimited")
    url = f"{installation.urls['gateway']['production']}/reading-list/v1.0/books"
    older = do("token", "Chooser").strip()
    do("org", "set", "--signing-algorithm", "RS256")
    newer = do("token", "Chooser").strip()
    assert algorithm(older) == "ES256"
    assert algorithm(newer) == "RS256"
    assert {call(url, token).status_code for token in (older, newer)} == {200}
    keys = call(f"{installation.urls['sts']}/jwks").json()["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    assert ask("org", "set", "--signing-algorithm", "ES256")["signing_algorithm"] == "ES256"


def algorithm(token: str) -> str:
    """What the token says it is signed with (RFC 7515 §4.1.1)."""
    head = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["alg"])
