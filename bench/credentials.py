"""Makes the signing keys and the good and bad tokens that the peers are tried with.

Gatewright's own tokens come from Gatewright's STS, never from here.
"""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://sts.example/default/production"
AUDIENCE = "https://gateway.example/"
CLIENT = "bench-client"
SCOPE = "books:read"
ALGORITHMS = ("ES256", "RS256")


@dataclass(frozen=True)
class SigningKey:
    """A key pair for one algorithm."""

    algorithm: str
    pair: ECKey | RSAKey

    @classmethod
    def generate(cls, algorithm: str) -> "SigningKey":
        if algorithm == "RS256":
            return cls(algorithm, RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}))
        return cls(algorithm, ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}))

    def write_public_pem(self, path: Path) -> None:
        path.write_bytes(self.pair.as_pem(private=False))

    def sign(self, **changes: object) -> str:
        """An access token as Gatewright makes them, with claims changed or, by None, left out."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": CLIENT,
            "client_id": CLIENT,
            "aud": AUDIENCE,
            "scope": f"{SCOPE} orders:read",
            "iat": now,
            "exp": now + 24 * 3600,
            "jti": base64.urlsafe_b64encode(str(time.time_ns()).encode()).decode().rstrip("="),
            **changes,
        }
        header = {"alg": self.algorithm, "kid": self.pair.kid, "typ": "at+jwt"}
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, present, self.pair, algorithms=[self.algorithm])


@dataclass(frozen=True)
class Trial:
    """A token under the name of what is wrong with it, and the status it must get."""

    name: str
    token: str | None
    status: int


def trials(key: SigningKey) -> Iterator[Trial]:
    """What a gateway must let in and refuse before its speed means anything."""
    good = key.sign()
    head, payload, signature = good.split(".")
    other_payload = key.sign(client_id="someone-else").split(".")[1]
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    yield Trial("good token", good, 200)
    yield Trial("no token", None, 401)
    yield Trial("no JWT at all", "not-a-token", 401)
    yield Trial("expired a minute ago", key.sign(exp=int(time.time()) - 60), 401)
    yield Trial("without an expiry", key.sign(exp=None), 401)
    yield Trial("signed by another key", SigningKey.generate(key.algorithm).sign(), 401)
    yield Trial("payload of another token", f"{head}.{other_payload}.{signature}", 401)
    yield Trial("no signature, alg none", f"{unsigned}.{payload}.", 401)
    yield Trial("other issuer", key.sign(iss="https://evil.example"), 401)
    yield Trial("other audience", key.sign(aud="https://elsewhere.example/"), 401)
    yield Trial("without the scope", key.sign(scope="orders:read"), 403)
    yield Trial("a longer scope only", key.sign(scope=f"{SCOPE}:all x{SCOPE}"), 403)
    yield Trial("no scope claim", key.sign(scope=None), 403)
