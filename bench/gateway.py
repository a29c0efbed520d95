"""Measures a secured call: Gatewright's Envoy, the same Envoy bare, and HAProxy with JWT.

Two tables: what securing a call costs, and whether it costs more with many APIs.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import binaries, load, processes, report, rounds, seeding, target
from bench.credentials import ALGORITHMS, SigningKey, trials
from bench.options import Options
from bench.peers import envoy, haproxy

PATH = "/bench0/v1.0/items0"
MANY_TOKENS = 300


def run(options: Options) -> None:
    """Prove that each side refuses what it must, then time them in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-gateway-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        report.say("gateway: starting and proving the peers")
        cases = _peer_cases(servers, upstream)
        scale: list[rounds.Case] = []
        if not options.peers_only:
            report.say("gateway: starting and seeding Gatewright")
            cases[1:1], scale = _gatewright_cases(servers, upstream, options)
        measured = rounds.measure(cases, options)
        rows = rounds.table(measured, "calls")
        cautions = rounds.cautions(measured)
        report.print_table("A secured call, one core; ratio to the bare Envoy", rows, cautions)
        scaled = rounds.measure(scale, options) if scale else []
        if scaled:
            title = (
                f"Many APIs: {options.apis:,} of {options.operations} operations; ratio to one API"
            )
            cautions = rounds.cautions(scaled)
            report.print_table(title, rounds.table(scaled, "calls"), cautions)
    report.write("gateway", options.quick, _result(options, measured, scaled))


def _result(
    options: Options, measured: Sequence[rounds.Measured], scaled: Sequence[rounds.Measured]
) -> dict[str, object]:
    return {
        "versions": {
            "envoy": binaries.find_envoy().version,
            "haproxy": binaries.find_haproxy().version,
            "wrk": binaries.find_wrk().version,
        },
        "setting": {
            "rounds": options.rounds,
            "seconds": options.seconds,
            "connections": load.CONNECTIONS,
            "scale_apis": options.apis,
            "scale_operations": options.operations,
        },
        "cautions": rounds.cautions(measured) + (rounds.cautions(scaled) if scaled else []),
        "cases": [one.as_json() for one in measured],
        "scale": [one.as_json() for one in scaled],
    }


def _peer_cases(servers: processes.Servers, upstream: int) -> list[rounds.Case]:
    """The bare Envoy first: it is the baseline."""
    keys = [SigningKey.generate(algorithm) for algorithm in ALGORITHMS]
    # Every proxy is sent the same request; the bare ones pass the token on unread.
    anything = keys[0].sign()
    cases = []
    for name, start in (("Envoy, bare", envoy.start_bare), ("HAProxy, bare", haproxy.start_bare)):
        port, process_id = start(servers, upstream)
        cases.append(_case(name, port, anything, process_id))
    for key in keys:
        port, process_id = haproxy.start_verifying(servers, key, upstream)
        _prove(port, key)
        name = f"HAProxy, JWT {key.algorithm} + scope"
        cases.append(_case(name, port, key.sign(), process_id))
    return cases


def _case(name: str, port: int, token: str, process_id: int) -> rounds.Case:
    sent = load.Load(f"http://127.0.0.1:{port}", [load.Call.with_token(PATH, token)])
    return rounds.loaded_case(name, sent, [process_id])


def _prove(port: int, key: SigningKey) -> None:
    for trial in trials(key):
        status = seeding.call(f"http://127.0.0.1:{port}", "GET", PATH, trial.token)
        if status != trial.status:
            raise seeding.WrongAnswerError(
                f"HAProxy {key.algorithm}, {trial.name}: {status}, not {trial.status}"
            )


def _gatewright_cases(
    servers: processes.Servers, upstream: int, options: Options
) -> tuple[list[rounds.Case], list[rounds.Case]]:
    """Gatewright beside the peers, and a small against a large instance of it."""
    small = _start_seeded(servers, "gatewright-one", 1, options.operations, upstream)
    large = _start_seeded(servers, "gatewright-many", options.apis, options.operations, upstream)
    one, large_token = small.tokens(1), large.tokens(1)
    beside_peers = [
        _gatewright_case("Gatewright, one token", small, small.calls(one, 1, 1)),
        _gatewright_case(
            f"Gatewright, {MANY_TOKENS} tokens", small, small.calls(small.tokens(MANY_TOKENS), 1, 1)
        ),
    ]
    operations = options.operations
    scale = [
        _gatewright_case("1 API", small, small.calls(one, 1, operations)),
        _gatewright_case(
            f"{options.apis:,} APIs, one of them called",
            large,
            large.calls(large_token, 1, operations),
        ),
        _gatewright_case(
            f"{options.apis:,} APIs, all called in turn",
            large,
            large.calls(large_token, options.apis, operations),
        ),
    ]
    return beside_peers, scale


def _start_seeded(
    servers: processes.Servers, name: str, apis: int, operations: int, upstream: int
) -> seeding.Seeded:
    instance = target.start(servers, name)
    with instance.management() as management:
        seeded = seeding.seed(instance, management, apis, operations, upstream)
    seeding.prove(seeded)
    return seeded


def _gatewright_case(name: str, seeded: seeding.Seeded, calls: Sequence[load.Call]) -> rounds.Case:
    return rounds.loaded_case(name, seeded.load(calls), seeded.target.envoy_process_ids())
