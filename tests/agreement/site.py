"""The installation whose two halves are compared: its APIs, its clients and its signing keys."""

import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.agreement.signing import Key, Token
from tests.agreement.wire import Wire
from tests.crypto.holder import Holder
from tests.interop.installation import Running
from tests.journeys.conftest import Installation

from gatewright.crypto import jwk, keyfiles
from gatewright.domain.organization import Organization
from gatewright.main.world import real_world
from gatewright.store.sql import open_store
from gatewright.sts import keys
from gatewright.sts.keys.backends.sealed import seal_context

KINDS = ("production", "sandbox")
API, NEAR = "ledger", "near"
ANY, SCOPED, NEEDED = "/any", "/entries", "entries:read"
OPERATIONS = [
    {"method": "GET", "path": ANY, "alternatives": [[]]},
    {"method": "GET", "path": SCOPED, "alternatives": [[NEEDED]]},
    {"method": "POST", "path": SCOPED, "alternatives": [["entries:write"]]},
]
WAIT_SECONDS_MAX = 20


@dataclass
class Client:
    """An application with keys for both kinds."""

    id: str
    credentials: dict[str, Any] = field(repr=False)

    def subject(self, kind: str, generation: int = 1) -> str:
        return f"{self.credentials[kind]['client_id']}.{generation}"

    def basic(self, kind: str) -> str:
        found = self.credentials[kind]
        pair = f"{found['client_id']}:{found['client_secret']}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Site:
    """Everything the set of tokens is made with."""

    def __init__(self, installation: Installation, upstream: str) -> None:
        self.running = Running(installation)
        self.ask = self.running.ask
        urls = installation.urls
        self.gateways: dict[str, str] = {kind: urls["gateway"][kind] for kind in KINDS}
        self.issuers = {kind: urls["sts"].removesuffix(KINDS[0]) + kind for kind in KINDS}
        self.wire = Wire()
        self._world = real_world()
        self._keyring = keyfiles.load(installation.data / "keys")
        self.store = open_store(f"sqlite:///{installation.data / 'gatewright.db'}", self._world)
        self.markers = self._markers()
        for handle in (API, NEAR):
            self._deploy(handle, upstream)
        self.auditor = self.client("auditor", ())
        for kind in KINDS:
            path = f"/applications/{self.auditor.id}/credentials/{kind}"
            self.ask("PATCH", path, {"introspects_all": True})

    def close(self) -> None:
        self.running.close()
        self.wire.close()
        self.store.close()

    def client(self, name: str, apis: Sequence[str] = (API, NEAR), ttl: int = 900) -> Client:
        """A new one, subscribed without a limit; in force at the gateway."""
        made = self.ask("POST", "/applications", {"name": name})
        path = f"/applications/{made['id']}/credentials"
        keys = {
            kind: self.ask("POST", path, {"kind": kind, "token_ttl_seconds": ttl}) for kind in KINDS
        }
        for api in apis:
            body = {"application": made["id"], "api": api, "plan": "Unlimited"}
            self.ask("POST", "/subscriptions", body, live=True)
        return Client(made["id"], keys)

    def token(
        self, client: Client, kind: str = KINDS[0], name: str = "", holder: Holder | None = None,
        **form: Any,
    ) -> Token:  # fmt: skip
        """A token of the token endpoint itself."""
        url = self.issuers[kind] + "/token"
        headers = {"Authorization": client.basic(kind)}
        if holder:
            headers["DPoP"] = holder.proof(int(time.time()), htm="POST", htu=url)
        body = urlencode({"grant_type": "client_credentials", **form}, doseq=True)
        status, answer = self.wire.send("POST", url, headers, body)
        assert status == 200, answer
        text = json.loads(answer)["access_token"]
        header, claims = (_decoded(segment) for segment in text.split(".")[:2])
        return Token(name, text, kind, self.key(header["kid"]), claims, holder)

    # Signing keys.

    def rows(self, kind: str) -> list[Any]:
        with self.store.read() as tx:
            (home,) = tx.organizations.find(handle="default")
            return tx.signing_keys.find(organization_id=home.id, kind=kind)

    def key(self, kid: str) -> Key:
        with self.store.read() as tx:
            row = tx.signing_keys.get(kid)
        assert row, "no key of that name is published"
        der = self._keyring.unseal(row.sealed_private_key, seal_context(kid))
        return Key(kid, row.algorithm, jwk.from_der(der))

    def published(self) -> dict[str, Key]:
        """By kid, of both kinds."""
        return {row.id: self.key(row.id) for kind in KINDS for row in self.rows(kind)}

    def signing(self, kind: str) -> str:
        (active,) = [row for row in self.rows(kind) if row.state == "active"]
        return active.algorithm

    def use(self, algorithm: str) -> None:
        """Sign with that algorithm from now on; the older keys are retired."""
        self.ask("PATCH", "/organization", {"signing_algorithm": algorithm})
        until(lambda: {self.signing(kind) for kind in KINDS} == {algorithm})

    def rotate(self) -> None:
        before = {row.id for kind in KINDS for row in self.rows(kind) if row.state == "active"}
        self.ask("POST", "/keys/rotations", {"now": True})

        def done() -> bool:
            rows = [row for kind in KINDS for row in self.rows(kind) if row.state == "active"]
            return len(rows) == len(KINDS) and not before & {row.id for row in rows}

        until(done)

    def announce(self) -> None:
        self.ask("POST", "/keys/rotations", {}, live=True)

    def remove_key(self, kid: str) -> None:
        """As the keeper does when the last token that it signed is gone."""
        with self.store.write() as tx:
            tx.signing_keys.remove(kid)
            sequence = tx.sequence
        self.wait(sequence)

    def stranger_keys(self) -> dict[str, Key]:
        """The keys of another organization of the same installation, by kind."""
        row = Organization("org_other", "other", "Other", "ES256", datetime.now(UTC))
        backends = keys.backends(self._keyring, self._world)
        with self.store.write() as tx:
            tx.organizations.add(row)
            keys.ensure(tx, self._world, backends, row)
            made = tx.signing_keys.find(organization_id=row.id)
        return {str(key.kind): self.key(key.id) for key in made}

    def wait(self, sequence: int) -> None:
        """Until the gateway has everything up to there in force."""
        path = f"/live?sequence={sequence}"
        until(lambda: bool(self.ask("GET", path)["live"]))

    def _markers(self) -> dict[str, str]:
        with self.store.read() as tx:
            return {str(row.kind): f"urn:gatewright:{row.id}" for row in tx.environments.find()}

    def _deploy(self, handle: str, upstream: str) -> None:
        scopes = [{"name": NEEDED}, {"name": "entries:write"}]
        body = {
            "name": handle, "context": f"/{handle}", "upstream": upstream,
            "operations": OPERATIONS, "scopes": scopes,
        }  # fmt: skip
        made = self.ask("POST", "/apis", body)
        self.ask("POST", f"/apis/{made['id']}/deployments", {}, live=True)
        self.ask("POST", f"/apis/{made['id']}/lifecycle", {"state": "PUBLISHED"}, live=True)


def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS_MAX) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.02)


def _decoded(segment: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
