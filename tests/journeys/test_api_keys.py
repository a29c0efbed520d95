"""API keys and test keys from the command line to a call through the real gateway."""

import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from tests.journeys.conftest import Installation, call

from gatewright.crypto import api_key, keyfiles
from gatewright.domain.environment import Kind
from gatewright.domain.world import seconds
from gatewright.main.world import real_world
from gatewright.store.sql import open_store

pytestmark = pytest.mark.real
CONTRACT = Path(__file__).with_name("counter.yaml")


@pytest.fixture(scope="module")
def counter(installation: Installation, upstream: str) -> Iterator[dict[str, str]]:
    """The addresses of an API that takes keys at two operations, by kind."""
    do = installation.run
    do("api", "import", str(CONTRACT), "--upstream", upstream)
    do("api", "deploy", "counter")
    do("api", "publish", "counter")
    gateways = installation.urls["gateway"]
    yield {kind: f"{gateways[kind]}/counter/v1.0" for kind in ("production", "sandbox")}


@pytest.fixture
def app(installation: Installation, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-")[5:60].rstrip("-")
    installation.run("app", "create", name)
    return name


def by_key(url: str, key: str, method: str = "GET", header: str = "api-key") -> tuple[int, str]:
    answer = call(url, method=method, headers={header: key})
    return answer.status_code, "" if answer.is_success else answer.json()["code"]


def test_a_key_opens_what_the_application_is_subscribed_to(installation, counter, app) -> None:
    do, ask, base = installation.run, installation.json, counter["production"]
    key = ask("app", "key", "create", app, "--name", "till")
    assert by_key(f"{base}/for-keys", key["key"]) == (403, "900908"), "not subscribed yet"
    do("subscribe", app, "counter")
    assert by_key(f"{base}/for-keys", key["key"]) == (200, "")
    assert by_key(f"{base}/for-both", key["key"]) == (200, "")
    assert by_key(f"{base}/open", "gwk_nonsense") == (200, "")
    seen = call(f"{base}/for-keys", headers={"api-key": key["key"]}).json()["headers"]
    assert "api-key" not in seen and not [name for name in seen if name.startswith("x-gw-")]
    assert by_key(f"{base}/count", key["key"])[0] == 401, "an operation that asks for tokens"

    listed = do("app", "key", "list", app)
    assert key["hint"] in listed and key["key"] not in listed
    do("app", "key", "revoke", app, "till")
    assert by_key(f"{base}/for-keys", key["key"])[0] in (401, 403)


def test_a_key_stands_in_its_own_header_alone(installation, counter, app) -> None:
    do, ask, base = installation.run, installation.json, counter["production"]
    do("subscribe", app, "counter")
    key = ask("app", "key", "create", app)["key"]
    bare, url = key.removeprefix("gwk_"), f"{base}/for-keys"
    assert by_key(url, key) == (200, "")
    refused = [
        call(url, key), call(url, bare),
        call(url, headers={"authorization": key}), call(url, headers={"authorization": bare}),
        call(url, headers={"test-key": key}), call(url, headers={"test-key": bare}),
        call(url, headers={"api-key": bare}), call(url, headers={"api-key": f"Bearer {bare}"}),
        call(url, headers={"x-api-key": key}), call(url, headers={"cookie": f"api-key={key}"}),
        call(f"{url}?api-key={key}"), call(f"{url}?access_token={bare}"),
        call(url, headers={"api-key": key[:-4] + "AAAA"}), call(url, headers={"api-key": ""}),
        call(url),
    ]  # fmt: skip
    assert [answer.status_code for answer in refused] == [401] * len(refused)


def test_scopes_of_a_key_where_the_api_takes_keys_everywhere(installation, counter, app) -> None:
    do, ask, base = installation.run, installation.json, counter["production"]
    do("subscribe", app, "counter")
    whole = ask("app", "key", "create", app, "--name", "whole")["key"]
    some = ask("app", "key", "create", app, "--name", "some", "--scope", "count")["key"]
    do("api", "access", "counter", "--api-keys")
    do("api", "deploy", "counter")
    try:
        for key, count, reset in ((whole, 200, 200), (some, 200, 403)):
            assert by_key(f"{base}/count", key)[0] == count
            assert by_key(f"{base}/count", key, "POST")[0] == reset
            assert by_key(f"{base}/for-both", key) == (200, "")
        assert by_key(f"{base}/count", some, "POST") == (403, "900910")
    finally:
        do("api", "access", "counter", "--no-api-keys")
        do("api", "deploy", "counter")
    assert by_key(f"{base}/count", whole)[0] == 401


def test_a_token_opens_no_operation_for_keys(installation, counter, app) -> None:
    do, base = installation.run, counter["production"]
    do("app", "keys", app)
    do("subscribe", app, "counter")
    token = do("token", app).strip()
    assert call(f"{base}/count", token).status_code == 200
    assert call(f"{base}/for-both", token).status_code == 200
    assert call(f"{base}/for-keys", token).status_code == 403
    assert by_key(f"{base}/for-keys", token)[0] == 401
    assert by_key(f"{base}/for-keys", f"gwk_{token}")[0] == 401


def test_sandbox_and_production_keys_keep_apart(installation, counter, app) -> None:
    installation.run("subscribe", app, "counter")
    for own, other in (("sandbox", "production"), ("production", "sandbox")):
        key = installation.json("app", "key", "create", app, "--kind", own, "--name", own)["key"]
        assert by_key(f"{counter[own]}/for-keys", key) == (200, "")
        assert by_key(f"{counter[other]}/for-keys", key)[0] == 401


def test_regenerating_with_an_overlap(installation, counter, app) -> None:
    do, ask, url = installation.run, installation.json, f"{counter['production']}/for-keys"
    do("subscribe", app, "counter")
    old = ask("app", "key", "create", app)
    new = ask("app", "key", "regenerate", app, old["id"], "--overlap", "3s")
    assert by_key(url, old["key"]) == by_key(url, new["key"]) == (200, "")
    deadline = time.monotonic() + 8
    while by_key(url, old["key"])[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert by_key(url, new["key"]) == (200, "")
    last = ask("app", "key", "regenerate", app, new["id"])
    assert by_key(url, new["key"])[0] in (401, 403) and by_key(url, last["key"]) == (200, "")


def test_what_ends_a_key(installation, counter, app) -> None:
    do, ask, url = installation.run, installation.json, f"{counter['production']}/for-keys"
    do("subscribe", app, "counter")
    key = ask("app", "key", "create", app)["key"]
    assert by_key(url, key) == (200, "")
    do("unsubscribe", app, "counter")
    assert by_key(url, key) == (403, "900908")
    do("subscribe", app, "counter")
    assert by_key(url, key) == (200, "")
    do("app", "delete", app, "--yes")
    assert by_key(url, key)[0] in (401, 403)


# Test keys


def test_a_test_key_opens_one_api_in_one_environment(installation, counter) -> None:
    ask, base = installation.json, counter["sandbox"]
    made = ask("api", "test-key", "counter", "--environment", "development", "--scope", "count")
    key = made["test_key"]
    assert made["url"] == base
    assert by_key(f"{base}/count", key, header="test-key") == (200, "")
    assert by_key(f"{base}/count", key, "POST", "test-key") == (403, "900910")
    seen = call(f"{base}/count", headers={"test-key": key}).json()["headers"]
    assert "test-key" not in seen
    other = f"{base.replace('/counter/', '/reading-list/')}/books"
    assert by_key(other, key, header="test-key")[0] == 401
    assert by_key(f"{counter['production']}/count", key, header="test-key")[0] == 401
    for header in ("api-key", "authorization", "x-test-key"):
        assert by_key(f"{base}/count", key, header=header)[0] == 401
    assert call(f"{base}/count", key).status_code == 401
    assert by_key(f"{base}/count", f"gwk_{key}", header="api-key")[0] == 401
    assert call(f"{base}/count?test-key={key}").status_code == 401


def test_a_test_key_without_a_choice_opens_all_that_asks_for_scopes(installation, counter) -> None:
    base = counter["production"]
    key = installation.json("api", "test-key", "counter", "-e", "production")["test_key"]
    assert by_key(f"{base}/count", key, header="test-key") == (200, "")
    assert by_key(f"{base}/count", key, "POST", "test-key") == (200, "")
    alias = base.replace("/v1.0", "/v1")
    assert by_key(f"{alias}/count", key, header="test-key") == (200, "")


def test_the_printed_call_runs_as_it_stands(installation, counter) -> None:
    line = installation.run("api", "test-key", "counter", "-e", "development").strip()
    words = [*shlex.split(line), "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "200"


def signed(installation: Installation, key: str, **changes: Any) -> str:
    """The claims of a test key, changed, under the signer's own key."""
    world = real_world()
    store = open_store(f"sqlite:///{installation.data / 'gatewright.db'}", world)
    try:
        with store.read() as tx:
            (signer,) = tx.api_key_signers.find(kind=Kind.SANDBOX)
        public = ECKey.import_key(json.loads(signer.public_jwk))
        claims = json.loads(jws.deserialize_compact(key, public, algorithms=["ES256"]).payload)
        return api_key.sign(keyfiles.load(installation.data / "keys"), signer,
                            claims | changes).reveal()  # fmt: skip
    finally:
        store.close()


def test_test_keys_that_are_refused(installation, counter) -> None:
    url = f"{counter['sandbox']}/count"
    key = installation.json("api", "test-key", "counter", "-e", "development")["test_key"]
    assert by_key(url, signed(installation, key), header="test-key") == (200, "")
    ago = seconds(datetime.now(UTC) - timedelta(minutes=2))
    rows = {
        "expired": {"exp": ago},
        "of no audience": {"aud": ["urn:gatewright:test-key:elsewhere"]},
        "an API key's audience": {"aud": ["urn:gatewright:api-key:sandbox"]},
        "of another API": {"gwa": "elsewhere/counter/v1.0"},
        "of another issuer": {"iss": "https://elsewhere.test/keys"},
        "of no subject": {"gwk": "nobody"},
    }
    found = {
        name: by_key(url, signed(installation, key, **changes), header="test-key")[0]
        for name, changes in rows.items()
    }
    assert found.pop("of no subject") in (401, 403)
    assert found == dict.fromkeys(found, 401)


def test_an_emergency_ends_all_of_a_kind(installation, counter, app) -> None:
    do, ask = installation.run, installation.json
    do("subscribe", app, "counter")
    keys = {
        kind: ask("app", "key", "create", app, "--kind", kind, "--name", kind)["key"]
        for kind in ("sandbox", "production")
    }
    test_key = ask("api", "test-key", "counter", "-e", "development")["test_key"]
    told = do("api-keys", "rotate-signer", "--kind", "sandbox", "--yes")
    assert "have ended" in told and "live on 1 of 1" in told
    assert by_key(f"{counter['sandbox']}/for-keys", keys["sandbox"])[0] == 401
    assert by_key(f"{counter['sandbox']}/count", test_key, header="test-key")[0] == 401
    assert by_key(f"{counter['production']}/for-keys", keys["production"]) == (200, "")
    new = ask("app", "key", "create", app, "--kind", "sandbox", "--name", "new")["key"]
    assert by_key(f"{counter['sandbox']}/for-keys", new) == (200, "")


def test_another_header_for_tokens(installation, counter, app) -> None:
    do, url = installation.run, f"{counter['production']}/count"
    do("app", "keys", app)
    do("subscribe", app, "counter")
    token = do("token", app).strip()
    do("api", "access", "counter", "--token-header", "X-Shop-Token")
    do("api", "deploy", "counter")
    try:
        assert call(url, token).status_code == 401
        answer = call(url, headers={"x-shop-token": f"Bearer {token}"})
        assert answer.status_code == 200
        assert "x-shop-token" not in answer.json()["headers"]
    finally:
        do("api", "access", "counter", "--token-header", "authorization")
        do("api", "deploy", "counter")
    assert call(url, token).status_code == 200


def test_an_api_without_subscriptions_takes_every_application_s_keys(
    installation, counter, app
) -> None:
    do, ask, url = installation.run, installation.json, f"{counter['production']}/for-keys"
    key = ask("app", "key", "create", app)
    assert by_key(url, key["key"]) == (403, "900908")
    do("api", "access", "counter", "--no-subscription")
    do("api", "deploy", "counter")
    try:
        assert by_key(url, key["key"]) == (200, "")
        do("app", "key", "revoke", app, key["id"])
        assert by_key(url, key["key"])[0] in (401, 403)
        assert call(url).status_code == 401
    finally:
        do("api", "access", "counter", "--subscription")
        do("api", "deploy", "counter")


def test_security_is_taken_away_and_given_back(installation, counter) -> None:
    do, url = installation.run, f"{counter['production']}/count"
    assert call(url).status_code == 401
    for option, status in (("--none", 200), ("--oauth2", 401)):
        do("api", "secure", "counter", "GET /count", option)
        do("api", "deploy", "counter")
        assert call(url).status_code == status
