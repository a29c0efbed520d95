"""DPoP at the token endpoint from outside: RFC 9449 §5, §7, §8, and the negative rows of FAPI 2."""

from pathlib import Path

import pytest
from tests.crypto.holder import URL, Holder
from tests.sts.installation import PRODUCTION, STS_URL, Answer, Installation, Pair, claims

from gatewright.interfaces.oauth.app import create_app
from gatewright.sts.nonces import SLOT_SECONDS
from gatewright.sts.service import TokenService

TOKEN = f"{PRODUCTION}/token"
HOLDER = Holder()


def now(gw: Installation) -> int:
    return int(gw.clock.now.timestamp())


def ask(gw: Installation, pair: Pair, *proofs: str, form: dict | None = None) -> Answer:
    options = {"form": form} if form else {}
    return gw.post(TOKEN, pair, headers=[("dpop", proof) for proof in proofs], **options)


def demand_nonces(gw: Installation) -> None:
    gw._service = TokenService(
        gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit, demands_nonces=True
    )
    gw.app = create_app(gw._service, gw.log)


def refused(answer: Answer, error: str = "invalid_dpop_proof") -> str:
    assert (answer.status, answer.json["error"]) == (400, error), answer.body
    assert answer.headers["cache-control"] == "no-store"
    return answer.json["error_description"]


def test_a_proof_binds_the_token(gw: Installation, pair: Pair) -> None:
    answer = ask(gw, pair, HOLDER.proof(now(gw)))
    assert answer.status == 200
    assert answer.json["token_type"] == "DPoP"
    found = claims(answer.json["access_token"])
    assert found["cnf"] == {"jkt": HOLDER.thumbprint}
    assert "gwk" not in found
    assert found["gwb"] == f"{pair.client_id}.1"
    assert "dpop-nonce" not in answer.headers


def test_without_a_proof_it_is_a_bearer_token(gw: Installation, pair: Pair) -> None:
    answer = gw.post(TOKEN, pair)
    assert answer.json["token_type"] == "Bearer"
    assert "cnf" not in claims(answer.json["access_token"])


def test_a_client_that_must_and_does_not_is_refused(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, dpop_bound_access_tokens=True)
    assert "DPoP" in refused(gw.post(TOKEN, pair))
    assert ask(gw, pair, HOLDER.proof(now(gw))).status == 200


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"header": {"typ": None}}, id="no-typ"),
        pytest.param({"header": {"typ": "jwt"}}, id="bad-typ"),
        pytest.param({"header": {"alg": None}}, id="no-alg"),
        pytest.param({"header": {"alg": "none"}}, id="alg-none"),
        pytest.param({"header": {"jwk": None}}, id="no-jwk"),
        pytest.param({"header": {"jwk": HOLDER.private_jwk}}, id="private-key-in-jwk"),
        pytest.param({"header": {"jwk": Holder(number=1).jwk}}, id="bad-signature"),
        pytest.param({"jti": None}, id="no-jti"),
        pytest.param({"htm": None}, id="no-htm"),
        pytest.param({"htm": "GET"}, id="wrong-htm"),
        pytest.param({"htu": None}, id="no-htu"),
        pytest.param({"htu": URL.replace("/token", "/revoke")}, id="another-endpoint"),
        pytest.param({"htu": URL.replace("production", "sandbox")}, id="another-issuer"),
        pytest.param({"iat": None}, id="no-iat"),
        pytest.param({"ago": 3600}, id="an-hour-old"),
        pytest.param({"ago": -3600}, id="an-hour-ahead"),
        pytest.param({"exp": 1}, id="expired"),
    ],
)
def test_a_bad_proof_is_refused(gw: Installation, pair: Pair, options: dict) -> None:
    given = dict(options)
    proof = HOLDER.proof(now(gw) - given.pop("ago", 0), **given)
    refused(ask(gw, pair, proof))


