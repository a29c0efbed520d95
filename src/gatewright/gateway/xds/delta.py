"""The delta discovery protocol as a pure state machine: one Stream for each connected Envoy.

It decides what to send next and what an answer means; it opens no socket and reads no clock.
One response of a kind is under way at a time. Kinds go out in the order of `names.KINDS`, what
uses clusters only after their ACK; removals follow when no addition is left, users first.
(Envoy's xDS protocol, "Incremental xDS" and "Eventual consistency considerations".)
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gatewright.gateway.xds import names

BYTES_PER_RESPONSE_MAX = {names.ROUTES: 2_000_000, names.EXTENSION: 400_000}
"""The other kinds must arrive whole to be complete. What has not begun when that many bytes are
full waits for the next response, so that a revocation never waits for long lists for long."""

_NEED_CLUSTERS = (names.LISTENER, names.SCOPE, names.ROUTES)
ANYTHING = "*"


@dataclass(frozen=True, slots=True)
class Resource:
    """The bytes of a message and their version.

    `after` names a resource that must be in force first when this one replaces an older version:
    an address moves to another API only once that API is there. A name that ends with a star
    means all whose names begin so.
    """

    version: str
    body: bytes
    after: tuple[str, str] | None = None


Resources = Mapping[str, Mapping[str, Resource]]
"""By kind and name: what Envoy shall have."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a DeltaDiscoveryRequest says. `error` is None unless it refuses (NACK)."""

    kind: str
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A DeltaDiscoveryResponse to send."""

    kind: str
    nonce: str
    resources: Mapping[str, Resource]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Envoy refused one resource, in its own words; it keeps the version it had."""

    kind: str
    name: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request said of the response before: names and versions taken, and what was not."""

    kind: str
    accepted: Mapping[str, str] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()


@dataclass(slots=True)
class _Underway:
    response: Response
    mark: int


@dataclass(slots=True)
class _Kind:
    """What is known of one kind on one stream. `dirty` and `held` map names to the mark they stem
    from; `alone` are names to be sent apart after a refusal; `greet` asks for an answer even when
    there is nothing, as Envoy waits for its first one."""

    everything: bool = False
    subscribed: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    dirty: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    alone: list[tuple[str, ...]] = field(default_factory=list)
    greet: bool = False
    underway: _Underway | None = None

    def wants(self, name: str) -> bool:
        return self.everything or name in self.subscribed or name in self.known


class Stream:
    """One Envoy's stream. `resources` is a live view that others change, then call `note`.

    As long as `is_kept`, they may be older than what Envoy has: that it keeps, so that what was
    revoked stays so, and gets only what it lacks.
    """

    def __init__(self, resources: Resources, is_kept: Callable[[], bool] = lambda: False) -> None:
        self._resources, self._is_kept = resources, is_kept
        self._kinds: dict[str, _Kind] = {}
        self._nonce = 0

    def note(self, kind: str, changed: Iterable[str], mark: int) -> None:
        """These resources came, changed or went. `mark` never falls between calls."""
        state = self._kinds.get(kind)
        if state is None:
            return
        for name in changed:
            if state.wants(name):
                state.dirty.setdefault(name, mark)

    def settled(self, mark: int) -> int:
        """The highest mark up to which everything was delivered or refused; `mark` when all."""
        unfinished: list[int] = []
        for kind, state in self._kinds.items():
            unfinished += state.dirty.values()
            unfinished += (
                stems_from
                for name, stems_from in state.held.items()
                if not self._hopeless(kind, name)
            )
            if state.underway:
                unfinished.append(state.underway.mark)
        return min(unfinished, default=mark + 1) - 1

    @property
    def is_whole(self) -> bool:
        """Whether Envoy has asked for every kind that it uses; before, `settled` says too much.

        After a new connection it asks for one kind after the other, and what it has not asked for
        yet may be older than it looks.
        """
        if not {names.CLUSTER, names.LISTENER} <= self._kinds.keys():
            return False
        if self._kinds[names.LISTENER].known and not {names.EXTENSION, names.SCOPE} <= (
            self._kinds.keys()
        ):
            return False
        scopes = self._kinds.get(names.SCOPE)
        return not (scopes and scopes.known) or names.ROUTES in self._kinds

    def holds(self, kind: str, name: str) -> bool:
        """Whether Envoy has acknowledged the current version of this resource."""
        current = self._resources[kind].get(name)
        state = self._kinds.get(kind)
        return bool(current and state and state.known.get(name) == current.version)

    def receive(self, request: Request, mark: int) -> Answer:
        """Take a request in: subscriptions, and an ACK or NACK of what is under way."""
        first = request.kind not in self._kinds
        if first and request.kind not in self._resources:
            return Answer(request.kind)  # a kind we do not serve: Envoy is left waiting
        state = self._kinds.setdefault(request.kind, _Kind())
        answer = self._answered(state, request)
        if first:
            state.known.update(request.initial)
            state.dirty.update(dict.fromkeys(request.initial, mark))
            state.everything = not request.subscribe
        self._subscribe(state, request, mark, first=first)
        return answer

    def send(self) -> list[Response]:
        """What may be sent now; each must reach Envoy, in this order."""
        self._release()
        responses = [
            response for kind in names.KINDS if (response := self._addition(kind)) is not None
        ]
        if responses or any(self._unfinished(kind) for kind in self._kinds):
            return responses
        for kind in names.REMOVALS:
            removal = self._removal(kind)
            if removal is not None:
                return [removal]
        return []

    def _subscribe(self, state: _Kind, request: Request, mark: int, *, first: bool) -> None:
        for name in request.unsubscribe:
            self._unsubscribe(state, name)
        for name in request.subscribe:
            if name == ANYTHING:
                state.everything = True
                continue
            state.subscribed.add(name)
            if name not in request.initial:
                state.known.pop(name, None)  # asked for again: it is sent again
                state.refused.pop(name, None)
            state.dirty.setdefault(name, mark)
        if state.everything and (first or ANYTHING in request.subscribe):
            state.greet = not request.initial
            for name in self._resources[request.kind]:
                state.dirty.setdefault(name, mark)

    @staticmethod
    def _unsubscribe(state: _Kind, name: str) -> None:
        state.subscribed.discard(name)
        dropped = {name}
        if name == ANYTHING:
            state.everything = False
            dropped = {*state.known, *state.dirty, *state.held} - state.subscribed
        if not state.everything:
            for gone in dropped:
                state.known.pop(gone, None)
                state.refused.pop(gone, None)
                state.dirty.pop(gone, None)
                state.held.pop(gone, None)

    def _answered(self, state: _Kind, request: Request) -> Answer:
        underway = state.underway
        if underway is None or request.nonce != underway.response.nonce:
            return Answer(request.kind)
        state.underway = None
        response = underway.response
        if request.error is not None:
            return self._refused(state, underway, request.error)
        accepted = {name: resource.version for name, resource in response.resources.items()}
        for name, version in accepted.items():
            if state.wants(name):
                state.known[name] = version
                state.refused.pop(name, None)
        for name in response.removed:
            state.known.pop(name, None)
        return Answer(request.kind, accepted)

    def _refused(self, state: _Kind, underway: _Underway, reason: str) -> Answer:
        """One resource alone is to blame itself; several are sent again in two halves."""
        response = underway.response
        sent = tuple(response.resources)
        if len(sent) > 1:
            middle = len(sent) // 2
            state.alone[:0] = [sent[:middle], sent[middle:]]
            for name in sent:
                state.dirty[name] = min(underway.mark, state.dirty.get(name, underway.mark))
            return Answer(response.kind)
        rejected = tuple(
            Rejected(response.kind, name, resource.version, reason)
            for name, resource in response.resources.items()
        )
        state.refused.update((item.name, item.version) for item in rejected)
        return Answer(response.kind, rejected=rejected)

    def _release(self) -> None:
        for kind, state in self._kinds.items():
            for name in [name for name in state.held if not self._must_wait(kind, name)]:
                state.dirty.setdefault(name, state.held.pop(name))

    def _must_wait(self, kind: str, name: str) -> bool:
        """What leads to an API that does not exist is not sent: Envoy would wait for the API, and
        its listeners with it. A new way to an API is sent first, as Envoy then asks for the API."""
        resource = self._resources[kind].get(name)
        if resource is not None and name in self._kinds[kind].known and self._is_kept():
            return True
        if resource is None or resource.after is None:
            return False
        needed_kind, needed = resource.after
        if not needed.endswith(ANYTHING) and needed not in self._resources[needed_kind]:
            return True
        if name not in self._kinds[kind].known:
            return False
        return not all(self.holds(needed_kind, item) for item in self._meant(needed_kind, needed))

    def _meant(self, kind: str, needed: str) -> Iterable[str]:
        """The resources that an `after` names."""
        if not needed.endswith(ANYTHING):
            return (needed,)
        return (item for item in self._resources[kind] if item.startswith(needed[:-1]))

    def _hopeless(self, kind: str, name: str) -> bool:
        """Whether what it waits for was refused, so that only a new version can help."""
        resource = self._resources[kind].get(name)
        if resource is None or resource.after is None:
            return False
        needed_kind, needed = resource.after
        state = self._kinds.get(needed_kind)
        targets = [
            (item, self._resources[needed_kind].get(item))
            for item in self._meant(needed_kind, needed)
        ]
        return any(
            target is None or bool(state and state.refused.get(item) == target.version)
            for item, target in targets
        )

    def _addition(self, kind: str) -> Response | None:
        state = self._kinds.get(kind)
        if state is None or state.underway or self._waits(kind):
            return None
        chosen: dict[str, int] = {}
        while state.alone and not chosen:
            chosen = self._choose(kind, state, [x for x in state.alone.pop(0) if x in state.dirty])
        if not chosen:
            chosen = self._choose(kind, state, self._in_order(kind, state))
        if not chosen and not state.greet:
            return None
        state.greet = False
        resources = {name: self._resources[kind][name] for name in chosen}
        return self._start(kind, resources, (), min(chosen.values(), default=0))

    def _in_order(self, kind: str, state: _Kind) -> list[str]:
        """Of those that may be split up the small ones first: what is urgent is small."""
        if kind != names.EXTENSION:
            return list(state.dirty)
        sizes = {
            name: len(found.body) if (found := self._resources[kind].get(name)) else 0
            for name in state.dirty
        }
        return sorted(sizes, key=sizes.__getitem__)

    def _choose(self, kind: str, state: _Kind, wanted: list[str]) -> dict[str, int]:
        """Take from `dirty` what one response holds; what Envoy has already just leaves it."""
        chosen: dict[str, int] = {}
        size = 0
        for name in wanted:
            resource = self._resources[kind].get(name)
            if resource is None:
                if not (name in state.known or name in state.subscribed):
                    del state.dirty[name]
            elif resource.version in (state.known.get(name), state.refused.get(name)):
                del state.dirty[name]
            elif self._must_wait(kind, name):
                state.held[name] = state.dirty.pop(name)
            else:
                if size >= BYTES_PER_RESPONSE_MAX.get(kind, size + 1):
                    break
                size += len(resource.body)
                chosen[name] = state.dirty.pop(name)
        return chosen

    def _removal(self, kind: str) -> Response | None:
        state = self._kinds.get(kind)
        if state is None:
            return None
        gone = {
            name: mark
            for name, mark in state.dirty.items()
            if name not in self._resources[kind] and not (name in state.known and self._is_kept())
        }
        if not gone:
            return None
        for name in gone:
            del state.dirty[name]
        return self._start(kind, {}, tuple(gone), min(gone.values()))

    def _start(
        self, kind: str, resources: dict[str, Resource], removed: tuple[str, ...], mark: int
    ) -> Response:
        self._nonce += 1
        response = Response(kind, str(self._nonce), resources, removed)
        self._kinds[kind].underway = _Underway(response, mark)
        return response

    def _waits(self, kind: str) -> bool:
        clusters = self._kinds.get(names.CLUSTER)
        return kind in _NEED_CLUSTERS and bool(clusters and clusters.underway)

    def _unfinished(self, kind: str) -> bool:
        state = self._kinds[kind]
        return bool(state.underway) or any(not self._hopeless(kind, name) for name in state.held)
