"""Waiting until a change is in force on the connected gateways, and saying why it is not."""

import time
from dataclasses import dataclass
from typing import Any

from gatewright.interfaces.cli.client import Answer
from gatewright.interfaces.cli.failure import CommandFailed
from gatewright.interfaces.cli.session import Session
from gatewright.interfaces.cli.terminal import clean

WAIT_SECONDS_MAX = 10.0
_DONE = 200
_PAUSE_SECONDS_FIRST = 0.01
_PAUSE_SECONDS_MAX = 0.25


@dataclass(frozen=True)
class Live:
    """What the gateways told last. `asked` is false when nobody waited."""

    asked: bool
    live: bool = False
    document: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """`live on 1 of 1 gateways`, or that nobody looked."""
        if not self.asked:
            return "not waited for the gateways"
        connected = [node for node in _gateways(self.document) if node.get("connected")]
        done = sum(node.get("applied_sequence", 0) >= self._sequence for node in connected)
        return f"live on {done} of {len(connected)} gateways"

    @property
    def rejections(self) -> list[str]:
        """Envoy's own words about what it refused, of the gateways that refused anything."""
        told = (str(node.get("rejection") or "") for node in _gateways(self.document))
        return [text.strip() for text in told if text.strip()]

    @property
    def _sequence(self) -> int:
        return int((self.document or {}).get("sequence", 0))

    def check(self, extra: dict[str, Any]) -> None:
        """Raise CommandFailed, with the reason, when it was waited for in vain."""
        if not self.asked or self.live:
            return
        gateways = _gateways(self.document)
        if not any(node.get("connected") for node in gateways):
            reason = "no gateway is connected"
        else:
            rejected = self.rejections
            late = [str(node.get("id")) for node in gateways if self._is_late(node)]
            reason = (
                f"Envoy refused it: {rejected[0]}" if rejected else f"waiting for {', '.join(late)}"
            )
        raise CommandFailed(
            f"saved, and not in force after {WAIT_SECONDS_MAX:.0f} seconds: {reason}.",
            "gateway",
            "Run `gatewright status` and `gatewright doctor`.",
            "not-live",
            extra=extra,
        )

    def _is_late(self, node: dict[str, Any]) -> bool:
        return bool(node.get("connected")) and node.get("applied_sequence", 0) < self._sequence


def wait_until_live(session: Session, sequence: int | None, *, no_wait: bool) -> Live:
    """Ask until every connected gateway has the change in force, up to WAIT_SECONDS_MAX."""
    if no_wait or sequence is None:
        return Live(asked=False)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    pause = _PAUSE_SECONDS_FIRST
    while True:
        told = session.management.get("/live", {"sequence": sequence})
        document = dict(told) if isinstance(told, dict) else {}
        found = Live(asked=True, live=bool(document.get("live")), document=document)
        if found.live or time.monotonic() >= deadline:
            session.terminal.progress("")
            for rejection in found.rejections if found.live else ():
                session.terminal.say(f"warning: Envoy refused: {clean(rejection)}")
            return found
        session.terminal.progress(f"waiting for the gateways: {found.words}")
        time.sleep(pause)
        pause = min(pause * 1.5, _PAUSE_SECONDS_MAX)


def wait_until_revoked(session: Session, answer: Answer, *, no_wait: bool) -> Live:
    """What the gateways tell of a revocation, which was answered only when they had it, or late.

    Without a connected gateway nobody lets the tokens in, so that nothing is left to wait for.
    """
    if no_wait or answer.sequence is None or answer.status != _DONE:
        return wait_until_live(session, answer.sequence, no_wait=no_wait)
    told = session.management.get("/live", {"sequence": answer.sequence})
    document = dict(told) if isinstance(told, dict) else {}
    return Live(asked=True, live=True, document=document)


def check_faults(session: Session, api_id: str, live: Live, extra: dict[str, Any]) -> None:
    """Raise CommandFailed when a gateway left one of the API's deployments out."""
    if not live.asked:
        return
    from gatewright.interfaces.cli.client import segment

    told = session.management.get(f"/apis/{segment(api_id)}/deployments")
    deployments = told.get("items", []) if isinstance(told, dict) else told or []
    faults = [item for item in deployments if item.get("fault")]
    if not faults:
        return
    raise CommandFailed(
        "the gateway does not serve it as asked.",
        "deployment",
        "Mend the API and deploy it again.",
        "fault",
        items=tuple((str(item["environment"]), _fault(item["fault"])) for item in faults),
        extra=extra,
    )


def _fault(fault: dict[str, Any]) -> str:
    serving = (
        "its last good revision keeps serving" if fault.get("serving") else "nothing is served"
    )
    return f"{fault.get('reason', '')} ({serving})"


def _gateways(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    gateways = (document or {}).get("gateways")
    return [dict(node) for node in gateways] if isinstance(gateways, list) else []
