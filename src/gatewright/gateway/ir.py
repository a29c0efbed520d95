"""What a gateway serves, in our own words: frozen, complete, and free of anything of Envoy's."""

from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.domain.api import TOKEN_HEADER
from gatewright.domain.operation import Alternatives

Needs = tuple[tuple[tuple[str, ...], ...], ...]
"""Alternatives of all-of of spellings: any one outer item suffices; of it every scope, each of
which may be spelled in any of the inner ways (short, qualified)."""


@dataclass(frozen=True, slots=True)
class UpstreamIr:
    """Where calls go: `path` is the base path without a trailing slash, often empty."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header for it (RFC 9110 §7.2): without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class EntranceIr:
    """How callers show who they are: the header of the token, in lower case, whose tokens (handles
    of key managers in order, `sts` being our own; None takes all), and whether API keys count."""

    token_header: str = TOKEN_HEADER
    issuers: tuple[str, ...] | None = None
    api_keys: bool = False

    @property
    def name(self) -> str:
        """The same for the same entrance, whatever key managers there are."""
        if (self.token_header, self.issuers) == (TOKEN_HEADER, None):
            return "token+key" if self.api_keys else "token"
        issuers = "*" if self.issuers is None else ",".join(self.issuers)
        return f"{self.token_header}|{issuers}" + ("|key" if self.api_keys else "")


STANDARD_ENTRANCES = (EntranceIr(), EntranceIr(api_keys=True))
"""Those that are there whether an API uses them or not, so that most deploys change no front
door."""


@dataclass(frozen=True, slots=True)
class LimitIr:
    """`request_count` calls in `unit_seconds`."""

    request_count: int
    unit_seconds: int

    @property
    def name(self) -> str:
        """The same for the same limit."""
        return f"{self.request_count}/{self.unit_seconds}s"


@dataclass(frozen=True, slots=True)
class PlanIr:
    """What a plan lets each subscriber do: `quota` in all, and of it `burst` at once. Without
    `stops` calls over the quota pass."""

    id: str
    quota: LimitIr
    burst: LimitIr | None = None
    stops: bool = True

    @property
    def is_plain(self) -> bool:
        """A quota that stops, and nothing else."""
        return self.burst is None and self.stops


class SubjectState(StrEnum):
    """Whether somebody who is known may call."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class SubjectIr:
    """Somebody an API knows, by subject key; `plan` is the id of the plan it is counted by, and
    whether that `is_plain`, as PlanIr says it."""

    key: str
    state: SubjectState = SubjectState.ACTIVE
    plan: str | None = None
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class OperationIr:
    """An operation; `path` is the template below the API's base.

    `takes_keys` says whether API keys count at all, `any_key` that one suffices whatever its
    scopes.
    """

    method: str
    path: str
    anonymous: bool
    alternatives: Alternatives
    needs: Needs
    takes_keys: bool = False
    any_key: bool = False
    limit: LimitIr | None = None


@dataclass(frozen=True, slots=True)
class ApiIr:
    """One API in one environment.

    `bases` are the paths it is served under, own version first; `operations` are in the order
    in which they match; `subjects` are whom it knows, in the order of their keys; `metadata_url`
    is where clients read how to get a token for it (RFC 9728). All minor versions have one
    `family`, within which a plan counts. Without `subscription_required` a client of our own need
    not be known. `limit` is for all callers together; `notices` are headers of every answer.
    """

    key: str
    environment_id: str
    organization: str
    reference: str
    bases: tuple[str, ...]
    blocked: bool
    operations: tuple[OperationIr, ...]
    subjects: tuple[SubjectIr, ...]
    upstream: UpstreamIr
    metadata_url: str
    entrance: EntranceIr = EntranceIr()
    family: str = ""
    subscription_required: bool = True
    limit: LimitIr | None = None
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceIr:
    """An address of the gateway and the API that answers there."""

    environment_id: str
    context: str
    version: str
    api_key: str

    @property
    def name(self) -> str:
        """Unique in the gateway."""
        return f"{self.environment_id}{self.context}/{self.version}"


@dataclass(frozen=True, slots=True)
class TlsIr:
    """With what a listener ends TLS: paths of PEM files."""

    certificate_file: str
    key_file: str


@dataclass(frozen=True, slots=True)
class SecretIr:
    """A certificate chain with its private key, as PEM texts, by the name that listeners use."""

    name: str
    chain: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StsIr:
    """The token service's front door for TLS. `hop_secret` lets the service believe what the
    gateway says of the client's certificate; it never prints."""

    address: str
    port: int
    tls: TlsIr
    hop_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuerIr:
    """A key manager as a gateway sees it. Claims are paths from the outside in; `jwks` are public
    keys as JSON texts, `role_scopes` the scopes that each role stands for, in the order of the
    roles."""

    id: str
    handle: str
    issuer: str
    audiences: tuple[str, ...]
    jwks: tuple[str, ...]
    client_claim: tuple[str, ...]
    scope_claim: tuple[str, ...]
    role_claim: tuple[str, ...] = ()
    role_scopes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KeysIr:
    """Whose API keys and test keys a gateway takes; `jwks` as in EnvironmentIr, never empty."""

    issuer: str
    api_key_audience: str
    test_key_audience: str
    jwks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentIr:
    """A gateway's front door: where it listens and whose tokens it takes.

    `jwks` are public keys as JSON texts, in the order of their kid; `issuers` the key managers
    beside our own, `entrances` every one that an API here asks for; `plans` those of the
    organization that limit anything, `limits` every one that an API or operation here has.
    """

    id: str
    handle: str
    address: str
    port: int
    audience: str
    issuer: str
    realm: str
    deny_list: str
    jwks: tuple[str, ...]
    tls: TlsIr | None = None
    issuers: tuple[IssuerIr, ...] = ()
    keys: KeysIr | None = None
    entrances: tuple[EntranceIr, ...] = STANDARD_ENTRANCES
    plans: tuple[PlanIr, ...] = ()
    limits: tuple[LimitIr, ...] = ()


@dataclass(frozen=True, slots=True)
class DoorIr:
    """A domain and the environment it leads to; `hosts` are all the domains of that one."""

    id: str
    host: str
    hosts: tuple[str, ...]
    environment: EnvironmentIr
