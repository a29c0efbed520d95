"""Caddy as a bare proxy: only builds with modules of others can check a JWT."""

import json

from bench import binaries, processes


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start Caddy as a proxy that checks nothing; gives its port and its process."""
    caddy, port, folder = binaries.find_caddy(), processes.free_port(), servers.folder / "caddy"
    folder.mkdir()
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{upstream}"}],
        "transport": {
            "protocol": "http",
            "keep_alive": {"enabled": True, "max_idle_conns_per_host": 64},
        },
    }
    calls = {
        "listen": [f"127.0.0.1:{port}"],
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "routes": [{"handle": [proxy]}],
    }
    path = folder / "caddy.json"
    path.write_text(
        json.dumps(
            {
                "admin": {"disabled": True},
                "logging": {"logs": {"default": {"level": "ERROR"}}},
                "apps": {"http": {"servers": {"calls": calls}}},
            }
        )
    )
    # It keeps files where these say, and nothing in the user's own folders.
    environment = {
        "GOMAXPROCS": "1",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    command = [str(caddy.path), "run", "--config", str(path)]
    server = servers.start("caddy-bare", command, processes.SERVER_CORE, environment, port)
    return port, server.process_id
