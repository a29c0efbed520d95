"""`gatewright up`: the first start, then a supervisor in the foreground until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import NoReturn

from gatewright import __version__
from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.cli.folder import folder_of
from gatewright.interfaces.cli.hooks import UpOptions
from gatewright.main.addresses import Addresses, claim_addresses
from gatewright.main.environment import read_settings
from gatewright.main.folder import Folder, empty, only_one, write_private
from gatewright.main.front import Front
from gatewright.main.leftovers import Leftovers, inherit
from gatewright.main.plan import Layout, programs
from gatewright.main.prepared import Prepared
from gatewright.main.processes import Supervisor
from gatewright.main.ready import Part, wait_until_ready
from gatewright.main.steering import STEERING_SOCKET, Steering, Told
from gatewright.main.talk import Talk
from gatewright.main.tls import certificate_files
from gatewright.main.welcome import Start, farewell, second_start, welcome
from gatewright.main.world import real_world

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
        sockets = inherit(folder) if options.take_over else {}
        with only_one(folder):
            leftovers = Leftovers.of(folder, sockets)
            leftovers.end(talk)
            empty(folder.metrics)  # numbers are those of one run
            return asyncio.run(_run(options, folder, talk, leftovers, first=first))
    except GatewrightError as error:
        talk.say(f"error[{error.code}]: {error}")
        talk.say("→ gatewright doctor")
        return 1
    finally:
        if options.ephemeral:
            shutil.rmtree(root, ignore_errors=True)


async def _run(
    options: UpOptions, folder: Folder, talk: Talk, leftovers: Leftovers, *, first: bool
) -> int:
    signals = _Signals()
    _allow_connections()
    settings = read_settings()
    tls = certificate_files(settings) is not None
    addresses = claim_addresses(
        settings, folder, any_port=options.ephemeral, tls=tls, inheritance=leftovers.inheritance
    )
    layout = Layout.of(settings, folder, addresses)
    layout.write(folder)
    for name, found in addresses.moved():
        talk.say(
            f"{name}: port {found.wanted} is busy; using {found.port} instead."
            f" Set GATEWRIGHT_{name.upper()}_PORT to choose."
        )
    from gatewright.main.prepare import prepare  # the store's libraries take a while to load

    prepared = prepare(folder, layout, addresses, talk, first=first, sample=options.sample)
    status = _Status(folder, layout, addresses)
    supervisor = Supervisor(status.write, die_with_us=options.ephemeral)
    front = Front(folder, layout, real_world(), supervisor)
    steering = _steering(folder, front, addresses, signals)
    try:
        work = _start(
            supervisor, front, leftovers, folder, layout, addresses, prepared,
            talk if first else None,
        )  # fmt: skip
        if await _unless_stopped(work, signals):
            steering.start()
            start = Start(folder, addresses, prepared, talk)
            await asyncio.to_thread(welcome if first else second_start, start)
        await _until_stopped(signals, folder, supervisor)
        if signals.left.is_set():
            talk.say("handed over to another gatewright up")
            _vanish(supervisor)
        farewell(talk, ephemeral=options.ephemeral)
        await _end_calls(front, signals, talk)
    finally:
        steering.stop()
        await supervisor.stop()
        front.close()
        folder.status.unlink(missing_ok=True)
    return 0


async def _start(
    supervisor: Supervisor,
    front: Front,
    leftovers: Leftovers,
    folder: Folder,
    layout: Layout,
    addresses: Addresses,
    prepared: Prepared,
    talk: Talk | None,
) -> None:
    """Start the children and wait until each answers."""
    for name, pid in leftovers.envoys.items():
        supervisor.hold(name, pid)
    for program in programs(folder, layout, addresses, prepared):
        await supervisor.start(program)
    await leftovers.start_envoy(front, supervisor, layout)
    local = addresses.local_urls
    for part in (
        Part("token service", "sts-1", f"{local['sts']}/health", addresses.sts_url),
        Part("control plane", "control", f"{local['control']}/health", addresses.control_url),
        Part("gateway", "envoy", f"{local['production']}/", addresses.gateway_urls["production"]),
    ):
        await wait_until_ready(part, folder, talk)


async def _unless_stopped(work: Coroutine[None, None, None], signals: "_Signals") -> bool:
    """Do it, unless the signal comes first; whether it was done."""
    doing, stopped = asyncio.create_task(work), asyncio.create_task(signals.stop.wait())
    await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    return False


async def _until_stopped(signals: "_Signals", folder: Folder, supervisor: Supervisor) -> None:
    """Sleep until the signal; keep the logs within bounds meanwhile."""
    while not signals.stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(signals.stop.wait(), _LOG_CHECK_SECONDS)
        supervisor.trim_logs(folder.logs)
        supervisor.tell()  # what a full disk kept from being written


async def _end_calls(front: Front, signals: "_Signals", talk: Talk) -> None:
    """Wait for the calls in flight; a second signal ends the wait."""
    left = await front.drain(signals.hurry.is_set)
    if left:
        talk.say(f"{left} call{'s' if left > 1 else ''} had not ended and will be cut off")


def _steering(folder: Folder, front: Front, addresses: Addresses, signals: "_Signals") -> Steering:
    sockets = {name: found.listener for name, found in addresses.claims.items() if found.listener}

    async def leave() -> Told:
        return Told({"left": os.getpid()}, sockets)

    def after(deed: str) -> None:
        if deed == "leave":
            signals.left.set()
            signals.stop.set()

    deeds = {"restart-gateway": front.restart, "leave": leave}
    return Steering(folder.socket(STEERING_SOCKET), deeds, after)


def _vanish(supervisor: Supervisor) -> NoReturn:
    """End at once: the event loop would end the children, which belong to another now."""
    supervisor.release()
    sys.stdout.flush()
    os._exit(0)


class _Status:
    """The file that tells the command line what runs where."""

    def __init__(self, folder: Folder, layout: Layout, addresses: Addresses) -> None:
        self._folder, self._drain_seconds = folder, layout.drain_seconds
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
            "drain_seconds": self._drain_seconds,
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


class _Signals:
    """What the process was told: to stop, to do it at once, or to leave all to another."""

    def __init__(self) -> None:
        self.stop, self.hurry, self.left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._told)

    def _told(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()
