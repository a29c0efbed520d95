"""API keys and test keys as text: signed by a key that signs nothing else, and recognisable."""

import re
from collections.abc import Mapping

import orjson

from gatewright.crypto import jwk, sealed_key
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.sealed_key import SealedKey
from gatewright.crypto.secrets import SecretText
from gatewright.crypto.signing import signer_over
from gatewright.domain.api_key import API_KEY_PREFIX, ApiKeySigner
from gatewright.domain.world import World

ALGORITHM = jwk.ES256
TYPE = "JWT"
"""Not that of access tokens (RFC 9068 §2.1), whose verifiers thereby take no key."""

KID_BYTES = 16
GENERATED = re.compile(
    API_KEY_PREFIX + r"eyJ[A-Za-z0-9_-]{20,400}\.eyJ[A-Za-z0-9_-]{40,8000}\.[A-Za-z0-9_-]{86}"
)
"""The pattern that secret scanners may use; the signature of ES256 has 86 characters."""


def make_signer(keyring: Keyring, world: World) -> tuple[str, SealedKey]:
    """A new key pair that will sign keys, with its kid; stored nowhere yet."""
    kid = jwk.base64url(world.random_bytes(KID_BYTES))
    return kid, sealed_key.make(keyring, world, ALGORITHM, kid, seal_context(kid))


def sign(keyring: Keyring, signer: ApiKeySigner, claims: Mapping[str, object]) -> SecretText:
    """A test key: the JWT of the claims. Raises Unavailable when the signer does not open."""
    sealed, context = signer.sealed_private_key, seal_context(signer.id)
    raw = sealed_key.open_signer(keyring, sealed, context, ALGORITHM)
    token = signer_over(raw, ALGORITHM, signer.id, TYPE)(orjson.dumps(claims))
    return SecretText(token.decode())


def sign_api_key(
    keyring: Keyring, signer: ApiKeySigner, claims: Mapping[str, object]
) -> SecretText:
    """An API key: the same behind its prefix. Raises Unavailable when the signer does not open."""
    return SecretText(API_KEY_PREFIX + sign(keyring, signer, claims).reveal())


def seal_context(kid: str) -> str:
    """What a sealed private half is bound to, so that no other key can be put in its place."""
    return f"API key signer {kid}"
