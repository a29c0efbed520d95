"""The addresses of an installation: ports claimed and URLs shown, kept for the next start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.ports import Claim, claim
from gatewright.settings import Settings

LISTENING = ("control", "sts", "sample")
"""The ports that the supervisor listens on itself; Envoy binds its own."""


@dataclass(frozen=True)
class Addresses:
    """Claims by name (control, sts, production, sandbox, sample) and the public URLs.

    `local_urls` has each part's URL on this machine, where no public name need lead.
    """

    claims: Mapping[str, Claim]
    local_urls: Mapping[str, str]
    control_url: str
    sts_url: str
    gateway_urls: Mapping[str, str]

    def moved(self) -> list[tuple[str, Claim]]:
        """The ports that were wanted and busy."""
        return [(name, found) for name, found in self.claims.items() if found.moved]

    def descriptor(self, name: str) -> int:
        """The listening socket's file descriptor, for the child that serves it."""
        listener = self.claims[name].listener
        if listener is None:
            raise ValueError(f"{name} has no listening socket")
        return listener.fileno()


def claim_addresses(settings: Settings, folder: Folder, *, any_port: bool) -> Addresses:
    """Claim every port: those of the last start first, then the settings', then the next free.

    With `any_port` the system chooses, which suits a temporary installation.
    Raises Unavailable when nothing is free.
    """
    kept = read_json(folder.installation).get("ports", {})
    wanted = {
        "control": settings.control_port,
        "sts": settings.sts_port,
        "production": settings.production_port,
        "sandbox": settings.sandbox_port,
        "sample": 0,
    }
    given = settings.model_fields_set
    claims: dict[str, Claim] = {}
    taken: set[int] = set()
    for name, default in wanted.items():
        port = default if f"{name}_port" in given else int(kept.get(name, default))
        port = 0 if any_port and f"{name}_port" not in given else port
        claims[name] = claim(settings.host, port, taken, listen=name in LISTENING)
    ports = {name: found.port for name, found in claims.items()}
    _keep(folder, ports)
    return Addresses(
        claims,
        {name: _url(None, settings.host, port) for name, port in ports.items()},
        _url(settings.public_url, settings.host, ports["control"]),
        _url(settings.sts_public_url, settings.host, ports["sts"]),
        {
            "production": _url(settings.production_public_url, settings.host, ports["production"]),
            "sandbox": _url(settings.sandbox_public_url, settings.host, ports["sandbox"]),
        },
    )


def _keep(folder: Folder, ports: dict[str, int]) -> None:
    installation = read_json(folder.installation) | {"ports": ports}
    write_private(folder.installation, json.dumps(installation, indent=2) + "\n")


def _url(public: str | None, host: str, port: int) -> str:
    """A wildcard host is no address that anybody can call: the machine's own stands for it."""
    own = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - shown, not bound
    shown = own.get(host, f"[{host}]" if ":" in host else host)
    return (public or f"http://{shown}:{port}").rstrip("/")