def test_rs256_is_refused(gw: Installation, pair: Pair) -> None:
    assert "alg" in refused(ask(gw, pair, Holder("RS256").proof(now(gw))))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"ago": 10}, id="ten-seconds-old"),
        pytest.param({"ago": -10}, id="ten-seconds-ahead"),
        pytest.param({"htu": URL + "?a=b"}, id="htu-with-query"),
        pytest.param({"htu": URL + "#f"}, id="htu-with-fragment"),
        pytest.param({"htu": URL.replace("sts.test", "STS.TEST")}, id="upper-case-host"),
        pytest.param({"htu": URL.replace("sts.test", "sts.test:80")}, id="default-port"),
        pytest.param({"further": "claim"}, id="further-claim"),
    ],
)
def test_a_good_proof_is_taken(gw: Installation, pair: Pair, options: dict) -> None:
    given = dict(options)
    proof = HOLDER.proof(now(gw) - given.pop("ago", 0), **given)
    assert ask(gw, pair, proof).status == 200


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(str.upper, id="upper-case-value"),
        pytest.param(lambda proof: "not-a-jwt", id="not-a-jwt"),
        pytest.param(lambda proof: "", id="empty"),
        pytest.param(lambda proof: "é" + proof, id="not-ascii"),
        pytest.param(lambda proof: f"DPoP {proof}", id="with-a-scheme"),
        pytest.param(lambda proof: f"{proof},{proof}", id="two-joined"),
    ],
)
def test_what_is_no_proof_is_refused(gw: Installation, pair: Pair, change) -> None:
    refused(ask(gw, pair, change(HOLDER.proof(now(gw)))))


def test_two_headers_are_refused(gw: Installation, pair: Pair) -> None:
    proofs = HOLDER.proof(now(gw)), HOLDER.proof(now(gw))
    assert "more than one" in refused(ask(gw, pair, *proofs))
    assert ask(gw, pair, proofs[0]).status == 200, "a refused request used its proof up"


def test_the_client_is_looked_at_before_its_proof(gw: Installation, pair: Pair) -> None:
    stranger = Pair(pair.credential, "wrong", pair.secret_id)
    answer = ask(gw, stranger, "no proof")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


# Replay


def test_a_replay_is_refused(gw: Installation, pair: Pair) -> None:
    proof = HOLDER.proof(now(gw))
    assert ask(gw, pair, proof).status == 200
    assert "before" in refused(ask(gw, pair, proof))


def test_a_replay_at_another_worker_is_refused(gw: Installation, pair: Pair) -> None:
    proof = HOLDER.proof(now(gw))
    assert ask(gw, pair, proof).status == 200
    first = gw.service
    gw._service = None
    try:
        assert "before" in refused(ask(gw, pair, proof))
        assert ask(gw, pair, HOLDER.proof(now(gw))).status == 200
    finally:
        first.state.close()


def test_a_replay_with_another_signature_is_refused(gw: Installation, pair: Pair) -> None:
    made = [HOLDER.proof(now(gw), jti="same") for _ in range(2)]
    assert made[0] != made[1], "ECDSA signatures differ"
    assert ask(gw, pair, made[0]).status == 200
    assert "before" in refused(ask(gw, pair, made[1]))


def test_the_same_jti_of_another_key_is_another_proof(gw: Installation, pair: Pair) -> None:
    for holder in (HOLDER, Holder(number=1)):
        assert ask(gw, pair, holder.proof(now(gw), jti="same")).status == 200


def test_proofs_are_forgotten_when_their_window_ends(gw: Installation, pair: Pair) -> None:
    proof = HOLDER.proof(now(gw) + 10)
    assert ask(gw, pair, proof).status == 200

    def kept() -> int:
        gw.service.upkeep()()
        with gw.store.read() as tx:
            return tx.used_proofs.count()

    gw.clock.pass_by(seconds=70)
    assert kept() == 1
    assert "before" in refused(ask(gw, pair, proof)), "its last second"
    gw.clock.pass_by(seconds=1)
    assert "iat" in refused(ask(gw, pair, proof))
    gw.clock.pass_by(seconds=1)
    assert kept() == 0


