"""A registered client manages itself (RFC 7592 §2, §3), and nobody else does."""

import pytest
from tests.crypto.holder import Holder
from tests.oauth.registering import (
    REGISTER,
    Registering,
    audit,
    authenticators,
    refused,
    unauthorized,
)
from tests.sts.installation import PRODUCTION, Installation, basic

from gatewright.domain.environment import Kind

KEY = {"token_endpoint_auth_method": "private_key_jwt"}
JWKS = {"keys": [Holder().jwk | {"kid": "k1"}]}


def test_a_client_reads_itself(site: Registering) -> None:
    told = site.registered(client_name="A", contacts=["c"], scope="b a")
    answer = site.show(told)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.json == {name: value for name, value in told.items() if name not in secret}


def test_a_client_replaces_itself(site: Registering) -> None:
    told = site.registered(client_name="A", contacts=["c"], software_id="s")
    answer = site.put(told, client_name="B", software_id="t")
    assert answer.status == 200
    assert answer.json["client_name"] == "B"
    assert answer.json["software_id"] == "t"
    assert "contacts" not in answer.json, "what is left out is removed"
    assert "client_secret" not in answer.json
    assert site.show(told).json == answer.json
    assert site.application(told).name == "B"
    assert site.token(told).status == 200
    assert ("registrations.edit", told["client_id"]) in audit(site.gw)


def test_a_client_may_say_its_secret_and_not_another(site: Registering) -> None:
    told = site.registered()
    assert site.put(told, client_secret=told["client_secret"]).status == 200
    for other in ("mine", 7, ""):
        refused(site.put(told, client_secret=other))


@pytest.mark.parametrize(
    "member",
    [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ],
)
def test_what_is_ours_can_not_be_said(site: Registering, member: str) -> None:
    told = site.registered()
    refused(site.put(told, **{member: told[member]}))


@pytest.mark.parametrize("client_id", ["client_other", None, 7])
def test_a_replacement_names_its_own_client(site: Registering, client_id: object) -> None:
    told = site.registered()
    body = {} if client_id is None else {"client_id": client_id}
    refused(site.ask("PUT", site.own(told), told["registration_access_token"], body))


def test_from_secret_to_key_and_back(site: Registering) -> None:
    told = site.registered()
    changed = site.put(told, **KEY, jwks=JWKS)
    assert changed.status == 200
    assert changed.json["jwks"] == JWKS
    assert site.token(told).status == 401, "the secret went"
    assert len(authenticators(site, told)) == 1
    back = site.put(told)
    assert back.status == 200
    assert authenticators(site, told) == []
    assert site.token(told, back.json["client_secret"]).status == 200


def test_a_scope_can_only_become_narrower(site: Registering, gw: Installation) -> None:
    told = site.registered(scope="books:read books:write")
    gw.subscribe(site.application(told), "books")
    assert site.put(told, scope="books:read").json["scope"] == "books:read"
    assert "books:write" in refused(site.put(told, scope="books:read books:write"))
    assert site.put(told).json["scope"] == "books:read", "leaving it out widens nothing"
    assert site.token(told).json["scope"] == "books:read"


def test_what_the_owner_demands_a_client_can_not_take_back(
    site: Registering, gw: Installation
) -> None:
    told = site.registered(tls_client_certificate_bound_access_tokens=True)
    with gw.store.read() as tx:
        [credential] = tx.credentials.find(client_id=told["client_id"])
    gw.change("credentials", credential.id, dpop_bound_access_tokens=True)
    answer = site.put(told, tls_client_certificate_bound_access_tokens=False)
    assert answer.json["dpop_bound_access_tokens"] is True
    assert answer.json["tls_client_certificate_bound_access_tokens"] is False


def test_a_client_removes_itself(site: Registering, gw: Installation) -> None:
    told = site.registered()
    other = site.registered()
    token = site.token(told).json["access_token"]
    answer = site.remove(told)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    unauthorized(site.show(told))
    assert site.token(told).status == 401
    assert ("registrations.delete", told["client_id"]) in audit(gw)
    assert site.show(other).status == 200
    with gw.store.read() as tx:
        assert tx.credentials.find(client_id=told["client_id"]) == []
        assert tx.applications.count() == 1
    form = {"token": token}
    asked = gw.call("POST", f"{PRODUCTION}/introspect", f"token={form['token']}".encode(), [
        ("content-type", "application/x-www-form-urlencoded"), ("authorization", basic_of(other)),
    ])  # fmt: skip
    assert asked.json == {"active": False}


def basic_of(told: dict) -> str:

    return basic(told["client_id"], told["client_secret"])


def test_an_application_with_other_keys_stays(site: Registering, gw: Installation) -> None:
    told = site.registered()
    application = site.application(told)
    gw.add_pair(application, Kind.SANDBOX)
    assert site.remove(told).status == 204
    with gw.store.read() as tx:
        assert tx.applications.get(application.id) == application
        assert [row.kind for row in tx.credentials.find()] == [Kind.SANDBOX]


