"""Whose a counted call was: the application behind a subject key, and the plan it called under."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gatewright.domain.api import version_pair
from gatewright.domain.api_key import TEST_SUBJECT
from gatewright.domain.usage import NOBODY, TEST, UNKNOWN, Series
from gatewright.gateway.usage_counters import NO_SUBJECT, Call
from gatewright.store.port import Transaction

SUBJECTS_MAX = 100_000
PLANS_FOR = timedelta(seconds=30)
"""A changed plan is told in usage within so long."""


class Callers:
    """Remembers what it looked up. A subject never changes its application."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._subjects: dict[tuple[str, str], str] = {}
        self._organizations: dict[str, str] = {}
        self._environments: dict[str, str] = {}
        self._plans: dict[tuple[str, str, int], str] = {}
        self._plans_until: datetime | None = None

    def learn(self, tx: Transaction, calls: Iterable[Call], now: datetime) -> None:
        """Look up what the calls need. Raises Unavailable."""
        known = list(calls)
        environments = {item.environment_id for item in known} - self._environments.keys()
        for row in tx.environments.find(id=tuple(environments)) if environments else ():
            self._environments[row.id] = row.organization_id
        if len(self._subjects) > SUBJECTS_MAX:
            self._subjects.clear()
        wanted = {(self._environments.get(item.environment_id, ""), item.subject) for item in known}
        self._learn_subjects(tx, wanted - self._subjects.keys())
        self._learn_plans(tx, known, now)

    def series(self, call: Call) -> Series | None:
        """What the call is counted as; None in an environment that is gone."""
        organization_id = self._environments.get(call.environment_id)
        if organization_id is None:
            return None
        api, _, version = call.reference.partition(":")
        application = self._application(organization_id, call.subject)
        key = (application, api, _major(version))
        return Series(
            organization_id, self._node_id, call.environment_id, api, version, call.operation,
            application, self._plans.get(key, ""), call.status,
        )  # fmt: skip

    def _application(self, organization_id: str, subject: str) -> str:
        if subject == NO_SUBJECT:
            return NOBODY
        if subject == TEST_SUBJECT:
            return TEST
        return self._subjects.get((organization_id, subject), UNKNOWN)

    def _learn_subjects(self, tx: Transaction, wanted: set[tuple[str, str]]) -> None:
        clients: dict[str, list[str]] = {}
        outside: dict[tuple[str, str], list[str]] = {}
        keys = []
        for _, subject in wanted:
            manager, bar, client = subject.partition("|")
            name, _, generation = subject.rpartition(".")
            if bar:
                outside.setdefault((manager, client), []).append(subject)
            elif generation.isdecimal():
                clients.setdefault(name, []).append(subject)
            else:
                keys.append(subject)
        for row in tx.credentials.find(client_id=tuple(clients)) if clients else ():
            for subject in clients[row.client_id]:
                self._subjects[row.organization_id, subject] = row.application_id
        managers = tuple({manager for manager, _ in outside})
        names = tuple({client for _, client in outside})
        for link in (
            tx.external_clients.find(key_manager_id=managers, client_id=names) if outside else ()
        ):
            for subject in outside.get((link.key_manager_id, link.client_id), ()):
                self._subjects[link.organization_id, subject] = link.application_id
        for key in tx.api_keys.find(id=tuple(keys)) if keys else ():
            self._subjects[key.organization_id, key.id] = key.application_id

    def _learn_plans(self, tx: Transaction, calls: list[Call], now: datetime) -> None:
        if self._plans_until is None or now >= self._plans_until:
            self._plans.clear()
            self._plans_until = now + PLANS_FOR
        applications = {
            self._application(self._environments.get(item.environment_id, ""), item.subject)
            for item in calls
        }
        missing = applications - {key[0] for key in self._plans} - {NOBODY, TEST, UNKNOWN}
        if not missing:
            return
        found = tx.subscriptions.find(application_id=tuple(missing))
        ids = tuple({row.plan_id for row in found})
        plans = {row.id: row.name for row in tx.plans.find(id=ids)} if ids else {}
        for row in found:
            self._plans[row.application_id, row.api_handle, row.api_major] = plans.get(
                row.plan_id, ""
            )


def _major(version: str) -> int:
    return version_pair(version)[0] if version else 0
