"""Desired states written in a few lines of YAML, as rows of the store; for tests of the gateway."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey

from gatewright.crypto.domain_keys import DomainSealer
from gatewright.domain.api import Access, Api, Definition, Deployment, Revision
from gatewright.domain.api_key import ApiKeySigner
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.lifecycle import State
from gatewright.domain.limit import Limits, rate
from gatewright.domain.operation import ANY_TOKEN, Operation, parse_key
from gatewright.domain.organization import Organization
from gatewright.domain.plan import Plan
from gatewright.domain.scope import Scope
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey
from gatewright.gateway.build import Build, Site
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.desired import NOUNS, Desired
from gatewright.gateway.ir import StsIr, TlsIr
from gatewright.gateway.snapshot import Snapshot
from gatewright.store.mirror import Difference

AT = datetime(2030, 1, 2, tzinfo=UTC)
STS_URL = "http://sts.test"
PLANS: dict[str, tuple[int | None, str]] = {
    "Bronze": (1000, "minute"), "Unlimited": (None, "minute"), "Tiny": (3, "hour"),
}  # fmt: skip
# Fixed so that golden files hold: the public half of a key whose private half nobody kept.
GOLDEN_JWK = {
    "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "kid_production",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
PUBLIC_KEY = json.dumps({**GOLDEN_JWK, "kid": "kid_of_others"}, sort_keys=True)


class Scene:
    """Rows by noun and id. Changing a row through `put` and `drop` tells the difference."""

    def __init__(self, text: Mapping[str, Any], keys: Mapping[str, ECKey] | None = None) -> None:
        self.tables: dict[str, dict[str, Any]] = {noun: {} for noun in NOUNS}
        self._keys, self._with_keys = keys, text.get("keys", True)
        self.ca_file: str | None = "/etc/ssl/certs/ca-certificates.crt"
        self.proofs_socket, self.sts_port = "/run/gatewright/proofs.sock", 22098
        self.tls: TlsIr | None = None
        self.sts: StsIr | None = None
        self.domains: tuple[str, int] | None = None
        self.sealer: DomainSealer | None = None
        self.put("organizations", Organization("org_1", "default", "Default", "ES256", AT))
        for name, (count, unit) in PLANS.items():
            self.put("plans", Plan(f"plan_{name}", "org_1", name, count, unit, AT))
        for name, (count, unit, more) in text.get("plans", {}).items():
            self.put("plans", Plan(f"plan_{name}", "org_1", name, count, unit, AT, **more))
        self.ports: dict[str, int] = {}
        for handle, port in text.get("environments", {"production": 8080}).items():
            self.environment(handle, port)
        for api in text.get("apis", ()):
            self.api(**api)
        for handle, plans in text.get("applications", {}).items():
            self.application(handle, plans)
        for row in text.get("key_managers", ()):
            self.key_manager(**row)
        for kind in text.get("signers", ()):
            signer = ApiKeySigner(f"kid_{kind}", "org_1", Kind(kind), PUBLIC_KEY, b"", AT)
            self.put("api_key_signers", signer)
        for jti in text.get("revoked", ()):
            self.revoke(jti)

    def rows(self, noun: str) -> Mapping[str, Any]:
        return self.tables[noun]

    def put(self, noun: str, row: Any) -> Difference:
        before = self.tables[noun].get(row.id)
        self.tables[noun][row.id] = row
        return Difference(noun, row.id, before, row)

    def drop(self, noun: str, id: str) -> Difference:
        return Difference(noun, id, self.tables[noun].pop(id), None)

    def environment(self, handle: str, port: int) -> None:
        kind = Kind.PRODUCTION if handle == "production" else Kind.SANDBOX
        url = f"http://127.0.0.1:{port}"
        self.ports[handle] = port
        row = Environment(f"env_{handle}", "org_1", handle, handle, kind, 1, url, AT)
        self.put("environments", row)
        jwk = self._keys[kind].as_dict(private=False) if self._keys else GOLDEN_JWK
        text = json.dumps({**jwk, "kid": f"kid_{kind}"})
        key = SigningKey(f"kid_{kind}", "org_1", kind, "ES256", text, b"", "active", AT)
        if self._with_keys:
            self.put("signing_keys", key)

    def api(
        self, handle: str, operations: Mapping[str, Any], *, context: str = "",
        version: str = "v1.0", state: str = "PUBLISHED", upstream: str = "http://127.0.0.1:22099",
        deploy: tuple[str, ...] = ("production",), access: Mapping[str, Any] | None = None,
        limits: Mapping[str, str] | None = None, **dates: datetime,
    ) -> list[Difference]:  # fmt: skip
        definition = replace(definition_of(operations), access=access_of(access or {}))
        id = f"api_{handle}_{version}"
        row = Api(
            id, "org_1", handle, context or f"/{handle}", version, handle, "", State(state),
            definition, {}, AT, AT, **dates,
        )  # fmt: skip
        number = 1 + sum(item.api_id == id for item in self.tables["revisions"].values())
        revision = Revision(
            f"rev_{handle}_{version}_{number}", "org_1", id, number, f"{number:064}", definition, AT
        )
        changes = [self.put("apis", row), self.put("revisions", revision)]
        for environment in deploy:
            deployment = Deployment(
                f"dep_{handle}_{version}_{environment}", "org_1", id, f"env_{environment}",
                revision.id, upstream, AT, limits=limits_of(limits or {}),
            )  # fmt: skip
            changes.append(self.put("deployments", deployment))
        return changes

    def application(self, handle: str, plans: Mapping[str, str]) -> list[Difference]:
        row = Application(f"app_{handle}", "org_1", handle, handle, "", None, False, AT, "usr_1")
        changes = [self.put("applications", row)]
        for kind in Kind:
            id = f"cred_{handle}_{kind}"
            client = f"client_{handle}_{kind}"
            credential = Credential(id, "org_1", row.id, kind, client, 900, 1, AT)
            changes.append(self.put("credentials", credential))
        for api, text in plans.items():  # `Bronze`, `Bronze blocked` or `Bronze pending`
            plan, _, state = text.partition(" ")
            changes.append(
                self.subscribe(
                    handle, api, plan, blocked=state == "blocked", pending=state == "pending"
                )
            )
        return changes

    def subscribe(
        self, application: str, api: str, plan: str = "Bronze", *, blocked: bool = False,
        pending: bool = False,
    ) -> Difference:  # fmt: skip
        name, _, major = api.partition(":")
        id = f"sub_{application}_{name}_{major or 1}"
        return self.put(
            "subscriptions",
            Subscription(
                id, "org_1", f"app_{application}", name, int(major or 1), f"plan_{plan}", blocked,
                AT, pending=pending,
            ),
        )  # fmt: skip

    def key_manager(self, handle: str, **members: Any) -> Difference:
        row = KeyManager(
            f"km_{handle}", "org_1", handle, handle, f"https://{handle}.test", None,
            f'{{"keys":[{PUBLIC_KEY}]}}', frozenset(), "azp", "scope", token_exchange=False,
            jwt_bearer=False, enabled=True, created_at=AT, api_access=True,
        )  # fmt: skip
        return self.put("key_managers", replace(row, **members))

    def revoke(self, jti: str, kind: Kind = Kind.PRODUCTION, minutes: int = 60) -> Difference:
        expiry = AT + timedelta(minutes=minutes)
        return self.put("revoked_tokens", RevokedToken(jti, "org_1", kind, expiry, AT))

    @property
    def site(self) -> Site:
        listeners = {handle: ("127.0.0.1", port) for handle, port in self.ports.items()}
        return Site(
            STS_URL, listeners, self.ca_file, sts_address=("127.0.0.1", self.sts_port),
            proofs_socket=self.proofs_socket, tls=self.tls, sts=self.sts,
            domains=self.domains,
        )  # fmt: skip

    def build(self) -> Build:
        return Build(Desired(self), self.site, load_messages(), lambda: AT, self.sealer)

    def snapshot(self) -> Snapshot:
        snapshot = Snapshot()
        snapshot.update(self.build().everything(), 1)
        return snapshot


def limits_of(text: Mapping[str, str]) -> Limits:
    """`api: 5/minute` for the whole API, `GET /books: 2/minute` for an operation."""
    rates = {key: rate(value) for key, value in text.items()}
    return Limits(rates.pop("api", None), rates)


def access_of(text: Mapping[str, Any]) -> Access:
    """As `Access`, with key managers in a list."""
    named = text.get("key_managers")
    return Access(**{**text, "key_managers": None if named is None else frozenset(named)})


def definition_of(operations: Mapping[str, Any]) -> Definition:
    """`GET /books: [a b, c]` needs a and b, or c; `any` a token, `anonymous` nothing. `API-KEY` in
    the list makes an API key one more way in."""
    rows = []
    for key, needs in operations.items():
        method, path = parse_key(key)
        if needs in ("any", "anonymous"):
            rows.append(Operation(method, path, "", ANY_TOKEN, needs == "anonymous"))
        else:
            ways = tuple(frozenset(x.split()) for x in needs if x != "API-KEY")
            rows.append(Operation(method, path, "", ways, api_key="API-KEY" in needs))
    names = sorted({scope for row in rows for scope in row.scopes})
    return Definition(tuple(rows), tuple(Scope(name) for name in names))
