"""Mutations of claims, each signed by the key of the token that it changes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.agreement.crowd import Crowd
from tests.agreement.signing import Token

Make = Callable[[Token, Crowd, Random], Token]


@dataclass(frozen=True)
class Row:
    """`unread` names what Envoy does not look at, where that is why the two may differ."""

    name: str
    make: Make
    unread: str = ""


PRESENCE = "claims that the STS never leaves out, and the gateway has no use for"
CLIENT = "client_id and sub: the gateway knows the subject by gwk or gwb alone"
NUMBERS = "times that are no whole numbers, or have no date"
BOUND = "cnf beside gwk: the gateway knows a bound token by gwb, which stands instead of gwk"
PROVEN = "gwk beside gwb: of a bound token the gateway takes gwb, once it is proven"
EMPTY = "a gwb that says nothing, beside gwk"
LONG = "texts over 8 KiB, which no token is"


def put(**members: Any) -> Make:
    """These members, as they are: None becomes null."""
    return lambda token, crowd, rng: token.signed(claims=token.claims | members)


def without(*names: str) -> Make:
    return lambda token, crowd, rng: token.with_claims(**dict.fromkeys(names))


def at(name: str, *bounds: float) -> Make:
    """A time so many seconds from now, between bounds."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        shift = rng.uniform(*bounds) if len(bounds) > 1 else bounds[0]
        return token.with_claims(**{name: int(time.time() + shift)})

    return make


def raw(name: str, value: str) -> Make:
    """A value as text, such as json would not write it."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        text = json.dumps(token.claims | {name: "@@@"}, separators=(",", ":"))
        return token.signed(claims=text.replace('"@@@"', value, 1))

    return make


def of(make: Callable[[Token, Crowd], dict[str, Any]]) -> Make:
    """Members that depend on the token and on who else there is."""
    return lambda token, crowd, rng: token.signed(claims=token.claims | make(token, crowd))


def subject(token: Token) -> str:
    assert token.claims
    return str(token.claims.get("gwk") or token.claims.get("gwb"))


def subject_claim(token: Token) -> str:
    assert token.claims
    return "gwb" if "gwb" in token.claims else "gwk"


def as_subject(change: Callable[[Token, Crowd], Any]) -> Make:
    return of(lambda token, crowd: {subject_claim(token): change(token, crowd)})


def bearer(**members: Any) -> Make:
    """An ordinary token with these members; named `...` they are what a bound one has."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        thumbprint, own = crowd.holder.thumbprint, subject(token)
        known = {"jkt": {"jkt": thumbprint}, "own": own, "x5t": {"x5t#S256": "x" * 43}}
        chosen = {
            name: known[value] if isinstance(value, str) and value in known else value
            for name, value in members.items()
        }
        kept = {
            name: value for name, value in token.claims.items() if name not in ("gwk", "gwb", "cnf")
        }
        made = token.signed(claims=kept | chosen)
        return Token(
            made.name, made.text, made.kind, made.key, made.claims,
            crowd.holder if "gwb" in members and members.get("cnf") == "jkt" else None, made.unread,
        )  # fmt: skip

    return make


def by_kind(change: Callable[[Token, Crowd, str], Any], name: str) -> Make:
    """With the name of the other kind at hand."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        other = "sandbox" if token.kind == "production" else "production"
        return token.signed(claims=token.claims | {name: change(token, crowd, other)})

    return make


def twice(name: str, first: Any, *, last: bool) -> Make:
    """A member two times, with the token's own value last or first."""

    def make(token: Token, crowd: Crowd, rng: Random) -> Token:
        value = first(token) if callable(first) else first
        own = json.dumps(token.claims, separators=(",", ":"))
        more = f"{json.dumps(name)}:{json.dumps(value)}"
        text = f"{{{more},{own[1:]}" if last else f"{own[:-1]},{more}}}"
        return token.signed(claims=text)

    return make


def nested(depth: int) -> Make:
    return raw("deep", "[" * depth + "]" * depth)


