"""The resources that Envoys shall have, by kind and name, with content hashes as versions.

It knows neither where they come from nor who follows; `keep` and `load` carry it over a restart.
"""

import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatewright.domain.errors import Unavailable
from gatewright.gateway.xds import names
from gatewright.gateway.xds.delta import Resource, Resources

_MAGIC = b"gatewright snapshot 1\n"
_DIGEST_BYTES = 32
_VERSION_LENGTH = 16
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Update:
    """One resource anew; `body` None removes it."""

    kind: str
    name: str
    body: bytes | None
    after: tuple[str, str] | None = None


class Snapshot:
    """For use by one thread. `mark` numbers the states of the desired side it has reached.

    `is_kept` says that it is from an earlier run: what Envoys have may be newer.
    """

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Resource]] = {kind: {} for kind in names.KINDS}
        self.mark, self.is_kept = 0, False
        self._watchers: list[Callable[[str, list[str], int], None]] = []
        self._good: dict[tuple[str, str], Resource | None] = {}

    def watch(self, watcher: Callable[[str, list[str], int], None]) -> Callable[[], None]:
        """Call back with kind, names and mark on each change; the result ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def update(self, updates: Iterable[Update], mark: int) -> bool:
        """Take the updates in; True when anything differs from before."""
        changed: dict[str, list[str]] = {}
        for item in updates:
            if self._put(item):
                changed.setdefault(item.kind, []).append(item.name)
        stems_from = self.mark + 1
        told = names.KINDS if self.is_kept else tuple(changed)  # all: what was held back may go
        self.mark, self.is_kept = mark, False
        for kind in told:
            self._tell(kind, changed.get(kind, []), stems_from)
        return bool(changed)

    def put(self, item: Update) -> None:
        """Take in what stems from no change of the desired side: the mark stays."""
        if self._put(item):
            self._tell(item.kind, [item.name], self.mark + 1)

    def replace(self, updates: Iterable[Update], keep: frozenset[str], mark: int) -> bool:
        """Take the updates in and remove everything else but the names in `keep`; who is in the
        fleet is no matter of the desired side."""
        wanted = list(updates)
        known = {(item.kind, item.name) for item in wanted}
        gone = [
            Update(kind, name, None)
            for kind, found in self.resources.items()
            if kind != names.ENDPOINTS
            for name in found
            if (kind, name) not in known and name not in keep
        ]
        return self.update([*wanted, *gone], mark)

    def confirm(self, kind: str, accepted: Mapping[str, str]) -> None:
        """An Envoy took these names in these versions: nothing older is needed any more."""
        for name, version in accepted.items():
            current = self.resources[kind].get(name)
            if current is not None and current.version == version:
                self._good.pop((kind, name), None)

    def revert(self, kind: str, name: str, version: str) -> bool:
        """Go back from a version that Envoy refused to the last one it took, if there is one;
        True when that one is served on."""
        current = self.resources[kind].get(name)
        if current is None or current.version != version:
            return current is not None
        before = self._good.pop((kind, name), None)
        if before is None:
            del self.resources[kind][name]
        else:
            self.resources[kind][name] = before
        self._tell(kind, [name], self.mark + 1)
        return before is not None

    def _tell(self, kind: str, which: list[str], mark: int) -> None:
        for watcher in list(self._watchers):
            watcher(kind, which, mark)

    def _put(self, item: Update) -> bool:
        found, key = self.resources[item.kind], (item.kind, item.name)
        before = found.get(item.name)
        if item.body is None:
            self._good.pop(key, None)
            return found.pop(item.name, None) is not None
        resource = Resource(version_of(item.body), item.body, item.after)
        if before is not None and before.version == resource.version:
            return False
        self._good.setdefault(key, before)
        found[item.name] = resource
        return True


def version_of(body: bytes) -> str:
    """A content hash: the same bytes, the same version."""
    return hashlib.sha256(body).hexdigest()[:_VERSION_LENGTH]


def keep(content: bytes, path: Path) -> None:
    """Write what `encode` gave, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def load(path: Path) -> Snapshot:
    """The snapshot kept there. Raises Unavailable when there is none or it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Unavailable("no snapshot was kept.", "snapshot") from None
    except OSError as error:
        raise Unavailable(f"can not be read: {error.strerror}.", "snapshot") from error
    return decode(content)


def encode(resources: Resources, mark: int) -> bytes:
    """Magic, SHA-256 of the rest, the mark, then kind, name, after and body of each resource."""
    pieces = [struct.pack(">Q", mark)]
    for kind, found in resources.items():
        for name, resource in found.items():
            after = "\n".join(resource.after or ())
            for text in (kind.encode(), name.encode(), after.encode(), resource.body):
                pieces += (_LENGTH.pack(len(text)), text)
    body = b"".join(pieces)
    return _MAGIC + hashlib.sha256(body).digest() + body


def decode(content: bytes) -> Snapshot:
    """The inverse of `encode`. Raises Unavailable when the bytes are damaged."""
    start = len(_MAGIC) + _DIGEST_BYTES
    digest, body = content[len(_MAGIC) : start], content[start:]
    if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise Unavailable("the kept snapshot is damaged.", "snapshot", "It is made again.")
    snapshot, position, texts = Snapshot(), 8, []
    while position < len(body):
        (length,) = _LENGTH.unpack_from(body, position)
        position += _LENGTH.size + length
        texts.append(body[position - length : position])
    rows = zip(*[iter(texts)] * 4, strict=True)
    updates = [_update(*row) for row in rows]
    for item in updates:
        if item.body is not None and item.kind in snapshot.resources:
            resource = Resource(version_of(item.body), item.body, item.after)
            snapshot.resources[item.kind][item.name] = resource
    snapshot.mark, snapshot.is_kept = struct.unpack_from(">Q", body)[0], True
    return snapshot


def _update(kind: bytes, name: bytes, after: bytes, body: bytes) -> Update:
    first, _, second = after.decode().partition("\n")
    return Update(kind.decode(), name.decode(), body, (first, second) if first else None)
