"""The specifications' own lists, one row a rule, by section: what any client of others may expect.

The finer cases of each rule stand in the files beside this one; here nothing may be missing.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, urlencode

import pytest
from tests.sts.installation import (
    FORM,
    PRODUCTION,
    STS_URL,
    Answer,
    Installation,
    Pair,
    basic,
    claims,
    header,
)

ISSUER = f"{STS_URL}{PRODUCTION}"
GRANT = {"grant_type": "client_credentials"}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
OIDC = "/.well-known/openid-configuration"
ERROR_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
Case = Callable[[Installation, Pair], None]


def rows(*cases: Case) -> Iterable[object]:
    """Each case by the rule that its docstring states."""
    return [pytest.param(case, id=case.__doc__) for case in cases]


def ask(gw: Installation, endpoint: str, client: Pair | None, headers=(), **form: object) -> Answer:
    given = {name: value for name, value in form.items() if value is not None}
    return gw.post(f"{PRODUCTION}/{endpoint}", client, form=given, headers=headers)


def refused(answer: Answer, status: int, error: str) -> None:
    assert (answer.status, answer.json["error"]) == (status, error), answer
    assert ERROR_TEXT.fullmatch(answer.json["error_description"]), answer
    assert answer.headers["cache-control"] == "no-store"


# The token endpoint


def post_only(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.2: POST only"""
    answer = gw.call("GET", f"{PRODUCTION}/token", query=urlencode(GRANT))
    assert answer.status == 405 and "POST" in answer.headers["allow"]


