"""Keys, certificates and outside issuers of a client, as a person sets them up."""

import json
from datetime import datetime
from urllib.parse import urlencode

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.crypto.authority import pem, self_signed
from tests.crypto.keyholder import Keyholder
from tests.management.installation import ADDRESSES, api, hand_over, made, refused

from gatewright.sts import keys
from gatewright.sts.request import Request
from gatewright.sts.service import Pending, TokenService

PATH = "/applications/demo/credentials/production/authenticators"
HOLDER, RSA = Keyholder("ES256"), Keyholder("RS256")
JWKS = json.loads(HOLDER.jwks())
LEAF = pem(self_signed(ends=3650))
GITHUB = "https://token.actions.githubusercontent.com"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def public_pem(holder: Keyholder) -> str:
    key = holder.private.public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(holder: Keyholder) -> str:
    return holder.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def keyless(admin):
    """An application whose keys have no secret."""
    made(admin.post(api("/applications"), json={"name": "Demo", "handle": "demo"}))
    body = {"kind": "production", "with_secret": False}
    found = made(admin.post(api("/applications/demo/credentials"), json=body))
    assert (found["secrets"], found["client_secret"]) == ([], None)
    return found


def federated(**changes) -> dict:
    right = {"method": "federated", "issuer": GITHUB, "subject": "repo:org/x:ref:refs/heads/*"}
    return {name: value for name, value in (right | changes).items() if value is not None}


def keyed(**given) -> dict:
    return {"method": "private_key_jwt", **given}


RIGHT = [
    pytest.param(keyed(jwks=JWKS), {"jwks": JWKS}, id="keys"),
    pytest.param(keyed(jwks_uri="https://a.test/jwks?x=1"), {"jwks_uri": "https://a.test/jwks?x=1"},
                 id="where keys are"),
    pytest.param(keyed(public_key=public_pem(HOLDER)),
                 {}, id="a key in PEM"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a,O=b"},
                 {"tls_client_auth_subject_dn": "CN=a,O=b"}, id="a subject"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_san_uri": "spiffe://a/b",
                  "authorities": LEAF},
                 {"tls_client_auth_san_uri": "spiffe://a/b", "authorities": LEAF}, id="a URI"),
    pytest.param({"method": "self_signed_tls_client_auth", "certificates": LEAF},
                 {"certificates": LEAF}, id="a certificate"),
    pytest.param(federated(), {"issuer": GITHUB, "subject": "repo:org/x:ref:refs/heads/*"},
                 id="an outside issuer"),
    pytest.param(federated(audience="a", claims={"actor": "*"}, jwks=JWKS, issuer="https://k.test"),
                 {"issuer": "https://k.test", "subject": "repo:org/x:ref:refs/heads/*",
                  "audience": "a", "claims": {"actor": "*"}, "jwks": JWKS}, id="with everything"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "settings"), RIGHT)
def test_each_method_is_made_shown_and_removed(admin, keyless, body, settings) -> None:
    if "public_key" in body:
        settings = {"jwks": {"keys": [HOLDER.jwk()]}}
        settings["jwks"]["keys"][0].pop("kid")
    found = made(admin.post(api(PATH), json=body))
    assert (found["method"], found["settings"]) == (body["method"], settings)
    assert found["usable"] and found["last_used_at"] is None
    second = made(admin.post(api(PATH), json=keyed(jwks=json.loads(RSA.jwks()))))
    listed = made(admin.get(api(PATH)), 200)["items"]
    assert [item["id"] for item in listed] == [found["id"], second["id"]]
    made(admin.delete(api(f"{PATH}/{found['id']}")), 204)
    refused(admin.delete(api(f"{PATH}/{found['id']}")), 404, field="authenticator")
    actions = [item["action"] for item in made(admin.get(api("/audit")), 200)["items"]]
    assert {"authenticators.create", "authenticators.delete"} <= {*actions}


