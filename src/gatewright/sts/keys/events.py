"""What the keeper of keys reports; a kid is public and may be told."""

from dataclasses import dataclass
from typing import ClassVar

from gatewright.observability.events import Event


@dataclass(frozen=True, slots=True)
class KeyEvent(Event):
    """Something happened to a signing key of an issuer."""

    organization: str
    kind: str
    kid: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class KeyAnnounced(KeyEvent):
    """It is published, and does not sign yet."""

    name: ClassVar[str] = "key.announced"


@dataclass(frozen=True, slots=True)
class KeyActivated(KeyEvent):
    """It signs from now on: every connected gateway has it."""

    name: ClassVar[str] = "key.activated"


@dataclass(frozen=True, slots=True)
class KeyRetired(KeyEvent):
    """It signs no more, and verifies until its last token has expired."""

    name: ClassVar[str] = "key.retired"


@dataclass(frozen=True, slots=True)
class KeyRemoved(KeyEvent):
    """It is published no more."""

    name: ClassVar[str] = "key.removed"
