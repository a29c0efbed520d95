"""DPoP proofs: the twelve checks of RFC 9449 §4.3, thumbprints, and how URLs are compared."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey
from tests.crypto.holder import URL, Holder, b64

from gatewright.crypto.dpop import InvalidProof, NonceWanted, check, normalized, thumbprint

NOW = 1_800_000_000
TOKEN = "a.b.c"
ES256 = Holder()


def checked(proof: str, **changes):
    options = {"method": "POST", "url": URL, "now": NOW, "access_token": None,
               "nonce_is_good": None}  # fmt: skip
    return check(proof, **(options | changes))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "PS256", "EdDSA"])
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_proof_of_each_algorithm_holds(algorithm: str) -> None:
    holder = Holder(algorithm)
    found = checked(holder.proof(NOW, jti="j", nonce="n"))
    assert (found.jkt, found.jti, found.iat, found.nonce) == (holder.thumbprint, "j", NOW, "n")
    kind = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}[holder.jwk["kty"]]
    assert found.jkt == kind.import_key(holder.jwk).thumbprint()


def test_the_newer_name_of_eddsa_holds() -> None:
    holder = Holder("EdDSA")
    assert checked(holder.proof(NOW, header={"alg": "Ed25519"})).jkt == holder.thumbprint


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1"
        "L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4"
        "QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbO"
        "pbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"
        "Cur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"iat": NOW - 60}, id="sixty-seconds-old"),
        pytest.param({"iat": NOW + 10}, id="ten-seconds-ahead"),
        pytest.param({"iat": NOW - 0.25}, id="iat-with-a-fraction"),
        pytest.param({"htu": URL + "?a=b#c"}, id="htu-with-query-and-fragment"),
        pytest.param({"htu": URL.replace("http://sts.test", "HTTP://STS.Test")}, id="upper-case"),
        pytest.param({"htu": URL.replace(".test", ".test:80")}, id="default-port"),
        pytest.param({"htu": URL.replace("token", "%74oken")}, id="escaped-unreserved"),
        pytest.param({"further": {"a": [1]}, "aud": "x"}, id="further-claims"),
        pytest.param({"ath": "anything"}, id="ath-where-no-token-is"),
        pytest.param({"exp": NOW + 30, "nbf": NOW}, id="exp-and-nbf"),
        pytest.param({"header": {"kid": "k", "further": 1}}, id="further-headers"),
        pytest.param({"jti": "j" * 256}, id="longest-jti"),
    ],
)
def test_it_holds(options: dict) -> None:
    assert checked(ES256.proof(**({"now": NOW} | options))).jkt == ES256.thumbprint


REFUSED = [
    pytest.param({"header": {"typ": None}}, "typ", id="no-typ"),
    pytest.param({"header": {"typ": "JWT"}}, "typ", id="bad-typ"),
    pytest.param({"header": {"typ": "at+jwt"}}, "typ", id="typ-of-an-access-token"),
    pytest.param({"header": {"alg": None}}, "alg", id="no-alg"),
    pytest.param({"header": {"alg": "none"}}, "alg", id="alg-none"),
    pytest.param({"header": {"alg": "RS256"}}, "alg", id="alg-rs256"),
    pytest.param({"header": {"alg": "HS256"}}, "alg", id="alg-hmac"),
    pytest.param({"header": {"alg": ["ES256"]}}, "alg", id="alg-list"),
    pytest.param({"header": {"alg": "ES384"}}, "jwk", id="alg-of-another-curve"),
    pytest.param({"header": {"alg": "EdDSA"}}, "jwk", id="alg-of-another-kind"),
    pytest.param({"header": {"crit": ["exp"], "exp": 1}}, "crit", id="crit"),
    pytest.param({"header": {"b64": False}}, "b64", id="b64"),
    pytest.param({"header": {"zip": "DEF"}}, "zip", id="zip"),
    pytest.param({"header": {"jwk": None}}, "jwk", id="no-jwk"),
    pytest.param({"header": {"jwk": None, "kid": "x"}}, "jwk", id="kid-and-no-jwk"),
    pytest.param({"header": {"jwk": "text"}}, "jwk", id="jwk-text"),
    pytest.param({"header": {"jwk": ES256.private_jwk}}, "private", id="private-key-in-jwk"),
    pytest.param({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "private", id="oct-key"),
    pytest.param({"header": {"jwk": Holder(number=1).jwk}}, "signature", id="signed-by-another"),
    pytest.param({"header": {"jwk": ES256.jwk | {"alg": "ES384"}}}, "jwk", id="jwk-alg-differs"),
    pytest.param({"header": {"jwk": ES256.jwk | {"use": "enc"}}}, "jwk", id="jwk-to-encrypt"),
    pytest.param({"header": {"jwk": ES256.jwk | {"x": "AAAA"}}}, "jwk", id="short-coordinate"),
    pytest.param({"header": {"jwk": ES256.jwk | {"x": ES256.jwk["x"] + "="}}}, "jwk", id="padded"),
    pytest.param({"header": {"jwk": ES256.jwk | {"y": "A" * 43}}}, "jwk", id="off-the-curve"),
    pytest.param({"header": {"jwk": ES256.jwk | {"x": 7}}}, "jwk", id="coordinate-number"),
    pytest.param({"header": {"jwk": ES256.jwk | {"x": "\ud800" * 43}}}, "jwk", id="surrogates"),
    pytest.param({"jti": None}, "jti", id="no-jti"),
    pytest.param({"jti": ""}, "jti", id="empty-jti"),
    pytest.param({"jti": 7}, "jti", id="jti-number"),
    pytest.param({"jti": "j" * 257}, "jti", id="jti-too-long"),
    pytest.param({"jti": "a\x00b"}, "jti", id="jti-control-character"),
    pytest.param({"jti": "\ud800"}, "jti", id="jti-lone-surrogate"),
    pytest.param({"htm": None}, "htm", id="no-htm"),
    pytest.param({"htm": "GET"}, "htm", id="wrong-htm"),
    pytest.param({"htm": "post"}, "htm", id="lower-case-htm"),
    pytest.param({"htu": None}, "htu", id="no-htu"),
    pytest.param({"htu": "/token"}, "htu", id="relative-htu"),
    pytest.param({"htu": URL + "/"}, "htu", id="other-path"),
    pytest.param({"htu": URL.replace("http:", "https:")}, "htu", id="other-scheme"),
    pytest.param({"htu": URL.replace(".test", ".test:443")}, "htu", id="other-port"),
    pytest.param({"htu": URL.replace("http://", "http://sts.test@")}, "htu", id="with-a-user"),
    pytest.param({"htu": URL.replace("/token", "%2Ftoken")}, "htu", id="escaped-slash"),
    pytest.param({"htu": URL + "\n"}, "htu", id="with-a-line-end"),
    pytest.param({"htu": URL.upper()}, "htu", id="upper-case-path"),
    pytest.param({"iat": None}, "iat", id="no-iat"),
    pytest.param({"iat": str(NOW)}, "iat", id="iat-text"),
    pytest.param({"iat": True}, "iat", id="iat-true"),
    pytest.param({"iat": 10**400}, "iat", id="iat-enormous"),
    pytest.param({"iat": NOW - 61}, "iat", id="sixty-one-seconds-old"),
    pytest.param({"iat": NOW + 11}, "iat", id="eleven-seconds-ahead"),
    pytest.param({"iat": NOW - 3600}, "iat", id="an-hour-old"),
    pytest.param({"iat": NOW + 3600}, "iat", id="an-hour-ahead"),
    pytest.param({"exp": NOW - 300}, "exp", id="exp-past"),
    pytest.param({"nbf": NOW + 300}, "nbf", id="nbf-future"),
    pytest.param({"nonce": 7}, "nonce", id="nonce-number"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "word"), REFUSED)
def test_it_is_refused(options: dict, word: str) -> None:
    with pytest.raises(InvalidProof, match=word):
        checked(ES256.proof(**({"now": NOW} | options)))


def _raw(header: str, claims: str) -> str:
    text = f"{b64(header.encode())}.{b64(claims.encode())}"
    return f"{text}.{b64(ES256.sign(text.encode()))}"


HEADER = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": ES256.jwk})
CLAIMS = json.dumps({"jti": "j", "htm": "POST", "htu": URL, "iat": NOW})


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param("", id="empty"),
        pytest.param("no-jwt", id="not-a-jwt"),
        pytest.param("a.b.c.d.e", id="jwe"),
        pytest.param(ES256.proof(NOW) + "=", id="padded"),
        pytest.param(ES256.proof(NOW) + "\n", id="line-end"),
        pytest.param(ES256.proof(NOW).upper(), id="upper-case"),
        pytest.param(", ".join([ES256.proof(NOW)] * 2), id="two-in-one-header"),
        pytest.param(ES256.proof(NOW).rpartition(".")[0] + ".", id="no-signature"),
        pytest.param(ES256.proof(NOW)[:-4], id="short-signature"),
        pytest.param(ES256.proof(NOW, further="x" * 9000), id="over-8-kib"),
        pytest.param(_raw("[]", CLAIMS), id="header-list"),
        pytest.param(_raw(HEADER, "[" * 2000), id="deep"),
        pytest.param(_raw(HEADER, CLAIMS.replace("{", '{"iat": 1, ')), id="iat-twice"),
        pytest.param(_raw(HEADER.replace("{", '{"alg": "none", ', 1), CLAIMS), id="alg-twice"),
        pytest.param(_raw(HEADER, CLAIMS.replace(str(NOW), "NaN")), id="iat-nan"),
        pytest.param(_raw(HEADER, CLAIMS.replace(str(NOW), "1e999")), id="iat-infinite"),
        pytest.param(_raw(HEADER, CLAIMS.replace(str(NOW), "1" * 5000)), id="iat-of-5000-digits"),
    ],
)
def test_what_is_no_proof_is_refused(proof: str) -> None:
    with pytest.raises(InvalidProof):
        checked(proof)


def test_each_changed_character_is_noticed() -> None:
    proof = ES256.proof(NOW)
    assert checked(proof)
    for place in range(len(proof)):
        other = "A" if proof[place] != "A" else "B"
        with pytest.raises(InvalidProof):
            checked(proof[:place] + other + proof[place + 1 :])


@pytest.mark.parametrize(
    ("bits", "exponent"),
    [
        pytest.param(1024, 65_537, id="short"),
        pytest.param(2048, 2**33 + 1, id="slow-exponent"),
        pytest.param(2048, 1, id="exponent-one"),
    ],
)
def test_a_key_too_weak_or_too_slow_is_refused(bits: int, exponent: int) -> None:
    number = rsa.generate_private_key(public_exponent=65_537, key_size=bits).public_key()
    n = number.public_numbers().n.to_bytes(bits // 8)
    e = exponent.to_bytes((exponent.bit_length() + 7) // 8)
    jwk = {"kty": "RSA", "n": b64(n), "e": b64(e)}
    with pytest.raises(InvalidProof, match="jwk"):
        checked(Holder("PS256").proof(NOW, header={"jwk": jwk}))


def test_a_leading_zero_makes_no_second_thumbprint() -> None:
    holder = Holder("PS256")
    jwk = holder.jwk | {"e": b64(b"\0\x01\0\x01")}
    with pytest.raises(InvalidProof, match="jwk"):
        checked(holder.proof(NOW, header={"jwk": jwk}))


def test_a_token_needs_its_own_hash() -> None:
    assert checked(ES256.proof(NOW, access_token=TOKEN), access_token=TOKEN)
    for proof in (
        ES256.proof(NOW),
        ES256.proof(NOW, access_token="x.y.z"),
        ES256.proof(NOW, ath=7),
    ):
        with pytest.raises(InvalidProof, match="ath"):
            checked(proof, access_token=TOKEN)


def test_a_wanted_nonce_is_asked_for_only_when_all_else_holds() -> None:
    def good(nonce: str | None) -> bool:
        return nonce == "good"

    assert checked(ES256.proof(NOW, nonce="good"), nonce_is_good=good).nonce == "good"
    for nonce in (None, "bad"):
        with pytest.raises(NonceWanted):
            checked(ES256.proof(NOW, nonce=nonce), nonce_is_good=good)
    with pytest.raises(InvalidProof) as refused:
        checked(ES256.proof(NOW - 99), nonce_is_good=good)
    assert not isinstance(refused.value, NonceWanted)


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://A.test", "https://a.test/"),
        ("https://a.test:443/x", "https://a.test/x"),
        ("https://a.test:0443/x", "https://a.test/x"),
        ("https://a.test:/x", "https://a.test/x"),
        ("http://a.test:443/x", "http://a.test:443/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://a.test/%7Eu/%c3%a9?q#f", "http://a.test/~u/%C3%A9"),
        ("http://a.test/a/./b/../c", "http://a.test/a/c"),
        ("http://a.test/a/%2e%2e/c/..", "http://a.test/"),
        ("http://a.test/../..", "http://a.test/"),
        ("http://a.test/%2F", "http://a.test/%2F"),
        ("http://a.test/%", None),
        ("http://a.test/%4", None),
        ("http://a.test/%zz", None),
        ("http://a.test/é", None),
        ("http://a.test/a b", None),
        ("http://u@a.test/", None),
        ("ftp://a.test/", None),
        ("a.test", None),
        ("", None),
    ],
)  # fmt: skip
def test_urls_are_spelled_in_one_way(url: str, spelled: str | None) -> None:
    assert normalized(url) == spelled
