"""One full row of each noun, with every field unlike its default, and rows to fill a store with."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gatewright.domain.api import Access, Api, Definition, Deployment, Past, Revision
from gatewright.domain.api_key import ApiKey, ApiKeySigner
from gatewright.domain.application import Application
from gatewright.domain.audit import AuditRecord
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.credential import Credential, Secret
from gatewright.domain.domain_name import DomainName
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.idempotency import KeptAnswer
from gatewright.domain.key_manager import ExternalClient, FetchedKeySet, KeyManager
from gatewright.domain.lifecycle import State
from gatewright.domain.limit import Limits, Rate
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.domain.operation import Operation
from gatewright.domain.organization import Organization
from gatewright.domain.person import Login, LoginKind, Role, User
from gatewright.domain.plan import Plan
from gatewright.domain.registration import InitialAccessToken, Registration
from gatewright.domain.scope import Scope
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey, UsedProof
from gatewright.store.mirror import Mirror
from gatewright.store.port import Store, Transaction

AT = datetime(2030, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
LATER = datetime(2031, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
ORGANIZATION = Organization(
    "org_1", "default", "Default \N{SNOWMAN}", "ES256", AT, 1, 70, 800, 30, 600, True
)
DEFINITION = Definition(
    (
        Operation("GET", "/books", "List", (frozenset({"a:b", "c"}), frozenset({"d"}))),
        Operation("GET", "/health", anonymous=True, operation_id="health"),
        Operation("POST", "/books/{id}/*"),
        Operation("PUT", "/closed", alternatives=()),
        Operation("PUT", "/keyed", api_key=True),
    ),
    (Scope("a:b", "Read, “quoted”"), Scope("c")),
    Access("x-token", False, True, frozenset({"sts", "okta"})),
)
LIMITS = Limits(Rate(5, "minute"), {"GET /books": Rate(7, "day")})

SAMPLES: dict[str, Any] = {
    "organizations": ORGANIZATION,
    "environments": Environment(
        "env_1", "org_1", "production", "Production", Kind.PRODUCTION, 1, "http://gw", AT
    ),
    "apis": Api(
        "api_1", "org_1", "books", "/books", "v1.0", "Books", "line\nline", State.PRE_RELEASED,
        DEFINITION, {"env_2": "http://b", "env_1": "http://a"}, AT, LATER, 1,
        {"env_1": LIMITS, "env_2": Limits()}, True, AT, LATER,
    ),
    "revisions": Revision("rev_1", "org_1", "api_1", 3, "0f" * 32, DEFINITION, AT),
    "deployments": Deployment(
        "dep_1", "org_1", "api_1", "env_1", "rev_1", "http://a", AT, 1, LIMITS,
        (Past("rev_1", "http://b"),),
    ),
    "plans": Plan(
        "plan_1", "org_1", "Bronze", 1000, "minute", AT, 1, "for a start", 10, 5, False
    ),
    "applications": Application(
        "app_1", "org_1", "reader", "Reader", "", frozenset({"z", "a"}), True, AT, "usr_1"
    ),
    "credentials": Credential(
        "cred_1", "org_1", "app_1", Kind.SANDBOX, "client_1", 900, 2, AT, 1, True, True, True,
        frozenset({"client_credentials"}), frozenset({"private_key_jwt"}),
    ),
    "secrets": Secret(
        "sec_1", "org_1", "cred_1", "first", "digest-1", "1", "gw…1234", AT, LATER, LATER, AT
    ),
    "authenticators": Authenticator(
        "auth_1", "org_1", "cred_1", "laptop", Method.FEDERATED, {"issuer": "https://i", "b": "2"},
        AT, LATER, LATER,
    ),
    "subscriptions": Subscription(
        "sub_1", "org_1", "app_1", "books", 1, "plan_1", True, AT, 1, True, "not now",
    ),
    "signing_keys": SigningKey(
        "kid_1", "org_1", Kind.PRODUCTION, "ES256", '{"kty":"EC"}', b"\x00\xff", "retired", AT,
        1, "agent", 2**40, AT, LATER, LATER,
    ),
    "revoked_tokens": RevokedToken("jti_1", "org_1", Kind.SANDBOX, LATER, AT),
    "used_proofs": UsedProof("0000000001-ab", LATER),
    "key_managers": KeyManager(
        "km_1", "org_1", "idp", "IdP", "https://idp", "https://idp/jwks", '{"keys":[]}',
        frozenset({"a", "b"}), "azp", "scp", True, True, True, AT, 1, "okta", True,
        frozenset({"env_1"}), "groups", {"staff": "a:b c"}, {"token_endpoint": "https://idp/token"},
    ),
    "initial_access_tokens": InitialAccessToken(
        "iat_1", "org_1", Kind.SANDBOX, "ci", "digest-3", "1", "…iat1", "usr_1", 3, AT, LATER, LATER
    ),
    "registrations": Registration(
        "reg_1", "org_1", "app_1", "cred_1", "iat_1", "digest-4", "1", '{"client_name":"x"}', AT
    ),
    "users": User("usr_1", "org_1", "owner", "Owner", Role.ADMIN, AT),
    "logins": Login(
        "log_1", "org_1", "usr_1", LoginKind.LINK, "laptop", "digest-2", "1", "…abcd",
        AT, LATER, AT, LATER,
    ),
    "audit_records": AuditRecord("aud_1", "org_1", AT, "usr_1", "api.create", "api_1", {"b": "1"}),
    "kept_answers": KeptAnswer("key_1", "org_1", "fingerprint", 201, b"\x00sealed", AT),
    "gateway_nodes": GatewayNode(
        "node_1", frozenset({"env_1", "env_2"}), True, AT, "1.40", 2**40, "refused"
    ),
    "api_faults": ApiFault("api_1/env_1", "org_1", "api_1", "env_1", "unknown host", True, AT),
    "fetched_key_sets": FetchedKeySet(
        "km_1", "org_1", "https://idp/jwks", '{"keys":[]}', AT, LATER, "timed out"
    ),
    "external_clients": ExternalClient("ext_1", "org_1", "km_1", "0oa1", "app_1", AT),
    "api_keys": ApiKey(
        "key_1", "org_1", "app_1", Kind.PRODUCTION, "batch", "gwk_…abcd", frozenset({"c"}),
        AT, LATER, LATER,
    ),
    "api_key_signers": ApiKeySigner(
        "kid_2", "org_1", Kind.SANDBOX, '{"kty":"EC"}', b"\x00\xff", AT
    ),
    "domains": DomainName(
        "dom_1", "org_1", "env_1", "api.example.com", "-----BEGIN", b"\x00\xff", LATER, AT
    ),
}  # fmt: skip

NULLABLE: dict[str, tuple[str, ...]] = {
    "plans": ("request_count", "burst_count"),
    "apis": ("deprecated_at", "sunset_at"),
    "credentials": ("grant_types", "auth_methods"),
    "fetched_key_sets": ("jwks", "fetched_at", "failure"),
    "api_keys": ("scopes", "expires_at", "revoked_at"),
    "applications": ("allowed_scopes",),
    "secrets": ("expires_at", "revoked_at", "last_used_at"),
    "authenticators": ("expires_at", "last_used_at"),
    "signing_keys": ("activates_at", "retired_at", "removes_at"),
    "key_managers": ("jwks_uri", "jwks"),
    "initial_access_tokens": ("uses_left", "expires_at", "last_used_at"),
    "logins": ("expires_at", "used_at", "revoked_at"),
}


def fill(store: Store) -> None:
    """Add every sample."""
    with store.write() as tx:
        for noun, row in SAMPLES.items():
            getattr(tx, noun).add(row)


def add(store: Store, noun: str, *rows: Any) -> None:
    """Add rows in one transaction."""
    with store.write() as tx:
        for row in rows:
            getattr(tx, noun).add(row)


def organizations(tx: Transaction) -> list[str]:
    """The handles, by id."""
    return [item.handle for item in tx.organizations.find()]


def organization(number: int) -> Organization:
    """One of many."""
    return replace(ORGANIZATION, id=f"org_{number:05}", handle=f"tenant-{number}")


def audit_records(numbers: Iterable[int]) -> list[AuditRecord]:
    """Rows that refer to nothing, two in three of them of `org_1`."""
    return [
        AuditRecord(f"aud_{n:05}", f"org_{n % 3 and 1}", AT, "system", "x", "y", {})
        for n in numbers
    ]


def told(follower: Callable[[], bool]) -> bool:
    """Whether it tells of news: SQLite at once, PostgreSQL shortly after the commit."""
    return any(follower() or time.sleep(0.001) for _ in range(2000))


def settled(mirror: Mirror) -> bool:
    """Whether it comes to rest without finding anything new.

    PostgreSQL may tell of a commit after its rows were taken, which costs one look for nothing.
    """
    return mirror.refresh() == [] and any(
        not mirror.stale() or mirror.refresh() or time.sleep(0.001) for _ in range(2000)
    )
