"""Rules that no wire shows: founding, moving addresses, and all or nothing of every change."""

import pytest
from tests.management.installation import GATEWAYS, Installation

from gatewright.control import (
    apis,
    applications,
    credentials,
    definitions,
    deployments,
    lifecycle,
    organizations,
    subscriptions,
)
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, Unavailable
from gatewright.domain.lifecycle import State
from gatewright.domain.operation import Operation


@pytest.fixture
def installed(tmp_path):
    with Installation(tmp_path) as installation:
        yield installation


def test_default_organization_begins_whole_and_once(installed):
    with installed.store.write() as tx:
        organization = organizations.find(tx)
        assert (organization.handle, organization.signing_algorithm) == ("default", "ES256")
        found = tx.environments.find(organization_id=organization.id)
        assert [(item.handle, str(item.kind), item.position) for item in found] == [
            ("development", "sandbox", 0), ("production", "production", 1),
        ]  # fmt: skip
        plans = tx.plans.find(organization_id=organization.id)
        assert [(plan.name, plan.request_count, plan.unit) for plan in plans] == [
            ("Bronze", 1000, "minute"), ("Silver", 2000, "minute"), ("Gold", 5000, "minute"),
            ("Unlimited", None, "minute"),
        ]  # fmt: skip
    with pytest.raises(Conflict), installed.store.write() as tx:
        organizations.create_default(tx, installed.world, GATEWAYS)


def test_moved_gateways_are_written_once(installed):
    moved = {**GATEWAYS, Kind.SANDBOX: "http://127.0.0.1:9999/"}
    with installed.store.write() as tx:
        organization = organizations.find(tx)
        changed = organizations.keep_gateway_urls(tx, installed.world, organization, moved)
        assert [item.gateway_url for item in changed] == ["http://127.0.0.1:9999"]
        assert organizations.keep_gateway_urls(tx, installed.world, organization, moved) == []


def test_context_belongs_to_one_handle_and_a_handle_to_one_context(installed):
    empty = definitions.define([], [])
    with installed.store.write() as tx:
        desk = installed.desk(tx)
        apis.create(desk, apis.NewApi("A", "v1.0", empty, context="/a"))
        for new in (
            apis.NewApi("B", "v1.0", empty, context="/a"),
            apis.NewApi("A", "v1.1", empty, context="/b"),
            apis.NewApi("A", "v1.0", empty, context="/a"),
        ):
            with pytest.raises(Conflict):
                apis.create(desk, new)
        apis.create(desk, apis.NewApi("A", "v1.1", empty, context="/a"))


def test_bare_handle_is_the_newest_version_by_number(installed):
    empty = definitions.define([], [])
    with installed.store.write() as tx:
        desk = installed.desk(tx)
        for version in ("v1.9", "v1.10", "v1.2"):
            apis.create(desk, apis.NewApi("A", version, empty))
        assert apis.named(desk, "a").version == "v1.10"
        assert apis.named(desk, "a:v1.2").version == "v1.2"


class Failing:
    """A transaction whose n-th writing call finds the database gone."""

    VERBS = ("add", "replace", "remove")

    def __init__(self, tx, fail_at):
        self._tx, self.fail_at, self.calls = tx, fail_at, 0

    def __getattr__(self, noun):
        rows = getattr(self._tx, noun)
        return rows if noun == "sequence" else _FailingRows(self, rows)


class _FailingRows:
    def __init__(self, owner, rows):
        self._owner, self._rows = owner, rows

    def __getattr__(self, verb):
        call = getattr(self._rows, verb)
        if verb not in Failing.VERBS:
            return call

        def counted(*args):
            self._owner.calls += 1
            if self._owner.calls == self._owner.fail_at:
                raise Unavailable("The database is away.")
            return call(*args)

        return counted


def _everything(desk):
    definition = definitions.define([Operation("GET", "/x")], [])
    api = apis.create(desk, apis.NewApi("A", "v1.0", definition, upstream="http://u"))
    deployments.deploy(desk, api.id)
    lifecycle.move(desk, api.id, State.PUBLISHED)
    app = applications.create(desk, "One")
    credentials.create(desk, app.id, Kind.PRODUCTION)
    subscriptions.create(desk, app.id, api.id)
    apis.delete(desk, api.id, force=True)
    applications.delete(desk, app.id)


def test_a_failure_at_any_write_leaves_nothing(installed):
    from dataclasses import replace

    with installed.store.read() as tx:
        before = tx.sequence, tx.audit_records.count()
    for fail_at in range(1, 200):
        try:
            with installed.store.write() as tx:
                failing = Failing(tx, fail_at)
                _everything(replace(installed.desk(tx), tx=failing))
        except Unavailable:
            with installed.store.read() as tx:
                assert (tx.sequence, tx.audit_records.count()) == before
        else:
            break
    assert 20 < fail_at < 199, "every write of the whole way failed once"


def test_every_write_of_a_watched_noun_has_its_audit_record(installed):
    with installed.store.write() as tx:
        desk = installed.desk(tx)
        _everything(desk)
        actions = [item.action for item in tx.audit_records.find() if item.actor == desk.actor.id]
    assert [action for action in actions if not action.startswith("logins")] == [
        "apis.create", "apis.deploy", "apis.deploy", "apis.move", "applications.create",
        "credentials.create", "subscriptions.create", "subscriptions.delete", "apis.delete",
        "applications.delete",
    ]  # fmt: skip
