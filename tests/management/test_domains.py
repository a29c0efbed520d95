"""Domains over the wire: made, shown, renewed and removed; what is refused; no key comes back."""

import json

import pytest
from tests.crypto.served import ServerAuthority
from tests.management.installation import Installation, api, made, refused

from gatewright.control.expiry import ExpiryWatch
from gatewright.crypto.domain_keys import DomainSealer
from gatewright.domain.domain_name import DOMAINS_MAX, seal_context


@pytest.fixture
def authority(installed: Installation) -> ServerAuthority:
    return ServerAuthority(installed.clock.now)


def body(made, host="api.example.com", environment="production"):
    return {"host": host, "environment": environment, "certificate": made.chain,
            "private_key": made.key}  # fmt: skip


def test_made_shown_renewed_and_removed(installed, admin, authority):
    first, second = (authority.issue("api.example.com", days=days) for days in (30, 60))
    row = made(admin.post(api("/domains"), json=body(first)))
    assert (row["host"], row["environment"], row["revision"]) == (
        "api.example.com", "production", 1,
    )  # fmt: skip
    assert row["url"].startswith("https://api.example.com") and not row["expires_soon"]
    assert made(admin.get(api("/domains")), 200)["items"] == [row]
    for name in (row["id"], "API.example.com."):
        assert made(admin.get(api(f"/domains/{name}")), 200) == row
    pair = {"certificate": second.chain, "private_key": second.key}
    path = api("/domains/api.example.com/certificate")
    renewed = made(admin.put(path, json=pair, headers={"If-Match": '"1"'}), 200)
    assert renewed["expires_at"] > row["expires_at"] and renewed["revision"] == 2
    refused(admin.put(path, json=pair, headers={"If-Match": '"1"'}), 412, "stale")
    with installed.store.read() as tx:
        (stored,) = tx.domains.find()
        records = [item for item in tx.audit_records.find() if item.action.startswith("domains.")]
    sealer = DomainSealer.of(installed.keyring)
    assert sealer.unseal(stored.sealed_private_key, seal_context(row["id"])) == second.key.encode()
    assert [item.action for item in records] == ["domains.create", "domains.renew"]
    told = json.dumps([row, renewed]) + repr(records) + repr(stored)
    assert "PRIVATE KEY" not in told
    assert admin.delete(api("/domains/api.example.com")).status_code == 204
    refused(admin.get(api("/domains/api.example.com")), 404)


WRONG = [
    pytest.param({"host": "localhost"}, {}, "host", id="no host name"),
    pytest.param({"host": "other.example.com"}, {}, "certificate", id="another host"),
    pytest.param({"host": "*.example.com"}, {}, "certificate", id="more than it covers"),
    pytest.param({"environment": "nowhere"}, {}, "environment", id="no environment"),
    pytest.param({}, {"days": -0.5}, "certificate", id="expired"),
    pytest.param({}, {"starts": 1}, "certificate", id="not yet valid"),
    pytest.param({"private_key": "x"}, {}, "key", id="no key"),
    pytest.param({"certificate": "x"}, {}, "certificate", id="no certificate"),
]


@pytest.mark.parametrize(("change", "wish", "field"), WRONG)
def test_what_is_wrong_is_named_and_nothing_kept(installed, admin, authority, change, wish, field):
    given = body(authority.issue("api.example.com", **wish)) | change
    answer = admin.post(api("/domains"), json=given)
    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["field"] == field
    assert "PRIVATE" not in answer.text
    with installed.store.read() as tx:
        assert tx.domains.find() == []


def test_a_host_is_one_organization_s_alone(installed, admin, authority):
    other = installed.client("admin", organization="other")
    made(admin.post(api("/domains"), json=body(authority.issue("api.example.com"))))
    theirs = authority.issue("api.example.com", "*.example.com", "own.example.com")
    for host in ("api.example.com", "*.example.com"):
        answer = other.post(api("/domains"), json=body(theirs, host))
        refused(answer, 409, "conflict")
        assert "default" not in answer.text
    made(other.post(api("/domains"), json=body(theirs, "own.example.com")))
    refused(other.get(api("/domains/api.example.com")), 404)
    refused(other.delete(api("/domains/api.example.com")), 404)
    assert len(made(admin.get(api("/domains")), 200)["items"]) == 1


def test_a_wildcard_and_a_nearer_host_of_one_organization(admin, authority):
    pair = authority.issue("api.example.com", "*.example.com")
    for host, environment in (("*.example.com", "development"), ("api.example.com", "production")):
        made(admin.post(api("/domains"), json=body(pair, host, environment)))


def test_there_is_a_bound(admin, authority):
    pair = authority.issue("*.example.com")
    for number in range(DOMAINS_MAX):
        made(admin.post(api("/domains"), json=body(pair, f"h{number}.example.com")))
    refused(admin.post(api("/domains"), json=body(pair, "more.example.com")), 409, "conflict")


def test_only_administrators_write_and_consumers_see_none(installed, authority):
    for role, reads in (("consumer", 403), ("developer", 200), ("auditor", 200)):
        client = installed.client(role)
        assert client.get(api("/domains")).status_code == reads
        given = body(authority.issue("api.example.com"))
        refused(client.post(api("/domains"), json=given), 403, "denied")


def test_a_certificate_that_ends_is_told_of_once_a_day_and_after_its_end(
    installed, admin, authority
):
    made(admin.post(api("/domains"), json=body(authority.issue("api.example.com", days=16))))
    events = []
    watch = ExpiryWatch(installed.store, installed.world, events.append)
    days = []
    for hour in range(18 * 24):
        before = len(events)
        watch.look()
        days += [hour // 24] * (len(events) - before)
        installed.clock.pass_time(hours=1)
    assert days == list(range(2, 18))
    assert {(item.host, item.organization, item.name) for item in events} == {
        ("api.example.com", "default", "domain.expires")
    }
