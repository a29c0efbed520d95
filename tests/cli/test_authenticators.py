"""`gatewright app auth`: what is sent, and that no private thing ever is."""

import json

import pytest

PATH = "/applications/bookworm/credentials/production/authenticators"
GITHUB = "https://token.actions.githubusercontent.com"
JWKS = {"keys": [{"kty": "EC", "kid": "k1"}]}


def shown(method, settings, thumbprints=()):
    return {"id": "auth_1", "name": "n", "method": method, "settings": settings,
            "thumbprints": list(thumbprints), "created_at": "2026-11-24T12:00:00Z",
            "expires_at": None, "last_used_at": None, "usable": True,
            "expires_soon": False}  # fmt: skip


FEDERATED = shown("federated", {"issuer": GITHUB, "subject": "repo:o/r:ref:refs/heads/main"})
TRUSTED = [
    pytest.param(["--github", "o/r"], GITHUB, "repo:o/r:ref:refs/heads/main", id="github"),
    pytest.param(["--github", "o/r", "--branch", "rel*"], GITHUB, "repo:o/r:ref:refs/heads/rel*",
                 id="github, branches"),
    pytest.param(["--github", "o/r", "--environment", "prod"], GITHUB, "repo:o/r:environment:prod",
                 id="github, an environment"),
    pytest.param(["--github", "o@1/r@2"], GITHUB, "repo:o@1/r@2:ref:refs/heads/main",
                 id="github, with ids"),
    pytest.param(["--gitlab", "g/s/p"], "https://gitlab.com",
                 "project_path:g/s/p:ref_type:branch:ref:main", id="gitlab"),
    pytest.param(["--gitlab", "g/p", "--issuer", "https://git.test"], "https://git.test",
                 "project_path:g/p:ref_type:branch:ref:main", id="gitlab of one's own"),
    pytest.param(["--kubernetes", "ns/job", "--issuer", "https://k.test"], "https://k.test",
                 "system:serviceaccount:ns:job", id="kubernetes"),
    pytest.param(["--issuer", "https://i.test", "--subject", "a:*"], "https://i.test", "a:*",
                 id="anything else"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "issuer", "subject"), TRUSTED)
def test_a_workload_is_trusted(run, fake, words, issuer, subject) -> None:
    fake.on("POST", PATH, FEDERATED, status=201)
    result = run("app", "auth", "trust", "bookworm", *words)
    assert result.exit_code == 0, result.stderr
    body = fake.body()
    assert (body["method"], body["issuer"], body["subject"]) == ("federated", issuer, subject)
    assert "repo:o/r:ref:refs/heads/main of " + GITHUB in result.stdout


@pytest.mark.parametrize("words", [
    pytest.param([], id="nothing"),
    pytest.param(["--issuer", "https://i.test"], id="no subject"),
    pytest.param(["--kubernetes", "ns/job"], id="kubernetes without an issuer"),
    pytest.param(["--github", "o/r", "--gitlab", "g/p"], id="two platforms"),
    pytest.param(["--github", "*/r"], id="a pattern for an owner"),
    pytest.param(["--github", "repo"], id="no owner"),
    pytest.param(["--github", "o/r", "--branch", "b", "--environment", "e"], id="both places"),
    pytest.param(["--gitlab", "g/p", "--environment", "e"], id="no such place"),
    pytest.param(["--issuer", "https://i.test", "--subject", "a", "--claim", "x"], id="no claim"),
])  # fmt: skip
def test_what_can_not_be_meant_is_not_sent(run, fake, words) -> None:
    assert run("app", "auth", "trust", "bookworm", *words).exit_code == 64
    assert fake.requests == []


def test_claims_and_audience_are_sent(run, fake) -> None:
    fake.on("POST", PATH, FEDERATED, status=201)
    run("app", "auth", "trust", "bookworm", "--github", "o/r", "--audience", "api://x",
        "--claim", "actor=octocat", "--claim", "ref=a=b", "--expires-in-days", "30")  # fmt: skip
    body = fake.body()
    assert (body["audience"], body["expires_in_days"]) == ("api://x", 30)
    assert body["claims"] == {"actor": "octocat", "ref": "a=b"}


def test_keys_are_given_as_they_are(run, fake, tmp_path) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps(JWKS))
    (tmp_path / "key.pem").write_text("PEM")
    fake.on("POST", PATH, shown("private_key_jwt", {"jwks": JWKS}), status=201)
    assert "key k1" in run("app", "auth", "add-key", "bookworm", "--jwks", "jwks.json").stdout
    run("app", "auth", "add-key", "bookworm", "--public-key", "key.pem", "--alg", "ES256")
    run("app", "auth", "add-key", "bookworm", "--jwks-uri", "https://a.test/jwks")
    assert [fake.body(number).get("jwks") for number in range(3)] == [JWKS, None, None]
    assert (fake.body(1)["public_key"], fake.body(1)["algorithm"]) == ("PEM", "ES256")
    assert fake.body(2)["jwks_uri"] == "https://a.test/jwks"


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_key_set_is_not_sent(run, fake, tmp_path, content) -> None:
    (tmp_path / "jwks.json").write_bytes(content)
    result = run("app", "auth", "add-key", "bookworm", "--jwks", "jwks.json")
    assert result.exit_code == 64 and fake.requests == []


def test_certificates_are_known_by_themselves_or_by_name(run, fake, tmp_path) -> None:
    (tmp_path / "cert.pem").write_text("PEM")
    fake.on("POST", PATH, shown("self_signed_tls_client_auth", {"certificates": "PEM"}, ["t" * 43]),
            status=201)  # fmt: skip
    result = run("app", "auth", "add-certificate", "bookworm", "--certificate", "cert.pem")
    assert "t" * 43 in result.stdout
    settings = {"tls_client_auth_san_uri": "spiffe://a/b"}
    fake.on("POST", PATH, shown("tls_client_auth", settings), status=201)
    result = run("app", "auth", "add-certificate", "bookworm", "--san-uri", "spiffe://a/b",
                 "--ca", "cert.pem")  # fmt: skip
    assert "san_uri spiffe://a/b" in result.stdout
    assert fake.body(0)["method"] == "self_signed_tls_client_auth"
    assert fake.body(1)["method"] == "tls_client_auth" and fake.body(1)["authorities"] == "PEM"


def test_they_are_listed_and_removed(run, fake) -> None:
    fake.on("GET", PATH, {"items": [FEDERATED], "next_cursor": None})
    listed = run("app", "auth", "list", "bookworm")
    assert "federated" in listed.stdout and "auth_1" in listed.stdout
    fake.on("DELETE", f"{PATH}/auth_1", status=204)
    result = run("app", "auth", "remove", "bookworm", "auth_1")
    assert (result.exit_code, result.stdout) == (0, "auth_1 is removed\n")


def test_keys_without_a_secret(run, fake, credential) -> None:
    found = {**credential, "client_secret": None, "secrets": []}
    fake.on("POST", "/applications/bookworm/credentials", found, status=201)
    result = run("app", "keys", "bookworm", "--no-secret")
    assert fake.body() == {"kind": "production", "with_secret": False}
    assert "client_id" in result.stdout and "client_secret" not in result.stdout
    assert "curl" not in result.stdout and "app auth trust" in result.stderr
