"""The connected Envoys: what each has reached, what it refused, and which APIs that concerns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gatewright.gateway.snapshot import Snapshot, Update, version_of
from gatewright.gateway.xds import names
from gatewright.gateway.xds.delta import Answer, Rejected, Stream

REASON_LENGTH_MAX = 2000


@dataclass(eq=False, slots=True)
class Connection:
    """One Envoy's stream, and how it calls itself once it has said so."""

    stream: Stream
    node: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What is to be known of one Envoy; `applied` is the mark up to which all is in force."""

    connected: bool
    version: str
    applied: int
    rejection: str


class Fleet:
    """For use by the thread of the snapshot. Ask `nodes` and `refusals` whenever told."""

    def __init__(
        self, snapshot: Snapshot, on_members: Callable[[Iterable[str]], None] = lambda nodes: None
    ) -> None:
        """`on_members` is called with the nodes that are connected, whenever they may differ."""
        self._snapshot, self._on_members = snapshot, on_members
        self._connections: dict[str, list[Connection]] = {}
        self._rejections: dict[tuple[str, str], tuple[Rejected, bool]] = {}
        self.nodes: dict[str, NodeStatus] = {}

    def observe(self, connection: Connection, answer: Answer | None) -> None:
        """An Envoy has answered, or has left (None)."""
        if answer is None:
            self._left(connection)
            self._on_members(self._connections)
            return
        if connection.node:
            known = self._connections.setdefault(connection.node, [])
            if connection not in known:
                known.append(connection)
                self._on_members(self._connections)
        if answer.accepted:
            self._snapshot.confirm(answer.kind, answer.accepted)
        for item in answer.rejected:
            serving = self._snapshot.revert(item.kind, item.name, item.version)
            self._rejections[item.kind, item.name] = item, serving
        self._evaluate(connection.node)

    def admit(self, updates: Iterable[Update]) -> list[Update]:
        """The updates without those that an Envoy has refused in the same version already."""
        admitted = []
        for item in updates:
            refused = self._rejections.get((item.kind, item.name))
            if refused is not None:
                if item.body is not None and version_of(item.body) == refused[0].version:
                    continue
                del self._rejections[item.kind, item.name]
            admitted.append(item)
        return admitted

    def evaluate(self) -> None:
        """Look again at everybody after the snapshot has moved on."""
        for node in self._connections:
            self._evaluate(node)

    def refusals(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """By kind and name: Envoy's reason, and whether an older version keeps serving."""
        return {
            key: (item.reason[:REASON_LENGTH_MAX], serving)
            for key, (item, serving) in self._rejections.items()
        }

    def _left(self, connection: Connection) -> None:
        known = self._connections.get(connection.node, [])
        if connection not in known:
            return
        known.remove(connection)
        if known:
            self._evaluate(connection.node)
            return
        del self._connections[connection.node]
        status = self.nodes[connection.node]
        self.nodes[connection.node] = replace(status, connected=False)

    def _has_gap(self) -> bool:
        """Whether a deny list or a key set was refused, as who waits for one must not hear that it
        is in force."""
        return any(kind == names.EXTENSION for kind, _ in self._rejections)

    def _evaluate(self, node: str) -> None:
        """While one Envoy takes over from another, both serve: what one lacks is not in force."""
        known = self._connections.get(node)
        if not known:
            return
        before = self.nodes.get(node)
        applied = before.applied if before else 0  # what Envoy had, it has
        mark = self._snapshot.mark
        reached = [item.stream.settled(mark) for item in known if item.stream.is_whole]
        if reached and not self._has_gap():
            applied = min(reached)
        latest = next(reversed(self._rejections.values()), None)
        text = f"{latest[0].name}: {latest[0].reason}"[:REASON_LENGTH_MAX] if latest else ""
        self.nodes[node] = NodeStatus(
            connected=True, version=known[-1].version, applied=applied, rejection=text
        )
