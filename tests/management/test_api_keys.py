"""API keys on the wire: what one holds, that it is shown once, and every way in which it ends."""

import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.management.installation import api, hand_over, journey, made, refused

from gatewright.control import key_ends
from gatewright.crypto import api_key as crypto
from gatewright.domain import api_key as rules
from gatewright.domain.environment import Kind
from gatewright.domain.observed import GatewayNode
from gatewright.domain.token import issuer
from gatewright.store import applied

READ = "urn:default:reading-list:books:read"


@pytest.fixture
def app(admin):
    return journey(admin)["app"]


@pytest.fixture
def keys(admin, app):
    return api(f"/applications/{app}/api-keys")


def rows(installed, noun="api_keys"):
    with installed.store.read() as tx:
        return getattr(tx, noun).find()


def actions(installed):
    return [item.action for item in rows(installed, "audit_records")]


def claims(installed, text, kind=Kind.PRODUCTION):
    """The claims, verified by an independent library with the signer's public key."""
    (signer,) = [item for item in rows(installed, "api_key_signers") if item.kind is kind]
    key = ECKey.import_key(json.loads(signer.public_jwk))
    token = jwt.decode(text.removeprefix(rules.API_KEY_PREFIX), key, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "kid": signer.id, "typ": "JWT"}
    return token.claims


def test_a_key_holds_what_the_gateway_looks_for(installed, admin, app, keys):
    told = made(admin.post(keys, json={"name": "batch"}))
    found = claims(installed, told["key"])
    assert found == {
        "iss": issuer("http://127.0.0.1:8001", "default", Kind.PRODUCTION) + "/keys",
        "aud": "urn:gatewright:api-key:production",
        "gwk": told["id"],
        "jti": told["id"],
        "sub": app,
        "scope": "urn:gatewright:api-key urn:gatewright:every-scope",
        "iat": found["iat"],
    }
    assert told["header"] == "api-key" and told["state"] == "active"
    assert (told["scopes"], told["expires_at"]) == (None, None)


def test_scanners_know_a_key_by_its_form(admin, keys):
    key = made(admin.post(keys, json={"name": "k"}))["key"]
    assert crypto.GENERATED.fullmatch(key)
    assert crypto.GENERATED.search(f'api_key = "{key}"')


def test_a_key_is_shown_once_and_stored_nowhere(installed, admin, keys, tmp_path):
    told = made(admin.post(keys, json={"name": "k"}))
    (listed,) = made(admin.get(keys), 200)["items"]
    assert listed["key"] is None and listed["hint"] == told["hint"]
    assert told["key"].endswith(listed["hint"][-4:])
    signature = told["key"].rpartition(".")[2].encode()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert signature not in kept
    assert signature.decode() not in repr(rows(installed, "audit_records"))


def test_a_repeated_create_makes_one_key(installed, admin, keys):
    headers = {"Idempotency-Key": "one"}
    first, again = (made(admin.post(keys, json={"name": "k"}, headers=headers)) for _ in "12")
    assert first == again and len(rows(installed)) == 1


def test_each_kind_has_a_signer_of_its_own(installed, admin, keys):
    for kind in Kind:
        told = made(admin.post(keys, json={"name": "k", "kind": kind}))
        assert claims(installed, told["key"], kind)["aud"] == f"urn:gatewright:api-key:{kind}"
    made(admin.post(keys, json={"name": "again"}))
    signers = rows(installed, "api_key_signers")
    assert sorted(item.kind for item in signers) == sorted(Kind)
    assert "sealed_private_key" not in repr(signers)


@pytest.mark.parametrize("wanted", [["books:read"], [READ], ["books:read", "books:write"]])
def test_scopes_of_subscribed_apis(installed, admin, keys, wanted):
    told = made(admin.post(keys, json={"name": "k", "scopes": wanted}))
    assert told["scopes"] == sorted(wanted)
    held = claims(installed, told["key"])["scope"].split()
    assert held == ["urn:gatewright:api-key", *sorted(wanted)]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(["books:delete"], id="nobody's"),
        pytest.param(["urn:default:other:books:read"], id="an API that is not there"),
        pytest.param(["urn:other:reading-list:books:read"], id="another organization's"),
        pytest.param(["urn:default:reading-list:"], id="no name"),
        pytest.param([rules.API_KEY_SCOPE], id="mark of keys"),
        pytest.param([rules.EVERY_SCOPE], id="every scope"),
        pytest.param(["books:read", "x"], id="one of two"),
        pytest.param([], id="none"),
        pytest.param(["books:read books:write"], id="two in one"),
        pytest.param(['"'], id="quote"),
    ],
)
def test_scopes_that_are_refused(installed, admin, keys, wanted):
    refused(admin.post(keys, json={"name": "k", "scopes": wanted}), 422, "invalid", "scopes")
    assert rows(installed) == []


