"""What the hot signer makes, read by two libraries that know nothing of it."""

import json

import jwt as pyjwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gatewright.crypto import jwk
from gatewright.crypto.jose import NotOurs, unverified_header, verification_key, verify
from gatewright.crypto.signing import ACCESS_TOKEN_TYPE, signer
from gatewright.domain.errors import Invalid, Unavailable

CLAIMS = {"sub": "client_1", "scope": "a b", "ü": "é"}
TYPES = {"ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey, "EdDSA": OKPKey}


@pytest.fixture(scope="module")
def pairs() -> dict:
    return {name: jwk.generate(name) for name in jwk.ALGORITHMS}


def made(pairs: dict, algorithm: str) -> tuple[str, str]:
    key = pairs[algorithm]
    token = signer(key, algorithm, "kid-1")(json.dumps(CLAIMS).encode()).decode()
    return token, jwk.public_jwk(key, algorithm, "kid-1")


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_joserfc_verifies_it(pairs: dict, algorithm: str) -> None:
    token, public = made(pairs, algorithm)
    key = TYPES[algorithm].import_key(json.loads(public))
    read = joserfc_jwt.decode(token, key, algorithms=[algorithm])
    assert read.claims == CLAIMS
    assert read.header == {"alg": algorithm, "kid": "kid-1", "typ": "at+jwt"}


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_pyjwt_verifies_it(pairs: dict, algorithm: str) -> None:
    token, public = made(pairs, algorithm)
    key = pyjwt.PyJWK.from_json(public)
    assert pyjwt.decode(token, key, algorithms=[algorithm]) == CLAIMS


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_our_own_reader_verifies_it_and_notices_each_change(pairs: dict, algorithm: str) -> None:
    token, public = made(pairs, algorithm)
    key = verification_key(public)
    assert verify(token, key, ACCESS_TOKEN_TYPE) == CLAIMS
    for place in range(0, len(token), 7):
        if token[place] == ".":
            continue
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(NotOurs):
            verify(token[:place] + other + token[place + 1 :], key, ACCESS_TOKEN_TYPE)


def test_signatures_have_full_width(pairs: dict) -> None:
    """r or s with leading zeros comes up once in 128 signatures; none may be shorter."""
    sign = signer(pairs["ES256"], "ES256", "k")
    assert {len(sign(b"{}").rpartition(b".")[2]) for _ in range(600)} == {86}


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_public_jwk_has_nothing_private(pairs: dict, algorithm: str) -> None:
    public = json.loads(jwk.public_jwk(pairs[algorithm], algorithm, "k"))
    assert not public.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}
    assert (public["alg"], public["use"], public["kid"]) == (algorithm, "sig", "k")


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_private_key_survives_being_written(pairs: dict, algorithm: str) -> None:
    again = jwk.from_der(jwk.to_der(pairs[algorithm]))
    assert jwk.public_jwk(again, algorithm, "k") == jwk.public_jwk(pairs[algorithm], algorithm, "k")


def test_unknown_algorithm_and_damaged_key() -> None:
    with pytest.raises(Invalid, match="ES256"):
        jwk.generate("HS256")
    with pytest.raises(Unavailable):
        jwk.from_der(b"nonsense")


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "A.A.A", "e30.e30.e30"])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(NotOurs):
        unverified_header(text)
