"""Mutations of a token's header, of its signature and of its spelling."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.agreement.claims import Make, Row
from tests.agreement.crowd import Crowd
from tests.agreement.signing import Key, Token, b64, compact
from tests.crypto.holder import Holder

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER = "members of the header beside alg and kid, which no key but ours can sign"
SPELLING = "the spelling of what was signed"
LENIENT = "JSON in the liberties that protobuf's reader takes"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def header(**members: Any) -> Make:
    """None leaves a member out."""
    return lambda token, crowd, rng: token.with_header(**members)


def relabelled(algorithm: str) -> Make:
    """Another algorithm's name over the right signature."""
    return lambda token, crowd, rng: token.with_header(alg=algorithm)


def resigned(token: Token, crowd: Crowd, rng: Random) -> Token:
    """Signed by the same key with another algorithm, and saying so."""
    others = {"RS256": "PS256", "PS256": "RS256", "ES256": "HS256", "EdDSA": "HS256"}
    algorithm = others[token.key.algorithm]
    made = token.header | {"alg": algorithm}
    if algorithm == "HS256":
        return _by_public_key(token, made)
    return token.signed(header=made, algorithm=algorithm)


def longer_digest(token: Token, crowd: Crowd, rng: Random) -> Token:
    algorithm = {"RS256": "RS512", "PS256": "PS384"}.get(token.key.algorithm, "")
    if not algorithm:
        return token.with_header(alg="ES384")
    return token.signed(header=token.header | {"alg": algorithm}, algorithm=algorithm)


def by_public_key(token: Token, crowd: Crowd, rng: Random) -> Token:
    """The public key as the secret of HS256, as careless readers took it."""
    return _by_public_key(token, token.header | {"alg": "HS256"})


def _by_public_key(token: Token, made: dict[str, Any]) -> Token:
    public = token.key.private.public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{compact(made)}.{token.segments[1]}"
    return token.spelled(f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}")


def unsigned(text: str) -> Make:
    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        head = compact(token.header | {"alg": text})
        return token.spelled(f"{head}.{token.segments[1]}.")

    return make


def kid_of(name: str) -> Make:
    """The name of another key over the right signature."""
    return lambda token, crowd, rng: token.with_header(kid=crowd.key(name, token.kind).kid)


def signed_by(name: str, *, own_name: bool) -> Make:
    """The signature of another key, under its name or under the token's."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        key = _attacker(token.key) if name == "attacker" else crowd.key(name, token.kind)
        kid = key.kid if own_name else token.key.kid
        return token.signed(header={"alg": key.algorithm, "kid": kid, "typ": "at+jwt"}, key=key)

    return make


def signed_in_the_other_kind(token: Token, crowd: Crowd, rng: Random) -> Token:
    other = "sandbox" if token.kind == "production" else "production"
    key = crowd.key("retired", other)
    made = {"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt"}
    return token.signed(header=made, key=key)


def _attacker(key: Key) -> Key:
    return Key("attacker", "ES256", Holder(number=9).key)


def with_key(name: str) -> Make:
    """The attacker's own key in the header, and a signature that fits it."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        key, value = _attacker(token.key), Holder(number=9).jwk
        values = {
            "jwk": value,
            "jku": "https://evil.example/jwks",
            "x5c": ["MIIB"],
            "x5u": "https://e",
        }
        made = token.header | {"alg": "ES256", name: values[name]}
        return token.signed(header=made, key=key)

    return make


# Signatures and spellings: what is signed stays as it was, or is signed as it is spelled.


def part(number: int, change: Any, *, again: bool = False) -> Make:
    """One segment changed as text; `again` signs the result."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        parts = token.segments
        parts[number] = change(parts[number], rng)
        if again:
            return token.over(parts[0], parts[1], claims=token.claims)
        return token.spelled(".".join(parts))

    return make


def whole(change: Any) -> Make:
    return lambda token, crowd, rng: token.spelled(change(token.text))


def flipped(segment: str, rng: Random) -> str:
    raw = bytearray(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return b64(bytes(raw))


def loose(segment: str, rng: Random) -> str:
    """Bits that no byte has any more; a segment without such bits is left as it is."""
    unused = {2: 4, 3: 2}.get(len(segment) % 4, 0)
    place = ALPHABET.index(segment[-1])
    return segment[:-1] + ALPHABET[place | rng.randrange(1, 1 << unused)] if unused else segment


def padded(segment: str, rng: Random) -> str:
    return segment + "=" * (-len(segment) % 4)


def plain_alphabet(segment: str, rng: Random) -> str:
    return segment.replace("-", "+").replace("_", "/")


def payload(change: Any) -> Make:
    """The text of the claims changed, and signed."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        text = change(json.dumps(token.claims, separators=(",", ":")))
        return token.signed(claims=text)

    return make


