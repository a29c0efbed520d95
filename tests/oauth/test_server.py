"""A worker as a process on a socket that its parent holds: it serves, drains, and spares others."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

pytestmark = pytest.mark.real

WORKER = textwrap.dedent("""
    import sys, tempfile
    from pathlib import Path
    from gatewright.interfaces.oauth.app import create_app
    from gatewright.interfaces.oauth.server import run
    from tests.sts.installation import Installation
    made = Installation(Path(tempfile.mkdtemp()))
    run(create_app(made.service, made.log), int(sys.argv[1]))
    made.close()
    print(made.lines[-1]["event"])
""")


def start(listener: socket.socket) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WORKER, str(listener.fileno())]
    return subprocess.Popen(command, pass_fds=[listener.fileno()], env=environment,
                            stdout=subprocess.PIPE, text=True)  # fmt: skip


def test_workers_share_a_socket_and_drain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/sts/default/production/jwks"
        first = start(listener)
        try:
            assert b'"keys"' in urllib.request.urlopen(url, timeout=20).read()
            second = start(listener)
            first.send_signal(signal.SIGTERM)
            said, _ = first.communicate(timeout=20)
            assert (first.returncode, said) == (0, "process.stopped\n")
            began = time.monotonic()
            assert b'"keys"' in urllib.request.urlopen(url, timeout=20).read()
            assert time.monotonic() - began < 20
        finally:
            for process in (first, second):
                process.kill()
                process.communicate()
