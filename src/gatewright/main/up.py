"""`gatewright up`: the first start, then a supervisor in the foreground until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import tempfile
from pathlib import Path

from gatewright import __version__
from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.cli.folder import folder_of
from gatewright.interfaces.cli.hooks import UpOptions
from gatewright.main.addresses import Addresses, claim_addresses
from gatewright.main.environment import read_settings
from gatewright.main.folder import Folder, empty, only_one, read_json, write_private
from gatewright.main.plan import Layout, programs
from gatewright.main.processes import Supervisor, end
from gatewright.main.ready import Part, wait_until_ready
from gatewright.main.talk import Talk
from gatewright.main.tls import certificate_files
from gatewright.main.welcome import Start, farewell, second_start, welcome

_LOG_CHECK_SECONDS = 10
_OPEN_FILES = 65_536


def up(options: UpOptions) -> int:
    """Start everything and run in the foreground. 0 after Ctrl-C, 1 when it could not start."""
    talk = Talk()
    root = _root(options)
    if options.ephemeral and root.exists() and any(root.iterdir()):
        talk.say(
            f"error[invalid]: data: {root} is not empty, and --ephemeral deletes it at the end."
        )
        talk.say("→ choose a new folder, or leave --ephemeral out")
        return 1
    try:
        folder = Folder(root)
        first = not folder.cli_token.exists()  # the last thing that preparing leaves
        talk.say(f"gatewright {__version__} · {'first start · ' if first else ''}data in {root}")
        folder.create()
        with only_one(folder):
            _end_leftovers(folder, talk)
            empty(folder.metrics)  # numbers are those of one run
            return asyncio.run(_run(options, folder, talk, first=first))
    except GatewrightError as error:
        talk.say(f"error[{error.code}]: {error}")
        talk.say("→ gatewright doctor")
        return 1
    finally:
        if options.ephemeral:
            shutil.rmtree(root, ignore_errors=True)


async def _run(options: UpOptions, folder: Folder, talk: Talk, *, first: bool) -> int:
    stop = _stop_event()
    _allow_connections()
    settings = read_settings()
    tls = certificate_files(settings) is not None
    addresses = claim_addresses(settings, folder, any_port=options.ephemeral, tls=tls)
    layout = Layout.of(settings, folder, addresses)
    layout.write(folder)
    for name, found in addresses.moved():
        talk.say(
            f"{name}: port {found.wanted} is busy; using {found.port} instead."
            f" Set GATEWRIGHT_{name.upper()}_PORT to choose."
        )
    from gatewright.main.prepare import prepare  # the store's libraries take a while to load

    prepared = prepare(folder, layout, addresses, talk, first=first, sample=options.sample)
    status = _Status(folder, addresses)
    supervisor = Supervisor(status.write, die_with_us=options.ephemeral)
    try:
        await _start(
            supervisor, folder, layout, addresses, talk if first else None, sample=prepared.sample
        )
        start = Start(folder, addresses, prepared, talk)
        await asyncio.to_thread(welcome if first else second_start, start)
        await _until_stopped(stop, folder, supervisor)
    finally:
        farewell(talk, ephemeral=options.ephemeral)
        await supervisor.stop()
        folder.status.unlink(missing_ok=True)
    return 0


async def _start(
    supervisor: Supervisor,
    folder: Folder,
    layout: Layout,
    addresses: Addresses,
    talk: Talk | None,
    *,
    sample: bool,
) -> None:
    """Start the children and wait until each answers."""
    from gatewright.main.gateway import envoy_program

    children = [*programs(folder, layout, addresses, sample=sample), envoy_program(folder, layout)]
    for program in children:
        await supervisor.start(program)
    local = addresses.local_urls
    for part in (
        Part("token service", "sts-1", f"{local['sts']}/health", addresses.sts_url),
        Part("control plane", "control", f"{local['control']}/health", addresses.control_url),
        Part("gateway", "envoy", f"{local['production']}/", addresses.gateway_urls["production"]),
    ):
        await wait_until_ready(part, folder, talk)


async def _until_stopped(stop: asyncio.Event, folder: Folder, supervisor: Supervisor) -> None:
    """Sleep until the signal; keep the logs within bounds meanwhile."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOG_CHECK_SECONDS)
        supervisor.trim_logs(folder.logs)


class _Status:
    """The file that tells the command line what runs where."""

    def __init__(self, folder: Folder, addresses: Addresses) -> None:
        self._folder = folder
        self._local = {"management": f"{addresses.local_urls['control']}/api/v1"}
        self._urls = {
            "management": f"{addresses.control_url}/api/v1",
            "portal": addresses.control_url,
            "console": f"{addresses.control_url}/console",
            "sts": f"{addresses.sts_url}/sts/default/production",
            "gateway": dict(addresses.gateway_urls),
        }

    def write(self, pids: dict[str, int]) -> None:
        """Write the process ids as they are now."""
        everyone = {"supervisor": os.getpid(), **pids}
        content = {
            "version": __version__,
            "urls": self._urls,
            "local_urls": self._local,
            "processes": {name: {"pid": pid} for name, pid in everyone.items()},
            "data": str(self._folder.root),
        }
        write_private(self._folder.status, json.dumps(content, indent=2) + "\n")


def _allow_connections() -> None:
    """Shells often start with 1,024 open files, which a gateway's connections soon exceed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _root(options: UpOptions) -> Path:
    if options.data is not None:
        return options.data.expanduser().absolute()
    if options.ephemeral:
        return Path(tempfile.mkdtemp(prefix="gatewright-"))
    return folder_of(None, os.environ, Path.cwd()).root


def _end_leftovers(folder: Folder, talk: Talk) -> None:
    """Children of a supervisor that was killed still serve: this run takes their place."""
    known = read_json(folder.status).get("processes", {})
    pids = {
        name: int(item["pid"]) for name, item in known.items() if int(item["pid"]) != os.getpid()
    }
    ended = end(pids, str(folder.root))
    if ended:
        talk.say(f"took over from an earlier run that was killed: {', '.join(ended)}")


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop
