"""What every store keeps of the port's promises, noun by noun and verb by verb."""

from dataclasses import replace

import pytest
from tests.store.samples import (
    AT,
    LATER,
    NULLABLE,
    ORGANIZATION,
    SAMPLES,
    add,
    audit_records,
    fill,
    organization,
    organizations,
)

from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, NotFound, Stale
from gatewright.domain.operation import Operation
from gatewright.store.port import NOUNS, Store
from gatewright.store.sql.nouns import BY_NAME

REVISED = [noun for noun in NOUNS if hasattr(SAMPLES[noun], "revision")]


def test_every_noun_has_a_table_and_a_sample() -> None:
    assert tuple(BY_NAME) == NOUNS
    assert set(SAMPLES) == set(NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_row_comes_back_as_it_was_added(store: Store, noun: str) -> None:
    fill(store)
    with store.read() as tx:
        rows = getattr(tx, noun)
        assert rows.get(SAMPLES[noun].id) == SAMPLES[noun]
        assert rows.find() == [SAMPLES[noun]]
        assert type(rows.find()[0]) is type(SAMPLES[noun])
        assert rows.count() == 1
        assert rows.get("another") is None


@pytest.mark.parametrize("noun", NULLABLE)
def test_a_row_comes_back_without_what_it_lacks(store: Store, noun: str) -> None:
    fill(store)
    bare = replace(SAMPLES[noun], **dict.fromkeys(NULLABLE[noun]))
    with store.write() as tx:
        getattr(tx, noun).replace(bare)
    with store.read() as tx:
        assert getattr(tx, noun).get(bare.id) == replace(bare, revision=2)
        assert getattr(tx, noun).count(**dict.fromkeys(NULLABLE[noun])) == 1


@pytest.mark.parametrize("noun", NOUNS)
def test_a_removed_row_is_gone_and_may_be_removed_again(store: Store, noun: str) -> None:
    fill(store)
    with store.write() as tx:
        for name in reversed(NOUNS):
            getattr(tx, name).remove(SAMPLES[name].id)
            getattr(tx, name).remove(SAMPLES[name].id)
    with store.read() as tx:
        assert getattr(tx, noun).get(SAMPLES[noun].id) is None
        assert getattr(tx, noun).count() == 0


@pytest.mark.parametrize("noun", REVISED)
def test_replace_raises_the_revision_and_refuses_a_stale_row(store: Store, noun: str) -> None:
    fill(store)
    with store.write() as tx:
        rows = getattr(tx, noun)
        second = rows.replace(SAMPLES[noun])
        assert second == replace(SAMPLES[noun], revision=2)
        assert rows.get(second.id) == second
        with pytest.raises(Stale) as caught:
            rows.replace(SAMPLES[noun])
        assert caught.value.field == "revision"
        with pytest.raises(NotFound):
            rows.replace(replace(SAMPLES[noun], id="another"))
    with store.read() as tx:
        assert getattr(tx, noun).find() == [second]


@pytest.mark.parametrize("noun", sorted(set(NOUNS) - set(REVISED)))
def test_a_noun_without_revision_is_never_replaced(store: Store, noun: str) -> None:
    fill(store)
    with pytest.raises(TypeError, match="no revision"), store.write() as tx:
        getattr(tx, noun).replace(SAMPLES[noun])


def test_replace_writes_every_field(store: Store) -> None:
    fill(store)
    api = SAMPLES["apis"]
    definition = replace(api.definition, operations=(Operation("GET", "/new"),))
    changed = replace(
        api, handle="b", context="/b", version="v2.0", name="B", description="b",
        state=type(api.state).RETIRED, definition=definition, upstreams={}, updated_at=AT,
    )  # fmt: skip
    with store.write() as tx:
        tx.apis.replace(changed)
    with store.read() as tx:
        assert tx.apis.get(api.id) == replace(changed, revision=2)


UNIQUE = [
    pytest.param("organizations", {}, "handle", id="organization-handle"),
    pytest.param("environments", {}, "handle", id="environment-handle"),
    pytest.param("apis", {"context": "/other"}, "handle", id="api-handle-and-version"),
    pytest.param("apis", {"handle": "other"}, "context", id="api-context-and-version"),
    pytest.param("revisions", {}, "number", id="revision-number"),
    pytest.param("deployments", {}, "environment", id="deployment-environment"),
    pytest.param("plans", {}, "name", id="plan-name"),
    pytest.param("applications", {}, "handle", id="application-handle"),
    pytest.param("credentials", {"client_id": "other"}, "kind", id="credential-kind"),
    pytest.param("credentials", {"kind": Kind.PRODUCTION}, "client_id", id="credential-client-id"),
    pytest.param("secrets", {}, "digest", id="secret-digest"),
    pytest.param("subscriptions", {}, "api", id="subscription-api"),
    pytest.param("users", {}, "handle", id="user-handle"),
    pytest.param("logins", {}, "digest", id="login-digest"),
]


@pytest.mark.parametrize(("noun", "changes", "field"), UNIQUE)
def test_a_taken_value_is_a_conflict_that_names_it(
    store: Store, noun: str, changes: dict[str, object], field: str
) -> None:
    fill(store)
    twin = replace(SAMPLES[noun], id="another", **changes)
    with store.write() as tx:
        with pytest.raises(Conflict) as caught:
            getattr(tx, noun).add(twin)
        tx.plans.add(replace(SAMPLES["plans"], id="plan_2", name="Gold"))  # the rest goes on
    assert caught.value.field == field
    assert caught.value.way_out
    assert "digest-" not in str(caught.value)
    with store.read() as tx:
        assert getattr(tx, noun).get("another") is None
        assert tx.plans.count(name="Gold") == 1


@pytest.mark.parametrize("noun", ["signing_keys", "revoked_tokens", "kept_answers"])
def test_a_taken_id_is_a_conflict(store: Store, noun: str) -> None:
    fill(store)
    with pytest.raises(Conflict) as caught, store.write() as tx:
        getattr(tx, noun).add(SAMPLES[noun])
    assert caught.value.field == "id"


def test_replace_can_not_take_a_taken_value(store: Store) -> None:
    add(store, "organizations", organization(1), organization(2))
    with pytest.raises(Conflict) as caught, store.write() as tx:
        tx.organizations.replace(replace(organization(2), handle="tenant-1"))
    assert caught.value.field == "handle"


def test_another_version_of_an_api_shares_handle_and_context(store: Store) -> None:
    fill(store)
    with store.write() as tx:
        tx.apis.add(replace(SAMPLES["apis"], id="api_2", version="v1.1"))
    with store.read() as tx:
        assert tx.apis.count(handle="books") == 2


def test_a_reference_must_hold_when_the_transaction_ends(store: Store) -> None:
    with pytest.raises(Conflict), store.write() as tx:
        tx.plans.add(SAMPLES["plans"])
    with store.write() as tx:  # in any order within
        tx.plans.add(SAMPLES["plans"])
        tx.organizations.add(ORGANIZATION)
    with pytest.raises(Conflict), store.write() as tx:
        tx.organizations.remove(ORGANIZATION.id)
    with store.read() as tx:
        assert tx.plans.count() == tx.organizations.count() == 1


def test_an_exception_takes_everything_back(store: Store) -> None:
    with pytest.raises(KeyError), store.write() as tx:
        tx.organizations.add(ORGANIZATION)
        raise KeyError
    with store.read() as tx:
        assert organizations(tx) == []
        assert tx.sequence == 0


def test_a_view_does_not_move_and_does_not_see_the_unfinished(store: Store) -> None:
    add(store, "organizations", organization(1))
    with store.read() as before:
        assert organizations(before) == ["tenant-1"]
        with store.write() as tx:
            tx.organizations.add(organization(2))
            assert organizations(tx) == ["tenant-1", "tenant-2"]
            with store.read() as during:
                assert organizations(during) == ["tenant-1"]
        assert organizations(before) == ["tenant-1"]
        assert before.sequence == 1
    with store.read() as after:
        assert organizations(after) == ["tenant-1", "tenant-2"]


@pytest.mark.parametrize("verb", ["add", "replace", "remove"])
def test_a_reader_can_not_write(store: Store, verb: str) -> None:
    row = ORGANIZATION.id if verb == "remove" else ORGANIZATION
    with store.read() as tx, pytest.raises(TypeError, match="only reads"):
        getattr(tx.organizations, verb)(row)


def test_a_writer_within_a_writer_is_refused_at_once(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="within"), store.write():
        pass


CONDITIONS = [
    pytest.param({}, 5, id="none"),
    pytest.param({"handle": "tenant-1"}, 1, id="equal"),
    pytest.param({"handle": "nobody"}, 0, id="equal-to-none"),
    pytest.param({"handle": ("tenant-1", "tenant-3", "nobody")}, 2, id="any-of"),
    pytest.param({"handle": ("tenant-1", "tenant-1")}, 1, id="any-of-twice-the-same"),
    pytest.param({"handle": ()}, 0, id="any-of-nothing"),
    pytest.param({"id": ("org_00001",), "handle": "tenant-2"}, 0, id="both"),
    pytest.param({"created_at": AT}, 5, id="moment"),
    pytest.param({"created_at": (LATER, AT)}, 5, id="moments"),
    pytest.param({"handle": None}, 0, id="missing"),
    pytest.param({"handle": "tenant-1' OR '1'='1"}, 0, id="injection"),
]


@pytest.mark.parametrize(("conditions", "expected"), CONDITIONS)
def test_conditions(store: Store, conditions: dict[str, object], expected: int) -> None:
    add(store, "organizations", *(organization(number) for number in range(5)))
    with store.read() as tx:
        found = tx.organizations.find(**conditions)
        assert len(found) == expected == tx.organizations.count(**conditions)
        assert found == tx.organizations.page(after=None, limit=10, **conditions)


def test_conditions_on_what_is_missing(store: Store) -> None:
    fill(store)
    bare = replace(SAMPLES["plans"], id="plan_2", name="Unlimited", request_count=None)
    add(store, "plans", bare)
    with store.read() as tx:
        assert tx.plans.find(request_count=None) == [bare]
        assert tx.plans.count(request_count=(None, 1000)) == 2
        assert tx.plans.count(request_count=(None,)) == 1
        assert tx.applications.count(allowed_scopes=frozenset({"a", "z"}), blocked=True) == 1


def test_an_unknown_condition_is_an_error_in_the_program(store: Store) -> None:
    with store.read() as tx, pytest.raises(TypeError, match="no column 'colour'"):
        tx.apis.find(colour="red")


def test_rows_come_in_the_order_of_their_code_points(store: Store) -> None:
    ids = ["Z", "a", "_", "é", "~", "10", "9"]
    add(store, "audit_records", *(replace(SAMPLES["audit_records"], id=id) for id in ids))
    with store.read() as tx:
        assert [row.id for row in tx.audit_records.find()] == sorted(ids)


def test_pages_follow_on_each_other(store: Store) -> None:
    rows = audit_records(range(20))
    add(store, "audit_records", *reversed(rows))
    expected = [row for row in rows if row.organization_id == "org_1"]
    seen, after = [], None
    with store.read() as tx:
        while page := tx.audit_records.page(after=after, limit=3, organization_id="org_1"):
            assert len(page) <= 3
            seen += page
            after = page[-1].id
    assert seen == expected


def test_more_values_than_a_statement_takes(store: Store) -> None:
    rows = audit_records(range(3000))
    add(store, "audit_records", *rows)
    ids = tuple(row.id for row in reversed(rows[::2])) + tuple(f"none_{n}" for n in range(70_000))
    with store.read() as tx:
        assert tx.audit_records.find(id=ids) == rows[::2]
        assert tx.audit_records.count(id=ids) == 1500
        assert tx.audit_records.page(after="aud_00003", limit=2, id=ids) == rows[4:8:2]
