"""What was shown: which kind of credential it is, who made it, and whether that can be believed.

It reads a JWT as Envoy does, which is more lenient than `crypto.foreign`: an explanation has to
come to the gateway's verdict, and lets nobody in.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from gatewright.control.desk import Desk
from gatewright.control.explain.steps import Refused
from gatewright.control.explain.target import Target
from gatewright.crypto import foreign
from gatewright.crypto.foreign import ForeignKey
from gatewright.domain.api_key import (
    API_KEY_HEADER,
    API_KEY_PREFIX,
    TEST_KEY_HEADER,
    key_issuer,
    test_key_audience,
)
from gatewright.domain.environment import Kind
from gatewright.domain.token import issuer

TOKEN_CHARACTERS_MAX = 32_768
_SCHEMES = ("bearer", "dpop")
_NUMBERS = ("exp", "nbf", "iat")
INVALID = "900901"
MISSING = "900902"


@dataclass(frozen=True, slots=True)
class Shown:
    """A JWT as it was shown, with the header of the call that it stands in, in lower case."""

    header: str
    scheme: str | None
    head: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def iss(self) -> str:
        """Who it says made it."""
        found = self.claims.get("iss")
        return found if isinstance(found, str) else ""


def read(desk: Desk, target: Target, text: str, header: str | None) -> Shown:
    """What was pasted: a bare token or key, or a whole header's line. Raises Refused."""
    name, scheme, bare = _pasted(text)
    given = header.strip().lower() if header else name
    access = target.definition.access
    if not bare:
        raise Refused(
            "credential", 401, MISSING, "There is nothing.",
            f"Send one in {access.token_header}: Bearer …",
        )  # fmt: skip
    is_key = bare.startswith(API_KEY_PREFIX)
    parts = _parts(bare.removeprefix(API_KEY_PREFIX) if is_key else bare)
    usual = access.token_header
    if is_key:
        usual = API_KEY_HEADER
    elif parts is not None and _is_test_key(desk, parts[1]):
        usual = TEST_KEY_HEADER
    used = given or usual
    _check_header(desk, target, used, is_key=is_key)
    if name is not None and scheme is None and used == access.token_header:
        raise Refused(
            "credential", 401, INVALID if " " in bare else MISSING,
            "It does not stand behind Bearer.", f"Send it as {access.token_header}: Bearer …",
        )  # fmt: skip
    if parts is None:
        raise Refused(
            "credential", 401, INVALID, "It is no signed JWT in three parts.",
            "Copy it whole: opaque tokens of a key manager have to be switched to JWT there.",
        )  # fmt: skip
    head, claims, signed, signature = parts
    return Shown(used, scheme, head, claims, signed, signature)


def _pasted(text: str) -> tuple[str | None, str | None, str]:
    """A header's name, a scheme and the rest, of which the first two may be missing."""
    line = text.strip()
    name, colon, rest = line.partition(":")
    found = None
    if colon and name.replace("-", "").isalnum() and " " not in name:
        found, line = name.lower(), rest.strip()
    scheme, space, rest = line.partition(" ")
    if space and scheme.lower() in _SCHEMES:
        return found, scheme.lower(), rest.strip()
    return found, None, line


def _check_header(desk: Desk, target: Target, used: str, *, is_key: bool) -> None:
    """Raise Refused where the gateway does not look, or finds there what can not be one."""
    access, way_out = target.definition.access, f"Send it as {API_KEY_HEADER}: {API_KEY_PREFIX}…"
    if used == access.token_header or used == TEST_KEY_HEADER:
        if used == TEST_KEY_HEADER and not _has_signer(desk, target):
            raise Refused("credential", 401, MISSING, "No test key was ever made here.", None)
        if is_key:
            reason = f"An API key is read in the header {API_KEY_HEADER} only, not in {used[:60]}."
            raise Refused("credential", 401, INVALID, reason, way_out)
        return
    if used != API_KEY_HEADER:
        reason = f"This API reads nothing in the header {used[:60]}."
        usual = way_out if is_key else f"Send it as {access.token_header}: Bearer …"
        raise Refused("credential", 401, MISSING, reason, usual)
    if not (access.api_keys or target.operation.api_key) or not _has_signer(desk, target):
        raise Refused(
            "credential", 401, MISSING, "This operation takes no API keys.",
            "Use an access token, or have API keys switched on for it.",
        )  # fmt: skip
    if not is_key:
        reason = f"An API key begins with {API_KEY_PREFIX}."
        raise Refused("credential", 401, MISSING, reason, "Copy it whole.")