def liberties(change: Any) -> Make:
    """The same, where a reader in a good mood still gets the same claims of it."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        return replace(payload(change)(token, crowd, rng), claims=token.claims)

    return make


def octets(change: Any) -> Make:
    """The bytes of the claims changed, and signed: no reader gets claims of them."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        made = b64(change(json.dumps(token.claims).encode()))
        text = token.over(token.segments[0], made, claims=token.claims)
        return Token(token.name, text.text, token.kind, token.key, None, token.holder)

    return make


def mirrored(token: Token, crowd: Crowd, rng: Random) -> Token:
    """(r, n − s): another signature of the same by ECDSA, which nobody has to make."""
    if token.key.algorithm != "ES256":
        return token
    raw = base64.urlsafe_b64decode(token.segments[2] + "==")
    s = ORDER - int.from_bytes(raw[32:])
    return token.spelled(f"{token.text.rpartition('.')[0]}.{b64(raw[:32] + s.to_bytes(32))}")


def as_der(token: Token, crowd: Crowd, rng: Random) -> Token:
    raw = base64.urlsafe_b64decode(token.segments[2] + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:64]))
    return token.spelled(f"{token.text.rpartition('.')[0]}.{b64(der)}")


def anothers_signature(token: Token, crowd: Crowd, rng: Random) -> Token:
    other = rng.choice([item for item in crowd.living if item.text != token.text])
    return token.spelled(".".join([*token.segments[:2], other.segments[2]]))


def header_text(change: Any) -> Make:
    """The header's text changed, and signed."""
    return lambda token, crowd, rng: token.signed(header=change(json.dumps(token.header)))