EXPIRY = [
    Row("expired an hour ago", at("exp", -3600)),
    Row("expired 7 to 9 s ago", at("exp", -9, -7)),
    Row("expired within the skew", at("exp", -4, -1)),
    Row("expires about now", at("exp", -1, 2)),
    Row("exp absent", without("exp")),
    Row("exp null", put(exp=None)),
    Row("exp true", put(exp=True)),
    Row("exp 0", put(exp=0)),
    Row("exp negative", put(exp=-1)),
    Row("exp an array", of(lambda token, crowd: {"exp": [token.claims["exp"]]})),
    Row("exp as text", of(lambda token, crowd: {"exp": str(token.claims["exp"])})),
    Row("exp a whole float", of(lambda token, crowd: {"exp": float(token.claims["exp"])}), NUMBERS),
    Row("exp a fraction", of(lambda token, crowd: {"exp": token.claims["exp"] + 0.5}), NUMBERS),
    Row("exp with an exponent", raw("exp", "2e9"), NUMBERS),
    Row("exp 2^31", put(exp=2**31)),
    Row("exp 2^53", put(exp=2**53), NUMBERS),
    Row("exp 2^63", put(exp=2**63), NUMBERS),
    Row("exp 2^64 and something", put(exp=2**64 + 2**32)),
    Row("exp 10^400", put(exp=10**400)),
    Row("exp infinite", raw("exp", "1e400")),
    Row("exp NaN", raw("exp", "NaN")),
    Row("nbf in an hour", at("nbf", 3600)),
    Row("nbf within the skew", at("nbf", 2, 4)),
    Row("nbf past", at("nbf", -60)),
    Row("nbf as text", put(nbf="1")),
    Row("nbf null", put(nbf=None)),
    Row("nbf a fraction", put(nbf=1.5), NUMBERS),
    Row("nbf negative", put(nbf=-5)),
    Row("nbf 10^30", put(nbf=10**30)),
    Row("iat absent", without("iat"), PRESENCE),
    Row("iat in an hour", at("iat", 3600)),
    Row("iat as text", put(iat="1")),
    Row("iat null", put(iat=None)),
]
ISSUER = [
    Row("iss with a slash", of(lambda token, crowd: {"iss": token.claims["iss"] + "/"})),
    Row("iss of the other kind", by_kind(lambda t, crowd, kind: crowd.site.issuers[kind], "iss")),
    Row("iss of another organization", of(
        lambda token, crowd: {"iss": token.claims["iss"].replace("/default/", "/other/")}
    )),
    Row("iss in capitals", of(lambda token, crowd: {"iss": token.claims["iss"].upper()})),
    Row("iss https", of(lambda token, crowd: {"iss": "https" + token.claims["iss"][4:]})),
    Row("iss with a port less", of(lambda token, crowd: {"iss": "http://127.0.0.1/sts/default"})),
    Row("iss with a space", of(lambda token, crowd: {"iss": token.claims["iss"] + " "})),
    Row("iss absent", without("iss")),
    Row("iss null", put(iss=None)),
    Row("iss an array", of(lambda token, crowd: {"iss": [token.claims["iss"]]})),
    Row("iss a number", put(iss=1)),
]  # fmt: skip


def gateway(token: Token, crowd: Crowd) -> str:
    return crowd.site.gateways[token.kind]


def marker(token: Token, crowd: Crowd) -> str:
    return crowd.site.markers[token.kind]


def revoked(token: Token, crowd: Crowd) -> str:
    """The jti of a token of the same issuer that was revoked by it."""
    claims = next(
        item.claims for item in crowd.ended
        if item.kind == token.kind and item.name.startswith("revoked by jti")
    )  # fmt: skip
    assert claims
    return str(claims["jti"])


