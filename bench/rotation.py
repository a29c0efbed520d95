"""Replaces the signing key again and again under load and counts the tokens that are refused.

There must be none. At the end one emergency rotation is timed: there every old token must be.
"""

import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from bench import catalogue, load, processes, report, seeding, target
from bench.management import Management
from bench.options import Options
from bench.peers import envoy

APIS = 3
CLIENTS = 2
CONNECTIONS = 16
SEGMENT_SECONDS = 3
KEPT_TOKENS = 2_000
IN_FORCE_SECONDS_MAX = 10


class NotRotatedError(Exception):
    """A key that was announced never came to sign."""


def run(options: Options) -> None:
    """Rotate under load for as long as the options say."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-rotation-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        instance = target.start(servers, "gatewright")
        with instance.management() as management:
            seeded = seeding.seed(instance, management, APIS, options.operations, upstream)
            seeding.prove(seeded)
            report.say(f"rotation: every {options.rotation_pause} s under load")
            with _Load(seeded) as clients:
                activations = _rotate(management, options)
            emergency = _emergency(seeded, management)
    seen = clients.seen
    result = {
        "rotations": len(activations),
        "seconds": options.rotation_seconds,
        "pause_seconds": options.rotation_pause,
        "announced_to_signing_ms": report.percentiles(activations),
        "tokens_issued": seen.tokens["200"],
        "token_requests_refused": sum(seen.tokens.values()) - seen.tokens["200"],
        "calls_with_fresh_and_old_tokens": seen.calls["200"],
        "calls_refused": sum(seen.calls.values()) - seen.calls["200"],
        "calls_of_wrk": sum(one.requests for one in clients.results),
        "calls_of_wrk_failed": sum(one.failed for one in clients.results),
        "kids_seen": len(seen.kids),
        "emergency": emergency,
    }
    _say(result)
    report.write("rotation", options.quick, result)


def _say(result: dict[str, object]) -> None:
    flat = {
        f"{name} {inner}".strip(): figure
        for name, value in result.items()
        for inner, figure in (value.items() if isinstance(value, dict) else [("", value)])
    }
    shown = {
        name: f"{value:.1f}" if isinstance(value, float) else f"{value}"
        for name, value in flat.items()
    }
    rows = [["", "value"], *map(list, shown.items())]
    report.print_table("Key rotation under load", rows)


def _rotate(management: Management, options: Options) -> list[float]:
    """Milliseconds from each announcement to the first signature, by what the API says."""
    taken = []
    end = time.monotonic() + options.rotation_seconds
    while time.monotonic() < end:
        started = time.monotonic()
        (kid,) = management.rotate_keys()
        _wait_until_signing(management, kid, started)
        taken.append((time.monotonic() - started) * 1000)
        time.sleep(max(0.0, options.rotation_pause - (time.monotonic() - started)))
    return taken


def _wait_until_signing(management: Management, kid: str, started: float) -> None:
    while management.key_states().get(kid) != "active":
        if time.monotonic() - started > IN_FORCE_SECONDS_MAX:
            raise NotRotatedError(f"{kid} does not sign")
        time.sleep(0.002)


@dataclass
class _Seen:
    """How requests were answered, by status or by what broke."""

    tokens: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    kids: set[str] = field(default_factory=set)


class _Load:
    """wrk with tokens of every age, beside clients that use each token the moment they have it."""

    def __init__(self, seeded: seeding.Seeded) -> None:
        self._seeded = seeded
        self._done = threading.Event()
        self._tokens = seeded.tokens(20)
        self._threads = [
            threading.Thread(target=self._send, daemon=True),
            *(threading.Thread(target=self._ask_and_call, daemon=True) for _ in range(CLIENTS)),
        ]
        self.seen, self.results = _Seen(), list[load.LoadResult]()

    def __enter__(self) -> "_Load":
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._done.is_set():
            tokens = random.sample(self._tokens, 20)
            calls = self._seeded.calls(tokens, APIS, self._seeded.operations)
            sent = self._seeded.load(calls)
            self.results.append(load.send(sent, SEGMENT_SECONDS, CONNECTIONS, allow_failures=True))

    def _ask_and_call(self) -> None:
        endpoint, path = self._seeded.endpoint, catalogue.call_path(0, 0)
        connection = HTTPConnection(urlsplit(self._seeded.target.gateway_url).netloc, timeout=5)
        while not self._done.is_set():
            status, answer = endpoint.ask()
            self.seen.tokens[str(status)] += 1
            if status != 200:
                continue
            token = str(answer["access_token"])
            self.seen.kids.add(token.partition(".")[0])
            self.seen.calls[_call(connection, path, token)] += 1
            self.seen.calls[_call(connection, path, random.choice(self._tokens))] += 1
            if len(self._tokens) < KEPT_TOKENS:
                self._tokens.append(token)
            else:
                self._tokens[random.randrange(20, KEPT_TOKENS)] = token  # the first ones stay


def _call(connection: HTTPConnection, path: str, token: str) -> str:
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException) as error:
        connection.close()
        return type(error).__name__
    return str(answer.status)


def _emergency(seeded: seeding.Seeded, management: Management) -> dict[str, object]:
    """From the start of the call: old tokens refused, a new one issued, and that one let in."""
    old, path = seeded.tokens(1)[0], catalogue.call_path(0, 0)
    connection = HTTPConnection(urlsplit(seeded.target.gateway_url).netloc, timeout=5)
    refused: list[float] = []
    started = time.monotonic()

    def watch() -> None:
        while _call(connection, path, old) == "200":
            time.sleep(0.001)
        refused.append((time.monotonic() - started) * 1000)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    management.revoke_everything()
    answered, unavailable = time.monotonic(), 0
    while True:
        status, answer = seeded.endpoint.ask()
        if status == 200:
            break
        unavailable += 1
        time.sleep(0.001)
    issued = time.monotonic()
    status_of_new = seeding.call(
        seeded.target.gateway_url, "GET", path, str(answer["access_token"])
    )
    watcher.join(IN_FORCE_SECONDS_MAX)
    return {
        "answered_ms": (answered - started) * 1000,
        "old_token_refused_ms": refused[0] if refused else None,
        "first_new_token_ms": (issued - started) * 1000,
        "token_requests_answered_503": unavailable,
        "new_token_gives": status_of_new,
    }
