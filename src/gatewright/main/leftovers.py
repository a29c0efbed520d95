"""What an earlier run has left that still serves: ended, or taken over where calls go on in it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from socket import socket

from gatewright.domain.errors import Unavailable
from gatewright.main import generations
from gatewright.main.addresses import Inheritance
from gatewright.main.folder import Folder, is_free, read_json
from gatewright.main.front import Front
from gatewright.main.generations import ENVOY, parent_seconds
from gatewright.main.plan import Layout
from gatewright.main.processes import Supervisor, before_name, end, is_ours
from gatewright.main.steering import STEERING_SOCKET, ask
from gatewright.main.talk import Talk

_LEAVE_SECONDS = 10.0
_LOOK_SECONDS = 0.02


def inherit(folder: Folder) -> Mapping[str, socket]:
    """Ask the `up` that runs to leave, and take its listening sockets; nothing when none runs.

    Raises Unavailable when it does not leave.
    """
    if is_free(folder):
        return {}
    sockets = ask(folder.socket(STEERING_SOCKET), "leave").sockets
    deadline = time.monotonic() + _LEAVE_SECONDS
    while not is_free(folder):
        if time.monotonic() > deadline:
            raise Unavailable("the one that runs does not leave.", "data", "gatewright down")
        time.sleep(_LOOK_SECONDS)
    return sockets


@dataclass(frozen=True)
class Leftovers:
    """Processes of an earlier run by name; `envoys` are those in which calls go on."""

    folder: Folder
    others: Mapping[str, int] = field(default_factory=dict)
    envoys: Mapping[str, int] = field(default_factory=dict)
    sockets: Mapping[str, socket] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Folder, sockets: Mapping[str, socket]) -> "Leftovers":
        """What the last status file names and still lives, and each Envoy that lives."""
        known = read_json(folder.status).get("processes", {})
        pids = {name: int(item["pid"]) for name, item in known.items()}
        alive = {
            name: pid
            for name, pid in pids.items()
            if pid != os.getpid() and is_ours(pid, str(folder.root))
        }
        others = {name: pid for name, pid in alive.items() if not name.startswith(ENVOY)}
        *before, newest = generations.alive(folder) or [0]
        envoys = {before_name(ENVOY, pid): pid for pid in before}
        return cls(folder, others, envoys | ({ENVOY: newest} if newest else {}), sockets)

    @property
    def inheritance(self) -> Inheritance:
        """What it means for the ports."""
        return Inheritance(self.sockets, envoy_lives=bool(self.envoys))

    def end(self, talk: Talk) -> None:
        """End the processes that need not serve on while others start in their place."""
        end(dict(self.others), str(self.folder.root))
        named = sorted({*self.others, *self.envoys})
        if named:
            why = "" if self.sockets else " that was killed"
            talk.say(f"took over from an earlier run{why}: {', '.join(named)}")

    async def start_envoy(self, front: Front, supervisor: Supervisor, layout: Layout) -> None:
        """Start one, which takes over from the one that lives if there is one."""
        for name, pid in self.envoys.items():
            if name != ENVOY:  # it ended its last calls already
                supervisor.see_off(name, pid, parent_seconds(layout))
        if ENVOY in self.envoys:
            await front.take_over(self.envoys[ENVOY])
        else:
            await front.start()