HEADERS = [
    *(Row(f"typ {typ!r}", header(typ=typ), HEADER) for typ in (
        "JWT", "AT+JWT", "application/at+jwt", "dpop+jwt", "client-authentication+jwt",
        "token-introspection+jwt", "", 5,
    )),
    Row("typ absent", header(typ=None), HEADER),
    *(Row(f"alg {text!r}, unsigned", unsigned(text)) for text in ("none", "None", "NONE", "")),
    *(Row(f"alg {name}, relabelled", relabelled(name)) for name in (
        "none", "HS256", "ES512", "Ed25519", "es256", "rs256",
    )),
    Row("alg absent", header(alg=None)),
    Row("alg a list", header(alg=["ES256"])),
    Row("alg of the same key", resigned),
    Row("alg with a longer digest", longer_digest),
    Row("alg HS256 by the public key", by_public_key),
    Row("kid absent", header(kid=None), HEADER),
    Row("kid empty", header(kid=""), HEADER),
    Row("kid a number", header(kid=5)),
    Row("kid unknown", header(kid="unknown")),
    Row("kid a path", header(kid="../../keys/sealing.key")),
    Row("kid of a removed key", kid_of("removed")),
    Row("kid of the stranger", kid_of("stranger")),
    Row("kid with a space", lambda t, crowd, rng: t.with_header(kid=t.key.kid + " ")),
    Row("kid in other letters", lambda t, crowd, rng: t.with_header(kid=t.key.kid.swapcase())),
    Row("crit exp", header(crit=["exp"]), HEADER),
    Row("crit unknown", header(crit=["x"], x=1), HEADER),
    Row("crit b64", header(crit=["b64"], b64=False), HEADER),
    Row("b64 false", header(b64=False), HEADER),
    Row("zip", header(zip="DEF"), HEADER),
    Row("cty", header(cty="JWT"), HEADER),
    Row("jwk of ours", header(jwk=Holder().jwk), HEADER),
    Row("jku and a good signature", header(jku="https://evil.example/"), HEADER),
    *(Row(f"{name} of an attacker", with_key(name)) for name in ("jwk", "jku", "x5c", "x5u")),
    Row("header with a long member", header(x="x" * 600), HEADER),
    Row("header of another text", header_text(lambda text: " " + text.replace(",", "\n,"))),
    Row("kid twice", header_text(lambda text: text.replace('"kid"', '"kid": "x", "kid"'))),
    Row("alg twice", header_text(lambda text: text.replace('"alg"', '"alg": "none", "alg"'))),
    Row("header a list", header_text(lambda text: f"[{text}]")),
    Row("header empty", header_text(lambda text: "{}")),
    Row("header no JSON", header_text(lambda text: text[:-1])),
]  # fmt: skip
SIGNERS = [
    Row("signed by an announced key", signed_by("announced", own_name=True)),
    Row("signed by a retired key", signed_by("retired", own_name=True)),
    Row("signed by a removed key", signed_by("removed", own_name=True)),
    Row("signed by a removed key, in another's name", signed_by("removed", own_name=False)),
    Row("signed by the stranger", signed_by("stranger", own_name=True)),
    Row("signed by the stranger, in our name", signed_by("stranger", own_name=False)),
    Row("signed by an attacker", signed_by("attacker", own_name=True)),
    Row("signed by an attacker, in our name", signed_by("attacker", own_name=False)),
    Row("signed in the other kind", signed_in_the_other_kind),
]
SIGNATURES = [
    Row("a bit of the signature", part(2, flipped)),
    Row("a bit of the claims", part(1, flipped)),
    Row("a bit of the header", part(0, flipped)),
    Row("signature cut", part(2, lambda text, rng: text[: rng.randrange(1, len(text) - 3)])),
    Row("signature longer", part(2, lambda text, rng: text + "AAAA")),
    Row("signature empty", part(2, lambda text, rng: "")),
    Row("signature of nothing", part(2, lambda text, rng: "A" * len(text))),
    Row("signature of another", anothers_signature),
    Row("signature mirrored", mirrored),
    Row("signature as ASN.1", as_der),
    Row("signature padded", part(2, padded), SPELLING),
    Row("signature with loose bits", part(2, loose), SPELLING),
    Row("signature in the plain alphabet", part(2, plain_alphabet)),
    Row("claims padded", part(1, padded, again=True), SPELLING),
    Row("claims padded, not signed so", part(1, padded)),
    Row("claims with loose bits", part(1, loose, again=True), SPELLING),
    Row("claims with loose bits, not signed so", part(1, loose)),
    Row("claims in the plain alphabet", part(1, plain_alphabet, again=True)),
    Row("header padded", part(0, padded, again=True), SPELLING),
    Row("header with loose bits", part(0, loose, again=True), SPELLING),
]
SPELLINGS = [
    Row("a dot behind", whole(lambda text: text + "."), SPELLING),
    Row("a dot before", whole(lambda text: "." + text), SPELLING),
    Row("a fourth part", whole(lambda text: text + ".AAAA")),
    Row("two parts", whole(lambda text: text.rpartition(".")[0])),
    Row("a space behind", whole(lambda text: text + " "), SPELLING),
    Row("a space before", whole(lambda text: " " + text), SPELLING),
    Row("a tab behind", whole(lambda text: text + "\t"), SPELLING),
    Row("a space within", whole(lambda text: text.replace(".", " .", 1))),
    Row("a comma behind", whole(lambda text: text + ",")),
    Row("another behind a comma", whole(lambda text: text + ",x.y.z")),
    Row("another behind a space", whole(lambda text: text + " x.y.z")),
    Row("quoted", whole(lambda text: f'"{text}"')),
    Row("the scheme twice", whole(lambda text: "Bearer " + text)),
    Row("escaped", whole(lambda text: text.replace(".", "%2E"))),
    Row("in capitals", whole(str.upper)),
    Row("empty", whole(lambda text: "")),
    Row("dots", whole(lambda text: "..")),
    Row("in other letters", whole(lambda text: text + "é")),
    Row("a null within", whole(lambda text: text[:9] + "\x7f" + text[9:])),
]
TEXTS = [
    Row("claims with spaces", payload(lambda text: " " + text.replace(",", "\n ,\t") + " ")),
    Row("claims with escapes", payload(lambda text: text.replace('"exp"', '"\\u0065xp"'))),
    Row("claims and more", payload(lambda text: text + "x")),
    Row("claims twice", payload(lambda text: text + text)),
    Row("claims with a comment", payload(lambda text: text[:-1] + "/**/}")),
    Row("claims with a comma", liberties(lambda text: text[:-1] + ",}"), LENIENT),
    Row("claims in single quotes", liberties(lambda text: text.replace('"', "'")), LENIENT),
    Row("names without quotes", liberties(lambda text: text.replace('"exp"', "exp")), LENIENT),
    Row("claims in a list", payload(lambda text: f"[{text}]")),
    Row("claims a text", payload(json.dumps)),
    Row("claims null", payload(lambda text: "null")),
    Row("claims empty", payload(lambda text: "{}")),
    Row("claims cut", payload(lambda text: text[:-1])),
    Row("claims behind a mark", octets(lambda raw: b"\xef\xbb\xbf" + raw)),
    Row("claims in UTF-16", octets(lambda raw: raw.decode().encode("utf-16"))),
    Row("claims in no UTF-8", octets(lambda raw: raw[:-1] + b',"x":"\xff"}')),
    Row("claims of overlong letters", octets(lambda raw: raw.replace(b'"exp"', b'"\xc1\xa5xp"'))),
    Row("claims with a null byte", octets(lambda raw: raw + b"\x00")),
]  # fmt: skip
ROWS = (*HEADERS, *SIGNERS, *SIGNATURES, *SPELLINGS, *TEXTS)
