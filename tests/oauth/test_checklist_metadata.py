"""The specifications' lists of introspection and metadata, one row a rule, by section."""

import json

import pytest
from tests.oauth.test_checklist import (
    EXCHANGE,
    ISSUER,
    OIDC,
    WELL_KNOWN,
    Case,
    ask,
    refused,
    rows,
)
from tests.sts.installation import PRODUCTION, Installation, Pair, claims


def active_answer(gw: Installation, client: Pair) -> None:
    """RFC 7662 2.2: what is known of a living token"""
    token = gw.token(client, "books:read")
    found, made = ask(gw, "introspect", client, token=token).json, claims(token)
    assert found["active"] is True and found["scope"] == "books:read"
    for name in ("iss", "exp", "iat", "sub", "aud", "client_id", "jti"):
        assert found[name] == made[name], name
    assert found["token_type"] == "Bearer"


def needs_authorization(gw: Installation, client: Pair) -> None:
    """RFC 7662 2.1, 2.3: who does not authenticate learns nothing"""
    token = gw.token(client)
    refused(ask(gw, "introspect", None, token=token), 401, "invalid_client")
    refused(
        ask(gw, "introspect", Pair(client.credential, "wrong", ""), token=token),
        401, "invalid_client",
    )  # fmt: skip


def inactive_answer(gw: Installation, client: Pair) -> None:
    """RFC 7662 2.2: unknown, expired, revoked: active false and nothing else"""
    expired, revoked = gw.token(client), ""
    gw.clock.pass_by(seconds=901)
    revoked = gw.token(client)
    ask(gw, "revoke", client, token=revoked)
    for token in ("x", "a.b.c", expired, revoked, expired[:-4] + "AAAA"):
        answer = ask(gw, "introspect", client, token=token)
        assert (answer.status, answer.json) == (200, {"active": False})


def not_for_you(gw: Installation, client: Pair) -> None:
    """RFC 7662 2.2: a token that is not the caller's matter is inactive"""
    other, token = gw.add_pair(gw.add_application()), gw.token(client)
    assert ask(gw, "introspect", other, token=token).json == {"active": False}


def never_cached(gw: Installation, client: Pair) -> None:
    """RFC 7662 4: the answer is stored nowhere"""
    answer = ask(gw, "introspect", client, token=gw.token(client))
    assert answer.headers["cache-control"] == "no-store"


def introspect_needs_token(gw: Installation, client: Pair) -> None:
    """RFC 7662 2.1: token is required, POST only"""
    refused(ask(gw, "introspect", client), 400, "invalid_request")
    assert gw.call("GET", f"{PRODUCTION}/introspect").status == 405


def every_spelling(gw: Installation, client: Pair) -> None:
    """RFC 8414 3, 5: the path is inserted; clients of OpenID append it"""
    paths = (f"{WELL_KNOWN}{PRODUCTION}", f"{OIDC}{PRODUCTION}", f"{PRODUCTION}{OIDC}")
    found = [gw.call("GET", path) for path in paths]
    assert {item.status for item in found} == {200} and len({item.body for item in found}) == 1
    assert all(item.headers["content-type"].startswith("application/json") for item in found)


def document(gw: Installation) -> dict:
    return gw.call("GET", f"{WELL_KNOWN}{PRODUCTION}").json


def issuer_identical(gw: Installation, client: Pair) -> None:
    """RFC 8414 3.3: issuer is the one that was asked, and that of the tokens"""
    assert document(gw)["issuer"] == ISSUER == claims(gw.token(client))["iss"]
    assert "?" not in ISSUER and "#" not in ISSUER


def states_its_grants(gw: Installation, client: Pair) -> None:
    """RFC 8414 2: grants and response types are always stated"""
    found = document(gw)
    assert {"client_credentials", EXCHANGE} <= set(found["grant_types_supported"])
    assert not {"password", "implicit"} & set(found["grant_types_supported"])
    assert found["response_types_supported"] == []
    assert "authorization_endpoint" not in found


def states_its_algorithms(gw: Installation, client: Pair) -> None:
    """RFC 8414 2: algorithms are stated where a JWT method is, and none never"""
    found = document(gw)
    for place in ("token", "revocation", "introspection"):
        methods = found[f"{place}_endpoint_auth_methods_supported"]
        assert {"client_secret_basic", "client_secret_post"} <= set(methods)
        algorithms = found.get(f"{place}_endpoint_auth_signing_alg_values_supported", [])
        assert bool(algorithms) == ("private_key_jwt" in methods)
        assert not {name for name in algorithms if name == "none" or name.startswith("HS")}


def states_what_exists(gw: Installation, client: Pair) -> None:
    """RFC 8414 2: every endpoint that is named answers, by this issuer's name"""
    found = document(gw)
    for name, url in found.items():
        if not name.endswith("_endpoint") and name != "jwks_uri":
            continue
        assert url.startswith(ISSUER)
        method = "GET" if name == "jwks_uri" else "POST"
        assert gw.call(method, url.removeprefix("http://sts.test")).status not in (404, 405), name


def keys_are_public(gw: Installation, client: Pair) -> None:
    """RFC 7517 4: keys with kid, alg and use, and no private member"""
    keys = json.loads(gw.call("GET", f"{PRODUCTION}/jwks").body)["keys"]
    assert keys and all(key["use"] == "sig" and key["kid"] and key["alg"] for key in keys)
    assert not any({"d", "p", "q", "k"} & key.keys() for key in keys)


@pytest.mark.parametrize("case", rows(
    active_answer, needs_authorization, inactive_answer, not_for_you, never_cached,
    introspect_needs_token,
))  # fmt: skip
def test_introspection(gw: Installation, pair: Pair, case: Case) -> None:
    case(gw, pair)


@pytest.mark.parametrize("case", rows(
    every_spelling, issuer_identical, states_its_grants, states_its_algorithms,
    states_what_exists, keys_are_public,
))  # fmt: skip
def test_metadata(gw: Installation, pair: Pair, case: Case) -> None:
    case(gw, pair)
