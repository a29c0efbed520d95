"""The token endpoint from outside: RFC 6749 §2.3, §3.2, §3.3, §4.4, §5; RFC 9068; RFC 8707."""

import re
from urllib.parse import quote

import pytest
from tests.sts.installation import FORM, PRODUCTION, SANDBOX, Installation, Pair, basic, claims

from gatewright.domain.environment import Kind

TOKEN = f"{PRODUCTION}/token"
GRANT = {"grant_type": "client_credentials"}


def body_auth(pair: Pair) -> dict[str, str]:
    return GRANT | {"client_id": pair.client_id, "client_secret": pair.secret}


def test_basic_gives_a_token(gw: Installation, pair: Pair) -> None:
    answer = gw.post(TOKEN, pair)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    assert answer.json["scope"] == "books:read books:write"


def test_body_gives_a_token(gw: Installation, pair: Pair) -> None:
    assert gw.post(TOKEN, form=body_auth(pair)).status == 200


def test_claims_are_those_of_rfc_9068(gw: Installation, pair: Pair) -> None:
    found = claims(gw.token(pair, "books:read"))
    now = int(gw.clock.now.timestamp())
    assert len(found.pop("jti")) == 22
    assert found == {
        "iss": "http://sts.test/sts/default/production",
        "sub": pair.client_id,
        "client_id": pair.client_id,
        "aud": "http://production.default.test",
        "scope": "books:read",
        "iat": now,
        "exp": now + 900,
        "gwk": f"{pair.client_id}.1",
    }


def test_no_two_tokens_have_the_same_id(gw: Installation, pair: Pair) -> None:
    assert len({claims(gw.token(pair))["jti"] for _ in range(20)}) == 20


def test_lifetime_is_the_credentials(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, token_ttl_seconds=60)
    answer = gw.post(TOKEN, pair)
    assert answer.json["expires_in"] == 60
    found = claims(answer.json["access_token"])
    assert found["exp"] - found["iat"] == 60


def test_a_key_made_a_moment_ago_works_at_once(gw: Installation, pair: Pair) -> None:
    assert gw.post(TOKEN, pair).status == 200
    assert gw.post(TOKEN, gw.add_pair(gw.add_application())).status == 200


def test_a_second_secret_works_beside_the_first(gw: Installation, pair: Pair) -> None:
    second = gw.add_secret(pair.credential)
    assert gw.post(TOKEN, pair).status == gw.post(TOKEN, second).status == 200
    gw.change("secrets", pair.secret_id, revoked_at=gw.clock.now)
    assert gw.post(TOKEN, pair).status == 401
    assert gw.post(TOKEN, second).status == 200


def test_nothing_is_written_for_a_token(gw: Installation, pair: Pair) -> None:
    with gw.store.read() as tx:
        before = tx.sequence
    gw.token(pair)
    with gw.store.read() as tx:
        assert tx.sequence == before and tx.audit_records.count() == 0


def test_a_token_before_any_subscription_has_no_scope(gw: Installation) -> None:
    answer = gw.post(TOKEN, gw.add_pair(gw.add_application()))
    assert answer.status == 200 and "scope" not in answer.json
    assert "scope" not in claims(answer.json["access_token"])


@pytest.mark.parametrize("text", [
    pytest.param("plain", id="plain"),
    pytest.param("a+b%2Fc d", id="plus, percent and space"),
    pytest.param("100%", id="percent at the end"),
    pytest.param("a:b:c", id="colons"),
    pytest.param("pässwörd", id="beyond ASCII"),
])  # fmt: skip
@pytest.mark.parametrize("encoded", [True, False], ids=["form-encoded", "as it is"])
def test_basic_reads_secrets_of_every_client(
    gw: Installation, pair: Pair, text: str, encoded: bool
) -> None:
    gw.add_secret(pair.credential, text)
    sent = quote(text, safe="") if encoded else text.encode().decode("latin-1")
    value = basic_latin(pair.client_id, sent)
    answer = gw.call("POST", TOKEN, b"grant_type=client_credentials",
                     [("content-type", FORM), ("authorization", value)])  # fmt: skip
    assert answer.status == 200, answer.body


def basic_latin(client_id: str, secret: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode("latin-1")).decode()


