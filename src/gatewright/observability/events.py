"""The events that parts of Gatewright report; each is a small typed value without any secret.

`name` and `level` belong to the class; the fields become members of the log line.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """The root. A subclass sets `name` in the form `noun.verb` and, if not info, its level."""

    name: ClassVar[str] = "event"
    level: ClassVar[str] = "info"


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A process serves; `address` is where."""

    name: ClassVar[str] = "process.started"
    address: str


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """A process has drained and ends."""

    name: ClassVar[str] = "process.stopped"


@dataclass(frozen=True, slots=True)
class StoreLost(Event):
    """The database is away; the part serves on with what it last read."""

    name: ClassVar[str] = "store.lost"
    level: ClassVar[str] = "warning"
    reason: str


@dataclass(frozen=True, slots=True)
class StoreFound(Event):
    """The database answers again."""

    name: ClassVar[str] = "store.found"


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """An error nobody expected; `trace` is the stack without the values in it."""

    name: ClassVar[str] = "part.failed"
    level: ClassVar[str] = "error"
    where: str
    kind: str
    trace: str


@dataclass(frozen=True, slots=True)
class Line(Event):
    """A line of a library that logs by itself."""

    name: ClassVar[str] = "library.line"
    level: ClassVar[str] = "warning"
    library: str
    text: str


@dataclass(frozen=True, slots=True)
class TokensIssued(Event):
    """How many tokens were issued since the last such event."""

    name: ClassVar[str] = "tokens.issued"
    count: int


@dataclass(frozen=True, slots=True)
class RequestRefused(Event):
    """The STS refused a request. `client_id` is what the caller claimed to be, cut and cleaned.

    `suppressed` counts the refusals since the last event that were not written for their number.
    """

    name: ClassVar[str] = "request.refused"
    endpoint: str
    issuer: str
    client_id: str
    error: str
    address: str
    suppressed: int


@dataclass(frozen=True, slots=True)
class TokenRevoked(Event):
    """A token was revoked; a `jti` opens nothing and may be told."""

    name: ClassVar[str] = "token.revoked"
    issuer: str
    client_id: str
    jti: str


@dataclass(frozen=True, slots=True)
class Audited(Event):
    """A change was committed, with its audit record: who did what to what."""

    name: ClassVar[str] = "change.audited"
    organization_id: str
    actor: str
    action: str
    subject: str
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class WayInExpires(Event):
    """A secret or authenticator ends soon; `last` means that nothing else then opens."""

    name: ClassVar[str] = "credential.expires"
    level: ClassVar[str] = "warning"
    organization: str
    application: str
    kind: str
    client_id: str
    way: str
    id: str
    expires_at: datetime
    last: bool
    used: bool


@dataclass(frozen=True, slots=True)
class ApiKeyExpires(Event):
    """An API key ends soon, by its own expiry or as another took its place."""

    name: ClassVar[str] = "api-key.expires"
    level: ClassVar[str] = "warning"
    organization: str
    application: str
    kind: str
    key_name: str
    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DomainExpires(Event):
    """The certificate of a domain ends soon or has ended, so that no client takes it any more."""

    name: ClassVar[str] = "domain.expires"
    level: ClassVar[str] = "warning"
    organization: str
    host: str
    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeysLost(Event):
    """The keys of a client or of an outside issuer could not be read; known ones stay in use."""

    name: ClassVar[str] = "keys.lost"
    level: ClassVar[str] = "warning"
    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class TokenIssued(Event):
    """A token was made; `scopes` is how many it carries. Never the token."""

    name: ClassVar[str] = "token.issued"
    issuer: str
    client_id: str
    jti: str
    grant: str
    scopes: int


@dataclass(frozen=True, slots=True)
class EventsLost(Event):
    """So many token events were not written, as too many were waiting; the tokens are counted."""

    name: ClassVar[str] = "events.lost"
    level: ClassVar[str] = "warning"
    count: int


@dataclass(frozen=True, slots=True)
class ClientRegistered(Event):
    """A client registered itself."""

    name: ClassVar[str] = "client.registered"
    organization: str
    client_id: str
    address: str


@dataclass(frozen=True, slots=True)
class RegistrationRefused(Event):
    """A registration, or a change of one, was refused; `organization` is as the path spells it."""

    name: ClassVar[str] = "registration.refused"
    level: ClassVar[str] = "warning"
    endpoint: str
    organization: str
    error: str
    address: str


@dataclass(frozen=True, slots=True)
class KeySetFetched(Event):
    """A key manager's keys are others than before, or are read again after failures."""

    name: ClassVar[str] = "key_set.fetched"
    organization: str
    key_manager: str
    keys: int


@dataclass(frozen=True, slots=True)
class KeySetFailed(Event):
    """A key manager's keys can not be read from now on; those that are there stay."""

    name: ClassVar[str] = "key_set.failed"
    level: ClassVar[str] = "warning"
    organization: str
    key_manager: str
    reason: str