def test_deleting_the_application_ends_the_registration(
    site: Registering, gw: Installation
) -> None:
    from gatewright.control import applications

    told = site.registered()
    with gw.store.write() as tx:
        applications.delete(site.desk(tx), site.application(told).id)
    unauthorized(site.show(told))


def test_every_wrong_token_and_client_reads_the_same(site: Registering) -> None:
    one, other = site.registered(), site.registered()
    nobody = one | {"registration_client_uri": f"http://sts.test{REGISTER}/client_nobody"}
    long = one | {"registration_client_uri": f"http://sts.test{REGISTER}/{'a' * 5000}"}
    bodies = {
        unauthorized(call)
        for call in (
            site.show(one, other["registration_access_token"]),
            site.put(one, other["registration_access_token"]),
            site.remove(one, other["registration_access_token"]),
            site.show(one, site.initial()),
            site.show(one, "guess"),
            site.show(one, one["client_secret"]),
            site.show(nobody),
            site.show(long),
            site.remove(nobody),
        )
    }
    assert len(bodies) == 1
    assert site.show(one).status == 200


def test_a_registration_token_is_good_at_its_own_issuer_only(site: Registering) -> None:
    told = site.registered()
    path = site.own(told).replace("production", "sandbox")
    unauthorized(site.ask("GET", path, told["registration_access_token"]))


def test_no_registration_without_its_audit(site: Registering, gw: Installation, monkeypatch):
    from gatewright.control import registrations
    from gatewright.control.desk import Desk

    told = site.registered()

    def fails(*_args: object, **_detail: object) -> None:
        raise RuntimeError("the audit is away")

    monkeypatch.setattr(Desk, "record", fails)
    monkeypatch.setattr(registrations, "record_as", fails)
    answers = [site.put(told, client_name="B"), site.remove(told)]
    assert [answer.status for answer in answers] == [500, 500]
    monkeypatch.undo()
    assert site.show(told).json.get("client_name") is None
    assert site.token(told).status == 200


def test_a_registered_key_opens_the_token_endpoint(site: Registering, gw: Installation) -> None:
    holder = Holder()
    told = site.registered(**KEY, jwks=JWKS, scope="books:read")
    gw.subscribe(site.application(told), "books")
    now = int(gw.clock.now.timestamp())
    said = {
        "iss": told["client_id"],
        "sub": told["client_id"],
        "aud": f"http://sts.test{PRODUCTION}",
        "iat": now,
        "exp": now + 60,
        "jti": "one",
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": holder.signed({"alg": "ES256", "kid": "k1"}, said),
    }
    headers = [("dpop", holder.proof(now))]
    answer = gw.post(f"{PRODUCTION}/token", form=form, headers=headers)
    assert answer.status == 200, answer.body
    assert (answer.json["token_type"], answer.json["scope"]) == ("DPoP", "books:read")
    replay = gw.post(f"{PRODUCTION}/token", form=form, headers=[("dpop", holder.proof(now))])
    assert replay.status == 401


def test_the_proof_of_a_replayed_assertion_is_not_used_up(
    site: Registering, gw: Installation
) -> None:
    """Assertion and proof are written down together or not at all."""
    holder, now = Holder(), int(gw.clock.now.timestamp())
    told = site.registered(**KEY, jwks=JWKS)
    said = {"iss": told["client_id"], "sub": told["client_id"], "iat": now, "exp": now + 60,
            "aud": f"http://sts.test{PRODUCTION}"}  # fmt: skip

    def ask(jti: str, proof: str) -> int:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": holder.signed({"alg": "ES256", "kid": "k1"}, said | {"jti": jti}),
        }
        return gw.post(f"{PRODUCTION}/token", form=form, headers=[("dpop", proof)]).status

    first, second = holder.proof(now), holder.proof(now)
    assert ask("one", first) == 200
    assert ask("one", second) == 401, "the assertion came before"
    assert ask("two", first) == 400, "the proof came before"
    assert ask("two", second) == 200, "neither was used up by the refused ones"


def test_a_blocked_client_does_not_take_itself_out_of_sight(
    site: Registering, gw: Installation
) -> None:
    told = site.registered()
    gw.change("applications", site.application(told).id, blocked=True)
    assert site.show(told).status == 200
    for answer in (site.put(told, client_name="B"), site.remove(told)):
        assert (answer.status, answer.json["error"]) == (403, "access_denied")
    assert site.application(told).blocked


def test_a_client_lives_on_without_its_owner(site: Registering, gw: Installation) -> None:
    told = site.registered()
    gw.remove("users", site.admin.id)
    assert site.put(told, client_name="B").status == 200
    assert site.remove(told).status == 204