def test_upkeep_forgets_more_than_one_page(gw: Installation, monkeypatch) -> None:
    from gatewright.sts import proofs

    monkeypatch.setattr(proofs, "PRUNED_AT_ONCE_MAX", 2)
    for number in range(5):
        gw.add("used_proofs", proofs.used_proof(gw.clock.now, str(number)))
    gw.clock.pass_by(seconds=1)
    gw.service.upkeep()()
    with gw.store.read() as tx:
        assert tx.used_proofs.count() == 0


# Nonces


def test_a_wanted_nonce_is_asked_for_and_taken(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    first = ask(gw, pair, HOLDER.proof(now(gw)))
    refused(first, "use_dpop_nonce")
    nonce = first.headers["dpop-nonce"]
    answer = ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce))
    assert answer.status == 200
    assert answer.headers["dpop-nonce"] == nonce
    assert claims(answer.json["access_token"])["cnf"] == {"jkt": HOLDER.thumbprint}


def test_a_bad_proof_gets_no_nonce(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    answer = ask(gw, pair, HOLDER.proof(now(gw), htm="GET"))
    refused(answer)
    assert "dpop-nonce" not in answer.headers


def test_bearer_tokens_need_no_nonce(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    answer = gw.post(TOKEN, pair)
    assert answer.status == 200
    assert "dpop-nonce" not in answer.headers


def test_nonces_rotate_and_end(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    nonce = ask(gw, pair, HOLDER.proof(now(gw))).headers["dpop-nonce"]
    gw.clock.pass_by(seconds=SLOT_SECONDS)
    answer = ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce))
    assert answer.status == 200, "the last one is still good"
    assert answer.headers["dpop-nonce"] != nonce
    gw.clock.pass_by(seconds=SLOT_SECONDS)
    refused(ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce)), "use_dpop_nonce")


def test_no_nonce_lives_for_over_five_minutes(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    nonce = ask(gw, pair, HOLDER.proof(now(gw))).headers["dpop-nonce"]
    gw.clock.pass_by(seconds=300)
    refused(ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce)), "use_dpop_nonce")


@pytest.mark.parametrize("nonce", ["", "é", "a", "A" * 22, "\x00"])
def test_a_made_up_nonce_is_none(gw: Installation, pair: Pair, nonce: str) -> None:
    demand_nonces(gw)
    assert ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce)).status == 400


def test_a_second_worker_takes_the_first_ones_nonce(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    nonce = ask(gw, pair, HOLDER.proof(now(gw))).headers["dpop-nonce"]
    first = gw.service
    demand_nonces(gw)
    assert ask(gw, pair, HOLDER.proof(now(gw), nonce=nonce)).status == 200
    first.state.close()


def test_another_installation_has_other_nonces(gw: Installation, tmp_path: Path) -> None:
    from gatewright.crypto.keyring import Keyring
    from gatewright.sts.nonces import Nonces

    ours = Nonces(gw.keyring)
    other = Nonces(Keyring({"1": b"p" * 32}, "1", b"t" * 32))
    assert ours.good(ours.now(gw.clock.now), gw.clock.now)
    assert not ours.good(other.now(gw.clock.now), gw.clock.now)


# Who may see what


def test_pages_may_read_the_nonce(gw: Installation, pair: Pair) -> None:
    demand_nonces(gw)
    answer = ask(gw, pair, HOLDER.proof(now(gw)))
    exposed = answer.headers["access-control-expose-headers"]
    assert {"DPoP-Nonce", "WWW-Authenticate"} <= set(exposed.split(", "))
    preflight = gw.call("OPTIONS", TOKEN)
    assert "dpop" in preflight.headers["access-control-allow-headers"]


def test_metadata_tells_the_algorithms(gw: Installation) -> None:
    found = gw.call("GET", f"{PRODUCTION}/.well-known/openid-configuration").json
    assert found["dpop_signing_alg_values_supported"][:3] == ["ES256", "ES384", "PS256"]
    assert "RS256" not in found["dpop_signing_alg_values_supported"]


def test_no_log_line_holds_a_proof(gw: Installation, pair: Pair) -> None:
    proof = HOLDER.proof(now(gw), htm="GET")
    refused(ask(gw, pair, proof))
    assert gw.lines
    assert proof[:40] not in str(gw.lines)
