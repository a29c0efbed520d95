"""From key managers and signers of keys to the IR: whose credentials a front door takes.

Pure; a key manager without a usable key is an error of its own, so that it hurts no other.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gatewright.domain.api import Access, Definition
from gatewright.domain.api_key import ApiKeySigner, api_key_audience, key_issuer, test_key_audience
from gatewright.domain.environment import Environment
from gatewright.domain.errors import Invalid
from gatewright.domain.key_manager import FetchedKeySet, KeyManager, claim_path
from gatewright.gateway.ir import STANDARD_ENTRANCES, EntranceIr, IssuerIr, KeysIr

# What a verifier reads of a key (RFC 7518 §6, RFC 8037 §2). Nothing else of a document that
# somebody publishes reaches Envoy, and a symmetric key never does: whoever reads it could sign.
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"),
}  # fmt: skip
_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "Ed25519": "EdDSA"}
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_PRIVATE = "d"


def issuers_at(managers: Iterable[KeyManager], environment: Environment) -> list[KeyManager]:
    """Those whose tokens are good for APIs there, in the order of their ids."""
    return sorted(
        (item for item in managers if item.opens_apis_in(environment.id)), key=lambda item: item.id
    )


def lower_issuer(manager: KeyManager, fetched: FetchedKeySet | None) -> IssuerIr:
    """A key manager with the keys it has now. Raises Invalid when none of them can verify."""
    text = manager.jwks
    if text is None and fetched is not None and fetched.jwks_uri == manager.jwks_uri:
        text = fetched.jwks
    keys = _public_keys(text, manager.handle)
    return IssuerIr(
        id=manager.id,
        handle=manager.handle,
        issuer=manager.issuer,
        audiences=tuple(sorted(manager.audiences)),
        jwks=keys,
        client_claim=claim_path(manager.client_claim),
        scope_claim=claim_path(manager.scope_claim),
        role_claim=claim_path(manager.role_claim) if manager.role_claim else (),
        role_scopes=tuple(sorted(manager.role_scopes.items())) if manager.role_claim else (),
    )


def lower_keys(
    signers: Iterable[ApiKeySigner], token_issuer: str, environment: Environment
) -> KeysIr | None:
    """Whose API keys and test keys; None while there can not be any."""
    jwks = tuple(item.public_jwk for item in sorted(signers, key=lambda item: item.id))
    if not jwks:
        return None
    return KeysIr(
        issuer=key_issuer(token_issuer),
        api_key_audience=api_key_audience(environment.kind),
        test_key_audience=test_key_audience(environment.id),
        jwks=jwks,
    )


def entrance(access: Access) -> EntranceIr:
    """How callers of an API show who they are, where an operation says nothing else."""
    issuers = None if access.key_managers is None else tuple(sorted(access.key_managers))
    return EntranceIr(access.token_header, issuers, access.api_keys)


def entrances(definitions: Iterable[Definition]) -> tuple[EntranceIr, ...]:
    """Every entrance that these and their operations use, in an order of their own."""
    found = set(STANDARD_ENTRANCES)
    for access in {item.access for item in definitions}:
        whole = entrance(access)
        found |= {whole, EntranceIr(whole.token_header, whole.issuers, api_keys=True)}
    return tuple(sorted(found, key=lambda item: item.name))


def _public_keys(text: str | None, handle: str) -> tuple[str, ...]:
    field = f"key manager {handle}"
    if text is None:
        raise Invalid("its keys were never fetched.", field, "Look at its state, and its jwks_uri.")
    try:
        keys = json.loads(text)["keys"]
        found = [json.dumps(key, sort_keys=True) for item in keys if (key := _public_key(item))]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Invalid("its key set is none (RFC 7517 §5).", field, "Give it anew.") from None
    if not found:
        way_out = "Give RSA, EC or Ed25519 keys for signatures."
        raise Invalid("its key set holds no public key.", field, way_out)
    return tuple(sorted(set(found)))


def _public_key(members: Any) -> dict[str, str] | None:
    """The key with the one algorithm it verifies: without, Envoy would take any for RSA."""
    wanted = _MEMBERS.get(str(members.get("kty"))) if isinstance(members, dict) else None
    if wanted is None or _PRIVATE in members or members.get("use", "sig") != "sig":
        return None
    algorithm = _algorithm(members)
    numbers = {name: members.get(name) for name in wanted}
    if algorithm is None or not all(isinstance(value, str) for value in numbers.values()):
        return None
    kid = members.get("kid")
    named = {"kid": kid} if isinstance(kid, str) else {}
    return {"kty": members["kty"], "alg": algorithm, "use": "sig"} | named | numbers


def _algorithm(members: Mapping[str, Any]) -> str | None:
    stated = members.get("alg")
    if members["kty"] == "RSA":
        usual = "RS256" if stated is None else stated
        return usual if usual in _RSA_ALGORITHMS else None
    usual = _ALGORITHMS.get(str(members.get("crv")))
    also = ("Ed25519",) if usual == "EdDSA" else ()  # RFC 9864
    return usual if stated in (None, usual, *also) else None
