"""The test's own writer of tokens: any header, any claims, any spelling, signed by any key."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jwt as pyjwt
from tests.crypto.holder import Holder

Json = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """A key pair under the name and the one algorithm that an issuer published it with."""

    kid: str
    algorithm: str
    private: Any = field(repr=False)

    def sign(self, signed: bytes, algorithm: str = "") -> bytes:
        """By a library that knows nothing of ours; `algorithm` is another one of the same key."""
        return pyjwt.get_algorithm_by_name(algorithm or self.algorithm).sign(signed, self.private)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        scheme = pyjwt.get_algorithm_by_name(self.algorithm)
        return bool(scheme.verify(signed, self.private.public_key(), signature))


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(text: str | Json) -> str:
    """A segment of text as it stands, or of an object as json writes it."""
    raw = text if isinstance(text, str) else json.dumps(text, separators=(",", ":"))
    return b64(raw.encode())


@dataclass(frozen=True)
class Token:
    """One token of the set. `name` is why it is in it; `claims` is what a reader gets that takes
    the last of repeated members, None when there is nothing to read; `unread` says which part of
    it Envoy does not look at, so that it may let in what the STS refuses."""

    name: str
    text: str
    kind: str
    key: Key
    claims: Json | None
    holder: Holder | None = None
    unread: str = ""

    @property
    def header(self) -> Json:
        return {"alg": self.key.algorithm, "kid": self.key.kid, "typ": "at+jwt"}

    def signed(
        self, header: str | Json | None = None, claims: str | Json | None = None,
        key: Key | None = None, algorithm: str = "",
    ) -> "Token":  # fmt: skip
        """Another header, other claims or another key, and a signature that is right for them."""
        header = self.header if header is None else header
        claims = self.claims if claims is None else claims
        assert claims is not None
        return self.over(compact(header), compact(claims), key, algorithm, claims)

    def over(
        self, header: str, payload: str, key: Key | None = None, algorithm: str = "",
        claims: str | Json | None = None,
    ) -> "Token":  # fmt: skip
        """A signature over these two segments as they are spelled."""
        key, signed = key or self.key, f"{header}.{payload}"
        text = f"{signed}.{b64(key.sign(signed.encode(), algorithm))}"
        read = _read(claims) if isinstance(claims, str) else claims
        return replace(self, text=text, key=key, claims=self.claims if claims is None else read)

    def with_header(self, **members: Any) -> "Token":
        """None leaves a member out."""
        return self.signed(header=_changed(self.header, members))

    def with_claims(self, **members: Any) -> "Token":
        assert self.claims is not None
        return self.signed(claims=_changed(self.claims, members))

    def spelled(self, text: str) -> "Token":
        """The same token, written in another way."""
        return replace(self, text=text)

    @property
    def segments(self) -> list[str]:
        return self.text.split(".")


def _changed(members: Json, changes: Mapping[str, Any]) -> Json:
    return {name: value for name, value in (members | changes).items() if value is not None}


def _read(text: str) -> Json | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
