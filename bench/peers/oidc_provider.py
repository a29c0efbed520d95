"""node-oidc-provider as a token endpoint, and how to ask it for a token."""

import json
from urllib.parse import urlencode

from bench import binaries, processes
from bench.credentials import CLIENT, SCOPE, SigningKey
from bench.token_endpoint import TokenEndpoint

_SECRET = "bench-secret-of-no-worth-0123456789abcdef"


def start(
    servers: processes.Servers, key: SigningKey, clients: int = 1
) -> tuple[TokenEndpoint, int]:
    """Start one that signs with this key; gives its endpoint and its process.

    Each algorithm has a process of its own, so that Node can optimize for the one it sees.
    """
    others = [(f"{CLIENT}-{number}", f"{number}-{_SECRET}") for number in range(1, clients)]
    folder, port = binaries.install_oidc_provider(), processes.free_port()
    jwks = {"keys": [{**key.pair.as_dict(private=True), "alg": key.algorithm}]}
    environment = {
        "NODE_ENV": "production",
        "PORT": str(port),
        "CLIENTS": json.dumps([(CLIENT, _SECRET), *others]),
        "SCOPE": SCOPE,
        "ALGORITHM": key.algorithm,
        "KEYS": json.dumps(jwks),
    }
    name = f"oidc-provider-{key.algorithm.lower()}"
    command = [str(binaries.find_node().path), str(folder / "server.mjs")]
    server = servers.start(name, command, processes.SERVER_CORE, environment, port)
    url = f"http://127.0.0.1:{port}"
    endpoint = TokenEndpoint(
        url=f"{url}/token",
        jwks_url=f"{url}/jwks",
        issuer=url,
        algorithm=key.algorithm,
        client_id=CLIENT,
        client_secret=_SECRET,
        body=urlencode(
            {
                "grant_type": "client_credentials",
                "scope": SCOPE,
                "resource": "urn:bench:gateway",
            }
        ),
        others=others,
    )
    return endpoint, server.process_id


def version() -> str:
    """The version that the lock file pins."""
    lock = json.loads((binaries.PEERS / "oidc-provider" / "package-lock.json").read_text())
    return f"oidc-provider {lock['packages']['node_modules/oidc-provider']['version']}"
