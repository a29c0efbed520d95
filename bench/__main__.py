"""`python -m bench [NAME|all]`: runs benchmarks, one by one."""

import argparse
import signal
import sys
from dataclasses import fields, replace
from typing import NoReturn

from bench import (
    deploys,
    gateway,
    outage,
    processes,
    propagation,
    report,
    revocation,
    rotation,
    scale,
    soak,
    tokens,
)
from bench.binaries import MissingBinaryError
from bench.options import Options

BENCHMARKS = {
    "gateway": gateway.run,
    "tokens": tokens.run,
    "soak": soak.run,
    "propagation": propagation.run,
    "deploys": deploys.run,
    "rotation": rotation.run,
    "revocation": revocation.run,
    "scale": scale.run,
    "outage": outage.run,
}
WITH_PEERS = ("gateway", "tokens")


def main(arguments: list[str] | None = None) -> int:
    """Parse, run, and leave no process behind, whatever happens."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    options = Options.for_quick(parsed.peers_only) if parsed.quick else Options()
    chosen = {
        field.name: getattr(parsed, field.name)
        for field in fields(Options)
        if getattr(parsed, field.name, None) is not None
    }
    options = replace(options, **chosen)
    names = list(BENCHMARKS) if parsed.benchmark == "all" else [parsed.benchmark]
    if options.peers_only:
        names = [name for name in names if name in WITH_PEERS]
        if not names:
            parser.error(f"{parsed.benchmark} has no peers: run it without --peers-only")
    if processes.SERVER_CORE == processes.LOAD_CORE:
        report.say("One core only: servers and load share it, so read nothing but ratios.")
    # A terminated benchmark must stop its servers too, as an interrupted one does.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for name in names:
            BENCHMARKS[name](options)
    except MissingBinaryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("benchmark", choices=[*BENCHMARKS, "all"], nargs="?", default="all")
    parser.add_argument("--quick", action="store_true", help="only see that it all works")
    parser.add_argument("--peers-only", action="store_true", help="leave Gatewright out")
    for name, meaning in (
        ("rounds", "how often each case is measured"),
        ("seconds", "how long a measurement takes"),
        ("apis", "APIs loaded in scale and propagation"),
        ("operations", "operations of each API"),
        ("repeats", "changes of each kind in propagation"),
        ("deploys", "revisions deployed under load"),
        ("minutes", "how long `soak` and `outage` take"),
        ("rotation-seconds", "how long keys are rotated"),
        ("rotation-pause", "seconds from one rotation to the next"),
    ):
        parser.add_argument(f"--{name}", type=int, help=meaning)
    return parser


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
