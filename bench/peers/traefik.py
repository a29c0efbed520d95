"""Traefik as a bare proxy: its JWT check is a part of Traefik Hub, which is not open source.

Plugins of others check JWTs in an interpreter inside of Traefik. By its source, the one looked at
(agilezebra/jwt-middleware) asks for no expiry, so it does not do the same job; it was not run.
"""

import json
import time

from bench import binaries, processes, seeding

ROUTES_SECONDS_MAX = 10


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start Traefik as a proxy that checks nothing; gives its port and its process."""
    traefik, port = binaries.find_traefik(), processes.free_port()
    routes = servers.folder / "traefik.yml"
    # JSON is YAML, too.
    routes.write_text(
        json.dumps(
            {
                "http": {
                    "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "upstream"}},
                    "services": {
                        "upstream": {
                            "loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{upstream}"}]}
                        }
                    },
                }
            }
        )
    )
    command = [str(traefik.path), f"--entrypoints.calls.address=127.0.0.1:{port}",
               f"--providers.file.filename={routes}", "--log.level=ERROR",
               "--serverstransport.maxidleconnsperhost=64",
               "--global.checknewversion=false",
               "--global.sendanonymoususage=false"]  # fmt: skip
    environment = {"GOMAXPROCS": "1"}
    server = servers.start("traefik-bare", command, processes.SERVER_CORE, environment, port)
    _wait_for_routes(server, port)
    return port, server.process_id


def _wait_for_routes(server: processes.Server, port: int) -> None:
    """It listens a moment before it has read its routes, and answers 404 until then."""
    deadline = time.monotonic() + ROUTES_SECONDS_MAX
    while seeding.call(f"http://127.0.0.1:{port}", "GET", "/", None) == 404:
        if time.monotonic() > deadline:
            raise processes.ServerStartError(f"Traefik has no routes:\n{server.log_tail()}")
        time.sleep(0.02)
