"""An installation in a folder of its own with a clock that tests set, and an in-process client."""

import base64
import io
import itertools
import json
import random
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlencode

from gatewright.crypto import secrets
from gatewright.crypto.keyring import Keyring
from gatewright.domain.api import Access, Api, Definition, Deployment, Revision
from gatewright.domain.application import Application
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.credential import Credential, Secret
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.ids import new_id
from gatewright.domain.lifecycle import State
from gatewright.domain.operation import Operation
from gatewright.domain.organization import Organization
from gatewright.domain.plan import Plan
from gatewright.domain.scope import Scope
from gatewright.domain.subscription import Subscription
from gatewright.domain.world import World
from gatewright.interfaces.oauth.app import create_app
from gatewright.observability.log import Log
from gatewright.store.sql import migrate, open_store
from gatewright.sts import keys
from gatewright.sts.remote_keys import no_fetch
from gatewright.sts.service import TokenService

STS_URL = "http://sts.test"
FORM = "application/x-www-form-urlencoded"
PRODUCTION = "/sts/default/production"
SANDBOX = "/sts/default/sandbox"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


class CountingKeyring(Keyring):
    """Counts its keyed hashes."""

    def digest(self, secret: str, pepper_id: str | None = None) -> str:
        object.__setattr__(self, "hashes", getattr(self, "hashes", 0) + 1)
        return super().digest(secret, pepper_id)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True)
class Pair:
    """A credential and its secret in clear."""

    credential: Credential
    secret: str
    secret_id: str

    @property
    def client_id(self) -> str:
        return self.credential.client_id


@cache
def _migrated() -> Path:
    path = Path(tempfile.mkdtemp()) / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


