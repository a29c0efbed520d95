"""A header that proved a client is recognised, and that makes nothing possible that was not."""

from datetime import timedelta

import pytest
from tests.sts.installation import PRODUCTION, SANDBOX, STS_URL, Installation, Pair, basic

from gatewright.domain.environment import Kind
from gatewright.interfaces.oauth.app import create_app
from gatewright.sts import recognized
from gatewright.sts.client_auth import METHODS
from gatewright.sts.limits import Rate
from gatewright.sts.recognized import Recognized
from gatewright.sts.request import Form, Request
from gatewright.sts.service import TokenService

TOKEN = f"{PRODUCTION}/token"


@pytest.fixture
def known(gw: Installation, pair: Pair) -> Pair:
    """A client whose header has proved it."""
    assert gw.post(TOKEN, pair).status == 200
    return pair


def hashes(gw: Installation, pair: Pair, **further) -> int:
    """How many secrets were hashed for one request that is answered with 200."""
    before = gw.keyring.hashes
    assert gw.post(TOKEN, pair, **further).status == 200
    return gw.keyring.hashes - before


def test_the_same_header_is_not_hashed_again(gw: Installation, known: Pair) -> None:
    assert hashes(gw, known) == 0
    assert gw.post(f"{PRODUCTION}/introspect", known, form={"token": "x"}).status == 200


def removed(gw: Installation, pair: Pair) -> None:
    gw.remove("secrets", pair.secret_id)


def revoked(gw: Installation, pair: Pair) -> None:
    gw.change("secrets", pair.secret_id, revoked_at=gw.clock.now)


def expired(gw: Installation, pair: Pair) -> None:
    gw.change("secrets", pair.secret_id, expires_at=gw.clock.now)


def replaced(gw: Installation, pair: Pair) -> None:
    gw.change("secrets", pair.secret_id, digest=gw.keyring.digest("another"))


def moved(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, kind=Kind.SANDBOX)


def renamed(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, client_id="client_another")


def registered_otherwise(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, auth_methods=frozenset({"client_secret_post"}))


ENDS = [removed, revoked, expired, replaced, moved, renamed, registered_otherwise]


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_secret_ends_it_at_once(gw: Installation, known: Pair, end) -> None:
    end(gw, known)
    assert gw.post(TOKEN, known).status == 401


def test_a_secret_expires_on_its_moment(gw: Installation, pair: Pair) -> None:
    gw.change("secrets", pair.secret_id, expires_at=gw.clock.now + timedelta(seconds=10))
    assert gw.post(TOKEN, pair).status == 200
    gw.clock.pass_by(seconds=9)
    assert hashes(gw, pair) == 0
    gw.clock.pass_by(seconds=1)
    assert gw.post(TOKEN, pair).status == 401


def test_a_blocked_application_gets_nothing(gw: Installation, known: Pair) -> None:
    gw.change("applications", known.credential.application_id, blocked=True)
    assert gw.post(TOKEN, known).json["error"] == "unauthorized_client"


def test_who_is_known_to_one_issuer_is_unknown_to_another(gw: Installation, known: Pair) -> None:
    assert gw.post(f"{SANDBOX}/token", known).status == 401


@pytest.mark.parametrize("change", ["another secret", "another client", "an empty secret"])
def test_another_header_is_looked_at_itself(gw: Installation, known: Pair, change: str) -> None:
    client_id = "client_another" if change == "another client" else known.client_id
    secret = {"another secret": known.secret[:-1] + "?", "an empty secret": ""}.get(change)
    header = basic(client_id, known.secret if secret is None else secret)
    assert gw.post(TOKEN, headers=[("authorization", header)]).status == 401


@pytest.mark.parametrize(("form", "error"), [
    ({"client_secret": "x"}, "invalid_request"),
    ({"client_id": "client_another"}, "invalid_client"),
    ({"client_assertion": "x", "client_assertion_type": "y"}, "invalid_request"),
])  # fmt: skip
def test_what_else_is_shown_counts(gw: Installation, known: Pair, form: dict, error: str) -> None:
    answer = gw.post(TOKEN, known, form={"grant_type": "client_credentials"} | form)
    assert answer.json["error"] == error


def test_a_known_header_that_repeats_is_refused(gw: Installation, known: Pair) -> None:
    header = basic(known.client_id, known.secret)
    answer = gw.post(TOKEN, headers=[("authorization", f"{header},{header}")])
    assert answer.json["error"] == "invalid_request"


def test_it_counts_as_a_request_and_as_a_use(gw: Installation, pair: Pair) -> None:
    gw._service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit,
                               client_rate=Rate(1, 3))  # fmt: skip
    gw.app = create_app(gw._service, gw.log)
    assert [gw.post(TOKEN, pair).status for _ in range(4)] == [200, 200, 200, 429]
    gw._service.state.usage.take()
    gw.clock.pass_by(seconds=5)
    assert gw.post(TOKEN, pair).status == 200
    assert gw._service.state.usage.take() == {pair.secret_id: gw.clock.now}


def test_it_holds_no_secret_and_is_bounded(gw: Installation, monkeypatch) -> None:
    monkeypatch.setattr(recognized, "ENTRIES_MAX", 2)
    pairs = [gw.add_pair(gw.add_application()) for _ in range(3)]
    assert [gw.post(TOKEN, pair).status for pair in pairs] == [200] * 3
    kept = gw.service.state.recognized._known
    assert len(kept) == 1
    everything = repr(kept)
    assert not any(
        text in everything for pair in pairs for text in (pair.secret, basic("", pair.secret)[-40:])
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_no_method_reads_a_parameter_that_is_passed_over(method) -> None:
    class Recording(Form):
        def get(self, name: str) -> str | None:
            asked.add(name)
            return super().get(name)

    asked: set[str] = set()
    method.presented(Request(b"", authorization=(b"Basic eDp5",)), Recording({"client_id": "x"}))
    method.presented(Request(b"", certificate=b"x"), Recording({"client_id": "x"}))
    assert asked.isdisjoint(recognized.OF_NO_CLIENT)


def test_marks_are_of_one_process(gw: Installation) -> None:
    """Whoever sees the memory of one learns nothing to look for in another, or in a guess."""
    request = Request(b"", authorization=(b"Basic eA==",))
    one, other = Recognized(gw.world), Recognized(gw.world)
    assert one.mark(request, Form({})) == one.mark(request, Form({}))
    assert one.mark(request, Form({})) != other.mark(request, Form({}))
    assert one.get(b"") is None
