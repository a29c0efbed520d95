"""JWTs and key sets of others: which are read, and every trick that must not pass."""

import hmac
import json

import jwt as pyjwt
import pytest
from tests.crypto.keyholder import Keyholder, encoded

from gatewright.crypto import foreign
from gatewright.crypto.foreign import NotValid, UnknownKey

CLAIMS = {"iss": "client_1", "n": 1}
HOLDERS = {name: Keyholder(name) for name in ("ES256", "ES384", "RS256", "PS256", "EdDSA")}
EC, RSA = HOLDERS["ES256"], HOLDERS["RS256"]


def keys(holder: Keyholder, **further):
    return foreign.key_set(holder.jwks(**further))


@pytest.mark.parametrize("name", HOLDERS)
def test_each_algorithm_verifies(name: str) -> None:
    holder = HOLDERS[name]
    token = holder.sign(CLAIMS, typ="JWT")
    assert foreign.verify(token, keys(holder, alg=name)) == CLAIMS
    read = foreign.header(token)
    assert (read.alg, read.kid, read.typ, read.jwk) == (name, "k1", "JWT", None)


@pytest.mark.parametrize("name", ["ES256", "RS256", "PS256"])
def test_what_another_library_signs_verifies(name: str) -> None:
    holder = HOLDERS[name]
    token = pyjwt.encode(CLAIMS, holder.private, algorithm=name, headers={"kid": "k1"})
    assert foreign.verify(token, keys(holder, alg=name)) == CLAIMS


def test_both_names_of_ed25519_are_the_same() -> None:
    holder = HOLDERS["EdDSA"]
    for header, registered in (("Ed25519", "EdDSA"), ("EdDSA", "Ed25519")):
        assert foreign.verify(holder.sign(CLAIMS, header), keys(holder, alg=registered)) == CLAIMS


def test_the_key_is_found_by_its_kid() -> None:
    other = Keyholder("ES256", kid="k2")
    known = foreign.key_set(EC.jwks(other))
    assert foreign.verify(other.sign(CLAIMS), known) == CLAIMS
    with pytest.raises(UnknownKey):
        foreign.verify(EC.sign(CLAIMS, kid="k3"), known)
    with pytest.raises(NotValid, match="signature"):
        foreign.verify(EC.sign(CLAIMS, kid="k2"), known)


def test_a_key_without_a_kid_may_be_called_anything() -> None:
    nameless = Keyholder("ES256", kid=None)
    assert foreign.verify(nameless.sign(CLAIMS, kid="mine"), keys(nameless)) == CLAIMS
    assert foreign.verify(nameless.sign(CLAIMS), keys(nameless)) == CLAIMS


def test_the_list_of_algorithms_is_the_callers() -> None:
    with pytest.raises(NotValid, match="algorithm is not accepted"):
        foreign.verify(RSA.sign(CLAIMS), keys(RSA), ("ES256",))


def test_a_token_without_kid_does_not_cost_a_verification_for_each_key() -> None:
    point = EC.jwk()
    many = foreign.key_set(json.dumps({"keys": [point | {"kid": str(n)} for n in range(9)]}))
    with pytest.raises(NotValid, match="too many"):
        foreign.verify(EC.sign(CLAIMS, kid=None), many)


def with_secret(algorithm: str) -> str:
    """Signed by HMAC with the public key as the secret."""
    signed = f"{encoded(json.dumps({'alg': algorithm, 'kid': 'k1'}))}.{encoded(json.dumps(CLAIMS))}"
    secret = json.dumps(EC.jwk()).encode()
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def unsigned(algorithm: str) -> str:
    return f"{encoded(json.dumps({'alg': algorithm}))}.{encoded(json.dumps(CLAIMS))}."


def tampered(place: int, text: str) -> str:
    parts = EC.sign(CLAIMS).split(".")
    parts[place] = text
    return ".".join(parts)