class Installation:
    """One organization with both environments, and a token service over its store."""

    def __init__(self, folder: Path, algorithm: str = "ES256") -> None:
        shutil.copy(_migrated(), folder / "gatewright.db")
        self.clock = Clock()
        self.world = World(self.clock, random.Random(7).randbytes)
        self.keyring = CountingKeyring({"1": b"p" * 32}, "1", b"s" * 32)
        self.store = open_store(f"sqlite:///{folder / 'gatewright.db'}", self.world)
        self.lines: list[dict] = []
        self._numbers = itertools.count(1)
        self.organization = self.add_organization("default", algorithm)
        self.gold = self.add("plans", Plan(self.id("plan"), self.organization.id, "Gold", 5000,
                                           "minute", self.clock.now))  # fmt: skip
        self.log = Log("sts", self.world, self._keep, "debug")
        self._service: TokenService | None = None
        self.fetch = no_fetch

    @property
    def service(self) -> TokenService:
        if self._service is None:
            self._service = TokenService(
                self.store, self.keyring, self.world, STS_URL, self.log.emit,
                fetch=lambda uri: self.fetch(uri),
            )  # fmt: skip
            self.app = create_app(self._service, self.log)
        return self._service

    def _keep(self, lines: bytes) -> None:
        self.lines.extend(map(json.loads, lines.splitlines()))

    def close(self) -> None:
        if self._service is not None:
            self._service.state.close()
        self.store.close()

    def id(self, prefix: str) -> str:
        return new_id(prefix, self.world)

    def add(self, noun: str, row):
        with self.store.write() as tx:
            return getattr(tx, noun).add(row)

    def change(self, noun: str, id: str, **members):
        with self.store.write() as tx:
            rows = getattr(tx, noun)
            return rows.replace(replace(rows.get(id), **members))

    def remove(self, noun: str, id: str) -> None:
        with self.store.write() as tx:
            getattr(tx, noun).remove(id)

    def add_organization(self, handle: str, algorithm: str = "ES256") -> Organization:
        row = Organization(self.id("org"), handle, handle, algorithm, self.clock.now)
        with self.store.write() as tx:
            tx.organizations.add(row)
            for kind, name, position in (
                (Kind.SANDBOX, "development", 0),
                (Kind.PRODUCTION, "production", 1),
            ):
                url = f"http://{name}.{handle}.test"
                tx.environments.add(Environment(
                    self.id("env"), row.id, name, name, kind, position, url, self.clock.now
                ))  # fmt: skip
            keys.ensure(tx, self.world, keys.backends(self.keyring, self.world), row)
        return row

    def environment(self, handle: str, organization: Organization | None = None) -> Environment:
        home = organization or self.organization
        with self.store.read() as tx:
            return tx.environments.find(organization_id=home.id, handle=handle)[0]

    def add_api(
        self,
        handle: str,
        scopes: Iterable[str],
        *,
        version: str = "v1.0",
        environments: Iterable[str] = ("development", "production"),
        state: State = State.PUBLISHED,
        access: Access = Access(),  # noqa: B008  frozen
    ) -> Api:
        names = tuple(Scope(name) for name in scopes)
        definition = Definition((Operation("GET", "/"),), names, access)
        home, now = self.organization.id, self.clock.now
        api = Api(self.id("api"), home, handle, f"/{handle}", version, handle, "", state,
                  definition, {}, now, now)  # fmt: skip
        with self.store.write() as tx:
            tx.apis.add(api)
            revision = tx.revisions.add(
                Revision(self.id("rev"), home, api.id, 1, "0" * 64, definition, now)
            )
        for name in environments:
            self.deploy(api, revision, name)
        return api

    def deploy(self, api: Api, revision: Revision, environment: str) -> Deployment:
        place = self.environment(environment)
        return self.add("deployments", Deployment(
            self.id("dep"), api.organization_id, api.id, place.id, revision.id,
            "http://up.test", self.clock.now,
        ))  # fmt: skip

    def add_application(
        self, allowed: frozenset[str] | None = None, *, blocked: bool = False
    ) -> Application:
        name = f"app-{next(self._numbers)}"
        return self.add("applications", Application(
            self.id("app"), self.organization.id, name, name, "", allowed, blocked, self.clock.now,
            "usr_1",
        ))  # fmt: skip

    def add_pair(
        self, application: Application, kind: Kind = Kind.PRODUCTION, ttl: int = 900
    ) -> Pair:
        credential = self.add("credentials", Credential(
            self.id("cred"), application.organization_id, application.id, kind,
            self.id("client"), ttl, 1, self.clock.now,
        ))  # fmt: skip
        return self.add_secret(credential)

    def add_secret(
        self, credential: Credential, text: str | None = None, expires_at: datetime | None = None
    ) -> Pair:
        secret = text or secrets.generate(secrets.CLIENT_SECRET, self.world).reveal()
        id = self.id("sec")
        self.add("secrets", Secret(
            id, credential.organization_id, credential.id, f"s{next(self._numbers)}",
            self.keyring.digest(secret), "1", "…", self.clock.now, expires_at, None, None,
        ))  # fmt: skip
        return Pair(credential, secret, id)

    def add_authenticator(
        self,
        credential: Credential,
        method: Method,
        expires_at: datetime | None = None,
        **settings: str,
    ) -> Authenticator:
        return self.add("authenticators", Authenticator(
            self.id("auth"), credential.organization_id, credential.id,
            f"a{next(self._numbers)}", method, settings, self.clock.now, expires_at, None,
        ))  # fmt: skip

    def subscribe(self, application: Application, handle: str, major: int = 1) -> Subscription:
        return self.add("subscriptions", Subscription(
            self.id("sub"), self.organization.id, application.id, handle, major, self.gold.id,
            False, self.clock.now,
        ))  # fmt: skip

    # The client's side.

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        query: str = "",
        address: str = "192.0.2.1",
    ) -> Answer:
        """One request through the WSGI application, in an environment as granian makes it."""
        assert self.service
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": unquote(path, "latin-1"), "QUERY_STRING": query,
            "REMOTE_ADDR": address, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "sts.test",
            "wsgi.input": io.BytesIO(body),
        }  # fmt: skip
        length = {"CONTENT_LENGTH": str(len(body))} if body else {}
        for name, value in headers:
            key = name.upper().replace("-", "_")
            if key == "CONTENT_LENGTH":
                length = {key: value}
                continue
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ |= length
        started: list[tuple[str, list[tuple[str, str]]]] = []
        parts = self.app(environ, lambda status, pairs: started.append((status, pairs)))
        ((status, pairs),) = started
        found = dict(pairs)
        assert len(found) == len(pairs), "an answer repeats a header"
        return Answer(int(status.split(" ")[0]), found, b"".join(parts))

    def post(self, path: str, pair: Pair | None = None, **options) -> Answer:
        """A form POST; `form` is a dict, pairs or raw bytes; `pair` authenticates by Basic."""
        form = options.pop("form", {"grant_type": "client_credentials"})
        body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        headers = [("content-type", FORM), *options.pop("headers", ())]
        if pair:
            headers.append(("authorization", basic(pair.client_id, pair.secret)))
        return self.call("POST", path, body, headers, **options)

    def token(self, pair: Pair, scope: str | None = None, path: str = PRODUCTION) -> str:
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        answer = self.post(f"{path}/token", pair, form=form)
        assert answer.status == 200, answer.body
        return answer.json["access_token"]


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def claims(token: str) -> dict:
    return _segment(token, 1)


def header(token: str) -> dict:
    return _segment(token, 0)


def _segment(token: str, place: int) -> dict:
    segment = token.split(".")[place]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
