"""A store that tells of each audit record once it is committed; it decides and stores nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from gatewright.domain.audit import AuditRecord
from gatewright.observability.events import Audited, Event
from gatewright.store.port import Feed, Store, Transaction


class ToldStore:
    """Passes everything on to `store`. What was rolled back is not told."""

    def __init__(self, store: Store, report: Callable[[Event], None]) -> None:
        self._store, self._report = store, report

    def read(self) -> AbstractContextManager[Transaction]:
        """As the store's."""
        return self._store.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """As the store's; afterwards its audit records are told."""
        noted: list[AuditRecord] = []
        with self._store.write() as tx:
            yield cast(Transaction, _Noting(tx, noted))
        for record in noted:
            self._report(
                Audited(
                    record.organization_id,
                    record.actor,
                    record.action,
                    record.subject,
                    record.detail,
                )
            )

    def feed(self) -> Feed:
        """As the store's."""
        return self._store.feed()

    def close(self) -> None:
        """As the store's."""
        self._store.close()


class _Noting:
    """A transaction that remembers the audit records added to it."""

    def __init__(self, tx: Transaction, noted: list[AuditRecord]) -> None:
        self._tx = tx
        self.audit_records = _NotingRows(tx.audit_records, noted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class _NotingRows:
    def __init__(self, rows: Any, noted: list[AuditRecord]) -> None:
        self._rows, self._noted = rows, noted

    def add(self, row: AuditRecord) -> AuditRecord:
        self._rows.add(row)
        self._noted.append(row)
        return row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)
