"""An issuer: an organization's token service for one kind of environment, ready for use."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.crypto.jose import VerificationKey
from gatewright.crypto.signing import Signer
from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization


@dataclass(frozen=True, slots=True)
class Issuer:
    """`environments` maps each audience (a gateway's public URL) to the id of its environment.

    `sign` and `sign_introspection` (RFC 9701) are None when no key is active; `keys` verify, by
    kid; `jwks` is the published document.
    """

    organization: Organization
    kind: Kind
    url: str
    environments: Mapping[str, str]
    sign: Signer | None = field(repr=False)
    keys: Mapping[str, VerificationKey] = field(repr=False)
    jwks: bytes
    sign_introspection: Signer | None = field(default=None, repr=False)