AUDIENCE = [
    Row("aud absent", without("aud")),
    Row("aud null", put(aud=None)),
    Row("aud wrong", put(aud="https://api.example")),
    Row("aud empty", put(aud="")),
    Row("aud an empty array", put(aud=[])),
    Row("aud an array of others", put(aud=["https://a.example", "https://b.example"])),
    Row("aud an array with ours", of(lambda t, crowd: {"aud": ["x", gateway(t, crowd)]})),
    Row("aud an array in an array", of(lambda t, crowd: {"aud": [[gateway(t, crowd)]]})),
    Row("aud an array with a number", of(lambda t, crowd: {"aud": [gateway(t, crowd), 1]})),
    Row("aud an object", of(lambda t, crowd: {"aud": {"x": gateway(t, crowd)}})),
    Row("aud a number", put(aud=1)),
    Row("aud ours with a slash", of(lambda t, crowd: {"aud": gateway(t, crowd) + "/"})),
    Row("aud ours without a scheme", of(lambda t, crowd: {"aud": gateway(t, crowd)[7:]})),
    Row("aud ours as https", of(lambda t, crowd: {"aud": "https" + gateway(t, crowd)[4:]})),
    Row("aud ours with a path", of(lambda t, crowd: {"aud": gateway(t, crowd) + "/ledger/v1.0"})),
    Row("aud of the other kind", by_kind(lambda t, crowd, kind: crowd.site.gateways[kind], "aud")),
    Row("aud the client", of(lambda t, crowd: {"aud": t.claims["client_id"]})),
    Row("aud the issuer", of(lambda t, crowd: {"aud": t.claims["iss"]})),
    Row("aud the marker", of(lambda t, crowd: {"aud": marker(t, crowd)})),
    Row("aud two in one", of(lambda t, crowd: {"aud": f"x {gateway(t, crowd)}"})),
    Row("gwa of another API", of(
        lambda t, crowd: {"gwa": f"{marker(t, crowd)[15:]}/near/v1.0", "aud": [marker(t, crowd)]}
    )),
    Row("gwa of ours", of(
        lambda t, crowd: {"gwa": f"{marker(t, crowd)[15:]}/ledger/v1", "aud": [marker(t, crowd)]}
    )),
    Row("gwa in the other kind", by_kind(
        lambda t, crowd, kind: f"{crowd.site.markers[kind][15:]}/ledger/v1", "gwa"
    )),
    Row("gwa without its marker", of(
        lambda t, crowd: {"gwa": f"{marker(t, crowd)[15:]}/ledger/v1", "aud": "https://x.example"}
    )),
    Row("gwa empty", put(gwa="")),
    Row("gwa a number", put(gwa=1)),
    Row("gwa null", put(gwa=None)),
    Row("gwa a list", of(lambda t, crowd: {"gwa": [f"{marker(t, crowd)[15:]}/ledger/v1"]})),
    Row("gwa with a tab", of(lambda t, crowd: {"gwa": f"{marker(t, crowd)[15:]}/ledger/v1\tx"})),
]  # fmt: skip
IDENTITY = [
    Row("jti absent", without("jti"), PRESENCE),
    Row("jti null", put(jti=None)),
    Row("jti empty", put(jti="")),
    Row("jti a number", put(jti=7)),
    Row("jti a list", put(jti=["a"])),
    Row("jti of another alphabet", put(jti="a.b/c+d é")),
    Row("jti of a revoked one", of(lambda token, crowd: {"jti": revoked(token, crowd)})),
    Row("jti of a revoked one in other letters", of(
        lambda token, crowd: {"jti": revoked(token, crowd).swapcase()}
    )),
    Row("client_id absent", without("client_id"), CLIENT),
    Row("client_id of another", of(
        lambda token, crowd: {"client_id": crowd.clients["outsider"].subject(token.kind)[:-2]}
    ), CLIENT),
    Row("client_id a number", put(client_id=1), CLIENT),
    Row("sub absent", without("sub"), CLIENT),
    Row("sub of another", put(sub="somebody")),
    Row("sub a number", put(sub=1)),
    Row("subject absent", without("gwk", "gwb")),
    Row("subject null", as_subject(lambda token, crowd: None)),
    Row("subject a number", as_subject(lambda token, crowd: 1)),
    Row("subject in a list", as_subject(lambda token, crowd: [subject(token)])),
    Row("subject with a space", as_subject(lambda token, crowd: subject(token) + " ")),
    Row("subject before a space", as_subject(lambda token, crowd: " " + subject(token))),
    Row("subject and another", as_subject(lambda token, crowd: f"{subject(token)},x.1")),
    Row("subject of the next generation", as_subject(lambda t, crowd: subject(t)[:-1] + "2")),
    Row("subject of generation 0", as_subject(lambda token, crowd: subject(token)[:-1] + "0")),
    Row("subject without generation", as_subject(lambda token, crowd: subject(token)[:-2])),
    Row("subject of an ended generation", as_subject(
        lambda token, crowd: crowd.clients["renewed"].subject(token.kind)
    )),
    Row("subject of another client", as_subject(
        lambda token, crowd: crowd.clients["patient"].subject(token.kind)
    ), CLIENT),
    Row("subject of one without subscription", as_subject(
        lambda token, crowd: crowd.clients["outsider"].subject(token.kind)
    )),
    Row("subject of a blocked client", as_subject(
        lambda token, crowd: crowd.clients["blocked"].subject(token.kind)
    )),
    Row("subject of the other kind", as_subject(
        lambda token, crowd: crowd.clients["reader"].subject(
            "sandbox" if token.kind == "production" else "production"
        )
    )),
]  # fmt: skip
BINDING = [
    Row("gwb and cnf", bearer(gwb="own", cnf="jkt")),
    Row("gwk and cnf", bearer(gwk="own", cnf="jkt"), BOUND),
    Row("gwk and cnf of a certificate", bearer(gwk="own", cnf="x5t"), BOUND),
    Row("gwb and cnf of a certificate", bearer(gwb="own", cnf="x5t")),
    Row("gwk, gwb and cnf", bearer(gwk="own", gwb="own", cnf="jkt"), PROVEN),
    Row("gwk and gwb", bearer(gwk="own", gwb="own")),
    Row("gwb alone", bearer(gwb="own")),
    Row("gwb of a number", bearer(gwk="own", gwb=1)),
    Row("gwb null", bearer(gwk="own", gwb=None), EMPTY),
    Row("gwb empty", bearer(gwk="own", gwb=""), EMPTY),
    *(
        Row(
            f"{name} and cnf {value!r}",
            bearer(**{name: "own"}, cnf=value),
            BOUND if name == "gwk" else "",
        )
        for name in ("gwk", "gwb")
        for value in (None, {}, [], "", "x", 5, True, {"kid": "x"}, {"jkt": 5}, {"jkt": None})
    ),
]
SCOPE = [
    Row("scope absent", without("scope")),
    Row("scope null", put(scope=None)),
    Row("scope a number", put(scope=1)),
    Row("scope a list", put(scope=["entries:read"])),
    Row("scope with a tab", put(scope="a\tentries:read")),
    Row("scope with commas", put(scope="entries:write,entries:read")),
    Row("scope with two spaces", put(scope="entries:write  entries:read ")),
    Row("scope in capitals", put(scope="ENTRIES:READ")),
    Row("scope longer", put(scope="entries:reader xentries:read")),
    Row("scope of another API", put(scope="urn:default:near:entries:read")),
    Row("scope of another organization", put(scope="urn:other:ledger:entries:read")),
    Row("scope with letters of the world", put(scope="é entries:read")),
]
CONTROLS = [
    Row(f"{name} with {ord(letter):#04x}", put(**{name: f"entries:read{letter}entries:read"}))
    for name in ("scope", "jti", "extra", "gwa")
    for letter in "\x00\x01\n\r\x1f\x7f\x85"
]
ODD = [
    Row("a claim of letters of the world", put(naïve="☃\U0001f600\u202e")),
    Row("a claim of a lone surrogate", raw("odd", '"\\ud800"')),
    Row("an empty name", put(**{"": 1})),
    Row("names of JavaScript", put(__proto__={"scope": "entries:read"}, constructor=1)),
    Row("nested 20 deep", nested(20)),
    Row("nested 90 deep", nested(90)),
    Row("nested 2000 deep", nested(2000)),
    Row("exp twice, the last is good", twice("exp", 1, last=True)),
    Row("exp twice, the first is good", twice("exp", 1, last=False)),
    Row("scope twice", twice("scope", "entries:read", last=False)),
    Row("aud twice, the last is good", twice("aud", "x", last=True)),
    Row("aud twice, the first is good", twice("aud", "x", last=False)),
    Row("iss twice, the last is good", twice("iss", "x", last=True)),
    Row("jti twice, the first is revoked", lambda token, crowd, rng: twice(
        "jti", revoked(token, crowd), last=True
    )(token, crowd, rng)),
    Row("subject twice, the last is good", lambda token, crowd, rng: twice(
        subject_claim(token), "x.1", last=True
    )(token, crowd, rng)),
    Row("5000 bytes of claims", put(much="x" * 4000)),
    Row("9000 bytes of claims", put(much="x" * 6800), LONG),
    Row("40000 bytes of claims", put(much="x" * 30_000), LONG),
    Row("90000 bytes of claims", put(much="x" * 70_000)),
]  # fmt: skip
ROWS = (*EXPIRY, *ISSUER, *AUDIENCE, *IDENTITY, *BINDING, *SCOPE, *CONTROLS, *ODD)
