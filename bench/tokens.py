"""Measures the token endpoint: Gatewright's STS, node-oidc-provider, and the bare signing rate.

One table for each algorithm; node-oidc-provider is the baseline of the ratios.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from bench import binaries, load, processes, report, rounds, seeding, target, token_endpoint
from bench.credentials import ALGORITHMS, SigningKey
from bench.options import Options
from bench.peers import envoy, oidc_provider, signing
from bench.token_endpoint import TokenEndpoint

CLIENTS = 200
"""That ask in turn, at each endpoint."""


def run(options: Options) -> None:
    """Verify a token of each endpoint, then time them in turn, one algorithm after the other."""
    results: dict[str, object] = {}
    for algorithm in ALGORITHMS:
        report.say(f"tokens: {algorithm}")
        with (
            tempfile.TemporaryDirectory(prefix="bench-tokens-") as folder,
            processes.Servers(Path(folder)) as servers,
        ):
            cases = [_peer_case(servers, algorithm)]
            if not options.peers_only:
                cases.append(_gatewright_case(servers, algorithm))
            cases.append(signing.case(algorithm))
            measured = rounds.measure(cases, options)
        title = f"Tokens by client_credentials, {algorithm}, one core; ratio to oidc-provider"
        cautions = rounds.cautions(measured)
        report.print_table(title, rounds.table(measured, "tokens"), cautions)
        results[algorithm] = {
            "cautions": cautions,
            "cases": [one.as_json() for one in measured],
        }
    versions = {
        "oidc-provider": oidc_provider.version(),
        "node": binaries.find_node().version,
        "wrk": binaries.find_wrk().version,
    }
    setting = {
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": load.CONNECTIONS,
        "clients": CLIENTS,
    }
    report.write(
        "tokens", options.quick, {"versions": versions, "setting": setting, "algorithms": results}
    )


def _peer_case(servers: processes.Servers, algorithm: str) -> rounds.Case:
    key = SigningKey.generate(algorithm)
    endpoint, process_id = oidc_provider.start(servers, key, CLIENTS)
    token_endpoint.prove(endpoint)
    return rounds.loaded_case("oidc-provider", endpoint.load(), [process_id])


def _gatewright_case(servers: processes.Servers, algorithm: str) -> rounds.Case:
    instance, endpoint = gatewright(servers, algorithm)
    return rounds.loaded_case("Gatewright's STS", endpoint.load(), instance.sts_process_ids())


def gatewright(
    servers: processes.Servers, algorithm: str, workers: int = 1
) -> tuple[target.Gatewright, TokenEndpoint]:
    """An instance with CLIENTS clients, all its settings but the number of workers as they are."""
    upstream = envoy.start_upstream(servers)
    settings = {"GATEWRIGHT_STS_WORKERS": str(workers)}
    instance = target.start(servers, f"gatewright-{workers}", measured="sts", settings=settings)
    with instance.management() as management:
        management.choose_token_algorithm(algorithm)
        seeded = seeding.seed(instance, management, apis=1, operations=2, upstream=upstream)
        others = []
        for number in range(1, CLIENTS):
            application = management.create_application(f"Bench {number}")
            others.append(management.create_keys(application))
            management.subscribe(application, seeded.apis[0], seeded.plan)
    endpoint = replace(
        instance.token_endpoint(
            seeded.endpoint.client_id, seeded.endpoint.client_secret, algorithm
        ),
        others=others,
    )
    token_endpoint.prove(endpoint)
    return instance, endpoint
