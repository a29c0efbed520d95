"""Measures how soon a revoked token is refused while very many others are revoked already.

The clock runs from the answer of the STS's revocation endpoint and from the start of that call,
while other calls run. So many tokens are revoked that the recent list is merged into the settled
ones again and again; a gateway that refuses late, or lets in again, fails the benchmark.
"""

import sqlite3
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from bench import catalogue, processes, report, seeding, target
from bench.options import Options
from bench.peers import envoy
from bench.probe import NotInForceError, Probe, Timing, time_change

LIVE = 100_000
LIVE_QUICK = 2_000
REVOKED = 200
THROUGH_MERGES = 700
"""More than the recent list holds, so that the last ones fall into merges."""

_SECONDS_LEFT = 12 * 3600
_AT_ONCE = 5_000
_CALLS_A_SECOND = 200
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def run(options: Options) -> None:
    """Fill an instance with revocations, then revoke one token after the other."""
    live = LIVE_QUICK if options.quick else LIVE
    counts = (5, 5) if options.quick else (REVOKED, THROUGH_MERGES)
    with (
        tempfile.TemporaryDirectory(prefix="bench-revocation-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        instance = target.start(servers, "gatewright")
        with instance.management() as management:
            seeded = seeding.seed(instance, management, 1, 1, upstream)
        seeding.prove(seeded)
        report.say(f"revocation: {live:,} tokens are revoked already")
        fill(instance.folder, live)
        neighbours = processes.Neighbours()
        rows = {
            "one by one": time_revocations(seeded, counts[0]),
            "one by one under load, through merges": _under_load(seeded, counts[1]),
        }
        cautions = neighbours.cautions()
        memory = processes.resident_megabytes(instance.envoy_process_ids())
    title = f"From answered to refused, {live:,} live revocations, milliseconds"
    report.print_table(title, _table(rows), cautions)
    content = {
        "cautions": cautions,
        "setting": {"live_revocations": live, "revoked": dict(zip(rows, counts, strict=True))},
        "envoy_resident_megabytes": memory,
        "changes": {name: _summary(taken) for name, taken in rows.items()},
    }
    report.write("revocation", options.quick, content)


def fill(folder: Path, count: int) -> None:
    """Write revocations into the store itself, as their tokens would take an hour to make."""
    database = sqlite3.connect(next(folder.rglob("*.db")), timeout=30)
    organization, kind = database.execute(
        "SELECT organization_id, kind FROM environments WHERE kind = 'production'"
    ).fetchone()
    columns = [row[1] for row in database.execute("PRAGMA table_info(revoked_tokens)")]
    now = int(time.time() * 1_000_000)
    values = {
        "organization_id": organization, "kind": kind,
        "expires_at": now + _SECONDS_LEFT * 1_000_000, "revoked_at": now,
    }  # fmt: skip
    marks = ", ".join("?" for _ in columns)
    for start in range(0, count, _AT_ONCE):
        ids = [_jti(number) for number in range(start, min(start + _AT_ONCE, count))]
        with database:
            database.executemany(
                f"INSERT INTO revoked_tokens ({', '.join(columns)}) VALUES ({marks})",
                [[id if name == "id" else values[name] for name in columns] for id in ids],
            )
            database.executemany(
                "INSERT INTO changes (noun, id, organization_id, at) VALUES (?, ?, ?, ?)",
                [("revoked_tokens", id, organization, now) for id in ids],
            )
    database.close()
    time.sleep(10 if count > LIVE_QUICK else 2)  # the gateway takes them in


def _jti(number: int) -> str:
    """22 characters, as the STS's are, that begin with every character equally often."""
    return f"{_ALPHABET[number % 64]}bench{number:016}"


def time_revocations(seeded: seeding.Seeded, count: int) -> list[Timing]:
    """Each token is let in once, revoked by its client, and then refused."""
    url = target.fetch_metadata(seeded.target.issuer)["revocation_endpoint"]
    timings = []
    for token in seeded.tokens(count):
        request = urllib.request.Request(
            url,
            urlencode({"token": token}).encode(),
            {
                "Authorization": seeded.endpoint.authorization,
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )

        def revoke(request: urllib.request.Request = request) -> None:
            with urllib.request.urlopen(request, timeout=10):
                pass

        probe = Probe(seeded.target.gateway_url, catalogue.call_path(0, 0), token)
        timings.append(time_change(probe, revoke, before=200, after=401))
        probe.close()
    return timings


def _under_load(seeded: seeding.Seeded, count: int) -> list[Timing]:
    """The same while another token's calls keep coming; one that is refused ends it."""
    probe = Probe(seeded.target.gateway_url, catalogue.call_path(0, 0), seeded.tokens(1)[0])
    done, refused = threading.Event(), list[int]()

    def call() -> None:
        while not done.wait(1 / _CALLS_A_SECOND):
            status = probe.look()
            if status != HTTPStatus.OK:
                refused.append(status)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        timings = time_revocations(seeded, count)
    finally:
        done.set()
        thread.join()
        probe.close()
    if refused:
        raise NotInForceError(f"a token that nobody revoked was answered {refused[0]}")
    return timings


def _summary(timings: Sequence[Timing]) -> dict[str, dict[str, float]]:
    return {
        "after_answer_ms": report.percentiles([one.after_answer_ms for one in timings]),
        "from_start_ms": report.percentiles([one.from_start_ms for one in timings]),
        "answered_after_ms": report.percentiles([one.call_ms for one in timings]),
    }


def _table(rows: dict[str, list[Timing]]) -> list[list[str]]:
    table = [["", "after the answer: p50", "p95", "max", "from the start: p50", "p95", "max"]]
    for name, taken in rows.items():
        seen = _summary(taken)
        figures = [*seen["after_answer_ms"].values(), *seen["from_start_ms"].values()]
        table.append([name, *(f"{figure:.1f}" for figure in figures)])
    return table
