"""Dynamic client registration from outside: RFC 7591 §2, §3; RFC 7592 §2, §3."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.crypto.holder import Holder
from tests.oauth.registering import REGISTER, Registering, audit, authenticators, refused
from tests.sts.installation import PRODUCTION, Installation, claims

from gatewright.crypto.secrets import looks_generated
from gatewright.interfaces.oauth import app as oauth

METADATA = f"{PRODUCTION}/.well-known/openid-configuration"
HOLDER = Holder()
JWKS = {"keys": [HOLDER.jwk | {"kid": "k1"}]}


# Registering


def test_a_client_registers_and_gets_a_token(site: Registering, gw: Installation) -> None:
    answer = site.register(client_name="Reading list", scope="books:read")
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    told = answer.json
    assert told["client_id"].startswith("client_")
    assert told["client_id_issued_at"] == int(gw.clock.now.timestamp())
    assert told["client_secret_expires_at"] == 0
    assert looks_generated(told["client_secret"])
    assert looks_generated(told["registration_access_token"])
    assert told["registration_access_token"].startswith("gwr_")
    uri = f"http://sts.test{REGISTER}/{told['client_id']}"
    assert told["registration_client_uri"] == uri
    assert told["client_name"] == "Reading list"
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["grant_types"] == ["client_credentials"]
    assert told["scope"] == "books:read"
    gw.subscribe(site.application(told), "books")
    given = site.token(told)
    assert given.status == 200
    assert given.json["scope"] == "books:read"


def test_the_application_is_the_initial_tokens_owners(site: Registering) -> None:
    application = site.application(site.registered(client_name="Mine"))
    assert (application.owner_id, application.name) == (site.admin.id, "Mine")
    assert application.allowed_scopes is None


def test_nothing_at_all_has_to_be_said(site: Registering) -> None:
    assert site.registered()["token_endpoint_auth_method"] == "client_secret_basic"


def test_unknown_members_are_ignored(site: Registering) -> None:
    told = site.registered(further={"a": [1]}, id_token_signed_response_alg="none")
    assert "further" not in told
    assert "id_token_signed_response_alg" not in told


def test_what_has_no_effect_is_shown_again(site: Registering) -> None:
    said = {
        "contacts": ["ops@example.com"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "1.2",
        "client_uri": "https://example.com/",
        "redirect_uris": [],
    }
    told = site.registered(**said)
    said.pop("redirect_uris")
    assert {name: told[name] for name in said} == said


def test_a_client_never_chooses_its_id_or_secret(site: Registering) -> None:
    told = site.registered(client_id="client_mine", client_secret="mine")
    assert told["client_id"] != "client_mine"
    assert told["client_secret"] != "mine"


def test_only_hashes_are_kept(site: Registering, gw: Installation) -> None:
    initial = site.initial()
    told = site.register(initial).json
    with gw.store.read() as tx:
        kept = repr([tx.initial_access_tokens.find(), tx.registrations.find(), tx.secrets.find(),
                     tx.audit_records.find()])  # fmt: skip
    for secret in (initial, told["registration_access_token"], told["client_secret"]):
        assert secret not in kept
        assert secret not in str(gw.lines)


def test_it_is_audited_and_logged(site: Registering, gw: Installation) -> None:
    told = site.registered()
    assert ("registrations.create", site.admin.id) in audit(gw)
    assert ("applications.create", site.admin.id) in audit(gw)
    [line] = [line for line in gw.lines if line["event"] == "client.registered"]
    assert line["client_id"] == told["client_id"]


def test_dpop_bound_tokens_are_demanded_from_then_on(site: Registering, gw: Installation) -> None:
    told = site.registered(dpop_bound_access_tokens=True)
    assert told["dpop_bound_access_tokens"] is True
    assert site.token(told).json["error"] == "invalid_dpop_proof"
    proof = HOLDER.proof(int(gw.clock.now.timestamp()))
    given = site.token(told, headers=[("dpop", proof)])
    assert claims(given.json["access_token"])["cnf"] == {"jkt": HOLDER.thumbprint}


def test_certificate_bound_tokens_are_demanded_from_then_on(site: Registering) -> None:
    told = site.registered(tls_client_certificate_bound_access_tokens=True)
    given = site.token(told)
    assert (given.status, given.json["error"]) == (400, "invalid_request")


def test_a_key_is_registered_and_no_secret_made(site: Registering) -> None:
    told = site.registered(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    assert told["jwks"] == JWKS
    assert "client_secret" not in told
    assert "client_secret_expires_at" not in told
    [row] = authenticators(site, told)
    assert (row.method, json.loads(row.settings["jwks"])) == ("private_key_jwt", JWKS)


def test_the_address_of_keys_is_registered(site: Registering) -> None:
    uri = "https://client.example.com/jwks"
    told = site.registered(token_endpoint_auth_method="private_key_jwt", jwks_uri=uri)
    assert told["jwks_uri"] == uri
    assert [row.settings for row in authenticators(site, told)] == [{"jwks_uri": uri}]


def certificate(gw: Installation) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(gw.clock.now - timedelta(days=1))
        .not_valid_after(gw.clock.now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(Encoding.DER)


def test_a_self_signed_certificate_is_registered(site: Registering, gw: Installation) -> None:
    x5c = [base64.b64encode(certificate(gw)).decode()]
    told = site.registered(
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks={"keys": [HOLDER.jwk | {"x5c": x5c}]},
    )
    [row] = authenticators(site, told)
    assert row.settings["certificates"].startswith("-----BEGIN CERTIFICATE-----")


def test_the_name_of_a_certificate_is_registered(site: Registering) -> None:
    told = site.registered(
        token_endpoint_auth_method="tls_client_auth", tls_client_auth_san_dns="client.example.com"
    )
    assert told["tls_client_auth_san_dns"] == "client.example.com"
    [row] = authenticators(site, told)
    assert row.settings == {"tls_client_auth_san_dns": "client.example.com"}


KEY = {"token_endpoint_auth_method": "private_key_jwt"}
TLS = {"token_endpoint_auth_method": "tls_client_auth"}
SELF = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"token_endpoint_auth_method": "none"}, id="public-client"),
        pytest.param({"token_endpoint_auth_method": "client_secret_jwt"}, id="hmac-assertions"),
        pytest.param({"token_endpoint_auth_method": "federated"}, id="outside-issuer"),
        pytest.param({"token_endpoint_auth_method": 7}, id="method-number"),
        pytest.param({"grant_types": ["authorization_code"]}, id="authorization-code"),
        pytest.param({"grant_types": ["client_credentials", "password"]}, id="password"),
        pytest.param({"grant_types": ["implicit"]}, id="implicit"),
        pytest.param({"grant_types": []}, id="no-grant"),
        pytest.param({"grant_types": "client_credentials"}, id="grants-no-list"),
        pytest.param({"response_types": ["code"]}, id="response-type"),
        pytest.param({"scope": 'a"b'}, id="scope-quote"),
        pytest.param({"scope": ["a"]}, id="scope-list"),
        pytest.param({"scope": " ".join(f"s{number}" for number in range(201))}, id="scopes-many"),
        pytest.param({"client_name": "x" * 101}, id="name-too-long"),
        pytest.param({"client_name": "a\nb"}, id="name-of-two-lines"),
        pytest.param({"client_name": "a\x00b"}, id="name-control-character"),
        pytest.param({"client_name": "a\u202eb"}, id="name-turned-round"),
        pytest.param({"client_name": "\ud800"}, id="name-lone-surrogate"),
        pytest.param({"x": [{"y": "\x1b[2J"}]}, id="control-character-inside"),
        pytest.param({"a\x00b": 1}, id="control-character-in-a-member"),
        pytest.param({"client_uri": "javascript:alert(1)"}, id="script-as-page"),
        pytest.param({"logo_uri": "data:text/html,x"}, id="data-as-logo"),
        pytest.param({"contacts": "ops@example.com"}, id="contacts-no-list"),
        pytest.param({"contacts": ["a"] * 11}, id="contacts-many"),
        pytest.param({"dpop_bound_access_tokens": "true"}, id="flag-text"),
        pytest.param(KEY, id="key-missing"),
        pytest.param(KEY | {"jwks": JWKS, "jwks_uri": "https://a.example/j"}, id="both-keys"),
        pytest.param(KEY | {"jwks": {"keys": []}}, id="no-keys"),
        pytest.param(KEY | {"jwks": {"keys": [HOLDER.private_jwk]}}, id="private-key"),
        pytest.param(KEY | {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, id="hmac-key"),
        pytest.param(KEY | {"jwks": "text"}, id="jwks-text"),
        pytest.param(KEY | {"jwks": JWKS, "token_endpoint_auth_signing_alg": "none"}, id="no-alg"),
        pytest.param(TLS, id="certificate-name-missing"),
        pytest.param(
            TLS | {"tls_client_auth_san_dns": "a.test", "tls_client_auth_san_ip": "192.0.2.1"},
            id="two-certificate-names",
        ),
        pytest.param(TLS | {"tls_client_auth_san_ip": "nowhere"}, id="certificate-no-address"),
        pytest.param(SELF, id="certificate-missing"),
        pytest.param(SELF | {"jwks": JWKS}, id="key-without-certificate"),
        pytest.param(SELF | {"jwks": {"keys": [{"x5c": ["AAAA"]}]}}, id="damaged-certificate"),
    ],
)
def test_metadata_that_can_not_be_is_refused(site: Registering, said: dict) -> None:
    initial = site.initial()
    refused(site.register(initial, **said))
    assert site.register(initial).status == 201, "a refused registration used the token up"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        pytest.param({"redirect_uris": ["https://a.test/"]}, "invalid_redirect_uri", id="redirect"),
        pytest.param({"redirect_uris": "https://a.test/"}, "invalid_redirect_uri", id="no-list"),
        pytest.param({"software_statement": "a.b.c"}, "unapproved_software_statement", id="jwt"),
        pytest.param({"software_statement": "text"}, "invalid_software_statement", id="text"),
        pytest.param({"software_statement": {}}, "invalid_software_statement", id="object"),
    ],
)
def test_other_refusals_have_their_own_codes(site: Registering, said: dict, error: str) -> None:
    refused(site.register(**said), error)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"client_name":"a","client_name":"b"}', id="member-twice"),
        pytest.param(b'{"x":{"a":1,"a":2}}', id="member-twice-inside"),
        pytest.param(b'{"x":NaN}', id="nan"),
        pytest.param(b"\xff\xfe", id="not-utf-8"),
        pytest.param(b'{"x":' + b"[" * 9 + b"]" * 9 + b"}", id="too-deep"),
        pytest.param(b"[" * 16_000, id="very-deep"),
        pytest.param(b'{"x":' + b"1" * 8000 + b"}", id="endless-number"),
    ],
)
def test_a_body_that_is_no_plain_object_is_refused(site: Registering, body: bytes) -> None:
    refused(site.ask("POST", REGISTER, site.initial(), body))


def test_a_body_too_large_is_refused(site: Registering) -> None:
    answer = site.register(further="x" * 17_000)
    assert answer.status == 413


def test_another_content_type_is_refused(site: Registering) -> None:
    answer = site.ask("POST", REGISTER, site.initial(), {}, content_type="text/plain")
    assert "application/json" in refused(answer)


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example.com/jwks",
        "https://127.0.0.1/jwks",
        "https://127.1/jwks",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://[::1]/jwks",
        "https://[::ffff:127.0.0.1]/jwks",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/jwks",
        "https://localhost/jwks",
        "https://intranet/jwks",
        "https://db.internal/jwks",
        "https://user:pass@client.example.com/jwks",
        "https://client.example.com/jwks#f",
        "https://client.example.com:99999/",
        "https://client.example.com/ x",
        "file:///etc/passwd",
        "https://",
        "https://" + "a" * 500 + ".example.com/",
    ],
)
def test_keys_are_not_looked_for_inside(site: Registering, uri: str) -> None:
    refused(site.register(**KEY, jwks_uri=uri))


def test_strangers_that_wait_for_the_database_leave_room_for_tokens(site, gw, pair) -> None:
    for _ in range(oauth.REGISTERING_MAX):
        gw.app._registering.acquire()
    answer = site.register()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert gw.token(pair)
    gw.app._registering.release()
    assert site.register().status == 201
    assert site.ask("POST", REGISTER, "wrong", {}).status == 401
    assert gw.app._registering._value == 1


def test_markup_in_a_name_stays_text(site: Registering) -> None:
    answer = site.register(client_name="<script>alert(1)</script>")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["client_name"] == "<script>alert(1)</script>"
    assert site.application(answer.json).handle.startswith("script-alert-1-script-")
