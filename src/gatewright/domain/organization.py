"""An organization: the tenant that everything else belongs to."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant. `handle` is part of its issuers and scope names, and never changes."""

    id: str
    handle: str
    name: str
    signing_algorithm: str
    created_at: datetime
    revision: int = 1
