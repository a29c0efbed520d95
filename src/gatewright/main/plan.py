"""Which programs make an installation: their commands and their sockets."""

import json
import sys
from base64 import b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewright.main.addresses import Addresses
from gatewright.main.environment import SECRET_VARIABLES
from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.prepared import Prepared
from gatewright.main.processes import Program
from gatewright.main.tls import certificate_files
from gatewright.settings import Settings

PROGRAM = "GATEWRIGHT_PROGRAM"
"""The variable that tells a child its own name, such as sts-2; no setting."""

DOMAINS_KEY = "GATEWRIGHT_DOMAINS_KEY"
"""The variable that gives the gateway's process the key of domains, and no other key; no setting.
"""

_WITHOUT_KEYS = ("gateway", "sample", "proofs")


PROOFS_SOCKET = "proofs"


@dataclass(frozen=True)
class Layout:
    """What every child has to know; written to a file that they read at each start."""

    database_url: str
    control_url: str
    sts_url: str
    gateway_urls: dict[str, str]
    gateway_ports: dict[str, int]
    host: str
    sts_workers: int
    envoy_concurrency: int
    fetch_private_addresses: bool
    log_level: str
    dpop_nonce: str = "off"
    sts_client_rate: int = 0
    sts_token_events: bool = True
    sts_host: str = "127.0.0.1"
    sts_port: int = 0
    sts_tls_port: int = 0
    sts_mtls_url: str | None = None
    tls_files: tuple[str, str] | None = None
    tls_client_ca_file: str | None = None
    drain_seconds: int = 30
    domains_port: int = 0

    @classmethod
    def of(cls, settings: Settings, folder: Folder, addresses: Addresses) -> "Layout":
        """The layout of these settings and addresses. Raises Invalid naming a setting."""
        tls_files = certificate_files(settings)
        return cls(
            settings.database_url or f"sqlite:///{folder.database}",
            addresses.control_url,
            addresses.sts_url,
            dict(addresses.gateway_urls),
            {name: addresses.claims[name].port for name in ("production", "sandbox")},
            settings.host,
            settings.sts_workers,
            settings.envoy_concurrency,
            settings.fetch_private_addresses,
            settings.log_level,
            dpop_nonce=settings.dpop_nonce,
            sts_client_rate=settings.sts_client_rate,
            sts_token_events=settings.sts_token_events,
            sts_host=addresses.sts_host,
            sts_port=addresses.claims["sts"].port,
            sts_tls_port=addresses.claims["sts_tls"].port if tls_files else 0,
            sts_mtls_url=settings.sts_mtls_public_url if tls_files else None,
            tls_files=tls_files,
            tls_client_ca_file=_client_ca_file(settings),
            drain_seconds=settings.drain_seconds,
            domains_port=addresses.claims["domains"].port,
        )

    def write(self, folder: Folder) -> None:
        """Keep it where the children look."""
        write_private(_path(folder), json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Folder) -> "Layout":
        """The layout that the supervisor wrote."""
        content: dict[str, Any] = read_json(_path(folder))
        files = content.pop("tls_files", None)
        return cls(**content, tls_files=(files[0], files[1]) if files else None)


def _client_ca_file(settings: Settings) -> str | None:
    """The file, once it was read: no worker should be the first to find it damaged."""
    if settings.tls_client_ca_file is None:
        return None
    from gatewright.main.outside import client_authorities  # children load this file often

    path = str(settings.tls_client_ca_file.resolve())
    client_authorities(path)
    return path


def _path(folder: Folder) -> Path:
    return folder.run / "layout.json"


def python_program(folder: Folder, name: str, role: str, descriptor: int | None) -> Program:
    """A child of ours: `python -m gatewright.main.child ROLE DATA [FD]`."""
    socket = [] if descriptor is None else [str(descriptor)]
    command = [sys.executable, "-m", "gatewright.main.child", role, str(folder.root), *socket]
    return Program(
        name,
        command,
        folder.logs / f"{name}.log",
        () if descriptor is None else (descriptor,),
        {PROGRAM: name},
        withheld=SECRET_VARIABLES if role in _WITHOUT_KEYS else (),
    )


def programs(
    folder: Folder, layout: Layout, addresses: Addresses, prepared: Prepared
) -> list[Program]:
    """Every child written in Python; Envoy comes after them."""
    gateway = python_program(folder, "gateway", "gateway", None)
    gateway.environment[DOMAINS_KEY] = b64encode(prepared.domains_key).decode()
    workers = [
        python_program(folder, f"sts-{number}", "sts", addresses.descriptor("sts"))
        for number in range(1, layout.sts_workers + 1)
    ]
    extra = (
        [python_program(folder, "sample", "sample", addresses.descriptor("sample"))]
        if prepared.sample
        else []
    )
    return [
        gateway,
        python_program(folder, "proofs", "proofs", None),
        python_program(folder, "control", "control", addresses.descriptor("control")),
        *workers,
        *extra,
    ]
