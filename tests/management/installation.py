"""An installation in one process: store, keys, a fixed token desk, and clients that are people."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from starlette.testclient import TestClient

from gatewright.control import logins, organizations
from gatewright.control.desk import Addresses, Desk
from gatewright.control.fetch import Fetcher
from gatewright.crypto.keyring import Keyring
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Invalid
from gatewright.domain.ids import new_id
from gatewright.domain.person import LoginKind, Role, User
from gatewright.domain.world import World
from gatewright.interfaces.management.app import create_app
from gatewright.interfaces.management.deps import Deps
from gatewright.store.sql import migrate, open_store
from gatewright.sts.keys import KeyDesk, backends

GATEWAYS = {Kind.PRODUCTION: "http://127.0.0.1:8080", Kind.SANDBOX: "http://127.0.0.1:8081"}
ADDRESSES = Addresses(
    "http://127.0.0.1:8000",
    "http://127.0.0.1:8001",
    "http://127.0.0.1:8000/portal",
    "http://127.0.0.1:8000/console",
)
DOCUMENT = """
openapi: 3.0.3
info: {title: Reading List, version: 1.0.0, description: Books to read.}
servers: [{url: "http://127.0.0.1:9000/api"}]
components:
  securitySchemes:
    sts:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: /token
          scopes: {"books:read": Read books, "books:write": Change books}
security: [{sts: ["books:read"]}]
paths:
  /books:
    get: {summary: List books}
    post: {summary: Add a book, security: [{sts: ["books:write"]}]}
  /books/{id}:
    get: {summary: One book}
"""


class Clock:
    """A clock that moves when told, and a little with each new id; bytes that never repeat."""

    def __init__(self):
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self._counter = itertools.count(1)
        self.world = World(lambda: self.now, self._bytes)

    def _bytes(self, count):
        self.now += timedelta(milliseconds=1)
        number = next(self._counter) * 0x9E3779B97F4A7C15F39CC0605CEDC835
        return (number % (1 << 8 * count)).to_bytes(count, "big")

    def pass_time(self, **amount):
        self.now += timedelta(**amount)


class FixedTokens:
    """A token desk that grants `books:read` and remembers what was revoked."""

    def __init__(self):
        self.revoked = []

    def issue(self, application, credential, scope):
        if scope and scope != "books:read":
            raise Invalid(f"{scope!r} can not be granted.", "scope", "Subscribe first.")
        return {
            "access_token": f"token-of-{credential.client_id}",
            "token_type": "Bearer",
            "expires_in": credential.token_ttl_seconds,
            "scope": "books:read",
        }

    def revoke(self, organization, token, actor):
        self.revoked.append((organization.handle, token, actor))
        return token.startswith("token-of-")


class Installation:
    """Organizations `default` and `other`, each with a member of every role."""

    def __init__(self, folder):
        self.clock, self.tokens = Clock(), FixedTokens()
        self.world = self.clock.world
        self.findings, self.reports = [], []
        url = f"sqlite:///{folder}/gatewright.db"
        migrate(url)
        self.store = open_store(url, self.world)
        self.keyring = Keyring({"1": b"p" * 32}, "1", b"s" * 32)
        self.keys_ensured: list[str] = []
        self.hurries = 0
        self.deps = Deps(
            store=self.store,
            world=self.world,
            keyring=self.keyring,
            addresses=ADDRESSES,
            token_desk=self.tokens,
            deploy_check=lambda *_: self.findings,
            ensure_keys=lambda _, found: self.keys_ensured.append(found.signing_algorithm),
            key_desk=KeyDesk(self.world, backends(self.keyring, self.world), self.hurried),
            fetcher=Fetcher(self.world, allow_private=False, resolve=lambda *_: []),
            report=lambda id, error: self.reports.append((id, error)),
            version="0.0.0",
        )
        self.app = create_app(self.deps)
        self.secrets = {}
        with self.store.write() as tx:
            for handle in ("default", "other"):
                founded = organizations.create(tx, self.world, handle, handle, GATEWAYS)
                self._people(tx, founded)

    def hurried(self):
        self.hurries += 1

    def _people(self, tx, founded):
        organization = founded.organization
        for role in Role:
            user = founded.owner
            if role is not Role.ADMIN:
                user = tx.users.add(
                    User(
                        new_id("usr", self.world), organization.id, str(role), str(role), role,
                        self.clock.now,
                    )
                )  # fmt: skip
            issued = logins.issue(
                tx, self.world, self.keyring, user, LoginKind.ACCESS_TOKEN, "test", None
            )
            self.secrets[organization.handle, str(role)] = issued.clear.reveal()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def client(self, role=None, organization="default", **headers):
        """A client with a role's access token, or without any."""
        if role:
            headers["Authorization"] = f"Bearer {self.secrets[organization, role]}"
        return TestClient(
            self.app, base_url="http://127.0.0.1:8000", headers=headers,
            raise_server_exceptions=True,
        )  # fmt: skip

    def desk(self, tx, organization="default"):
        """A desk of the organization's owner."""
        row = organizations.find(tx, organization)
        owner = organizations.owner(tx, row)
        return Desk(tx, self.world, self.keyring, ADDRESSES, row, owner, self.deps.deploy_check)


def hand_over(installed, application_id, role):
    """Make the member of that role the application's owner."""
    with installed.store.write() as tx:
        row = tx.applications.get(application_id)
        (user,) = tx.users.find(organization_id=row.organization_id, role=Role(role))
        tx.applications.replace(replace(row, owner_id=user.id))


def api(path):
    """The path below the base."""
    return f"/api/v1{path}"


def made(response, status=201):
    """The answer's JSON, once its status is the expected one."""
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def refused(response, status, code=None, field=None):
    """The problem, once it is one and says what it must."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"]) == (status, status), response.text
    assert body["request_id"] == response.headers["x-request-id"]
    if code:
        assert body["code"] == code, body
    if field:
        assert body["field"] == field, body
    return body


def journey(client, **wish):
    """Import, deploy, publish, an application with keys, and its subscription."""
    imported = made(client.post(api("/apis/import"), json={"document": DOCUMENT, **wish}))
    id = imported["api"]["id"]
    made(client.post(api(f"/apis/{id}/deployments"), json={}))
    made(client.post(api(f"/apis/{id}/lifecycle"), json={"state": "published"}), 200)
    app = made(client.post(api("/applications"), json={"name": "Demo app"}))
    keys = made(client.post(api(f"/applications/{app['id']}/credentials"), json={}))
    body = {"application": app["id"], "api": id}
    subscription = made(client.post(api("/subscriptions"), json=body))
    return {"api": id, "app": app["id"], "keys": keys, "subscription": subscription["id"]}
