"""The STS's endpoints as functions from a request to an answer; no socket, no event loop.

For use by one thread at a time; only `write` and `upkeep` block on the database and may run in
another one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.crypto.keyring import Keyring
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import EPOCH, World
from gatewright.observability.counters import Counter
from gatewright.observability.events import Event, RequestRefused, TokenRevoked, TokensIssued
from gatewright.store.port import Store
from gatewright.sts import answer, introspect, proofs, revoke, token, usage
from gatewright.sts.answer import Answer
from gatewright.sts.authentication import authenticate
from gatewright.sts.client_auth import METHODS
from gatewright.sts.errors import Refused, TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Single
from gatewright.sts.request import Form, Request, parse
from gatewright.sts.revoke import Revocation
from gatewright.sts.state import State

REFUSALS_REPORTED_MAX = 20
"""Refusals written to the log in one second; the others are counted in the next one."""

_SECOND = timedelta(seconds=1)
_NOT_PRINTABLE = re.compile(r"[^A-Za-z0-9._~-]")
Act = Callable[[Issuer, Request, Form], Answer]


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that nobody may have before `singles` are written down as used."""

    answer: Answer
    singles: tuple[Single, ...]


class TokenService:
    """One process's token service over its own view of the store."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        world: World,
        sts_url: str,
        report: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self.state = State(store, keyring, world, sts_url, report)
        self.answers = Counter("sts_answers")
        self._report = report
        self._reported_since, self._reported, self._suppressed = EPOCH, 0, 0
        self._issued_before = 0

    def issuer(self, organization_handle: str, kind: str) -> Issuer | None:
        """The issuer as it is now, or None. Raises Unavailable when its key can not be unsealed."""
        self.state.renew()
        return self.state.issuer(organization_handle, kind)

    def token(self, issuer: Issuer, request: Request) -> Answer | Pending:
        """The token endpoint (RFC 6749 §3.2); a Pending is still to be given to `accept`.

        Raises KeysNeeded.
        """
        singles: list[Single] = []

        def act(issuer: Issuer, request: Request, form: Form) -> Answer:
            state = self.state
            granted = token.issue(
                state, issuer, request, form, lambda: authenticate(state, issuer, request, form)
            )
            singles.extend(granted.singles)
            return answer.private(granted.members())

        given = self._answer("token", issuer, request, act)
        return Pending(given, tuple(singles)) if singles else given

    def accept(self, pending: Pending) -> Answer:
        """Write down what a request used up, then answer it; a replay and a dead database refuse.

        Blocks for as long as the database takes.
        """
        try:
            return proofs.accept(self.state.store, pending.singles) or pending.answer
        except Unavailable:
            return answer.refusal(_unavailable("the proof could not be written down."))

    def introspect(self, issuer: Issuer, request: Request) -> Answer:
        """The introspection endpoint (RFC 7662 §2)."""
        return self._answer("introspect", issuer, request, self._introspect)

    def revoke(self, issuer: Issuer, request: Request) -> Answer | Revocation:
        """The revocation endpoint (RFC 7009 §2); a Revocation is still to be given to `write`."""
        decided: list[Revocation] = []

        def act(issuer: Issuer, request: Request, form: Form) -> Answer:
            client = authenticate(self.state, issuer, request, form).client
            token.check_not_blocked(client)
            found = revoke.decide(self.state, issuer, client, form)
            decided.extend([found] if found else [])
            return answer.empty()

        given = self._answer("revoke", issuer, request, act)
        return decided[0] if decided else given

    def write(self, issuer: Issuer, revocation: Revocation) -> Answer:
        """Write a revocation and answer its request; 503 when the database is away."""
        try:
            revoke.write(self.state.store, self.state.world, revocation)
        except Unavailable:
            return answer.refusal(_unavailable("the revocation could not be written."))
        row = revocation.token
        self._report(TokenRevoked(issuer.url, revocation.client_id, row.id))
        return answer.empty()

    def upkeep(self) -> Callable[[], None]:
        """What to write now and then: call here, run the result wherever blocking does no harm."""
        taken, old = self.state.usage.take(), revoke.outlived(self.state)
        now = self.state.world.now()
        issued = self.answers.value("token", "ok")
        if issued > self._issued_before:
            self._report(TokensIssued(issued - self._issued_before))
            self._issued_before = issued

        def run() -> None:
            try:
                usage.write(self.state.store, taken)
                revoke.prune(self.state.store, old)
                proofs.prune(self.state.store, now)
            except Unavailable:
                self.state.usage.give_back(taken)

        return run

    def _introspect(self, issuer: Issuer, request: Request, form: Form) -> Answer:
        client = authenticate(self.state, issuer, request, form).client
        token.check_not_blocked(client)
        return answer.private(introspect.introspect(self.state, issuer, client, form))

    def _answer(self, endpoint: str, issuer: Issuer, request: Request, act: Act) -> Answer:
        try:
            given = act(issuer, request, parse(request))
        except Refused as refused:
            given = answer.refusal(refused)
            self._report_refusal(endpoint, issuer, request, given)
        except Unavailable as error:
            given = answer.refusal(_unavailable(error.reason))
        self.answers.add(endpoint, given.outcome)
        return given

    def _report_refusal(
        self, endpoint: str, issuer: Issuer, request: Request, given: Answer
    ) -> None:
        if not self._may_report(self.state.world.now()):
            self._suppressed += 1
            return
        claimed, suppressed = _claimed_client(request), self._suppressed
        self._suppressed = 0
        error, address = given.outcome, request.address
        self._report(RequestRefused(endpoint, issuer.url, claimed, error, address, suppressed))

    def _may_report(self, now: datetime) -> bool:
        if now - self._reported_since >= _SECOND:
            self._reported_since, self._reported = now, 0
        self._reported += 1
        return self._reported <= REFUSALS_REPORTED_MAX


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