def _has_signer(desk: Desk, target: Target) -> bool:
    kind = target.environment.kind
    return desk.tx.api_key_signers.count(organization_id=desk.organization.id, kind=kind) > 0


def _is_test_key(desk: Desk, claims: Mapping[str, Any]) -> bool:
    handle, start = desk.organization.handle, test_key_audience("")
    ours = {key_issuer(issuer(desk.addresses.sts, handle, kind)) for kind in Kind}
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    return claims.get("iss") in ours and any(str(item).startswith(start) for item in named)


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes] | None:
    """Header, claims, what is signed, and the signature; None for what Envoy takes for no JWT."""
    segments = [part for part in text.split(".") if part]
    if len(segments) != 3 or len(text) > TOKEN_CHARACTERS_MAX:
        return None
    head, claims = _object(segments[0]), _object(segments[1])
    signature = _bytes(segments[2])
    if head is None or claims is None or signature is None:
        return None
    if not isinstance(head.get("alg"), str) or not isinstance(head.get("kid", ""), str):
        return None
    numbers = [claims[name] for name in _NUMBERS if name in claims]
    if any(isinstance(x, bool) or not isinstance(x, int | float) or x < 0 for x in numbers):
        return None
    if any(not isinstance(claims.get(name, ""), str) for name in ("iss", "sub", "jti")):
        return None
    return head, claims, f"{segments[0]}.{segments[1]}".encode(), signature


def _object(segment: str) -> dict[str, Any] | None:
    raw = _bytes(segment)
    try:
        found = None if raw is None else json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _bytes(segment: str) -> bytes | None:
    bare = segment.rstrip("=")
    if not bare.isascii() or not bare.replace("-", "").replace("_", "").isalnum():
        return None
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return None


def audience_names(claims: Mapping[str, Any]) -> list[str]:
    """Whom a token is meant for, as Envoy compares: without the scheme and a slash at the end."""
    value = claims.get("aud")
    named = value if isinstance(value, list) else [value]
    return [plain_audience(item) for item in named if isinstance(item, str)]


def plain_audience(name: str) -> str:
    """A name without its scheme and a slash at its end."""
    for scheme in ("https://", "http://"):
        if name.startswith(scheme):
            name = name[len(scheme) :]
            break
    return name.removesuffix("/")


def signed_by(shown: Shown, keys: tuple[ForeignKey, ...]) -> str | None:
    """None when one of the keys signed it, else why it is not believed."""
    algorithm, kid = shown.head["alg"], shown.head.get("kid", "")
    named = [key for key in keys if not kid or not key.kid or key.kid == kid]
    if not named:
        return f"No key of its issuer has the kid {kid[:100]!r}."
    fitting = [key for key in named if _algorithm(key) == algorithm]
    if not fitting:
        return f"Its algorithm is {algorithm[:20]}, and its issuer's key is for another."
    if any(foreign.is_signed_by(key, shown.signed, _read(key, shown)) for key in fitting):
        return None
    return "Its signature is wrong."


def _read(key: ForeignKey, shown: Shown) -> bytes:
    """What Envoy reads of the signature: on a curve its two numbers, and nothing behind them."""
    if not isinstance(key.key, ec.EllipticCurvePublicKey):
        return shown.signature
    return shown.signature[: 2 * ((key.key.curve.key_size + 7) // 8)]


def _algorithm(key: ForeignKey) -> str:
    return "EdDSA" if key.algorithm == "Ed25519" else key.algorithm
