"""`gatewright status`: what runs, at which addresses, and what is not served as asked."""

from typing import Any

import typer

from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import Terminal, clean, mark


def status(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Show addresses, processes, gateways and faults.

    Exit code 5 when nothing runs.
    """
    session = open_session(context, data, as_json=as_json)
    told = session.management.get("/status")
    result = {**told, "processes": _processes(session), "data": _data(session)}
    session.answer(result, lambda: _write(session.terminal, result))


def _processes(session: Session) -> dict[str, dict[str, Any]]:
    """Those of the data folder, when it is the installation that answered."""
    if not _is_ours(session):
        return {}
    pids, running = session.folder.processes(), session.folder.running()
    return {name: {"pid": pid, "running": running[name]} for name, pid in pids.items()}


def _data(session: Session) -> str | None:
    return str(session.folder.root) if _is_ours(session) else None


def _is_ours(session: Session) -> bool:
    return session.management.connection.url == session.folder.management_url()


def _write(terminal: Terminal, result: dict[str, Any]) -> None:
    urls = result["urls"]
    terminal.pairs(
        [
            ("version", result["version"]),
            *((name, urls[name]) for name in ("portal", "console", "management")),
            ("sts (issuer)", urls["sts"]),
            *((f"gateway {name}", url) for name, url in urls["gateway"].items()),
            *((name, str(number)) for name, number in result.get("counts", {}).items()),
            ("sequence", result["sequence"]),
            ("data", result["data"] or "elsewhere"),
        ]
    )
    for name, process in result["processes"].items():
        words = f"pid {process['pid']}" if process["running"] else "has ended"
        terminal.write(f"{mark(passed=process['running'])} {clean(name)} {words}")
    for node in result["gateways"]:
        current = node["connected"] and node["applied_sequence"] >= result["sequence"]
        current = current and not node["rejection"]
        words = "connected" if node["connected"] else f"not connected since {node['seen_at']}"
        line = f"gateway {node['id']} ({node['version']}) {words}, at {node['applied_sequence']}"
        terminal.write(f"{mark(passed=current)} {clean(line)}")
        if node["rejection"]:
            terminal.write(f"  Envoy refused: {clean(node['rejection'].strip())}")
    for fault in result["faults"]:
        serving = "last good revision serves" if fault["serving"] else "not served"
        line = f"{fault['api']} in {fault['environment']} ({serving}): {fault['reason']}"
        terminal.write(f"{mark(passed=False)} {clean(line)}")