GOOD = EC.sign(CLAIMS)
ANOTHER = Keyholder("ES256")
LONG = {"x": "a" * 9000}
TRICKS = [
    pytest.param(unsigned("none"), id="alg none"),
    pytest.param(unsigned("None"), id="alg None"),
    pytest.param(GOOD.rpartition(".")[0] + ".", id="no signature"),
    pytest.param(with_secret("HS256"), id="HS256 with the public key as secret"),
    pytest.param(tampered(2, encoded(b"\x00" * 64)), id="signature of zeros"),
    pytest.param(tampered(2, encoded(EC.signature(b"other"))), id="signature of something else"),
    pytest.param(tampered(2, encoded(b"\x00" * 63)), id="signature too short"),
    pytest.param(tampered(2, GOOD.rpartition(".")[2] + "AA"), id="signature too long"),
    pytest.param(tampered(1, encoded('{"iss":"client_2"}')), id="payload exchanged"),
    pytest.param(ANOTHER.sign(CLAIMS), id="key of another"),
    pytest.param(ANOTHER.sign(CLAIMS, jwk=ANOTHER.jwk()), id="jwk in the header"),
    pytest.param(ANOTHER.sign(CLAIMS, jku="https://evil.test/jwks"), id="jku in the header"),
    pytest.param(ANOTHER.sign(CLAIMS, x5u="https://evil.test/x"), id="x5u in the header"),
    pytest.param(ANOTHER.sign(CLAIMS, x5c=["MIIB"]), id="x5c in the header"),
    pytest.param(EC.sign(CLAIMS, kid="../../etc/passwd"), id="kid as a path"),
    pytest.param(EC.sign(CLAIMS, kid="k1' OR '1'='1"), id="kid as SQL"),
    pytest.param(EC.sign(CLAIMS, kid="k1\n"), id="kid with a newline"),
    pytest.param(EC.sign(CLAIMS, kid="k" * 257), id="kid too long"),
    pytest.param(EC.sign(CLAIMS, kid=["k1"]), id="kid no text"),
    pytest.param(EC.sign(CLAIMS, typ=7), id="typ no text"),
    pytest.param(EC.sign(CLAIMS, crit=["exp"], exp=1), id="crit"),
    pytest.param(EC.sign(CLAIMS, crit=[]), id="empty crit"),
    pytest.param(EC.sign(CLAIMS, b64=False, crit=["b64"]), id="b64"),
    pytest.param(EC.sign(CLAIMS, zip="DEF"), id="zip"),
    pytest.param(EC.sign(LONG), id="over 8 KiB"),
    pytest.param(EC.sign_raw('{"alg":"none","alg":"ES256"}', "{}"), id="duplicate member, header"),
    pytest.param(EC.sign('{"aud":"a","aud":"b"}'), id="duplicate member, payload"),
    pytest.param(EC.sign('{"a":{"b":1,"b":2}}'), id="duplicate member, nested"),
    pytest.param(EC.sign('{"exp":NaN}'), id="NaN"),
    pytest.param(EC.sign('{"sub":"\\ud800"}'), id="half a surrogate"),
    pytest.param(EC.sign("[" * 2000 + "]" * 2000), id="deep nesting"),
    pytest.param(EC.sign("[]"), id="payload no object"),
    pytest.param(EC.sign("not json"), id="payload no JSON"),
    pytest.param(GOOD + "=", id="padding"),
    pytest.param(GOOD + "\n", id="newline at the end"),
    pytest.param(" " + GOOD, id="space before"),
    pytest.param(GOOD + "." + GOOD, id="five parts, as JWE"),
    pytest.param("", id="empty"),
    pytest.param("..", id="dots"),
    pytest.param(json.dumps({"payload": "", "signatures": []}), id="JSON serialization"),
    pytest.param("é.é.é", id="not ASCII"),
]


@pytest.mark.parametrize("token", TRICKS)
def test_a_trick_does_not_pass(token: str) -> None:
    assert foreign.verify(GOOD, keys(EC)) == CLAIMS
    with pytest.raises(NotValid):
        foreign.verify(token, keys(EC))


