"""The STS's endpoints as functions from a request to an answer; no socket, no event loop.

For use by one thread at a time; only `write` and `upkeep` block on the database and may run in
another one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography.x509 import Certificate

from gatewright.crypto.keyring import Keyring
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.observability.events import Event, RequestRefused, TokenRevoked
from gatewright.store.applied import Applied
from gatewright.store.port import Store
from gatewright.sts import answer, introspect, metadata, proofs, revoke, token, usage
from gatewright.sts.answer import Answer
from gatewright.sts.authentication import authenticate
from gatewright.sts.client_auth import METHODS
from gatewright.sts.errors import (
    InvalidRequest,
    Refused,
    RequestTooLarge,
    RequestTooSlow,
    TemporarilyUnavailable,
    TooManyRequests,
)
from gatewright.sts.issuer import Issuer
from gatewright.sts.keys import Backends
from gatewright.sts.limits import Limits, Rate
from gatewright.sts.mint import Granted
from gatewright.sts.nonces import Nonces
from gatewright.sts.proof import KeysNeeded, Single
from gatewright.sts.records import Client
from gatewright.sts.remote_keys import Fetch, RemoteKeys, no_fetch
from gatewright.sts.request import Form, Forms, Request, parse
from gatewright.sts.revoke import Revocation
from gatewright.sts.state import State
from gatewright.sts.traffic import Issue, ReportRows, Traffic

_MALFORMED = (InvalidRequest, RequestTooLarge, RequestTooSlow)
_NOT_PRINTABLE = re.compile(r"[^A-Za-z0-9._~-]")
Act = Callable[[Issuer, Request, Form], Answer]


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that nobody may have before `singles` are written down as used.

    `then` is what is only done afterwards, and whose answer it then is.
    """

    answer: Answer
    singles: tuple[Single, ...]
    then: Callable[[], Answer] | None = None


