"""Key sets in one form: what reaches a gateway of a document that somebody publishes."""

import json

import pytest
from tests.crypto.keyholder import Keyholder

from gatewright.crypto import foreign
from gatewright.crypto.published_keys import normalized


def formed(text: str) -> list[dict]:
    return json.loads(normalized(foreign.key_set(text)))["keys"]


@pytest.mark.parametrize(("algorithm", "further", "alg"), [
    ("ES256", {}, "ES256"),
    ("ES384", {}, "ES384"),
    ("RS256", {}, "RS256"),
    ("RS256", {"alg": "PS256"}, "PS256"),
    ("EdDSA", {}, "EdDSA"),
    ("EdDSA", {"alg": "Ed25519"}, "EdDSA"),
])  # fmt: skip
def test_each_key_has_its_algorithm(algorithm, further, alg):
    (key,) = formed(Keyholder(algorithm).jwks(**further))
    assert key["alg"] == alg and key["use"] == "sig" and key["kid"] == "k1"


def test_it_verifies_what_the_owner_signs():
    for algorithm in ("ES256", "ES384", "RS256", "EdDSA"):
        holder = Keyholder(algorithm)
        keys = foreign.key_set(normalized(foreign.key_set(holder.jwks())))
        assert foreign.verify(holder.sign({"a": 1}), keys) == {"a": 1}


def test_nothing_else_of_a_document_is_left():
    holder = Keyholder("RS256")
    (key,) = formed(holder.jwks(x5c=["AAAA"], x5t="x", key_ops=["verify"], note="<script>"))
    assert set(key) == {"alg", "use", "kid", "kty", "n", "e"}


def test_the_same_keys_are_the_same_text():
    first, second = Keyholder("ES256", "a"), Keyholder("RS256", "b")
    text = normalized(foreign.key_set(first.jwks(second)))
    again = normalized(foreign.key_set(second.jwks(first, second, use="sig")))
    assert text == again and len(json.loads(text)["keys"]) == 2


def test_two_keys_of_one_kid_are_both_kept():
    assert len(formed(Keyholder("ES256").jwks(Keyholder("ES256")))) == 2


def test_encryption_keys_are_left_out():
    text = json.dumps({"keys": [Keyholder().jwk(kid="sig"), Keyholder().jwk(kid="e", use="enc")]})
    assert [key["kid"] for key in formed(text)] == ["sig"]


@pytest.mark.parametrize("key", [
    pytest.param(Keyholder().jwk(d="AAAA"), id="private"),
    pytest.param({"kty": "oct", "k": "AAAA"}, id="symmetric"),
    pytest.param(Keyholder().jwk(use="enc"), id="for encryption only"),
])  # fmt: skip
def test_a_set_that_is_none(key):
    with pytest.raises(foreign.NotValid):
        formed(json.dumps({"keys": [key]}))
