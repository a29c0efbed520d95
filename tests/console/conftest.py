"""A small installation behind the pages, and a browser that says where its forms come from."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from gatewright.control import apis, deployments, lifecycle, logins, organizations
from gatewright.control.apis import NewApi
from gatewright.control.desk import Addresses, Desk
from gatewright.control.organizations import Founded
from gatewright.control.ports import serves_everything
from gatewright.crypto.keyring import Keyring
from gatewright.domain.api import Api, Definition
from gatewright.domain.environment import Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.operation import Operation
from gatewright.domain.person import Role, User
from gatewright.domain.scope import Scope
from gatewright.domain.world import World
from gatewright.interfaces.console.app import create_pages
from gatewright.store.port import Transaction
from gatewright.store.sql import migrate, open_store
from gatewright.store.sql.store import SqlStore

ORIGIN = "http://pages.test"
OWN = {"Sec-Fetch-Site": "same-origin"}
GATEWAY_URLS = {Kind.PRODUCTION: "http://gw.test:8080", Kind.SANDBOX: "http://gw.test:8081"}
BOOKS = Definition(
    (
        Operation("GET", "/books", "List all books", (frozenset({"books:read"}),)),
        Operation("GET", "/health", "Is it up", anonymous=True),
        Operation("POST", "/books", "Add a book", (frozenset({"a", "b"}), frozenset({"c"}))),
    ),
    (Scope("books:read", "See the books"), Scope("a"), Scope("b"), Scope("c")),
)
PATHS = {
    State.CREATED: (),
    State.PRE_RELEASED: (State.PRE_RELEASED,),
    State.PUBLISHED: (State.PUBLISHED,),
    State.BLOCKED: (State.PUBLISHED, State.BLOCKED),
    State.DEPRECATED: (State.PUBLISHED, State.DEPRECATED),
    State.RETIRED: (State.PUBLISHED, State.DEPRECATED, State.RETIRED),
}


@dataclass
class Clock:
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Site:
    """The pages over a store of their own."""

    store: SqlStore
    clock: Clock
    world: World
    keyring: Keyring
    founded: Founded
    reports: list[tuple[str, BaseException]] = field(default_factory=list)

    def pages(self, store: Any = None, url: str = ORIGIN) -> ASGIApp:
        return create_pages(
            store=store or self.store,
            world=self.world,
            keyring=self.keyring,
            addresses=Addresses(f"{url}/api/v1", "http://sts.test", url, f"{url}/console"),
            report=lambda request_id, error: self.reports.append((request_id, error)),
        )

    def browser(self, store: Any = None, url: str = ORIGIN) -> TestClient:
        return TestClient(self.pages(store, url), url, follow_redirects=False)

    def desk(self, tx: Transaction, user: User | None = None) -> Desk:
        addresses = Addresses("m", "s", "p", "c")
        return Desk(
            tx, self.world, self.keyring, addresses, self.founded.organization,
            user or self.founded.owner, serves_everything,
        )  # fmt: skip

    def write(self, work: Callable[[Desk], Any]) -> Any:
        with self.store.write() as tx:
            return work(self.desk(tx))

    def link(self, user: User | None = None) -> str:
        issued = self.write(
            lambda desk: logins.create_sign_in_link(
                desk.tx, self.world, self.keyring, user or self.founded.owner
            )
        )
        return "/welcome/" + issued.clear.reveal()

    def signed_in(self, user: User | None = None) -> TestClient:
        browser = self.browser()
        assert browser.post(self.link(user), headers=OWN).status_code == 303
        return browser

    def member(self, role: Role) -> User:
        owner = self.founded.owner
        return self.write(
            lambda desk: desk.tx.users.add(
                User(f"usr_{role}", owner.organization_id, role, f"The {role}", role, self.clock())
            )
        )

    def api(
        self,
        name: str = "Books",
        state: State = State.PUBLISHED,
        where: tuple[str, ...] = ("development", "production"),
        definition: Definition = BOOKS,
        description: str = "All about books",
    ) -> Api:
        def make(desk: Desk) -> Api:
            new = NewApi(
                name, "v1.0", definition, description=description, upstream="http://up.internal"
            )
            api = apis.create(desk, new)
            for environment in where:
                deployments.deploy(desk, api.id, environment=environment)
            for step in PATHS[state]:
                api = lifecycle.move(desk, api.id, step)
            return api

        return self.write(make)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, made once."""
    path = tmp_path_factory.mktemp("console") / "gatewright.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Site]:
    clock = Clock()
    world = World(clock, os.urandom)
    shutil.copy(migrated, tmp_path / "gatewright.db")
    store = open_store(f"sqlite:///{tmp_path}/gatewright.db", world)
    keyring = Keyring({"1": b"p" * 32}, "1", b"k" * 32)
    with store.write() as tx:
        founded = organizations.create_default(tx, world, GATEWAY_URLS)
    yield Site(store, clock, world, keyring, founded)
    store.close()