class TokenService:
    """One process's token service over its own view of the store."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        world: World,
        sts_url: str,
        report: Callable[[Event], None] = lambda _event: None,
        *,
        demands_nonces: bool = False,
        signers: Backends | None = None,
        fetch: Fetch = no_fetch,
        client_authorities: Sequence[Certificate] = (),
        client_rate: Rate | None = None,
        report_rows: ReportRows | None = None,
        lag_max: timedelta = timedelta(),
        mtls_url: str | None = None,
    ) -> None:
        self.state = State(store, keyring, world, sts_url, report, signers)
        self.state.remote_keys = RemoteKeys(fetch, world, report)
        self.state.client_authorities = client_authorities
        self.state.nonces = Nonces(keyring) if demands_nonces else None
        self.state.limits = Limits(client_rate)
        self.state.lag_max = lag_max
        self._documents = metadata.Documents(mtls_url)
        self._forms = Forms()
        self.traffic = Traffic(report, report_rows)
        self._report = report
        self.applied = Applied(store, world.now)
        """What the gateways have in force."""

    def issuer(
        self, organization_handle: str, kind: str, *, may_lag: bool = False
    ) -> Issuer | None:
        """The issuer as it is now, or None; with `may_lag`, as it was `lag_max` ago at most.

        Raises Unavailable when its key can not be unsealed.
        """
        if not (may_lag and self.state.looked_lately()):
            self.state.renew()
        return self.state.issuer(organization_handle, kind)

    def token(self, issuer: Issuer, request: Request) -> Answer | Pending:
        """The token endpoint (RFC 6749 §3.2); a Pending is still to be given to `accept`.

        Raises KeysNeeded.
        """
        state = self.state
        try:
            form = self._forms.parse(request)
            granted = token.issue(
                state, issuer, request, form, lambda: authenticate(state, issuer, request, form)
            )
        except (Refused, Unavailable) as error:
            return self._refusal("token", issuer, request, error)
        given, issue = answer.private(granted.members()), _issue(issuer, granted, form)
        if state.nonces is not None and request.dpop:
            given = answer.with_nonce(given, state.nonces.now(granted.at))
        if not granted.singles:
            self.traffic.issued(issue)
            return given

        def tell() -> Answer:
            self.traffic.issued(issue)
            return given

        return Pending(given, granted.singles, tell)

    def refusal(self, endpoint: str, request: Request, refused: Refused) -> Answer:
        """The answer to a request that could not be read; within the turn, as all decisions."""
        refused = self._slowed(request.address, refused)
        given = answer.refusal(refused)
        self._tell(endpoint, "", request, refused.code, given.outcome)
        return given

    def accept(self, pending: Pending) -> Answer:
        """Write down what a request used up, then answer it; a replay and a dead database refuse.

        Blocks for as long as the database takes.
        """
        try:
            refused = proofs.accept(self.state.store, pending.singles)
        except Unavailable:
            return answer.refusal(_unavailable("the proof could not be written down."))
        if refused is not None:
            return refused
        return pending.then() if pending.then else pending.answer

    def fetch_keys(self, needed: KeysNeeded) -> Answer | None:
        """Read the keys that a request needs; its refusal when too many wait for keys already.

        Blocks for as long as their owner takes, within the fetcher's bounds; needs no turn.
        """
        try:
            self.state.remote_keys.fetch(needed)
        except TemporarilyUnavailable as refused:
            return answer.refusal(refused)
        return None

    def metadata(self, issuer: Issuer) -> Answer:
        """The issuer's metadata (RFC 8414 §3)."""
        return answer.public(self._documents.of(self.state, issuer))

    def protected_resource(self, environment_id: str, context: str, version: str) -> Answer | None:
        """An API's metadata (RFC 9728 §3), or None; raises Unavailable for a key that is sealed."""
        self.state.renew()
        found = metadata.protected_resource(self.state, environment_id, context, version)
        return None if found is None else answer.public(found)

    def introspect(self, issuer: Issuer, request: Request) -> Answer | Pending:
        """The introspection endpoint (RFC 7662 §2); a Pending as in `token`. Raises KeysNeeded."""
        singles: list[Single] = []

        def act(issuer: Issuer, request: Request, form: Form) -> Answer:
            client = self._authenticated(issuer, request, form, singles)
            told = introspect.introspect(self.state, issuer, client, form)
            if introspect.wants_signed(request.accept):
                return answer.signed(introspect.signed(self.state, issuer, client, told))
            return answer.private(told)

        given = self._answer("introspect", issuer, request, act)
        return Pending(given, tuple(singles)) if singles else given

    def revoke(self, issuer: Issuer, request: Request) -> Answer | Pending | Revocation:
        """The revocation endpoint (RFC 7009 §2); a Revocation is still to be given to `write`,
        a Pending to `accept`. Raises KeysNeeded."""
        decided: list[Revocation] = []
        singles: list[Single] = []

        def act(issuer: Issuer, request: Request, form: Form) -> Answer:
            client = self._authenticated(issuer, request, form, singles)
            found = revoke.decide(self.state, issuer, client, form)
            decided.extend([found] if found else [])
            return answer.empty()

        given = self._answer("revoke", issuer, request, act)
        if singles:
            then = (lambda: self.write(issuer, decided[0])) if decided else None
            return Pending(given, tuple(singles), then)
        return decided[0] if decided else given

    def write(self, issuer: Issuer, revocation: Revocation) -> Answer:
        """Write a revocation, and answer once the connected gateways refuse the token.

        503 (RFC 7009 §2.2.1) when the database is away, or a gateway has not got it in time: then
        it is written, and asking again waits again. Blocks for as long as that takes.
        """
        try:
            sequence = revoke.write(self.state.store, self.state.world, revocation)
        except Unavailable:
            return answer.refusal(_unavailable("the revocation could not be written."))
        if not revocation.is_written:
            row = revocation.token
            self._report(TokenRevoked(issuer.url, revocation.client_id, row.id))
        try:
            done = self.applied.wait(revocation.environment_ids, sequence)
        except Unavailable:
            done = False
        if done:
            return answer.empty()
        return answer.refusal(_unavailable("not every gateway has the revocation yet; ask again."))

    def upkeep(self) -> Callable[[], None]:
        """What to write now and then: call here, run the result wherever blocking does no harm."""
        taken, old = self.state.usage.take(), revoke.outlived(self.state)
        now = self.state.world.now()
        self.traffic.sum_up()

        def run() -> None:
            try:
                usage.write(self.state.store, taken)
                revoke.prune(self.state.store, old)
                proofs.prune(self.state.store, now)
            except Unavailable:
                self.state.usage.give_back(taken)

        return run

    def _authenticated(
        self, issuer: Issuer, request: Request, form: Form, singles: list[Single]
    ) -> Client:
        proven = authenticate(self.state, issuer, request, form)
        singles.extend(proven.singles)
        token.check_not_blocked(proven.client)
        return proven.client

    def _answer(self, endpoint: str, issuer: Issuer, request: Request, act: Act) -> Answer:
        try:
            given = act(issuer, request, self._forms.parse(request))
        except (Refused, Unavailable) as error:
            return self._refusal(endpoint, issuer, request, error)
        self.traffic.answered(endpoint, given.outcome)
        return given

    def _refusal(
        self, endpoint: str, issuer: Issuer, request: Request, error: Refused | Unavailable
    ) -> Answer:
        if isinstance(error, Unavailable):
            given = answer.refusal(_unavailable(error.reason))
            self.traffic.answered(endpoint, given.outcome)
            return given
        refused = self._slowed(request.address, error)
        given = answer.refusal(refused)
        self._tell(endpoint, issuer.url, request, refused.code, given.outcome)
        return given

    def _slowed(self, address: str, refused: Refused) -> Refused:
        """The refusal itself; for too many malformed requests of one address, that instead."""
        if not isinstance(refused, _MALFORMED):
            return refused
        try:
            self.state.limits.malformed(address, self.state.world.now())
        except TooManyRequests as slowed:
            return slowed
        return refused

    def _tell(
        self, endpoint: str, issuer_url: str, request: Request, reason: str, error: str
    ) -> None:
        claimed = _claimed_client(request)
        known = self.state.records.client(claimed) is not None
        event = RequestRefused(endpoint, issuer_url, claimed, error, request.address, 0)
        self.traffic.refused(reason, known=known, event=event, now=self.state.world.now())


def _issue(issuer: Issuer, granted: Granted, form: Form) -> Issue:
    scopes = granted.scope.count(" ") + 1 if granted.scope else 0
    grant_type = form.get("grant_type") or ""
    return Issue(granted.at, issuer.url, granted.client_id, granted.jti, grant_type, scopes)


def _unavailable(reason: str) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(reason, retry_after_seconds=1)


def _claimed_client(request: Request) -> str:
    """Who the caller said to be, in characters that can not forge a line of the log."""
    try:
        form = parse(request)
        shown = [item.client_id for item in (m.presented(request, form) for m in METHODS) if item]
    except Refused:
        return ""
    return _NOT_PRINTABLE.sub("?", (shown or [form.get("client_id") or ""])[0][:64])
