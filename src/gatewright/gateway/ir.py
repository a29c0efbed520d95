"""What a gateway serves, in our own words: frozen, complete, and free of anything of Envoy's."""

from dataclasses import dataclass, field

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
class OperationIr:
    """An operation; `path` is the template below the API's base."""

    method: str
    path: str
    anonymous: bool
    alternatives: Alternatives
    needs: Needs


@dataclass(frozen=True, slots=True)
class LimitIr:
    """`request_count` calls in `unit_seconds`."""

    request_count: int
    unit_seconds: int


@dataclass(frozen=True, slots=True)
class ApiIr:
    """One API in one environment.

    `bases` are the paths it is served under, own version first; `operations` are in the order
    in which they match; `subjects` are who may call, by subject key, with their plan's limit;
    `metadata_url` is where clients read how to get a token for it (RFC 9728).
    """

    key: str
    environment_id: str
    organization: str
    reference: str
    bases: tuple[str, ...]
    blocked: bool
    operations: tuple[OperationIr, ...]
    subjects: tuple[tuple[str, LimitIr | None], ...]
    upstream: UpstreamIr
    metadata_url: str


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
class StsIr:
    """The token service's front door for TLS. `hop_secret` lets the service believe what the
    gateway says of the client's certificate; it never prints."""

    address: str
    port: int
    tls: TlsIr
    hop_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnvironmentIr:
    """A gateway's front door: where it listens and whose tokens it takes.

    `jwks` are public keys as JSON texts, in the order of their kid.
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