def test_a_scope_by_its_full_name_needs_no_subscription_yet(admin, keys):
    from tests.management.installation import DOCUMENT

    document = DOCUMENT.replace("Reading List", "Films").replace("books:", "films:")
    films = made(admin.post(api("/apis/import"), json={"document": document}))["api"]["id"]
    refused(admin.post(keys, json={"name": "k", "scopes": ["films:read"]}), 422)
    full = "urn:default:films:films:read"
    assert made(admin.post(keys, json={"name": "k", "scopes": [full]}))["scopes"] == [full]
    assert films


LIMITS = [
    pytest.param(["books:read"], None, ["books:read"], id="all that is allowed"),
    pytest.param([], None, [], id="nothing allowed"),
    pytest.param(["books:read"], ["books:read"], ["books:read"], id="short within short"),
    pytest.param(["books:read"], [READ], [READ], id="full within short"),
    pytest.param([READ], [READ], [READ], id="full within full"),
    pytest.param([READ], ["books:read"], [READ], id="short becomes full"),
    pytest.param([READ], None, [READ], id="all that is allowed in full"),
    pytest.param(["books:read"], ["books:write"], None, id="not allowed"),
    pytest.param(["urn:default:films:books:read"], ["books:read"], None, id="allowed elsewhere"),
]


@pytest.mark.parametrize(("allowed", "wanted", "held"), LIMITS)
def test_never_more_than_the_application_is_allowed(installed, admin, app, keys, allowed, wanted,
                                                    held):  # fmt: skip
    made(admin.patch(api(f"/applications/{app}"), json={"allowed_scopes": allowed}), 200)
    answer = admin.post(keys, json={"name": "k", "scopes": wanted})
    if held is None:
        refused(answer, 422, "invalid", "scopes")
        return
    told = made(answer)
    assert told["scopes"] == held
    assert claims(installed, told["key"])["scope"].split()[1:] == held


def test_a_limit_ends_the_keys_that_hold_more(installed, admin, app, keys):
    whole, both, fine = (
        made(admin.post(keys, json={"name": "k", "scopes": scopes}))["id"]
        for scopes in (None, ["books:read", "books:write"], [READ])
    )
    path = api(f"/applications/{app}")
    made(admin.patch(path, json={"allowed_scopes": ["books:read"]}), 200)
    states = {item["id"]: item["state"] for item in made(admin.get(keys), 200)["items"]}
    assert states == {whole: "revoked", both: "revoked", fine: "active"}
    assert actions(installed).count("api-keys.revoke") == 2
    made(admin.patch(path, json={"allowed_scopes": None}), 200)
    assert {item["state"] for item in made(admin.get(keys), 200)["items"]} == {"active", "revoked"}


@pytest.mark.parametrize("days", [1, 3650])
def test_a_key_with_an_end(installed, admin, keys, days):
    told = made(admin.post(keys, json={"name": "k", "expires_in_days": days}))
    found = claims(installed, told["key"])
    assert abs(found["exp"] - found["iat"] - days * 86_400) <= 1
    assert told["expires_soon"] is (days == 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"name": "k", "expires_in_days": 0}, id="no day"),
        pytest.param({"name": "k", "expires_in_days": 3651}, id="over ten years"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": "a\nb"}, id="two lines"),
        pytest.param({"name": "k", "kind": "staging"}, id="no kind"),
        pytest.param({"name": "k", "scope": ["a"]}, id="unknown field"),
    ],
)
def test_bodies_that_are_refused(installed, admin, keys, body):
    assert admin.post(keys, json=body).status_code == 422
    assert rows(installed) == [] == rows(installed, "api_key_signers")


def test_revoking_is_for_good(installed, admin, keys):
    id = made(admin.post(keys, json={"name": "k"}))["id"]
    told = admin.post(f"{keys}/{id}/revoke")
    assert made(told, 200)["state"] == "revoked" and told.json()["live"] is True
    at = rows(installed)[0].revoked_at
    again = made(admin.post(f"{keys}/{id}/revoke"), 200)
    assert again["state"] == "revoked" and rows(installed)[0].revoked_at == at
    refused(admin.post(f"{keys}/{id}/regenerate", json={}), 409)


