"""The addresses of an installation: ports claimed and URLs shown, kept for the next start."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.ports import Claim, claim
from gatewright.settings import Settings

LISTENING = ("control", "sts", "sample")
"""The ports that the supervisor listens on itself; Envoy binds its own."""

_ENDED_BY_ENVOY = ("production", "sandbox", "sts_tls")
_UNTOLD = "domains"
"""Few need it, and `gatewright domain list` tells its port."""


@dataclass(frozen=True)
class Inheritance:
    """What an earlier run that goes on serving has left: its listening sockets by name, and
    whether its Envoy lives and has its ports."""

    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    envoy_lives: bool = False


@dataclass(frozen=True)
class Addresses:
    """Claims by name (control, sts, production, sandbox, sample) and the public URLs.

    `local_urls` has each part's URL on this machine, where no public name need lead. With `tls`
    there is a claim `sts_tls` too, gateways speak TLS only, and `sts` is for this machine alone.
    `sts_host` is the address at which the gateway calls it.
    """

    claims: Mapping[str, Claim]
    local_urls: Mapping[str, str]
    control_url: str
    sts_url: str
    gateway_urls: Mapping[str, str]
    sts_host: str = "127.0.0.1"

    def moved(self) -> list[tuple[str, Claim]]:
        """The ports that were wanted and busy."""
        return [
            (name, found) for name, found in self.claims.items() if found.moved and name != _UNTOLD
        ]

    def descriptor(self, name: str) -> int:
        """The listening socket's file descriptor, for the child that serves it."""
        listener = self.claims[name].listener
        if listener is None:
            raise ValueError(f"{name} has no listening socket")
        return listener.fileno()


def claim_addresses(
    settings: Settings,
    folder: Folder,
    *,
    any_port: bool,
    tls: bool = False,
    inheritance: Inheritance | None = None,
) -> Addresses:
    """Claim every port: those of the last start first, then the settings', then the next free.

    With `any_port` the system chooses, which suits a temporary installation.
    Raises Unavailable when nothing is free.
    """
    sts_host = _loopback(settings.host) if tls else _callable(settings.host)
    hosts = {"sts": sts_host} if tls else {}
    claims = _claims(
        settings, folder, hosts, inheritance or Inheritance(), any_port=any_port, tls=tls
    )
    ports = {name: found.port for name, found in claims.items()}
    _keep(folder, ports)
    local_urls = {
        name: _url(None, hosts.get(name, settings.host), port, tls=tls and name in _ENDED_BY_ENVOY)
        for name, port in ports.items()
    }
    gateways = {"production": settings.production_public_url,
                "sandbox": settings.sandbox_public_url}  # fmt: skip
    return Addresses(
        claims,
        local_urls,
        _url(settings.public_url, settings.host, ports["control"]),
        _url(settings.sts_public_url, settings.host, ports["sts_tls" if tls else "sts"], tls=tls),
        {
            name: _url(public, settings.host, ports[name], tls=tls)
            for name, public in gateways.items()
        },
        sts_host,
    )


def _claims(
    settings: Settings,
    folder: Folder,
    hosts: Mapping[str, str],
    inheritance: Inheritance,
    *,
    any_port: bool,
    tls: bool,
) -> dict[str, Claim]:
    kept = read_json(folder.installation).get("ports", {})
    wanted = {
        "control": settings.control_port,
        "sts": settings.sts_port,
        "production": settings.production_port,
        "sandbox": settings.sandbox_port,
        "sample": 0,
        "domains": settings.domains_port,
        **({"sts_tls": settings.sts_tls_port} if tls else {}),
    }
    given = settings.model_fields_set
    claims: dict[str, Claim] = {}
    taken: set[int] = set()
    envoys = {int(port) for name, port in kept.items() if name not in LISTENING}
    held = envoys if inheritance.envoy_lives else set()
    for name, default in wanted.items():
        port = default if f"{name}_port" in given else int(kept.get(name, default))
        port = 0 if any_port and f"{name}_port" not in given else port
        host = hosts.get(name, settings.host)
        claims[name] = claim(
            host, port, taken, listen=name in LISTENING,
            inherited=inheritance.sockets.get(name), held=held,
        )  # fmt: skip
    return claims


def _keep(folder: Folder, ports: dict[str, int]) -> None:
    installation = read_json(folder.installation) | {"ports": ports}
    write_private(folder.installation, json.dumps(installation, indent=2) + "\n")


def _url(public: str | None, host: str, port: int, *, tls: bool = False) -> str:
    called = _callable(host)
    shown = f"[{called}]" if ":" in called else called
    return (public or f"{'https' if tls else 'http'}://{shown}:{port}").rstrip("/")


def _callable(host: str) -> str:
    """A wildcard host is no address that anybody can call: the machine's own stands for it."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound


def _loopback(host: str) -> str:
    return "::1" if ":" in host else "127.0.0.1"
