"""`gatewright key-manager …` against a fake management API."""

ISSUER = "https://login.example.com"
ROW = {
    "id": "km_1", "handle": "main", "name": "Main", "issuer": ISSUER, "enabled": True,
    "jwks_uri": f"{ISSUER}/jwks", "jwks": None, "audiences": ["gatewright"],
    "client_claim": "azp", "scope_claim": "scope", "token_exchange": True, "jwt_bearer": False,
}  # fmt: skip


def test_an_issuer_is_added(run, fake):
    fake.on("POST", "/key-managers", ROW, status=201)
    done = run("key-manager", "add", ISSUER, "--token-exchange", "--audience", "a", "--audience",
               "b", "--scope-claim", "scp")  # fmt: skip
    assert done.exit_code == 0 and "token exchange" in done.stdout
    assert fake.body() == {
        "issuer": ISSUER, "audiences": ["a", "b"], "scope_claim": "scp", "token_exchange": True,
        "jwt_bearer": False,
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