def unknown_ignored(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.2: unrecognised parameters are ignored"""
    assert ask(gw, "token", client, **GRANT, no_such="x").status == 200


def valueless_omitted(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.2: parameters without a value are omitted"""
    answer = ask(gw, "token", client, **GRANT, scope="", resource="", client_id="")
    assert answer.status == 200 and answer.json["scope"] == "books:read books:write"
    refused(ask(gw, "token", client, grant_type=""), 400, "invalid_request")


def no_repeats(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.2: parameters do not repeat"""
    for name in ("grant_type", "scope", "client_id", "no_such"):
        form = GRANT | {name: [GRANT.get(name, "x")] * 2}
        refused(ask(gw, "token", client, **form), 400, "invalid_request")


def resource_repeats(gw: Installation, client: Pair) -> None:
    """RFC 8707 2: resource may repeat"""
    urls = [gw.environment("production").gateway_url] * 2
    assert ask(gw, "token", client, **GRANT, resource=urls).status == 200


def audience_repeats(gw: Installation, client: Pair) -> None:
    """RFC 8693 2.1: audience may repeat"""
    urls = [gw.environment("production").gateway_url] * 2
    form = {"grant_type": EXCHANGE, "subject_token": gw.token(client), "audience": urls}
    assert ask(gw, "token", client, subject_token_type=ACCESS_TOKEN, **form).status == 200


def one_method(gw: Installation, client: Pair) -> None:
    """RFC 6749 2.3: one authentication method a request"""
    form = {"client_id": client.client_id, "client_secret": client.secret}
    refused(ask(gw, "token", client, **GRANT, **form), 400, "invalid_request")


def basic_is_form_decoded(gw: Installation, client: Pair) -> None:
    """RFC 6749 2.3.1: id and secret are form-encoded before base64"""
    secret = "a+b%2F c:d/é"
    gw.add_secret(client.credential, secret)
    encoded = basic(quote(client.client_id, safe=""), quote(secret, safe=""))
    answer = ask(gw, "token", None, [("authorization", encoded)], **GRANT)
    assert answer.status == 200


def secret_in_body(gw: Installation, client: Pair) -> None:
    """RFC 6749 2.3.1: id and secret may stand in the body"""
    form = {"client_id": client.client_id, "client_secret": client.secret}
    assert ask(gw, "token", None, **GRANT, **form).status == 200


def secret_never_in_uri(gw: Installation, client: Pair) -> None:
    """RFC 6749 2.3.1: never in the URI"""
    query = urlencode({"client_id": client.client_id, "client_secret": client.secret})
    body, kind = urlencode(GRANT).encode(), [("content-type", FORM)]
    refused(gw.call("POST", f"{PRODUCTION}/token", body, kind, query=query), 400, "invalid_request")


def brute_force(gw: Installation, client: Pair) -> None:
    """RFC 6749 2.3.1: guessing is slowed, RFC 6585 4: 429 with Retry-After"""
    wrong = Pair(client.credential, "wrong", "")
    answers = [ask(gw, "token", wrong, **GRANT) for _ in range(40)]
    assert answers[0].status == 401 and answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def client_id_equals(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.2.1: client_id in the body is the authenticated one"""
    assert ask(gw, "token", client, **GRANT, client_id=client.client_id).status == 200
    refused(ask(gw, "token", client, **GRANT, client_id="client_x"), 401, "invalid_client")


def narrowed_scope_told(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.3: a scope other than the one asked for is told"""
    assert ask(gw, "token", client, **GRANT, scope="books:read").json["scope"] == "books:read"
    assert ask(gw, "token", client, **GRANT).json["scope"] == "books:read books:write"


def malformed_scope(gw: Installation, client: Pair) -> None:
    """RFC 6749 3.3: a scope is of NQCHAR, with single spaces between"""
    for scope in ('a"b', "a\\b", "é", "no:such"):
        answer = ask(gw, "token", client, **GRANT, scope=scope)
        assert answer.status == 400 and answer.json["error"] in ("invalid_scope", "invalid_request")


def confidential_only(gw: Installation, client: Pair) -> None:
    """RFC 6749 4.4.2: confidential clients only"""
    refused(ask(gw, "token", None, **GRANT, client_id=client.client_id), 401, "invalid_client")


def no_refresh_token(gw: Installation, client: Pair) -> None:
    """RFC 6749 4.4.3: no refresh token"""
    assert "refresh_token" not in ask(gw, "token", client, **GRANT).json


def answer_form(gw: Installation, client: Pair) -> None:
    """RFC 6749 5.1: JSON, a number of seconds, and stored nowhere"""
    answer = ask(gw, "token", client, **GRANT)
    assert answer.headers["content-type"].startswith("application/json")
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.json["token_type"].lower() == "bearer" and answer.json["expires_in"] == 900


def challenge(gw: Installation, client: Pair) -> None:
    """RFC 6749 5.2: 401 with a challenge of the scheme that was used, RFC 7617 2: with a realm"""
    answer = ask(gw, "token", Pair(client.credential, "wrong", ""), **GRANT)
    refused(answer, 401, "invalid_client")
    assert re.match(r'Basic realm="[^"]+"', answer.headers["www-authenticate"])


def unsupported_grants(gw: Installation, client: Pair) -> None:
    """RFC 6749 5.2: unsupported_grant_type, RFC 9700 2.4: the password grant does not exist"""
    for grant in ("password", "refresh_token", "authorization_code", "urn:x"):
        answer = ask(gw, "token", client, grant_type=grant, username="a", password="b")
        refused(answer, 400, "unsupported_grant_type")


def invalid_target(gw: Installation, client: Pair) -> None:
    """RFC 8707 2: invalid_target for unknown, relative and fragmented resources"""
    url = gw.environment("production").gateway_url
    for resource in ("https://elsewhere.example", "books", f"{url}#x", f"{url}/no-such/v1"):
        refused(ask(gw, "token", client, **GRANT, resource=resource), 400, "invalid_target")


def bad_subject_token(gw: Installation, client: Pair) -> None:
    """RFC 8693 2.2.2: an unacceptable subject token is invalid_request"""
    form = {"grant_type": EXCHANGE, "subject_token": "a.b.c", "subject_token_type": ACCESS_TOKEN}
    refused(ask(gw, "token", client, **form), 400, "invalid_request")


def actor_type_alone(gw: Installation, client: Pair) -> None:
    """RFC 8693 2.1: actor_token_type if and only if actor_token"""
    form = {"grant_type": EXCHANGE, "subject_token": gw.token(client)}
    form |= {"subject_token_type": ACCESS_TOKEN}
    for alone in ({"actor_token_type": ACCESS_TOKEN}, {"actor_token": gw.token(client)}):
        refused(ask(gw, "token", client, **form, **alone), 400, "invalid_request")


def exchanged(gw: Installation, client: Pair) -> None:
    """RFC 8693 2.2.1, 4.1: issued_token_type, act, never wider, never longer"""
    other = gw.add_pair(gw.add_application(), ttl=3600)
    gw.clock.pass_by(seconds=1)
    subject = gw.token(client, "books:read")
    form = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": ACCESS_TOKEN}
    answer = ask(gw, "token", other, **form)
    assert answer.json["issued_token_type"] == ACCESS_TOKEN and "scope" not in answer.json
    made = claims(answer.json["access_token"])
    assert made["act"] == {"sub": other.client_id} and made["sub"] == client.client_id
    assert made["exp"] <= claims(subject)["exp"]


@pytest.mark.parametrize("case", rows(
    post_only, unknown_ignored, valueless_omitted, no_repeats, resource_repeats, audience_repeats,
    one_method, basic_is_form_decoded, secret_in_body, secret_never_in_uri, brute_force,
    client_id_equals, narrowed_scope_told, malformed_scope, confidential_only, no_refresh_token,
    answer_form, challenge, unsupported_grants, invalid_target, bad_subject_token,
    actor_type_alone, exchanged,
))  # fmt: skip
def test_token_endpoint(gw: Installation, pair: Pair, case: Case) -> None:
    case(gw, pair)


# The access token


def jwt_header(gw: Installation, client: Pair) -> None:
    """RFC 9068 2.1: typ at+jwt, signed"""
    found = header(gw.token(client))
    assert found["typ"] == "at+jwt" and found["alg"] == "ES256" and found["kid"]


def required_claims(gw: Installation, client: Pair) -> None:
    """RFC 9068 2.2: iss exp aud sub client_id iat jti"""
    found = claims(gw.token(client))
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= found.keys()
    assert found["iss"] == ISSUER and found["sub"] == found["client_id"] == client.client_id
    assert found["exp"] - found["iat"] == 900


def scope_claim(gw: Installation, client: Pair) -> None:
    """RFC 9068 2.2.3: the scope claim says what was granted"""
    assert claims(gw.token(client, "books:read"))["scope"] == "books:read"


def default_audience(gw: Installation, client: Pair) -> None:
    """RFC 9068 3: without resource there is a default audience"""
    url = gw.environment("production").gateway_url
    audience = claims(gw.token(client))["aud"]
    assert url in ([audience] if isinstance(audience, str) else audience)


def unique_ids(gw: Installation, client: Pair) -> None:
    """RFC 9068 2.2: every token has a jti of its own"""
    assert len({claims(gw.token(client))["jti"] for _ in range(50)}) == 50


def ids_of_clients(gw: Installation, client: Pair) -> None:
    """RFC 9068 5, RFC 9700 4.15: nobody chooses his client id"""
    assert re.fullmatch(r"client_[0-9a-z]{26}", client.client_id)


@pytest.mark.parametrize("case", rows(
    jwt_header, required_claims, scope_claim, default_audience, unique_ids, ids_of_clients,
))  # fmt: skip
def test_access_token(gw: Installation, pair: Pair, case: Case) -> None:
    case(gw, pair)


# Revocation


def active(gw: Installation, client: Pair, token: str) -> bool:
    return ask(gw, "introspect", client, token=token).json["active"]


def revokes(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.2: 200, and the token is dead"""
    token = gw.token(client)
    assert active(gw, client, token)
    assert ask(gw, "revoke", client, token=token).status == 200
    assert not active(gw, client, token)


def revoke_authenticates(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.1: the client authenticates as at the token endpoint"""
    token = gw.token(client)
    refused(ask(gw, "revoke", None, token=token), 401, "invalid_client")
    wrong = Pair(client.credential, "wrong", "")
    refused(ask(gw, "revoke", wrong, token=token), 401, "invalid_client")
    assert active(gw, client, token)


def revoke_needs_token(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.1: token is required"""
    refused(ask(gw, "revoke", client), 400, "invalid_request")


def wrong_hint(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.1: a wrong or unknown hint does not stop the search"""
    for hint in ("refresh_token", "no_such", "access_token", ""):
        token = gw.token(client)
        answer = ask(gw, "revoke", client, token=token, token_type_hint=hint)
        assert answer.status == 200 and not active(gw, client, token)


def unknown_token(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.2: 200 for what is no token"""
    for token in ("x", "a.b.c", "é", "x" * 4000):
        assert ask(gw, "revoke", client, token=token).status == 200


def token_of_another(gw: Installation, client: Pair) -> None:
    """RFC 7009 2.1: a token of another client is not revoked"""
    other, token = gw.add_pair(gw.add_application()), gw.token(client)
    answer = ask(gw, "revoke", other, token=token)
    assert answer.status in (200, 400) and active(gw, client, token)


def revoke_post_only(gw: Installation, client: Pair) -> None:
    """RFC 7009 2: POST only"""
    assert gw.call("GET", f"{PRODUCTION}/revoke").status == 405


@pytest.mark.parametrize("case", rows(
    revokes, revoke_authenticates, revoke_needs_token, wrong_hint, unknown_token,
    token_of_another, revoke_post_only,
))  # fmt: skip
def test_revocation(gw: Installation, pair: Pair, case: Case) -> None:
    case(gw, pair)