def test_the_last_character_has_one_spelling() -> None:
    head, last = GOOD[:-1], GOOD[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(last) ^ 1]
    with pytest.raises(NotValid):
        foreign.verify(head + other, keys(EC))


@pytest.mark.parametrize(
    ("registered", "used"),
    [
        pytest.param({"alg": "RS256"}, "PS256", id="RS256 key used as PS256"),
        pytest.param({"alg": "PS256"}, "RS256", id="PS256 key used as RS256"),
        pytest.param({}, "PS256", id="RSA key without alg used as PS256"),
    ],
)
def test_a_key_has_one_algorithm(registered: dict, used: str) -> None:
    with pytest.raises(NotValid, match="algorithm"):
        foreign.verify(RSA.sign(CLAIMS, used), keys(RSA, **registered))


POINT = EC.jwk()
SHORT = Keyholder("RS256", bits=1024)
BAD_SETS = [
    pytest.param("", "JSON", id="empty"),
    pytest.param("[]", "object", id="no object"),
    pytest.param('{"keys":{}}', "keys", id="keys no list"),
    pytest.param('{"keys":[]}', "no key", id="no key"),
    pytest.param('{"keys":[1]}', "object", id="key no object"),
    pytest.param(json.dumps({"keys": [POINT | {"d": "AA"}]}), "private", id="private EC key"),
    pytest.param(json.dumps({"keys": [RSA.jwk(d="AA")]}), "private", id="private RSA key"),
    pytest.param(json.dumps({"keys": [RSA.jwk(p="AA")]}), "private", id="a prime"),
    pytest.param('{"keys":[{"kty":"oct","k":"AAAA"}]}', "symmetric", id="a shared secret"),
    pytest.param(json.dumps({"keys": [POINT | {"x": POINT["y"]}]}), "damaged", id="off the curve"),
    pytest.param(json.dumps({"keys": [POINT | {"x": "AA"}]}), "32 bytes", id="short coordinate"),
    pytest.param(json.dumps({"keys": [POINT | {"x": 5}]}), "missing", id="coordinate no text"),
    pytest.param(json.dumps({"keys": [POINT | {"kid": 5}]}), "kid", id="kid no text"),
    pytest.param(json.dumps({"keys": [POINT] * 65}), "64", id="65 keys"),
    pytest.param('{"keys":[],"x":"' + "a" * 65_536 + '"}', "bytes", id="over 64 KiB"),
    pytest.param('{"keys":[],"keys":[]}', "once", id="duplicate member"),
    pytest.param(SHORT.jwks(), "no key", id="RSA of 1024 bits"),
    pytest.param(json.dumps({"keys": [RSA.jwk(e="AQ")]}), "damaged", id="exponent 1"),
    pytest.param(json.dumps({"keys": [POINT | {"use": "enc"}]}), "no key", id="for encryption"),
    pytest.param(json.dumps({"keys": [POINT | {"alg": "HS256"}]}), "no key", id="alg HS256"),
    pytest.param(json.dumps({"keys": [POINT | {"crv": "P-521"}]}), "no key", id="other curve"),
    pytest.param(json.dumps({"keys": [POINT | {"alg": ["ES256"]}]}), "no key", id="alg no text"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_SETS)
def test_a_bad_key_set_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotValid, match=reason):
        foreign.key_set(text)


def test_keys_of_other_kinds_are_left_out_unless_a_person_gives_them() -> None:
    text = json.dumps({"keys": [SHORT.jwk(), POINT, {"kty": "AKP"}, POINT | {"use": "enc"}]})
    assert len(foreign.key_set(text)) == 1
    with pytest.raises(NotValid, match="key 1: an RSA key must have 2048"):
        foreign.key_set(text, strict=True)


@pytest.mark.parametrize("value", [True, "1", None, [], -1, 1e400, 1 << 50])
def test_a_time_is_a_number_of_seconds(value) -> None:
    with pytest.raises(NotValid, match="exp"):
        foreign.seconds_of({"exp": value}, "exp")
    assert foreign.seconds_of({}, "exp") is None
    assert foreign.seconds_of({"exp": 12.9}, "exp") == 12