def test_a_gateway_that_is_late_is_told(installed, admin, keys, monkeypatch):
    monkeypatch.setattr(applied.Applied.__init__, "__defaults__", (0.02, applied.time.monotonic))
    id = made(admin.post(keys, json={"name": "k"}))["id"]
    with installed.store.write() as tx:
        places = frozenset(item.id for item in tx.environments.find())
        tx.gateway_nodes.add(GatewayNode("n", places, True, installed.clock.now, "1.40", 1, ""))
    told = admin.post(f"{keys}/{id}/revoke")
    assert made(told, 202)["live"] is False
    signer = admin.post(api("/api-keys/rotate-signer"), json={"kind": "production"})
    assert made(signer, 202)["live"] is False


def test_a_key_is_named_by_id_or_by_its_name(admin, keys):
    first = made(admin.post(keys, json={"name": "one"}))["id"]
    assert made(admin.post(f"{keys}/one/revoke"), 200)["id"] == first
    refused(admin.post(f"{keys}/one/revoke"), 404, "not-found", "key")
    for _ in "12":
        made(admin.post(keys, json={"name": "two"}))
    refused(admin.post(f"{keys}/two/revoke"), 409, "conflict", "key")
    refused(admin.post(f"{keys}/none/revoke"), 404)


def test_regenerating_at_once(installed, admin, keys):
    old = made(admin.post(keys, json={"name": "k", "scopes": [READ], "expires_in_days": 30}))
    installed.clock.pass_time(days=29)
    new = made(admin.post(f"{keys}/{old['id']}/regenerate", json={}))
    assert new["id"] != old["id"] and new["key"] != old["key"]
    assert (new["name"], new["kind"], new["scopes"]) == ("k", "production", [READ])
    assert (new["old"]["id"], new["old"]["state"]) == (old["id"], "revoked")
    assert new["old"]["key"] is None
    found = claims(installed, new["key"])
    assert abs(found["exp"] - found["iat"] - 30 * 86_400) <= 1


def test_regenerating_with_an_overlap(installed, admin, keys):
    old = made(admin.post(keys, json={"name": "k"}))
    new = made(admin.post(f"{keys}/{old['id']}/regenerate", json={"overlap_seconds": 3600}))
    assert new["old"]["state"] == "active" and new["old"]["expires_at"] is not None
    ends = key_ends.KeyEnds(installed.store, installed.world)
    ends.look()
    assert [row.revoked_at for row in rows(installed)] == [None, None]
    installed.clock.pass_time(seconds=3601)
    ends.look()
    by_id = {row.id: row for row in rows(installed)}
    assert by_id[old["id"]].revoked_at is not None and by_id[new["id"]].revoked_at is None
    assert actions(installed)[-1] == "api-keys.expire"
    ends.close()
    states = {item["id"]: item["state"] for item in made(admin.get(keys), 200)["items"]}
    assert states == {old["id"]: "expired", new["id"]: "active"}


def test_an_overlap_never_makes_a_key_live_longer(installed, admin, keys):
    old = made(admin.post(keys, json={"name": "k", "expires_in_days": 1}))
    body = {"overlap_seconds": 10 * 86_400, "expires_in_days": 5}
    new = made(admin.post(f"{keys}/{old['id']}/regenerate", json=body))
    assert new["old"]["expires_at"] == old["expires_at"]
    made(admin.post(f"{keys}/{new['id']}/regenerate", json={"overlap_seconds": 0}))
    too_long = {"overlap_seconds": 91 * 86_400}
    assert admin.post(f"{keys}/{old['id']}/regenerate", json=too_long).status_code == 422


def test_a_new_key_is_within_what_is_allowed_now(installed, admin, app, keys):
    old = made(admin.post(keys, json={"name": "k", "scopes": ["books:read"]}))
    with installed.store.write() as tx:  # as if limit and key had crossed
        row = tx.applications.get(app)
        from dataclasses import replace

        tx.applications.replace(replace(row, allowed_scopes=frozenset({"books:write"})))
    refused(admin.post(f"{keys}/{old['id']}/regenerate", json={}), 422, "invalid", "scopes")


