"""An API (proxy): its address, its definition, its immutable revisions and its deployments."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from gatewright.domain.address import METADATA_NAMES, address_of, is_metadata, is_odd_number
from gatewright.domain.errors import Invalid
from gatewright.domain.lifecycle import State
from gatewright.domain.limit import NO_LIMITS, Limits
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope

OPERATIONS_MAX = 2000
RESERVED_CONTEXTS = frozenset({"/api", "/console"})
"""First segments of the paths that session cookies are for; they know no port (RFC 6265 §8.5)."""
_VERSION = re.compile(r"v(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})")
_CONTEXT_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._~-]{0,62})")


TOKEN_HEADER = "authorization"
BUILT_IN = "sts"
"""What our own token service is called among key managers."""


@dataclass(frozen=True, slots=True)
class Access:
    """How callers of an API show who they are.

    `token_header` is in lower case; the token stands there after `Bearer `. `key_managers` are
    handles; None takes all that the environment has, and `sts` stands for the built-in one.
    With `api_keys` API keys are taken at every operation where their scopes suffice; single
    operations may take them by themselves. Without `subscription_required` any application's
    valid token will do, where its scopes suffice.
    """

    token_header: str = TOKEN_HEADER
    subscription_required: bool = True
    api_keys: bool = False
    key_managers: frozenset[str] | None = None

    def takes(self, handle: str) -> bool:
        """Whether tokens of that key manager count, by its handle or BUILT_IN."""
        return self.key_managers is None or handle in self.key_managers


@dataclass(frozen=True, slots=True)
class Definition:
    """What a revision freezes: operations in the order they are matched, scopes, and access."""

    operations: tuple[Operation, ...]
    scopes: tuple[Scope, ...]
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class Api:
    """An API proxy in one version. `upstreams` and `limits` are by an environment's id, and in
    force from its next deployment on.

    With `approval_required` a new subscription is pending until approved. `deprecated_at` and
    `sunset_at` are told to callers (RFC 9745, RFC 8594).
    """

    id: str
    organization_id: str
    handle: str
    context: str
    version: str
    name: str
    description: str
    state: State
    definition: Definition
    upstreams: dict[str, str]
    created_at: datetime
    updated_at: datetime
    revision: int = 1
    limits: dict[str, Limits] = field(default_factory=dict)
    approval_required: bool = False
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None

    @property
    def major(self) -> int:
        """The major version, which subscriptions cover whole."""
        return version_pair(self.version)[0]

    @property
    def reference(self) -> str:
        """How people name it: `reading-list:v1.0`."""
        return f"{self.handle}:{self.version}"


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable snapshot of a definition. `digest` is the SHA-256 of its canonical JSON."""

    id: str
    organization_id: str
    api_id: str
    number: int
    digest: str
    definition: Definition
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """What an environment served before: a revision by its id, and its upstream."""

    revision_id: str
    upstream: str


HISTORY_MAX = 10


@dataclass(frozen=True, slots=True)
class Deployment:
    """A revision in an environment, with the upstream and limits it was deployed with.

    `history` is what it served before, the newest first, at most HISTORY_MAX of it.
    """

    id: str
    organization_id: str
    api_id: str
    environment_id: str
    revision_id: str
    upstream: str
    deployed_at: datetime
    revision: int = 1
    limits: Limits = NO_LIMITS
    history: tuple[Past, ...] = ()


def version_pair(value: str) -> tuple[int, int]:
    """`v1.2` → (1, 2). Raises Invalid."""
    match = _VERSION.fullmatch(value)
    if not match:
        raise Invalid(f"{value[:40]!r} is not a version.", "version", "Write it as v1.0.")
    return int(match[1]), int(match[2])


def context_path(value: str) -> str:
    """The value if it is one path segment such as `/books`. Raises Invalid."""
    if value.lower() in RESERVED_CONTEXTS:
        raise Invalid(
            f"{value} is reserved: where gateway and console share a host name, the console's"
            " session would go to the API's upstream.",
            "context",
            "Choose another, such as /books.",
        )
    if not value.startswith("/") or not _CONTEXT_SEGMENT.fullmatch(value[1:]):
        raise Invalid(
            f"{value[:80]!r} is not a context.",
            "context",
            "Use one path segment of letters, digits, . _ ~ and -, such as /books.",
        )
    return value


def upstream_url(value: str, field: str = "upstream") -> str:
    """The value without a trailing slash if it is an http(s) base URL. Raises Invalid."""
    way_out = "Use a base URL such as https://books.internal:8443/api."
    if not re.fullmatch(r"[\x21-\x7e]{1,2000}", value):  # urlsplit would drop a line break
        raise Invalid("must be 1 to 2,000 ASCII characters without spaces.", field, way_out)
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise Invalid(f"{value[:200]!r} is not a URL.", field, way_out) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        raise Invalid(f"{value[:200]!r} is not an http or https URL.", field, way_out)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid("credentials, query or fragment can not be part of it.", field, way_out)
    if not re.fullmatch(r"[A-Za-z0-9.\-]{1,253}|[0-9a-fA-F:.]{2,45}", parts.hostname):
        raise Invalid(f"host {parts.hostname[:80]!r} is not valid.", field, way_out)
    _check_host(parts.hostname, field)
    if not re.fullmatch(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*", parts.path):
        raise Invalid("its path holds characters a URL must encode.", field, way_out)
    return value.rstrip("/")


def _check_host(host: str, field: str) -> None:
    """Raise Invalid for hosts that only somebody with bad intentions takes for an upstream."""
    address = address_of(host)
    if is_odd_number(host):
        way_out = "Write an address such as 127.0.0.1 or [::1]."
        raise Invalid(f"host {host[:80]!r} spells an address as numbers.", field, way_out)
    if host.removesuffix(".").lower() in METADATA_NAMES or (address and is_metadata(address)):
        way_out = "Use the address of a service of your own."
        raise Invalid(f"host {host[:80]!r} is where clouds keep credentials.", field, way_out)
    if address and address.is_unspecified:
        raise Invalid(
            f"host {host[:80]!r} is no address to call.", field, "Use 127.0.0.1 or [::1]."
        )