@pytest.mark.parametrize("content_type", [
    pytest.param(FORM, id="plain"),
    pytest.param(FORM.upper(), id="upper case"),
    pytest.param(f"{FORM}; charset=UTF-8", id="with charset"),
    pytest.param(f'{FORM};charset="utf-8"', id="with quoted charset"),
])  # fmt: skip
def test_content_type_is_read_loosely(gw: Installation, pair: Pair, content_type: str) -> None:
    headers = [
        ("content-type", content_type),
        ("authorization", basic(pair.client_id, pair.secret)),
    ]
    answer = gw.call("POST", TOKEN, b"grant_type=client_credentials", headers)
    assert answer.status == 200


@pytest.mark.parametrize("form", [
    pytest.param({**GRANT, "foo": "bar"}, id="unknown parameter ignored"),
    pytest.param({**GRANT, "foo": "a\nb"}, id="unknown parameter of any content ignored"),
    pytest.param({**GRANT, "scope": ""}, id="parameter without value is omitted"),
    pytest.param({**GRANT, "audience": ["a", "b"]}, id="audience may repeat"),
    pytest.param(b"&&grant_type=client_credentials&", id="empty parts"),
    pytest.param({**GRANT, "resource": ["http://production.default.test"] * 2},
                 id="resource may repeat"),
])  # fmt: skip
def test_what_is_forgiven(gw: Installation, pair: Pair, form: object) -> None:
    assert gw.post(TOKEN, pair, form=form).status == 200


