"""The guide to an outside identity provider, from its first command to its last, on the gateway.

Its issuers are made for the test: one writes as Keycloak does (`azp`, a text of scopes, nested
roles), one as Okta does (`cid`, a list of scopes, groups).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crypto.keyholder import Keyholder
from tests.journeys.conftest import Installation, call, start
from tests.journeys.issuer import AUDIENCE, Issuer, serving

pytestmark = pytest.mark.real
BOOKS = "/reading-list/v1.0/books"
CLIENT, OTHER = "portal-7f3a", "0oa4x1"


@pytest.fixture(scope="module")
def keycloak() -> Iterator[Issuer]:
    with serving("/realms/main") as issuer:
        yield issuer


@pytest.fixture(scope="module")
def okta() -> Iterator[Issuer]:
    with serving("/oauth2/default") as issuer:
        yield issuer


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, keycloak: Issuer, okta: Issuer
) -> Iterator[Installation]:
    """Both key managers, an application that is subscribed, and both clients linked to it."""
    found = start(tmp_path_factory.mktemp("idp") / "data", "--ephemeral")
    try:
        for issuer, kind in ((keycloak, "keycloak"), (okta, "okta")):
            found.run("key-manager", "add", issuer.well_known, "--kind", kind, "--handle", kind,
                      "--audience", AUDIENCE, "--api-access")  # fmt: skip
        found.run("app", "create", "portal")
        found.run("subscribe", "portal", "reading-list")
        for kind, client in (("keycloak", CLIENT), ("okta", OTHER)):
            found.run("app", "client", "add", "portal", "--key-manager", kind,
                      "--client-id", client)  # fmt: skip
        yield found
    finally:
        found.stop()


def of_keycloak(issuer: Issuer, scope: str | None = "books:read", **claims: object) -> str:
    return issuer.token(**{"azp": CLIENT, "scope": scope, "typ": "Bearer"} | claims)


def of_okta(issuer: Issuer, *scopes: str, **claims: object) -> str:
    return issuer.token(**{"cid": OTHER, "scp": list(scopes)} | claims)


def status(gateway: Installation, token: str, method: str = "GET") -> int:
    body = {"content": '{"title": "T", "author": "A"}'} if method == "POST" else {}
    return call(production(gateway) + BOOKS, token, method, **body).status_code


def production(gateway: Installation) -> str:
    """Where production calls go; asked once."""
    if gateway.data not in _KNOWN:
        _KNOWN[gateway.data] = gateway.urls["gateway"]["production"]
    return _KNOWN[gateway.data]


_KNOWN: dict[Path, str] = {}


def becomes(gateway: Installation, token: str, expected: int, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while (found := status(gateway, token)) != expected:
        assert time.monotonic() < deadline, f"{found}, not {expected}"
        time.sleep(0.02)


def test_what_the_issuer_tells_is_filled_in(gateway: Installation, keycloak: Issuer) -> None:
    row = gateway.json("key-manager", "show", "keycloak")
    assert row["issuer"] == keycloak.url and row["role_claim"] == "realm_access.roles"
    assert row["endpoints"]["token_endpoint"] == f"{keycloak.url}/token"
    assert row["key_set"]["keys"] == ["RS256 first"], "the encryption key is left out"
    offered = gateway.json("key-manager", "list", "--linkable")["items"]
    assert {item["handle"] for item in offered} == {"keycloak", "okta"}
    shown = gateway.json("app", "show", "portal")["external_clients"]
    assert {item["client_id"] for item in shown} == {CLIENT, OTHER}


def test_a_scope_in_a_text_and_in_a_list(
    gateway: Installation, keycloak: Issuer, okta: Issuer
) -> None:
    assert status(gateway, of_keycloak(keycloak, "openid books:read profile")) == 200
    assert status(gateway, of_okta(okta, "openid", "books:read")) == 200
    assert status(gateway, of_okta(okta, "urn:default:reading-list:books:read")) == 200


@pytest.mark.parametrize("scope", ["books:write", "xbooks:read", "books:readx", "", None])
def test_without_the_scope(gateway: Installation, keycloak: Issuer, scope: str | None) -> None:
    assert status(gateway, of_keycloak(keycloak, scope)) == 403


def test_without_the_scope_in_a_list(gateway: Installation, okta: Issuer) -> None:
    assert status(gateway, of_okta(okta, "books:write")) == 403
    assert status(gateway, of_okta(okta)) == 403


def test_the_application_s_subscription_counts(gateway: Installation, keycloak: Issuer) -> None:
    token = of_keycloak(keycloak)
    gateway.run("unsubscribe", "portal", "reading-list")
    assert status(gateway, token) == 403
    gateway.run("subscribe", "portal", "reading-list")
    assert status(gateway, token) == 200


@pytest.mark.parametrize(("claims", "expected"), [
    pytest.param({"iss": "https://elsewhere.test"}, 401, id="another issuer"),
    pytest.param({"aud": "api://other"}, 401, id="another audience"),
    pytest.param({"aud": None}, 401, id="no audience"),
    pytest.param({"exp": 1_700_000_000}, 401, id="expired"),
    pytest.param({"exp": None}, 401, id="without an end"),
    pytest.param({"nbf": 4_000_000_000}, 401, id="not yet"),
    pytest.param({"azp": "somebody-else"}, 403, id="a client that is not linked"),
    pytest.param({"azp": OTHER}, 403, id="the other key manager's client"),
    pytest.param({"azp": None}, 403, id="no client"),
    pytest.param({"azp": [CLIENT]}, 403, id="a list of clients"),
    pytest.param({"azp": None, "client_id": CLIENT}, 403, id="its client in another claim"),
    pytest.param({"typ": "ID"}, 401, id="an ID token"),
    pytest.param({"cnf": {"jkt": "x"}}, 401, id="bound to a key, without a proof"),
])  # fmt: skip
def test_tokens_that_are_refused(
    gateway: Installation, keycloak: Issuer, claims: dict[str, object], expected: int
) -> None:
    token = of_keycloak(keycloak, **claims)
    assert status(gateway, token) == expected
    told = gateway_verdict(gateway, token)
    assert told["status"] == expected, told


def test_another_s_key_of_the_same_name(gateway: Installation, keycloak: Issuer) -> None:
    forged = keycloak.token(Keyholder("RS256", "first"), azp=CLIENT, scope="books:read")
    assert status(gateway, forged) == 401
    assert gateway_verdict(gateway, forged)["status"] == 401


def test_roles_become_scopes(gateway: Installation, keycloak: Issuer, okta: Issuer) -> None:
    mapping = "librarian=books:read,books:write"
    gateway.run("key-manager", "set", "keycloak", "--role-scopes", mapping)
    librarian = of_keycloak(keycloak, None, realm_access={"roles": ["staff", "librarian"]})
    becomes(gateway, librarian, 200)
    assert status(gateway, librarian, "POST") == 201
    for other in (["staff"], ["librarian2"], "librarians", {"librarian": True}, []):
        token = of_keycloak(keycloak, None, realm_access={"roles": other})
        assert status(gateway, token) == 403, other
    gateway.run("key-manager", "set", "okta", "--role-scopes", "HR Manager=books:read")
    becomes(gateway, of_okta(okta, groups=["HR Manager"]), 200)
    gateway.run("key-manager", "set", "okta", "--role-claim", "https://example.com/roles")
    becomes(gateway, of_okta(okta, **{"https://example.com/roles": ["HR Manager"]}), 200)
    assert status(gateway, of_okta(okta, groups=["HR Manager"])) == 403


def test_a_new_key_works_after_a_refresh(gateway: Installation, keycloak: Issuer) -> None:
    before = of_keycloak(keycloak)
    keycloak.rotate()
    fresh = of_keycloak(keycloak)
    assert status(gateway, fresh) == 401
    gateway.run("key-manager", "refresh", "keycloak")
    assert status(gateway, fresh) == 200
    assert status(gateway, before) == 200
    keycloak.keys = keycloak.keys[-1:]
    gateway.run("key-manager", "refresh", "keycloak")
    assert status(gateway, before) == 401 and status(gateway, fresh) == 200


def test_a_new_key_is_found_by_itself(gateway: Installation, keycloak: Issuer) -> None:
    """Within about a minute, or soon after the control process has started."""
    keycloak.rotate("RS256")
    fresh = of_keycloak(keycloak)
    assert status(gateway, fresh) == 401
    os.kill(gateway.pid("control"), signal.SIGKILL)
    becomes(gateway, fresh, 200, seconds=40)
    assert status(gateway, keycloak.token(keycloak.keys[-2], azp=CLIENT, scope="books:read")) == 200


def test_while_the_issuer_is_away(gateway: Installation, okta: Issuer) -> None:
    okta.up = False
    told = json.loads(gateway.run("key-manager", "refresh", "okta", "--json", code=1))
    assert "503" in json.dumps(told)
    assert status(gateway, of_okta(okta, "books:read")) == 200
    assert gateway.json("key-manager", "show", "okta")["key_set"]["failure"]
    assert "key manager okta" in gateway.run("doctor", code=1)
    okta.up = True
    gateway.run("key-manager", "refresh", "okta")
    assert gateway.json("key-manager", "show", "okta")["key_set"]["failure"] is None
    assert "✓ key manager okta" in gateway.run("doctor")


def test_switched_off_and_on(gateway: Installation, okta: Issuer) -> None:
    token = of_okta(okta, "books:read")
    gateway.run("key-manager", "disable", "okta")
    becomes(gateway, token, 401)
    gateway.run("key-manager", "enable", "okta")
    becomes(gateway, token, 200)
    gateway.run("key-manager", "set", "okta", "--environment", "development")
    becomes(gateway, token, 401)
    gateway.run("key-manager", "set", "okta", "--everywhere")
    becomes(gateway, token, 200)


def test_unlinked_and_removed(gateway: Installation, okta: Issuer) -> None:
    token = of_okta(okta, "books:read")
    gateway.run("app", "client", "remove", "portal", OTHER, "--yes")
    assert status(gateway, token) == 403
    gateway.run("app", "client", "add", "portal", "--key-manager", "okta", "--client-id", OTHER)
    assert status(gateway, token) == 200
    gateway.run("key-manager", "remove", "okta", "--yes", code=1)
    gateway.run("key-manager", "remove", "okta", "--yes", "--unlink")
    becomes(gateway, token, 401)
    assert gateway_verdict(gateway, token)["status"] == 401


def test_no_log_holds_a_token(gateway: Installation, keycloak: Issuer) -> None:
    token = of_keycloak(keycloak)
    gateway_verdict(gateway, token)
    signature = token.rpartition(".")[2]
    logs = [path.read_text(errors="replace") for path in (gateway.data / "logs").iterdir()]
    assert logs and not any(signature in text for text in logs)


def gateway_verdict(gateway: Installation, token: str) -> dict[str, object]:
    """What `gatewright explain` says of a call, which does not show the token."""
    done = subprocess.run(
        [sys.executable, "-m", "gatewright", "explain", "-", "--api", "reading-list:v1.0",
         "--operation", "GET /books", "--json"],
        env=gateway.environment, input=token, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert token.rpartition(".")[2] not in done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found
