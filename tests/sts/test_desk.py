"""Tokens for a signed-in person: the same rights, no secret; and an administrator's revocation."""

from collections.abc import Iterator

import pytest
from tests.sts.installation import PRODUCTION, STS_URL, Installation, Pair, claims

from gatewright.domain.application import Application
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, Invalid, NotFound, Unavailable
from gatewright.sts.desk import TokenDesk


@pytest.fixture
def desk(gw: Installation) -> Iterator[TokenDesk]:
    made = TokenDesk(gw.store, gw.keyring, gw.world, STS_URL)
    yield made
    made.close()


@pytest.fixture
def application(gw: Installation) -> Application:
    row = gw.add_application(frozenset({"books:read"}))
    gw.subscribe(row, "books")
    return row


def test_it_issues_what_the_client_itself_would_get(
    gw: Installation, desk: TokenDesk, application: Application
) -> None:
    pair = gw.add_pair(application, ttl=60)
    given = desk.issue(application, pair.credential, None)
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (given["scope"], given["expires_in"]) == ("books:read", 60)
    own, by_desk = claims(gw.token(pair)), claims(given["access_token"])
    assert own | {"jti": ""} == by_desk | {"jti": ""}
    assert desk.issue(application, pair.credential, "books:read")["scope"] == "books:read"


def test_before_a_subscription_the_scope_is_empty(gw: Installation, desk: TokenDesk) -> None:
    application = gw.add_application()
    assert desk.issue(application, gw.add_pair(application).credential, None)["scope"] == ""


def test_what_it_refuses(gw: Installation, desk: TokenDesk, application: Application) -> None:
    pair = gw.add_pair(application)
    with pytest.raises(Invalid, match="books:write") as refused:
        desk.issue(application, pair.credential, "books:write")
    assert refused.value.field == "scope"
    with pytest.raises(NotFound):
        desk.issue(gw.add_application(), pair.credential, None)
    gw.change("applications", application.id, blocked=True)
    with pytest.raises(Conflict, match="blocked"):
        desk.issue(application, pair.credential, None)
    gw.change("applications", application.id, blocked=False)
    with gw.store.read() as tx:
        (key,) = tx.signing_keys.find(kind=Kind.PRODUCTION)
    gw.change("signing_keys", key.id, state="retired")
    with pytest.raises(Unavailable, match="signing key"):
        desk.issue(application, pair.credential, None)


@pytest.mark.parametrize("kind", [*Kind])
def test_it_revokes_any_token_of_the_organization(
    gw: Installation, desk: TokenDesk, application: Application, kind: Kind
) -> None:
    pair = gw.add_pair(application, kind)
    token = desk.issue(application, pair.credential, None)["access_token"]
    assert desk.revoke(gw.organization, token, actor="user_1") is True
    assert desk.revoke(gw.organization, token) is False, "it lives no longer"
    with gw.store.read() as tx:
        (row,), (record,) = tx.revoked_tokens.find(), tx.audit_records.find()
    assert (row.id, row.kind, record.actor) == (claims(token)["jti"], kind, "user_1")


def test_it_revokes_nothing_of_other_organizations(
    gw: Installation, desk: TokenDesk, application: Application
) -> None:
    pair = gw.add_pair(application)
    token = gw.token(pair)
    other = gw.add_organization("other")
    assert desk.revoke(other, token) is False
    assert desk.revoke(gw.organization, "nonsense") is False
    gw.clock.pass_by(seconds=900)
    assert desk.revoke(gw.organization, token) is False


def test_the_workers_see_its_revocation(
    gw: Installation, desk: TokenDesk, application: Application
) -> None:
    pair: Pair = gw.add_pair(application)
    token = gw.token(pair)
    desk.revoke(gw.organization, token)
    told = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json
    assert told == {"active": False}
