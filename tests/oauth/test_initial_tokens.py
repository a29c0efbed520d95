"""Who may register (RFC 7591 §3): initial access tokens, and attacks on them."""

import pytest
from tests.oauth.registering import REGISTER, Registering, unauthorized
from tests.sts.installation import PRODUCTION, SANDBOX, Answer, Installation

from gatewright.domain.environment import Kind
from gatewright.domain.person import Role

METADATA = f"{PRODUCTION}/.well-known/openid-configuration"

# Initial access tokens


def test_one_token_is_one_registration(site: Registering) -> None:
    initial = site.initial()
    assert site.register(initial).status == 201
    unauthorized(site.register(initial))


def test_a_token_of_two_uses_is_two(site: Registering) -> None:
    initial = site.initial(uses=2)
    assert [site.register(initial).status for _ in range(3)] == [201, 201, 401]


def test_a_token_without_end_goes_on(site: Registering) -> None:
    initial = site.initial(uses=None, days=None)
    assert [site.register(initial).status for _ in range(3)] == [201] * 3


def test_without_a_token_there_is_only_a_challenge(site: Registering) -> None:
    answer = site.ask("POST", REGISTER, None, {})
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="gatewright"'


def test_every_bad_token_reads_the_same(site: Registering, gw: Installation) -> None:
    expired, used, revoked = site.initial(days=1), site.initial(), site.initial()
    sandbox, demoted = site.initial(kind=Kind.SANDBOX), site.initial()
    assert site.register(used).status == 201
    with gw.store.write() as tx:
        [row] = [row for row in tx.initial_access_tokens.find()
                 if gw.keyring.matches(revoked, row.digest, row.pepper_id)]  # fmt: skip
        tx.initial_access_tokens.remove(row.id)
    bodies = {unauthorized(site.register(item)) for item in (used, revoked, sandbox)}
    bodies |= {unauthorized(site.register(item)) for item in ("guess", "gwi_" + "A" * 43)}
    bodies.add(unauthorized(site.register(site.registered()["registration_access_token"])))
    gw.clock.pass_by(days=2)
    bodies.add(unauthorized(site.register(expired)))
    gw.change("users", site.admin.id, role=Role.DEVELOPER)
    bodies.add(unauthorized(site.register(demoted)))
    assert len(bodies) == 1


def test_a_token_of_one_kind_is_none_of_the_other(site: Registering) -> None:
    initial = site.initial(kind=Kind.SANDBOX)
    assert site.ask("POST", f"{SANDBOX}/register", initial, {}).status == 201


def test_a_token_of_another_organization_is_none_here(site: Registering, gw: Installation) -> None:
    other = gw.add_organization("other")
    gw.change("organizations", other.id, registration_enabled=True)
    answer = site.ask("POST", "/sts/other/production/register", site.initial(), {})
    unauthorized(answer)


def test_guessing_is_held_up(site: Registering) -> None:
    statuses = [site.register("gwi_" + "A" * 43 + "_0000000").status for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    good = site.initial()
    held = site.register(good)
    assert (held.status, held.headers["retry-after"]) == (429, "1")
    elsewhere = site.ask("POST", REGISTER, good, {}, address="192.0.2.9")
    assert elsewhere.status == 201


# Off


def test_off_is_as_if_nothing_were_there(site: Registering, gw: Installation) -> None:
    initial, told = site.initial(), site.registered()
    assert gw.call("GET", METADATA).json["registration_endpoint"] == f"http://sts.test{REGISTER}"
    site.enable(enabled=False)
    assert "registration_endpoint" not in gw.call("GET", METADATA).json
    nothing = gw.call("GET", "/nothing")
    for answer in (site.register(initial), site.show(told), site.remove(told)):
        assert (answer.status, answer.body) == (404, nothing.body)
    assert site.token(told).status == 200, "who registered stays"


def test_it_is_off_at_first(gw: Installation) -> None:
    assert "registration_endpoint" not in gw.call("GET", METADATA).json
    assert gw.call("POST", REGISTER, b"{}").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(site: Registering, method: str) -> None:
    answer = site.ask(method, REGISTER, site.initial())
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_used_up_token_raced_twice_registers_once(site: Registering, monkeypatch) -> None:
    """Another worker spends it between the look at the token and the write."""
    from gatewright.control import client_metadata

    initial, parse = site.initial(), client_metadata.parse
    raced: list[Answer] = []

    def parse_late(body: bytes) -> dict:
        monkeypatch.setattr(client_metadata, "parse", parse)
        raced.append(site.register(initial))
        return parse(body)

    monkeypatch.setattr(client_metadata, "parse", parse_late)
    late = site.register(initial)
    assert raced[0].status == 201
    unauthorized(late)
    with site.gw.store.read() as tx:
        assert tx.registrations.count() == 1


def test_a_token_of_one_use_stands_a_crowd(site: Registering) -> None:
    from concurrent.futures import ThreadPoolExecutor

    initial = site.initial()
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: site.register(initial).status, range(8)))
    assert statuses == [201] + [401] * 7
