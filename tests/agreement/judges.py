"""Who is asked about a token: the gateway, the STS by introspection, a strict reader of JWTs."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt as pyjwt
from tests.agreement.signing import Key, Token
from tests.agreement.site import ANY, API, SCOPED, Site

SKEW_SECONDS = 5
YEAR_9999 = 253_402_300_799
READ_BY_THE_GATEWAY = ("iss", "aud", "exp", "nbf", "scope", "gwa", "gwk", "gwb", "cnf", "jti")


@dataclass(frozen=True)
class Verdict:
    """Statuses of the gateway for an operation that any token may call, for one that needs a
    scope, and for the first with a bound token as a plain bearer; what introspection said; and
    the seconds before and after the gateway was asked, and after the STS was."""

    any: int
    scoped: int
    unproven: int | None
    told: dict[str, Any]
    times: tuple[float, float, float]

    @property
    def let_in(self) -> bool:
        return self.any == 200

    @property
    def active(self) -> bool:
        return self.told.get("active") is True


def judge(site: Site, token: Token) -> Verdict:
    """The gateway first: what the STS calls active afterwards has been good all the time."""
    before = time.time()
    statuses = call(site, token, ANY), call(site, token, SCOPED)
    confirmed = token.claims is not None and bool(token.claims.get("cnf"))
    unproven = call(site, token, ANY, proven=False) if confirmed else None
    between = time.time()
    told = introspect(site, token.kind, token.text)
    return Verdict(*statuses, unproven, told, (before, between, time.time()))


def call(site: Site, token: Token, path: str, *, proven: bool = True) -> int:
    url = f"{site.gateways[token.kind]}/{API}/v1.0{path}"
    headers = {"Authorization": f"Bearer {token.text}"}
    if token.holder and proven:
        now = int(time.time())
        proof = token.holder.proof(now, htm="GET", htu=url, access_token=token.text)
        headers = {"Authorization": f"DPoP {token.text}", "DPoP": proof}
    return site.wire.send("GET", url, headers)[0]


def introspect(site: Site, kind: str, text: str) -> dict[str, Any]:
    """What a client that may see all is told; anything but 200 is kept under `status`."""
    url = site.issuers[kind] + "/introspect"
    headers = {"Authorization": site.auditor.basic(kind)}
    status, answer = site.wire.send("POST", url, headers, urlencode({"token": text}))
    return dict(json.loads(answer)) if status == 200 else {"status": status}


def addressed(site: Site, token: Token, told: dict[str, Any]) -> bool:
    """Whether a token is for the API that is called (RFC 9068 §4), by what the STS tells of it
    and, as introspection does not tell `gwa`, by that."""
    named = told.get("aud")
    audience = [named] if isinstance(named, str) else named
    if not isinstance(audience, list):
        return False
    gateway, marker = site.gateways[token.kind], site.markers[token.kind]
    narrowed = (token.claims or {}).get("gwa")
    if narrowed is None:
        return gateway in audience or marker in audience
    place = marker.rpartition(":")[2]
    ours = {f"{place}/{API}/{version}" for version in ("v1.0", "v1")}
    texts = narrowed.split(" ") if isinstance(narrowed, str) else ()
    return (gateway in audience or marker in audience) and bool(ours.intersection(texts))


def truly_signed(token: Token) -> bool:
    """Whether the key really signed the text as it came, however its signature is spelled."""
    parts = token.text.strip(" \t.,").split(".")
    if len(parts) != 3:
        return False
    signature = parts[2].rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    return any(token.key.verifies(f"{head}.{body}".encode(), raw) for head, body in _pairs(parts))


def _pairs(parts: list[str]) -> list[tuple[str, str]]:
    """As they came, and without the padding that some readers take off."""
    return [(parts[0], parts[1]), (parts[0].rstrip("="), parts[1].rstrip("="))]


def in_the_skew(token: Token, verdict: Verdict) -> bool:
    """Whether the two may differ by the clock: expired for the STS, and not yet for Envoy, which
    forgives 5 s and counts whole seconds; or not begun, in the same way."""
    claims, (before, between, after) = token.claims or {}, verdict.times
    expiry, beginning = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expiry, (int, float)) or not isinstance(beginning, (int, float)):
        return False
    expired = int(expiry) <= after and before < int(expiry) + SKEW_SECONDS + 1
    early = int(before) < beginning <= between + SKEW_SECONDS
    return expired or early


def twin(token: Token, verdict: Verdict) -> Token | None:
    """The token that the STS would have written to say the same to the gateway: the claims that
    the gateway reads, in the one spelling, and the rest as for their subject. A time within the
    skew is moved to where both agree, so that the clock is no reason for anything else."""
    if token.claims is None:
        return None
    read = {name: token.claims[name] for name in READ_BY_THE_GATEWAY if name in token.claims}
    if "gwk" in read:
        for name in ("cnf", "gwb"):
            read.pop(name, None)
    subject, jti = str(read.get("gwk") or read.get("gwb") or ""), read.get("jti")
    client = subject.rpartition(".")[0]
    now = int(time.time())
    filled = {
        "jti": jti if isinstance(jti, str) else f"twin{jti}",
        "client_id": client, "sub": client, "iat": now, "exp": min(int(read["exp"]), YEAR_9999),
    }  # fmt: skip
    if in_the_skew(token, verdict):
        filled["exp"] = now + 60
        read.pop("nbf", None)
    if "nbf" in read:
        filled["nbf"] = int(read["nbf"])
    return token.signed(claims=read | filled)


def strictly_valid(site: Site, token: Token, published: Mapping[str, Key], now: float) -> bool:
    """RFC 9068 §4 and §2.2 by PyJWT, which shares nothing with either side; that `now` is past is
    forgiven."""
    try:
        header = pyjwt.get_unverified_header(token.text)
        if header.get("typ") != "at+jwt" or "crit" in header:
            return False
        key = published[header["kid"]]
        claims = pyjwt.decode(
            token.text, key.private.public_key(), algorithms=[key.algorithm],
            issuer=site.issuers[token.kind],
            leeway=time.time() - now + 1,
            options={
                "require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
                "verify_aud": False, "verify_iat": False,
            },
        )  # fmt: skip
    except (pyjwt.InvalidTokenError, KeyError):
        return False
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    ours = {_bare(site.gateways[token.kind]), _bare(site.markers[token.kind])}
    texts = all(isinstance(claims[name], str) for name in ("sub", "client_id", "jti"))
    return texts and bool(ours & {_bare(item) for item in named})


def _bare(audience: str) -> str:
    """As Envoy compares audiences: without scheme and without a slash at the end. Ours stay
    different from each other that way."""
    return audience.removeprefix("http://").removeprefix("https://").removesuffix("/")
