"""Multiplies an instance's first API through the store: thousands of APIs and subscriptions.

Made one by one through the management API they would take an hour. Each API is a row like the
first, at a context of its own, with one of many upstreams: addresses of this machine's loopback.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import catalogue, report
from gatewright.domain.ids import new_id
from gatewright.domain.subscription import Subscription
from gatewright.main.folder import Folder
from gatewright.main.world import real_world
from gatewright.store.port import Transaction
from gatewright.store.sql.opening import open_store

AT_ONCE = 200
UPSTREAMS = 1_000


@dataclass(frozen=True)
class Crowd:
    """Which APIs there shall be, by number; `port` is where the upstreams listen.

    All but the last are subscribed by each of the applications.
    """

    numbers: range
    applications: Sequence[str]
    plan: str
    port: int


def fill(folder: Path, first_api: str, crowd: Crowd) -> list[str]:
    """Write the APIs into the database of the instance that runs from this folder; their ids."""
    world = real_world()
    store = open_store(f"sqlite:///{Folder(folder).database}", world)
    made: list[str] = []
    try:
        with store.read() as tx:
            rows = _Rows(tx, first_api, crowd)
        for start in range(0, len(crowd.numbers), AT_ONCE):
            with store.write() as tx:
                for number in crowd.numbers[start : start + AT_ONCE]:
                    made.append(rows.add(tx, number, world))
            if start % 2_000 == 0:
                report.say(f"  {len(made):,} APIs written")
    finally:
        store.close()
    return made


class _Rows:
    """The rows of the first API, to be written again under other names."""

    def __init__(self, tx: Transaction, first_api: str, crowd: Crowd) -> None:
        self._api = tx.apis.get(first_api)
        (self._deployment,) = tx.deployments.find(api_id=first_api)
        self._revision = tx.revisions.get(self._deployment.revision_id)
        (self._plan,) = tx.plans.find(name=crowd.plan)
        self._crowd = crowd

    def add(self, tx: Transaction, number: int, world: Any) -> str:
        api_id, revision_id = new_id("api", world), new_id("rev", world)
        assert self._api is not None and self._revision is not None
        handle = f"bench-{number}"
        context, version = catalogue.context(number), catalogue.VERSION
        api = replace(self._api, id=api_id, handle=handle, context=context, name=handle)
        tx.apis.add(replace(api, version=version, revision=1))
        tx.revisions.add(replace(self._revision, id=revision_id, api_id=api_id, number=1))
        tx.deployments.add(
            replace(
                self._deployment,
                id=new_id("dep", world),
                api_id=api_id,
                revision_id=revision_id,
                upstream=upstream(number, self._crowd.port),
                revision=1,
            )
        )
        last = number == self._crowd.numbers[-1]
        for application in () if last else self._crowd.applications:
            tx.subscriptions.add(self._subscription(application, handle, world))
        return api_id

    def _subscription(self, application: str, handle: str, world: Any) -> Subscription:
        return Subscription(
            id=new_id("sub", world),
            organization_id=self._plan.organization_id,
            application_id=application,
            api_handle=handle,
            api_major=1,
            plan_id=self._plan.id,
            blocked=False,
            created_at=world.now(),
        )


def upstream(number: int, port: int) -> str:
    """One of many addresses, behind all of which the same service answers."""
    low = number % UPSTREAMS
    return f"http://127.1.{low // 250}.{low % 250 + 1}:{port}"
