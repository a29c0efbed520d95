"""`gatewright key-manager …` against a fake management API."""

ISSUER = "https://login.example.com"
ROW = {
    "id": "km_1", "handle": "main", "name": "Main", "issuer": ISSUER, "enabled": True,
    "jwks_uri": f"{ISSUER}/jwks", "jwks": None, "audiences": ["gatewright"],
    "client_claim": "azp", "scope_claim": "scope", "token_exchange": True, "jwt_bearer": False,
    "kind": "oidc", "role_claim": "", "role_scopes": {}, "environments": [], "endpoints": {},
    "api_access": False, "key_set": None, "client_count": 0,
}  # fmt: skip


def test_an_issuer_is_added(run, fake):
    fake.on("POST", "/key-managers", ROW, status=201)
    done = run("key-manager", "add", ISSUER, "--token-exchange", "--audience", "a", "--audience",
               "b", "--scope-claim", "scp")  # fmt: skip
    assert done.exit_code == 0 and "token exchange" in done.stdout
    assert fake.body() == {
        "issuer": ISSUER, "audiences": ["a", "b"], "scope_claim": "scp", "token_exchange": True,
    }  # fmt: skip


def test_with_keys_of_a_file(run, fake, tmp_path):
    (tmp_path / "keys.json").write_text('{"keys": []}')
    fake.on("POST", "/key-managers", ROW, status=201)
    run("key-manager", "add", ISSUER, "--jwt-bearer", "--jwks", str(tmp_path / "keys.json"))
    assert fake.body()["jwks"] == '{"keys": []}'


def test_what_would_be_good_for_nothing_is_not_added(run):
    assert run("key-manager", "add", ISSUER).exit_code == 64


def test_listed_and_shown(run, fake):
    fake.on("GET", "/key-managers", {"items": [ROW]})
    fake.on("GET", "/key-managers/main", ROW)
    assert ISSUER in run("key-manager", "list").stdout
    assert f"{ISSUER}/jwks" in run("key-manager", "show", "main").stdout


def test_switched_off_and_on(run, fake):
    fake.on("PATCH", "/key-managers/main", ROW)
    assert run("key-manager", "disable", "main").stdout == "main is disabled\n"
    assert run("key-manager", "enable", "main").stdout == "main is enabled\n"
    assert [fake.body(0), fake.body(1)] == [{"enabled": False}, {"enabled": True}]


def test_removed(run, fake):
    fake.on("DELETE", "/key-managers/main", None, status=204)
    assert run("key-manager", "remove", "main", "--yes").exit_code == 0


def test_a_well_known_url_is_told_apart_from_an_issuer(run, fake):
    fake.on("POST", "/key-managers", ROW, status=201)
    at = f"{ISSUER}/.well-known/openid-configuration"
    run("key-manager", "add", at, "--kind", "okta", "--api-access")
    assert fake.body() == {"well_known": at, "kind": "okta", "api_access": True}


def test_changed_in_what_is_given(run, fake):
    fake.on("PATCH", "/key-managers/main", ROW)
    done = run("key-manager", "set", "main", "--role-scopes", "HR Manager=books:read, books:write",
               "--role-scopes", "clerk=books:read", "-e", "production", "--no-token-exchange",
               "--endpoint", "token_endpoint=https://x.test/t?a=b")  # fmt: skip
    assert done.exit_code == 0
    assert fake.body() == {
        "role_scopes": {"HR Manager": ["books:read", "books:write"], "clerk": ["books:read"]},
        "environments": ["production"], "token_exchange": False,
        "endpoints": {"token_endpoint": "https://x.test/t?a=b"},
    }  # fmt: skip
    run("key-manager", "set", "main", "--everywhere")
    assert fake.body(1) == {"environments": []}


def test_pairs_that_are_none(run):
    for option in (("--role-scopes", "admin"), ("--endpoint", "=x")):
        assert run("key-manager", "set", "main", *option).exit_code == 64
    done = run("key-manager", "set", "main", "--everywhere", "-e", "production")
    assert done.exit_code == 64


KEY_SET = {"keys": ["RS256 k1"], "since": "2026-11-24T12:00:00Z", "failure": None,
           "failing_since": None}  # fmt: skip


def test_refreshed(run, fake):
    fake.on("POST", "/key-managers/main/refresh", ROW | {"key_set": KEY_SET}, sequence=5)
    fake.live(5)
    assert "main has 1 keys" in run("key-manager", "refresh", "main").stdout
    failing = KEY_SET | {"failure": "answers 503.", "failing_since": "2026-11-24T12:01:00Z"}
    fake.on("POST", "/key-managers/main/refresh", ROW | {"key_set": failing}, sequence=5)
    done = run("key-manager", "refresh", "main")
    assert done.exit_code == 1 and "503" in done.stderr
    fake.on("GET", "/key-managers/main", ROW | {"key_set": failing})
    assert "since 2026-11-24T12:01:00Z: answers 503." in run("key-manager", "show", "main").stdout


def test_what_consumers_see(run, fake):
    item = {"handle": "main", "name": "Main", "kind": "oidc", "issuer": ISSUER, "environments": [],
            "endpoints": {"token_endpoint": f"{ISSUER}/token"}}  # fmt: skip
    fake.on("GET", "/linkable-key-managers", {"items": [item]})
    assert f"{ISSUER}/token" in run("key-manager", "list", "--linkable").stdout


def test_removed_with_its_links(run, fake):
    fake.on("DELETE", "/key-managers/main", None, status=204)
    assert run("key-manager", "remove", "main", "--yes", "--unlink").exit_code == 0
    assert str(fake.requests[-1].url).endswith("/key-managers/main?unlink=true")