def test_the_audit_tells_whose_way_in_it_was_and_tells_keys_apart(admin, keyless) -> None:
    bodies = (keyed(jwks=JWKS), keyed(jwks=json.loads(RSA.jwks())), keyed(jwks_uri="https://a.b/k"))
    for body in bodies:
        id = made(admin.post(api(PATH), json=body))["id"]
        made(admin.post(api(f"{PATH.rpartition('/')[0]}/secrets"), json={"name": "spare"}))
        made(admin.delete(api(f"{PATH}/{id}")), 204)
    items = made(admin.get(api("/audit")), 200)["items"]
    records = [item for item in items if item["action"].startswith(("authenticators.", "secrets."))]
    assert len(records) == 9
    assert {item["detail"]["client_id"] for item in records} == {keyless["client_id"]}
    told = [item["detail"] for item in records if item["action"] == "authenticators.create"]
    assert len({detail["settings_digest"] for detail in told}) == 3
    assert [detail["jwks_uri"] for detail in told if "jwks_uri" in detail] == ["https://a.b/k"]


PRIVATE = {"keys": [HOLDER.jwk(d="AA")]}
WRONG = [
    pytest.param(keyed(), "jwks", id="no key"),
    pytest.param(keyed(jwks=JWKS, jwks_uri="https://a.test"), "jwks", id="two sources of keys"),
    pytest.param(keyed(jwks=PRIVATE), "jwks", id="a private key"),
    pytest.param(keyed(jwks={"keys": [{"kty": "oct", "k": "AAAA"}]}), "jwks", id="a secret"),
    pytest.param(keyed(jwks=json.loads(Keyholder("RS256", bits=1024).jwks())), "jwks", id="weak"),
    pytest.param(keyed(jwks={"keys": []}), "jwks", id="an empty set"),
    pytest.param(keyed(jwks={"keys": [HOLDER.jwk(alg="HS256")]}), "jwks", id="HS256"),
    pytest.param(keyed(jwks={"keys": [HOLDER.jwk()], "x": 1 << 80}), "jwks", id="a huge number"),
    pytest.param(keyed(jwks={"keys": [HOLDER.jwk(x5t="a" * 20_000)]}), "jwks", id="too long"),
    pytest.param(keyed(public_key=private_pem(HOLDER)), "public_key", id="a private PEM"),
    pytest.param(keyed(public_key="x"), "public_key", id="no PEM"),
    pytest.param(keyed(public_key=public_pem(RSA), algorithm="ES256"), "jwks", id="other alg"),
    pytest.param(keyed(jwks=JWKS, algorithm="ES256"), "algorithm", id="alg beside keys"),
    pytest.param(keyed(jwks_uri="http://a.test/jwks"), "jwks_uri", id="keys by http"),
    pytest.param(keyed(jwks_uri="file:///etc/passwd"), "jwks_uri", id="keys in a file"),
    pytest.param(keyed(jwks_uri="https://u:p@a.test/"), "jwks_uri", id="a user in the URL"),
    pytest.param(keyed(jwks_uri="https://a.test:x/"), "jwks_uri", id="no port"),
    pytest.param(keyed(jwks_uri="https://a.test/\n"), "jwks_uri", id="newline in the URL"),
    pytest.param(keyed(jwks=JWKS, issuer="https://a.test"), "issuer", id="of another method"),
    pytest.param({"method": "tls_client_auth"}, "tls_client_auth_subject_dn", id="no name"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_san_dns": "a.test",
                  "tls_client_auth_san_ip": "::1"}, "tls_client_auth_san_dns", id="two names"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_subject_dn": "x"},
                 "tls_client_auth_subject_dn", id="no DN"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_san_ip": "1.2.3"},
                 "tls_client_auth_san_ip", id="no IP"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_san_dns": "*.test"},
                 "tls_client_auth_san_dns", id="a pattern for a name"),
    pytest.param({"method": "tls_client_auth", "tls_client_auth_san_dns": "a", "authorities": "x"},
                 "authorities", id="no authorities"),
    pytest.param({"method": "self_signed_tls_client_auth"}, "certificates", id="no certificate"),
    pytest.param({"method": "self_signed_tls_client_auth", "certificates": private_pem(HOLDER)},
                 "certificates", id="a key for a certificate"),
    pytest.param({"method": "self_signed_tls_client_auth", "certificates": pem(self_signed())},
                 "certificates", id="expired"),
    pytest.param({"method": "self_signed_tls_client_auth", "jwks": JWKS}, "jwks", id="no x5c"),
    pytest.param({"method": "self_signed_tls_client_auth", "jwks": {"keys": 7}}, "jwks",
                 id="keys no list"),
    pytest.param(federated(issuer=None), "issuer", id="no issuer"),
    pytest.param(federated(issuer="http://a.test"), "issuer", id="issuer by http"),
    pytest.param(federated(issuer="https://a.test?x"), "issuer", id="issuer with a query"),
    pytest.param(federated(issuer="https://a.test#x"), "issuer", id="issuer with a fragment"),
    pytest.param(federated(subject=None), "subject", id="no subject"),
    pytest.param(federated(subject="*"), "subject", id="everybody"),
    pytest.param(federated(subject="*:*"), "subject", id="everybody, in parts"),
    pytest.param(federated(subject="repo:*:ref:x"), "subject", id="everybody of GitHub"),
    pytest.param(federated(subject="repo:*/x:ref:x"), "subject", id="every owner of GitHub"),
    pytest.param(federated(subject="repo:org*/x:ref:x"), "subject", id="owners that begin alike"),
    pytest.param(federated(subject="repo:org"), "subject", id="no repository"),
    pytest.param(federated(issuer=GITHUB + "/", subject="repo:*:*"), "subject", id="with a slash"),
    pytest.param(federated(subject="a:b:c", claims={"repository_owner": "o*"}), "subject",
                 id="an owner by a pattern"),
    pytest.param(federated(claims={"sub": "x"}), "claims.sub", id="sub twice"),
    pytest.param(federated(claims={"a b": "x"}), "claims.a b", id="no claim's name"),
    pytest.param(federated(claims={"a": "**"}), "claims.a", id="an empty pattern"),
    pytest.param(federated(claims={"a": 7}), "claims.a", id="a number for a pattern"),
    pytest.param(federated(claims={f"c{n}": "x" for n in range(21)}), "claims", id="too many"),
    pytest.param({"method": "client_secret_basic"}, "method", id="no such method"),
    pytest.param(keyed(jwks=JWKS, name=" "), "name", id="no name for people"),
    pytest.param(keyed(jwks=JWKS, expires_in_days=0), "expires_in_days", id="expires at once"),
    pytest.param(keyed(jwks=JWKS, secret="x"), "secret", id="unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_wrong_settings_are_named(admin, keyless, body: dict, field: str) -> None:
    refused(admin.post(api(PATH), json=body), 422, field=field)
    assert made(admin.get(api(PATH)), 200)["items"] == []


def test_an_owner_named_by_a_claim_is_enough(admin, keyless) -> None:
    body = federated(subject="environment:*", claims={"repository_owner": "org"})
    made(admin.post(api(PATH), json=body))


def test_the_same_twice_and_too_many_are_refused(admin, keyless) -> None:
    made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    refused(admin.post(api(PATH), json=keyed(jwks=JWKS)), 409, field="settings")
    for number in range(9):
        made(admin.post(api(PATH), json=keyed(jwks_uri=f"https://a.test/{number}")))
    body = keyed(jwks_uri="https://a.test/x")
    refused(admin.post(api(PATH), json=body), 409, field="authenticators")


def test_the_end_is_that_of_the_certificate(admin, keyless, installed) -> None:
    body = {"method": "self_signed_tls_client_auth", "certificates": LEAF}
    found = made(admin.post(api(PATH), json=body))
    assert datetime.fromisoformat(found["expires_at"]).year == 2036
    assert len(found["thumbprints"][0]) == 43
    made(admin.delete(api(f"{PATH}/{found['id']}")), 409)
    made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    made(admin.delete(api(f"{PATH}/{found['id']}")), 204)
    sooner = made(admin.post(api(PATH), json=body | {"expires_in_days": 30}))
    assert (datetime.fromisoformat(sooner["expires_at"]) - installed.clock.now).days <= 30


def test_the_last_way_in_can_not_vanish(admin, keyless) -> None:
    """Across secrets and authenticators."""
    secrets = "/applications/demo/credentials/production/secrets"
    key = made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    refused(admin.delete(api(f"{PATH}/{key['id']}")), 409, field="authenticator")
    secret = made(admin.post(api(secrets), json={"name": "s"}))
    made(admin.delete(api(f"{PATH}/{key['id']}")), 204)
    refused(admin.delete(api(f"{secrets}/{secret['id']}")), 409, field="secret")
    made(admin.post(api(PATH), json=federated()))
    made(admin.delete(api(f"{secrets}/{secret['id']}")), 204)


def test_a_stranger_sees_and_changes_nothing(installed, admin, keyless) -> None:
    found = made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    stranger = installed.client("admin", "other")
    refused(stranger.get(api(PATH)), 404)
    refused(stranger.post(api(PATH), json=federated()), 404)
    refused(stranger.delete(api(f"{PATH}/{found['id']}")), 404)
    consumer = installed.client("consumer")
    refused(consumer.get(api(PATH)), 404)
    auditor = installed.client("auditor")
    assert len(made(auditor.get(api(PATH)), 200)["items"]) == 1
    refused(auditor.post(api(PATH), json=federated()), 403)
    with installed.store.read() as tx:
        (application,) = tx.applications.find(handle="demo")
    hand_over(installed, application.id, "consumer")
    made(consumer.post(api(PATH), json=federated()))


def test_another_clients_authenticator_is_not_found(admin, keyless) -> None:
    found = made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    made(admin.post(api("/applications"), json={"name": "Two", "handle": "two"}))
    made(admin.post(api("/applications/two/credentials"), json={"kind": "production"}))
    other = PATH.replace("demo", "two")
    refused(admin.delete(api(f"{other}/{found['id']}")), 404, field="authenticator")


def test_it_goes_with_its_application(installed, admin, keyless) -> None:
    made(admin.post(api(PATH), json=keyed(jwks=JWKS)))
    made(admin.delete(api("/applications/demo")), 204)
    with installed.store.read() as tx:
        assert tx.authenticators.count() == 0


def test_what_was_set_up_gives_tokens(installed, admin, keyless) -> None:
    """From the management API to the token endpoint, over one store."""
    made(admin.post(api(PATH), json=federated(issuer="https://ci.test", jwks=JWKS)))
    made(admin.post(api(PATH), json=keyed(public_key=public_pem(RSA), algorithm="PS256")))
    with installed.store.write() as tx:
        (organization,) = tx.organizations.find(handle="default")
        keys.ensure(tx, installed.world, keys.backends(installed.keyring, installed.world),
                    organization)  # fmt: skip
    service = TokenService(installed.store, installed.keyring, installed.world, ADDRESSES.sts)
    issuer = service.issuer("default", "production")
    now, client_id = int(installed.clock.now.timestamp()), keyless["client_id"]
    said = {"aud": issuer.url, "iat": now, "exp": now + 60}
    outside = said | {"iss": "https://ci.test", "sub": "repo:org/x:ref:refs/heads/main"}
    own = said | {"iss": client_id, "sub": client_id, "jti": "1"}
    for assertion in (HOLDER.sign(outside), RSA.sign(own, "PS256", kid=None)):
        form = {"grant_type": "client_credentials", "client_id": client_id,
                "client_assertion_type": TYPE, "client_assertion": assertion}  # fmt: skip
        given = service.token(issuer, Request(urlencode(form).encode()))
        given = service.accept(given) if isinstance(given, Pending) else given
        assert given.status == 200, orjson.loads(given.body)
    service.state.close()