@pytest.mark.parametrize(("form", "named"), [
    pytest.param({}, "grant_type", id="no grant type"),
    pytest.param({"grant_type": ""}, "grant_type", id="grant type without value"),
    pytest.param({"grant_type": ["client_credentials"] * 2}, "grant_type", id="repeated"),
    pytest.param(b"grant_type=client_credentials&scope=a&scope=b", "scope", id="scope repeated"),
    pytest.param({**GRANT, "x": ["1", "2"]}, "repeated", id="unknown repeated"),
    pytest.param({**GRANT, "scope": "a\x00b"}, "scope", id="control character"),
    pytest.param({**GRANT, "scope": "a\nb"}, "scope", id="line break"),
    pytest.param(b"grant_type=client_credentials&scope=%ff", "UTF-8", id="not UTF-8"),
    pytest.param(b"grant_type=client_credentials&scope=%4", "%", id="broken escape"),
    pytest.param({**GRANT, **{f"p{n}": "1" for n in range(64)}}, "64", id="65 parameters"),
])  # fmt: skip
def test_malformed_requests_are_told_what_is_wrong(
    gw: Installation, pair: Pair, form: object, named: str
) -> None:
    answer = gw.post(TOKEN, pair, form=form)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert named in answer.json["error_description"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", f"{FORM}; charset=x"]
)
def test_other_content_types_are_refused(gw: Installation, pair: Pair, content_type: str) -> None:
    headers = [
        ("content-type", content_type),
        ("authorization", basic(pair.client_id, pair.secret)),
    ]
    answer = gw.call("POST", TOKEN, b"grant_type=client_credentials", headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("query", ["client_secret=x", "grant_type=client_credentials", "token=x"])
def test_parameters_in_the_url_are_refused(gw: Installation, pair: Pair, query: str) -> None:
    answer = gw.post(TOKEN, pair, query=query)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert gw.post(TOKEN, pair, query="trace=1").status == 200


def test_a_body_over_16_kib_is_refused(gw: Installation, pair: Pair) -> None:
    body = b"grant_type=client_credentials&x=" + b"a" * 16_384
    answer = gw.post(TOKEN, pair, form=body)
    assert (answer.status, answer.json["error"]) == (413, "invalid_request")
    declared = gw.post(TOKEN, pair, headers=[("content-length", "16777216")])
    assert declared.status == 413


@pytest.mark.parametrize("extra", [
    pytest.param({"client_secret": "s"}, id="Basic and body secret"),
    pytest.param({"client_assertion": "a.b.c"}, id="Basic and assertion"),
])  # fmt: skip
def test_more_than_one_method_is_refused(gw: Installation, pair: Pair, extra: dict) -> None:
    answer = gw.post(TOKEN, pair, form=GRANT | {"client_id": pair.client_id} | extra)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_two_authorization_headers_are_refused(gw: Installation, pair: Pair) -> None:
    headers = [("authorization", basic(pair.client_id, pair.secret))]
    answer = gw.post(TOKEN, pair, headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_client_id_in_the_body_must_be_the_authenticated_one(gw: Installation, pair: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    assert gw.post(TOKEN, pair, form=GRANT | {"client_id": pair.client_id}).status == 200
    answer = gw.post(TOKEN, pair, form=GRANT | {"client_id": other.client_id})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("value", [
    pytest.param("Bearer abc", id="other scheme"),
    pytest.param("Basic", id="nothing"),
    pytest.param("Basic !!!!", id="not base64"),
    pytest.param("Basic YWJj", id="no colon"),
    pytest.param("Basic /zo=", id="not UTF-8"),
    pytest.param(basic("a\x00b", "c"), id="control character in the id"),
    pytest.param(basic("a", "c%0a"), id="escaped control character in the secret"),
    pytest.param(basic("", ""), id="empty"),
    pytest.param(basic("a", "b" * 5000), id="oversized"),
])  # fmt: skip
def test_malformed_authorization_is_a_401_with_a_challenge(gw: Installation, value: str) -> None:
    answer = gw.call("POST", TOKEN, b"grant_type=client_credentials",
                     [("content-type", FORM), ("authorization", value)])  # fmt: skip
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith('Basic realm="')


@pytest.mark.parametrize("form", [
    pytest.param(GRANT, id="nothing"),
    pytest.param({**GRANT, "client_id": "client_x"}, id="only an id"),
    pytest.param({**GRANT, "client_secret": "x"}, id="only a secret"),
    pytest.param({**GRANT, "client_assertion": "a.b.c"}, id="a method we do not have"),
])  # fmt: skip
def test_without_authentication_is_invalid_client(gw: Installation, form: dict) -> None:
    answer = gw.post(TOKEN, form=form)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_unknown_grant_type(gw: Installation, pair: Pair) -> None:
    for name in ("password", "authorization_code", "CLIENT_CREDENTIALS"):
        answer = gw.post(TOKEN, pair, form={"grant_type": name})
        assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")


def test_blocked_application_is_told_so_only_after_proof(gw: Installation, pair: Pair) -> None:
    gw.change("applications", pair.credential.application_id, blocked=True)
    answer = gw.post(TOKEN, pair)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
    wrong = Pair(pair.credential, "wrong", "")
    assert gw.post(TOKEN, wrong).json["error"] == "invalid_client"
    gw.change("applications", pair.credential.application_id, blocked=False)
    assert gw.post(TOKEN, pair).status == 200


def test_a_production_client_is_unknown_in_the_sandbox(gw: Installation, pair: Pair) -> None:
    refused = gw.post(f"{SANDBOX}/token", pair)
    unknown = gw.post(f"{SANDBOX}/token", Pair(pair.credential, "wrong", ""))
    assert (refused.status, refused.body) == (401, unknown.body)
    sandbox = gw.add_pair(gw.add_application(), Kind.SANDBOX)
    found = claims(gw.token(sandbox, path=SANDBOX))
    assert found["iss"].endswith("/sandbox") and found["aud"] == "http://development.default.test"


def test_a_client_of_another_organization_is_unknown(gw: Installation, pair: Pair) -> None:
    gw.add_organization("other")
    assert gw.post("/sts/other/production/token", pair).status == 401


def test_error_descriptions_keep_to_the_charset(gw: Installation, pair: Pair) -> None:
    answer = gw.post(TOKEN, pair, form=GRANT | {"resource": 'http://"\\é/'})
    assert answer.json["error"] == "invalid_target"
    for name in ("error", "error_description"):
        assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", answer.json[name])


def test_resource_names_a_gateway(gw: Installation, pair: Pair) -> None:
    good = gw.post(TOKEN, pair, form=GRANT | {"resource": "http://production.default.test/"})
    found = claims(good.json["access_token"])
    assert (found["aud"], found["scope"]) == (
        "http://production.default.test", "books:read books:write",
    )  # fmt: skip


@pytest.mark.parametrize("resource", [
    pytest.param("http://development.default.test", id="gateway of the other kind"),
    pytest.param("https://production.default.test", id="other scheme"),
    pytest.param("http://production.default.test#x", id="with fragment"),
    pytest.param("books", id="relative"),
])  # fmt: skip
def test_any_other_resource_is_refused(gw: Installation, pair: Pair, resource: str) -> None:
    answer = gw.post(TOKEN, pair, form=GRANT | {"resource": resource})
    assert (answer.status, answer.json["error"]) == (400, "invalid_target")


def test_without_a_key_it_is_unavailable(gw: Installation, pair: Pair) -> None:
    with gw.store.read() as tx:
        rows = tx.signing_keys.find(kind=Kind.PRODUCTION)
    gw.change("signing_keys", rows[0].id, state="retired")
    answer = gw.post(TOKEN, pair)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json["error"] == "temporarily_unavailable"
