"""Measures a secured call: Gatewright's Envoy, the same Envoy bare, and other proxies with JWT.

Three tables: what securing a call costs, what it costs where each call brings another token, and
whether it costs more with many APIs.
"""

import base64
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import binaries, load, processes, report, rounds, seeding, target
from bench.options import Options
from bench.peers import envoy, proxies

PATH = "/bench0/v1.0/items0"
MANY_TOKENS = 1_000
QUICK_ALGORITHM = "ES256"


@dataclass(frozen=True)
class Cases:
    """What is timed, by table; the first case of each is the baseline."""

    one_token: list[rounds.Case]
    many_tokens: list[rounds.Case]
    scale: list[rounds.Case]


def run(options: Options) -> None:
    """Prove that each side refuses what it must, then time them in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-gateway-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        report.say("gateway: starting and proving the peers")
        line = proxies.start(servers, upstream, PATH, MANY_TOKENS)
        cases = _peer_cases(line, options)
        if not options.peers_only:
            report.say("gateway: starting and seeding Gatewright")
            _add_gatewright(cases, servers, upstream, options)
        measured = {
            "cases": _table("A secured call, one core; ratio to the bare Envoy", cases.one_token,
                            options),
            "variety": _table(f"{MANY_TOKENS:,} tokens in turn; ratio to the bare Envoy with them",
                              cases.many_tokens, options),
            "scale": _table(f"Many APIs: {options.apis:,} of {options.operations} operations; "
                            "ratio to one API", cases.scale, options),
        }  # fmt: skip
        for name, reason in line.absent.items():
            report.say(f"Absent: {name}: {reason}")
    report.write("gateway", options.quick, _result(options, line, measured))


def _table(title: str, cases: Sequence[rounds.Case], options: Options) -> Sequence[rounds.Measured]:
    if not cases:
        return []
    measured = rounds.measure(cases, options)
    report.print_table(title, rounds.table(measured, "calls"), rounds.cautions(measured))
    return measured


def _result(
    options: Options, line: proxies.Line, measured: dict[str, Sequence[rounds.Measured]]
) -> dict[str, object]:
    return {
        "versions": {**line.versions, "wrk": binaries.find_wrk().version},
        "absent": line.absent,
        "setting": {
            "rounds": options.rounds,
            "seconds": options.seconds,
            "connections": load.CONNECTIONS,
            "tokens": MANY_TOKENS,
            "scale_apis": options.apis,
            "scale_operations": options.operations,
        },
        "cautions": [one for table in measured.values() if table for one in rounds.cautions(table)],
        **{name: [one.as_json() for one in table] for name, table in measured.items()},
    }


def _peer_cases(line: proxies.Line, options: Options) -> Cases:
    """Each with one token; with many tokens those that look at them, and the baseline."""
    varied = [
        one
        for number, one in enumerate(line.standing)
        if number == 0 or (one.secured and (one.algorithm == QUICK_ALGORITHM or not options.quick))
    ]
    return Cases(
        one_token=[_case(one, one.tokens[:1]) for one in line.standing],
        many_tokens=[_case(one, one.tokens) for one in varied],
        scale=[],
    )


def _case(standing: proxies.Standing, tokens: Sequence[str]) -> rounds.Case:
    sent = load.Load(standing.url, [load.Call.with_token(PATH, token) for token in tokens])
    return rounds.loaded_case(standing.name, sent, standing.process_ids)


def _add_gatewright(
    cases: Cases, servers: processes.Servers, upstream: int, options: Options
) -> None:
    """Gatewright below the baseline of each table, and a small against a large instance of it."""
    small = _start_seeded(servers, "gatewright-one", 1, options.operations, upstream)
    large = _start_seeded(servers, "gatewright-many", options.apis, options.operations, upstream)
    varied = {"ES256": small.tokens(MANY_TOKENS)}
    rsa = _sign_by(small, "RS256")
    varied["RS256"] = rsa.tokens(MANY_TOKENS)
    for algorithm, tokens in varied.items():
        _expect_algorithm(tokens, algorithm)
    for row, (algorithm, tokens) in enumerate(varied.items(), start=1):
        name = f"Gatewright, {algorithm}"
        case = _gatewright_case(name, small, small.calls(tokens[:1], 1, 1))
        cases.one_token.insert(row, case)
        if algorithm == QUICK_ALGORITHM or not options.quick:
            case = _gatewright_case(name, small, small.calls(tokens, 1, 1))
            cases.many_tokens.insert(row, case)
    cases.scale.extend(_scale(small, varied["ES256"][:1], large, options))


def _scale(
    small: seeding.Seeded, small_token: Sequence[str], large: seeding.Seeded, options: Options
) -> list[rounds.Case]:
    large_token, apis, operations = large.tokens(1), options.apis, options.operations
    return [
        _gatewright_case("1 API", small, small.calls(small_token, 1, operations)),
        _gatewright_case(
            f"{apis:,} APIs, one of them called", large, large.calls(large_token, 1, operations)
        ),
        _gatewright_case(
            f"{apis:,} APIs, all called in turn", large, large.calls(large_token, apis, operations)
        ),
    ]


def _start_seeded(
    servers: processes.Servers, name: str, apis: int, operations: int, upstream: int
) -> seeding.Seeded:
    instance = target.start(servers, name)
    with instance.management() as management:
        seeded = seeding.seed(instance, management, apis, operations, upstream)
    seeding.prove(seeded)
    return seeded


def _sign_by(seeded: seeding.Seeded, algorithm: str) -> seeding.Seeded:
    """Have the organization's tokens signed so from now on; those it has stay good."""
    with seeded.target.management() as management:
        management.choose_token_algorithm(algorithm)
    switched = replace(seeded, endpoint=replace(seeded.endpoint, algorithm=algorithm))
    seeding.prove(switched)
    return switched


def _expect_algorithm(tokens: Sequence[str], algorithm: str) -> None:
    """Raise unless each token is signed as its row of the table will say."""
    for token in tokens:
        head = token.partition(".")[0]
        named = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["alg"]
        if named != algorithm:
            raise seeding.WrongAnswerError(f"Gatewright signed by {named}, not {algorithm}")


def _gatewright_case(name: str, seeded: seeding.Seeded, calls: Sequence[load.Call]) -> rounds.Case:
    return rounds.loaded_case(name, seeded.load(calls), seeded.target.envoy_process_ids())
