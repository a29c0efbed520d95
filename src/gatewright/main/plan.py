"""Which programs make an installation: their commands and their sockets."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewright.main.addresses import Addresses
from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.processes import Program
from gatewright.settings import Settings


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

    @classmethod
    def of(cls, settings: Settings, folder: Folder, addresses: Addresses) -> "Layout":
        """The layout of these settings and addresses."""
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
        )

    def write(self, folder: Folder) -> None:
        """Keep it where the children look."""
        write_private(_path(folder), json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Folder) -> "Layout":
        """The layout that the supervisor wrote."""
        content: dict[str, Any] = read_json(_path(folder))
        return cls(**content)


def _path(folder: Folder) -> Path:
    return folder.run / "layout.json"


def python_program(folder: Folder, name: str, role: str, descriptor: int | None) -> Program:
    """A child of ours: `python -m gatewright.main.child ROLE DATA [FD]`."""
    socket = [] if descriptor is None else [str(descriptor)]
    command = [sys.executable, "-m", "gatewright.main.child", role, str(folder.root), *socket]
    return Program(
        name, command, folder.logs / f"{name}.log", () if descriptor is None else (descriptor,)
    )


def programs(
    folder: Folder, layout: Layout, addresses: Addresses, *, sample: bool
) -> list[Program]:
    """Every child written in Python; Envoy comes after them."""
    workers = [
        python_program(folder, f"sts-{number}", "sts", addresses.descriptor("sts"))
        for number in range(1, layout.sts_workers + 1)
    ]
    extra = (
        [python_program(folder, "sample", "sample", addresses.descriptor("sample"))]
        if sample
        else []
    )
    return [
        python_program(folder, "gateway", "gateway", None),
        python_program(folder, "control", "control", addresses.descriptor("control")),
        *workers,
        *extra,
    ]
