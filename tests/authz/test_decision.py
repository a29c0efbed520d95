"""The decision about bound tokens, without any socket: what Envoy's tests can not reach."""

from typing import Any

import pytest
from tests.crypto.holder import Holder

from gatewright.crypto.dpop import DpopProof
from gatewright.interfaces.authz.decision import Call, Granted, Nonces, Refused, decide

NOW = 1_800_000_000
URL = "https://api.test/books/v1.0/books"
TOKEN = "aa.bb.cc"
NO_NONCES = Nonces(lambda nonce: False, lambda: "next")


def ask(headers: dict[str, Any], certificate: str = "", nonces: Nonces = NO_NONCES) -> Any:
    kept: list[DpopProof] = []

    def accept(proof: DpopProof) -> bool:
        kept.append(proof)
        return True

    lines = {name: [value] if isinstance(value, str) else value for name, value in headers.items()}
    found = decide(Call("GET", URL, lines, certificate), NOW, accept, nonces)
    assert isinstance(found, Granted) or not kept, "only a proof that opens is used up"
    return found


def proven(holder: Holder, **changes: Any) -> dict[str, Any]:
    proof = holder.proof(NOW, access_token=TOKEN, **{"htm": "GET", "htu": URL, **changes})
    return {
        "authorization": f"DPoP {TOKEN}", "dpop": proof,
        "x-gw-bound": "client.1", "x-gw-key": holder.thumbprint,
    }  # fmt: skip


def test_granted_to_the_subject_in_the_token() -> None:
    assert ask(proven(Holder())) == Granted("client.1")


@pytest.mark.parametrize(
    "missing", ["authorization", "dpop", "x-gw-bound", "x-gw-key"], ids=lambda name: f"no {name}"
)
def test_absent_means_refused(missing: str) -> None:
    headers = proven(Holder())
    del headers[missing]
    assert isinstance(ask(headers), Refused)


@pytest.mark.parametrize("name", ["authorization", "dpop", "x-gw-bound", "x-gw-key"])
def test_twice_means_refused(name: str) -> None:
    headers = proven(Holder())
    headers[name] = [headers[name], headers[name]]
    assert isinstance(ask(headers), Refused)


def test_a_certificate_is_compared_as_a_whole() -> None:
    headers = {
        "authorization": f"Bearer {TOKEN}", "x-gw-bound": "client.1", "x-gw-certificate": "abc",
    }  # fmt: skip
    assert ask(headers, "abc") == Granted("client.1")
    for other in ("", "ab", "abcd", "ABC"):
        refused = ask(headers, other)
        assert refused.challenge.startswith('Bearer realm="gatewright", error="invalid_token"')
    assert isinstance(ask({**headers, "x-gw-certificate": ""}, ""), Refused)


def test_a_proof_without_a_wanted_nonce_gets_one() -> None:
    wanted = Nonces(lambda nonce: nonce == "good", lambda: "good", needed=True)
    refused = ask(proven(Holder()), nonces=wanted)
    assert 'error="use_dpop_nonce"' in refused.challenge
    assert refused.nonce == "good"
    assert ask(proven(Holder(), nonce="good"), nonces=wanted) == Granted("client.1")


def test_what_is_told_can_not_break_the_header() -> None:
    holder = Holder()
    call = Call('GE"T\\', URL, {k: [v] for k, v in proven(holder).items()}, "")
    refused = decide(call, NOW, lambda proof: True, NO_NONCES)
    assert isinstance(refused, Refused)
    assert refused.challenge.count('"') % 2 == 0
    assert "\\" not in refused.challenge
    assert 'GE"T' not in refused.challenge
