"""A token endpoint as a benchmark sees it: how to ask, and what its answer must be.

An endpoint is timed only after its token has been verified with the keys that it publishes, and
after it has refused a wrong secret.
"""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

from bench import load
from bench.credentials import SCOPE


class WrongTokenError(Exception):
    """The endpoint's answer is not the token that was asked for, so its speed says nothing."""


@dataclass(frozen=True)
class TokenEndpoint:
    """Where to ask for a token by client_credentials and client_secret_basic, and with what.

    `others` are further clients, ids and secrets, that a load asks for in turn.
    """

    url: str
    jwks_url: str
    issuer: str
    algorithm: str
    client_id: str
    client_secret: str
    body: str
    others: Sequence[tuple[str, str]] = ()

    @property
    def authorization(self) -> str:
        return _basic(self.client_id, self.client_secret)

    def load(self) -> load.Load:
        """A token for each client in turn."""
        parts = urlsplit(self.url)
        clients = [(self.client_id, self.client_secret), *self.others]
        calls = [load.Call(parts.path, _basic(*client)) for client in clients]
        return load.Load(f"{parts.scheme}://{parts.netloc}", calls, "POST", self.body)

    def ask(self) -> tuple[int, dict[str, object]]:
        """One request for a token: the status and the JSON of the answer."""
        request = urllib.request.Request(
            self.url,
            self.body.encode(),
            {
                "Authorization": self.authorization,
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)


def _basic(client_id: str, client_secret: str) -> str:
    # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def prove(endpoint: TokenEndpoint) -> None:
    """Raise unless the endpoint gives a right token, and none for a wrong secret."""
    status, answer = endpoint.ask()
    if status != 200:
        raise WrongTokenError(f"{endpoint.url}: {status} {answer}")
    with urllib.request.urlopen(endpoint.jwks_url, timeout=10) as published:
        keys = KeySet.import_key_set(json.load(published))
    algorithm = endpoint.algorithm
    token = jwt.decode(str(answer["access_token"]), keys, algorithms=[algorithm])
    claims = token.claims
    expected = {
        "signed by the algorithm asked for": token.header.get("alg") == algorithm,
        "of type at+jwt": token.header.get("typ") == "at+jwt",
        "by its issuer": claims.get("iss") == endpoint.issuer,
        "for the client": claims.get("client_id") == endpoint.client_id,
        "with the scope": SCOPE in str(claims.get("scope")).split(),
        "alive": float(claims.get("exp", 0)) > time.time(),
        "with an id": bool(claims.get("jti")),
        "for an audience": bool(claims.get("aud")),
    }
    wrong = [name for name, holds in expected.items() if not holds]
    if wrong:
        raise WrongTokenError(f"{endpoint.url}: token is not {', not '.join(wrong)}: {claims}")
    if endpoint.ask()[1].get("access_token") == answer["access_token"]:
        raise WrongTokenError(f"{endpoint.url}: gives the same token twice")
    if replace(endpoint, client_secret="wrong").ask()[0] != 401:
        raise WrongTokenError(f"{endpoint.url}: a wrong secret is not refused with 401")
