"""What the service knows when: changes, outages, keys that do not open, uses that are written."""

from dataclasses import replace

import pytest
from tests.sts.installation import PRODUCTION, Installation, Pair

from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.sts import keys, revoke, usage

TOKEN = f"{PRODUCTION}/token"


@pytest.fixture
def pair(gw: Installation) -> Pair:
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application)


def away(*_given: object) -> None:
    raise Unavailable("The database is away.")


def test_it_serves_on_through_an_outage(gw: Installation, pair: Pair, monkeypatch) -> None:
    gw.token(pair)
    fresh = gw.add_pair(gw.add_application())
    with monkeypatch.context() as patch:
        patch.setattr(gw.store, "read", away)
        for _ in range(5):
            assert gw.post(TOKEN, pair).status == 200
        assert gw.post(TOKEN, fresh).status == 401
        assert [line["event"] for line in gw.lines].count("store.lost") == 1
    gw.clock.pass_by(seconds=1)
    assert gw.post(TOKEN, fresh).status == 200
    assert gw.lines[-1]["event"] == "store.found"


def test_an_outage_is_not_asked_about_at_each_request(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    gw.token(pair)
    gw.add_application()
    asked = []

    def counted() -> None:
        asked.append(1)
        away()

    monkeypatch.setattr(gw.store, "read", counted)
    for _ in range(10):
        gw.token(pair)
    assert len(asked) == 1


def test_a_feed_without_news_is_asked_before_a_refusal(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    """Where news may come late, as over a network, a miss still finds what was written."""
    gw.token(pair)
    monkeypatch.setattr(gw.service.state._mirror, "stale", lambda: False)
    fresh = gw.add_pair(gw.add_application())
    assert gw.post(TOKEN, fresh).status == 200
    gw.clock.pass_by(seconds=1)
    gw.add_api("films", ["films:see"])
    gw.subscribe(replace_application(gw, pair), "films")
    assert gw.post(
        TOKEN, pair, form={"grant_type": "client_credentials", "scope": "films:see"}
    ).status == 200  # fmt: skip


def replace_application(gw: Installation, pair: Pair):
    with gw.store.read() as tx:
        return tx.applications.get(pair.credential.application_id)


def test_misses_ask_rarely(gw: Installation, pair: Pair, monkeypatch) -> None:
    gw.token(pair)
    asked = []
    mirror = gw.service.state._mirror
    real = mirror.refresh
    monkeypatch.setattr(mirror, "refresh", lambda: asked.append(1) or real())
    for _ in range(10):
        gw.post(TOKEN, Pair(pair.credential, "wrong", ""))
    assert len(asked) == 1


def test_unseals_a_key_once(gw: Installation, pair: Pair, monkeypatch) -> None:
    unsealed = []
    real = type(gw.keyring).unseal
    monkeypatch.setattr(
        type(gw.keyring), "unseal", lambda *given: unsealed.append(1) or real(*given)
    )
    for _ in range(3):
        gw.token(pair)
        gw.add_organization(f"more-{len(unsealed)}-{gw.id('x')[-6:]}")
    assert len(unsealed) == 1


def test_a_key_in_anothers_place_does_not_open(gw: Installation, pair: Pair) -> None:
    with gw.store.read() as tx:
        (sandbox,) = tx.signing_keys.find(kind=Kind.SANDBOX)
        (production,) = tx.signing_keys.find(kind=Kind.PRODUCTION)
    sealed = sandbox.sealed_private_key
    gw.change("signing_keys", production.id, sealed_private_key=sealed)
    answer = gw.post(TOKEN, pair)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")


def test_private_keys_are_sealed_and_ensured_once(gw: Installation) -> None:
    with gw.store.write() as tx:
        signers = keys.backends(gw.keyring, gw.world)
        assert keys.ensure(tx, gw.world, signers, gw.organization) == []
        (row, _) = tx.signing_keys.find()
    clear = gw.keyring.unseal(row.sealed_private_key, f"signing key {row.id}")
    assert clear not in row.sealed_private_key and '"d"' not in row.public_jwk


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_every_algorithm_signs_and_is_introspected(tmp_path, algorithm: str) -> None:
    gw = Installation(tmp_path, algorithm)
    pair = gw.add_pair(gw.add_application())
    token = gw.token(pair)
    told = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json
    assert told["active"] is True
    gw.close()


def test_last_use_is_written_at_most_once_an_hour(gw: Installation, pair: Pair) -> None:
    def last_use():
        with gw.store.read() as tx:
            return tx.secrets.get(pair.secret_id).last_used_at

    gw.token(pair)
    first = gw.clock.now
    assert last_use() is None
    gw.service.upkeep()()
    assert last_use() == first
    gw.clock.pass_by(minutes=59)
    gw.token(pair)
    gw.service.upkeep()()
    assert last_use() == first
    gw.clock.pass_by(minutes=1)
    gw.token(pair)
    gw.service.upkeep()()
    assert last_use() == gw.clock.now


def test_a_use_that_could_not_be_written_waits(gw: Installation, pair: Pair, monkeypatch) -> None:
    gw.token(pair)
    with monkeypatch.context() as patch:
        patch.setattr(gw.store, "write", away)
        gw.service.upkeep()()
    gw.service.upkeep()()
    with gw.store.read() as tx:
        assert tx.secrets.get(pair.secret_id).last_used_at == gw.clock.now


def test_two_workers_write_a_use_once(gw: Installation, pair: Pair) -> None:
    for _ in range(2):
        usage.write(gw.store, {pair.secret_id: gw.clock.now})
    with gw.store.read() as tx:
        assert tx.secrets.get(pair.secret_id).revision == 2
    usage.write(gw.store, {"sec_gone": gw.clock.now})


def test_revocations_are_pruned_after_expiry_and_not_before(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    gw.post(f"{PRODUCTION}/revoke", pair, form={"token": token})

    def left() -> int:
        gw.service.issuer("default", "production")
        gw.service.upkeep()()
        with gw.store.read() as tx:
            return tx.revoked_tokens.count()

    gw.clock.pass_by(seconds=900 + revoke.KEPT_AFTER_EXPIRY.total_seconds())
    assert left() == 1
    gw.clock.pass_by(seconds=1)
    assert left() == 0


def test_an_operations_undeclared_scope_counts(gw: Installation, pair: Pair) -> None:
    from gatewright.domain.api import Definition
    from gatewright.domain.operation import Operation
    from gatewright.sts.records import slim_revision

    with gw.store.read() as tx:
        revision = tx.revisions.find()[0]
    operation = Operation("GET", "/", alternatives=(frozenset({"hidden"}),))
    slim = slim_revision(replace(revision, definition=Definition((operation,), ())))
    assert [scope.name for scope in slim.definition.scopes] == ["hidden"]
    assert slim.definition.operations == ()