def test_the_watch_ends_what_is_due_and_remembers_when_it_could_not(installed, admin, keys):
    ends = key_ends.KeyEnds(installed.store, installed.world)
    ends.look()
    id = made(admin.post(keys, json={"name": "k", "expires_in_days": 1}))["id"]
    ends.look()
    installed.clock.pass_time(days=2)
    write, installed.store.write = installed.store.write, None
    with pytest.raises(TypeError):
        ends.look()
    installed.store.write = write
    assert rows(installed)[0].revoked_at is None
    ends.look()
    assert rows(installed)[0].id == id and rows(installed)[0].revoked_at is not None
    ends.look()
    assert actions(installed).count("api-keys.expire") == 1
    ends.close()


def test_keys_are_bounded_and_ended_ones_make_room(installed, admin, keys, monkeypatch):
    monkeypatch.setattr("gatewright.control.api_keys.API_KEYS_MAX", 3)
    first, *_ = (made(admin.post(keys, json={"name": str(at)}))["id"] for at in range(3))
    refused(admin.post(keys, json={"name": "more"}), 409, "conflict", "keys")
    made(admin.post(f"{keys}/{first}/revoke"), 200)
    made(admin.post(keys, json={"name": "more"}))
    assert len(rows(installed)) == 3 and first not in {row.id for row in rows(installed)}


def test_a_scope_list_that_breaks_headers_is_refused(installed, admin, app, keys):
    many = [f"s{at:03}" + "x" * 190 for at in range(30)]
    made(admin.patch(api(f"/applications/{app}"), json={"allowed_scopes": many}), 200)
    refused(admin.post(keys, json={"name": "k"}), 422, "invalid", "scopes")


def test_a_new_signer_ends_every_key_of_its_kind(installed, admin, keys):
    for kind in ("production", "production", "sandbox"):
        made(admin.post(keys, json={"name": kind, "kind": kind}))
    before = {item.kind: item.id for item in rows(installed, "api_key_signers")}
    told = made(admin.post(api("/api-keys/rotate-signer"), json={"kind": "production"}), 200)
    after = {item.kind: item.id for item in rows(installed, "api_key_signers")}
    assert (told["kind"], told["ended"], told["live"]) == ("production", 2, True)
    assert told["signer"] == after[Kind.PRODUCTION] != before[Kind.PRODUCTION]
    assert after[Kind.SANDBOX] == before[Kind.SANDBOX]
    states = {item["kind"]: item["state"] for item in made(admin.get(keys), 200)["items"]}
    assert states == {"production": "revoked", "sandbox": "active"}
    key = made(admin.post(keys, json={"name": "new"}))["key"]
    assert claims(installed, key)


def test_another_organizations_keys_stay(installed, admin, keys):
    other = installed.client("admin", "other")
    theirs = api(f"/applications/{journey(other)['app']}/api-keys")
    made(other.post(theirs, json={"name": "k"}))
    made(admin.post(api("/api-keys/rotate-signer"), json={"kind": "production"}), 200)
    (row,) = made(other.get(theirs), 200)["items"]
    assert row["state"] == "active"
    for path in (f"{keys}/{row['id']}/revoke", f"{theirs}/{row['id']}/revoke"):
        refused(admin.post(path), 404)


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("publisher", 403), ("developer", 403), ("consumer", 403), ("auditor", 403)],
)
def test_who_may_end_all_keys(installed, role, status):
    told = installed.client(role).post(api("/api-keys/rotate-signer"), json={"kind": "sandbox"})
    assert told.status_code == status


@pytest.mark.parametrize(("role", "status"), [("developer", 201), ("consumer", 201),
                                              ("auditor", 403)])  # fmt: skip
def test_who_may_make_keys_of_their_own(installed, app, keys, role, status):
    hand_over(installed, app, role)
    assert installed.client(role).post(keys, json={"name": "k"}).status_code == status


def test_keys_of_applications_that_are_not_seen_are_not_found(installed, app, keys):
    consumer = installed.client("consumer")
    refused(consumer.get(keys), 404)
    refused(consumer.post(keys, json={"name": "k"}), 404)


def test_keys_go_with_their_application(installed, admin, app, keys):
    made(admin.post(keys, json={"name": "k"}))
    assert admin.delete(api(f"/applications/{app}")).status_code == 204
    assert rows(installed) == [] and "api-keys.delete" in actions(installed)


def test_a_key_may_live_for_ten_years(installed, admin, keys):
    told = made(admin.post(keys, json={"name": "k", "expires_in_days": 3650}))
    installed.clock.pass_time(days=3649)
    (row,) = rows(installed)
    assert row.usable(installed.clock.now)
    assert not row.usable(installed.clock.now + timedelta(days=2)) and told
