"""An environment: a gateway of its own, of kind sandbox or production."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What tokens an environment takes: each kind has an issuer and signing keys of its own."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Environment:
    """Where revisions are deployed. `gateway_url` is the public one, without a trailing slash."""

    id: str
    organization_id: str
    handle: str
    name: str
    kind: Kind
    position: int
    gateway_url: str
    created_at: datetime
    revision: int = 1
