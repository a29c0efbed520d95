"""Keys, metadata, methods and CORS from outside: RFC 7517, RFC 8414, RFC 9110."""

import pytest
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, header

from gatewright.crypto import dpop

METADATA = [
    "/.well-known/oauth-authorization-server/sts/default/production",
    "/.well-known/openid-configuration/sts/default/production",
    "/sts/default/production/.well-known/openid-configuration",
]


@pytest.mark.parametrize("path", METADATA)
def test_metadata_is_found_where_clients_look(gw: Installation, path: str) -> None:
    answer = gw.call("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    issuer = "http://sts.test/sts/default/production"
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth",
               "self_signed_tls_client_auth"]  # fmt: skip
    grant = "urn:ietf:params:oauth:grant-type:"
    told = answer.json
    algorithms = told["token_endpoint_auth_signing_alg_values_supported"]
    assert {"ES256", "RS256", "PS256", "EdDSA"} <= set(algorithms)
    assert not {"none", "HS256", "HS384", "HS512"} & set(algorithms)
    assert told == {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "jwks_uri": f"{issuer}/jwks",
        "grant_types_supported": [
            "client_credentials", f"{grant}token-exchange", f"{grant}jwt-bearer",
        ],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": True,
        "protected_resources": ["http://production.default.test/books/v1.0"],
    }  # fmt: skip


def test_long_addresses_are_not_kept(gw: Installation) -> None:
    for number in range(3):
        assert gw.call("GET", f"/sts/{'x' * 8000}{number}/production/jwks").status == 404
    assert not gw.app._routes
    assert gw.call("GET", f"{PRODUCTION}/jwks").status == 200 and gw.app._routes


def test_keys_are_public_and_bound_to_their_use(gw: Installation, pair: Pair) -> None:
    answer = gw.call("GET", f"{PRODUCTION}/jwks")
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["use"], key["alg"]) == ("sig", "ES256")
    assert key["kid"] == header(gw.token(pair))["kid"]
    assert gw.call("GET", f"{PRODUCTION}/.well-known/jwks.json").body == answer.body


def test_each_issuer_has_keys_of_its_own(gw: Installation) -> None:
    gw.add_organization("other")
    paths = (PRODUCTION, SANDBOX, "/sts/other/production", "/sts/other/sandbox")
    found = [gw.call("GET", f"{path}/jwks").json["keys"][0]["x"] for path in paths]
    assert len(set(found)) == 4


def test_a_new_algorithm_is_published_before_it_signs(gw: Installation, pair: Pair) -> None:
    from gatewright.sts import keys

    assert header(gw.token(pair))["alg"] == "ES256"
    gw.change("organizations", gw.organization.id, signing_algorithm="RS256")
    signers = keys.backends(gw.keyring, gw.world)
    keeper = keys.Keeper(gw.store, gw.world, signers, gw.log.emit, lambda error: None)

    def published() -> list[str]:
        return sorted(key["alg"] for key in gw.call("GET", f"{PRODUCTION}/jwks").json["keys"])

    keeper.look()
    assert (header(gw.token(pair))["alg"], published()) == ("ES256", ["ES256", "RS256"])
    keeper.look()  # no gateway is connected, so there is nobody to wait for
    assert (header(gw.token(pair))["alg"], published()) == ("RS256", ["ES256", "RS256"])


@pytest.mark.parametrize(("path", "allow"), [
    *[pytest.param(f"{PRODUCTION}/{name}", "POST, OPTIONS", id=name)
      for name in ("token", "revoke", "introspect")],
    pytest.param(f"{PRODUCTION}/jwks", "GET, HEAD, OPTIONS", id="jwks"),
    pytest.param(METADATA[0], "GET, HEAD, OPTIONS", id="metadata"),
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "HEAD", "PATCH"])
def test_other_methods_are_told_which(gw: Installation, path: str, allow: str, method: str) -> None:
    answer = gw.call(method, path)
    if method in allow:
        assert answer.status != 405
    else:
        assert (answer.status, answer.headers["allow"]) == (405, allow)


def test_head_is_told_what_get_is(gw: Installation) -> None:
    for path in (f"{PRODUCTION}/jwks", METADATA[0]):
        assert gw.call("HEAD", path) == gw.call("GET", path)


@pytest.mark.parametrize("path", [
    "/", "/sts", "/sts/default/production", "/sts/nobody/production/jwks",
    "/sts/default/staging/jwks", "/sts/default/production/token/", "/sts/default/PRODUCTION/jwks",
    "/sts/default%252Fproduction/jwks", "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/sts/nobody/production",
    "//sts/default/production/jwks",
])  # fmt: skip
def test_other_addresses_are_not_found(gw: Installation, path: str) -> None:
    answer = gw.call("GET", path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == 404


@pytest.mark.parametrize(("name", "shared"), [
    ("token", True), ("jwks", True), ("revoke", False), ("introspect", False),
])  # fmt: skip
def test_pages_of_any_origin_may_use_the_public_ones(
    gw: Installation, pair: Pair, name: str, shared: bool
) -> None:
    path, origin = f"{PRODUCTION}/{name}", [("origin", "https://portal.test")]
    preflight = gw.call("OPTIONS", path, headers=origin)
    assert preflight.status == 204 and "content-length" not in preflight.headers
    plain = gw.call("GET" if name == "jwks" else "POST", path, headers=origin)
    for answer in (preflight, plain):
        assert answer.headers.get("access-control-allow-origin") == ("*" if shared else None)
        assert "access-control-allow-credentials" not in answer.headers


def test_health(gw: Installation) -> None:
    assert gw.call("GET", "/health").json == {"status": "ok"}
