"""Writes what was observed into the store: nodes and faults, and only what differs."""

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gatewright.domain.observed import FORGOTTEN_AFTER, HEARTBEAT, ApiFault, GatewayNode
from gatewright.gateway.fleet import NodeStatus
from gatewright.store.port import Store


class Observations:
    """Remembers what it wrote. For use by one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._nodes: dict[str, GatewayNode] = {}
        with store.read() as tx:
            self._faults = {row.id: row for row in tx.api_faults.find()}

    def write(
        self,
        nodes: Mapping[str, NodeStatus],
        environment_ids: frozenset[str],
        faults: Mapping[str, ApiFault],
        now: datetime,
    ) -> bool:
        """Bring the store's rows to this; True when it had to write. Raises Unavailable."""
        rows = {id: _node(id, status, environment_ids, now) for id, status in nodes.items()}
        new_nodes = [row for id, row in rows.items() if _is_news(self._nodes.get(id), row)]
        new_faults = [
            row for id, row in faults.items() if _differs(self._faults.get(id), row, "at")
        ]
        gone = [id for id in self._faults if id not in faults]
        if not (new_nodes or new_faults or gone):
            return False
        with self._store.write() as tx:
            for node in new_nodes:
                if node.id not in self._nodes:
                    _forget(tx.gateway_nodes, now)
                _put(tx.gateway_nodes, node)
            for fault in new_faults:
                _put(tx.api_faults, fault)
            for id in gone:
                tx.api_faults.remove(id)
        self._nodes |= {row.id: row for row in new_nodes}
        self._faults = dict(faults)
        return True

    def others(
        self, own: Container[str], environment_ids: frozenset[str], now: datetime
    ) -> frozenset[str]:
        """The gateways of these environments that others have reported lately. Raises
        Unavailable."""
        with self._store.read() as tx:
            return frozenset(
                row.id
                for row in tx.gateway_nodes.find()
                if row.id not in own and row.present(now) and row.environment_ids & environment_ids
            )


def _node(
    id: str, status: NodeStatus, environment_ids: frozenset[str], now: datetime
) -> GatewayNode:
    return GatewayNode(
        id=id,
        environment_ids=environment_ids,
        connected=status.connected,
        seen_at=now,
        version=status.version,
        applied_sequence=status.applied,
        rejection=status.rejection,
    )


def _is_news(before: GatewayNode | None, after: GatewayNode) -> bool:
    """A connected gateway is also reported now and then only to tell that it is there."""
    if before is None or _differs(before, after, "seen_at"):
        return True
    return after.connected and after.seen_at - before.seen_at >= HEARTBEAT


def _differs(before: Any, after: Any, moment: str) -> bool:
    if before is None:
        return True
    same = {moment: getattr(after, moment), "revision": after.revision}
    return bool(replace(before, **same) != after)


def _forget(nodes: Any, now: datetime) -> None:
    """When one comes, those go that left long ago, so that their list does not grow for ever."""
    for row in nodes.find():
        if now - row.seen_at > FORGOTTEN_AFTER:
            nodes.remove(row.id)


def _put(rows: Any, row: Any) -> None:
    stored = rows.get(row.id)
    if stored is None:
        rows.add(row)
    else:
        rows.replace(replace(row, revision=stored.revision))
