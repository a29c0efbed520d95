"""Several organizations on one gateway by domain names, for tests; and calls by name."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from tests.crypto.served import Made, ServerAuthority
from tests.gateway.scene import AT, Scene, definition_of

from gatewright.crypto.domain_keys import DomainSealer
from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.domain_name import DomainName, seal_context
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.organization import Organization
from gatewright.domain.world import World
from gatewright.store.mirror import Difference

SEALER = DomainSealer(b"k" * 32)
_WORLD = World(lambda: AT, lambda count: b"n" * count)


def another_organization(scene: Scene, upstream: str) -> None:
    """`other`, with one environment that has no port of its own, and an API in it."""
    scene.put("organizations", Organization("org_2", "other", "Other", "ES256", AT))
    scene.put("environments", Environment(
        "env_other", "org_2", "production", "Production", Kind.PRODUCTION, 1,
        "https://api.two.test", AT,
    ))  # fmt: skip
    definition = definition_of({"GET /poems": "anonymous", "GET /secret": "any"})
    scene.put("apis", Api("api_poems", "org_2", "poems", "/poems", "v1.0", "Poems", "",
                          State.PUBLISHED, definition, {}, AT, AT))  # fmt: skip
    scene.put("revisions", Revision("rev_poems", "org_2", "api_poems", 1, "0" * 64, definition, AT))
    scene.put("deployments", Deployment("dep_poems", "org_2", "api_poems", "env_other",
                                        "rev_poems", upstream, AT))  # fmt: skip


def domain(
    scene: Scene, host: str, environment_id: str, made: Made, *, key: str | None = None,
    sealer: DomainSealer = SEALER,
) -> Difference:  # fmt: skip
    """A domain with that certificate, or its next one; `key` stands in for the right one."""
    id = f"dom_{host.replace('*', 'any')}"
    environment = scene.rows("environments")[environment_id]
    before = scene.rows("domains").get(id)
    sealed = sealer.seal((key or made.key).encode(), seal_context(id), _WORLD)
    return scene.put("domains", DomainName(
        id, environment.organization_id, environment_id, host, made.chain, sealed, AT, AT,
        before.revision + 1 if before else 1,
    ))  # fmt: skip


class Visitor:
    """Calls the gateway's port for domains, as whatever name."""

    def __init__(self, port: int, authority: ServerAuthority) -> None:
        self.port, self._root = port, authority.root_text

    def connect(self, name: str | None, protocols: tuple[str, ...] = ("http/1.1",)) -> Any:
        """A TLS connection that asks for the name; the certificate is verified for it."""
        context = ssl.create_default_context(cadata=self._root)
        context.set_alpn_protocols(list(protocols))
        context.check_hostname = name is not None
        plain = socket.create_connection(("127.0.0.1", self.port), 5)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def certificate(self, name: str) -> bytes:
        with self.connect(name) as connection:
            found = connection.getpeercert(binary_form=True)
            assert found
            return bytes(found)

    def call(
        self, name: str | None, path: str, host: str | None = None,
        headers: Mapping[str, str] | None = None, on: Any = None,
    ) -> tuple[int, Any]:  # fmt: skip
        """Status and body of a call as `host` over a connection for `name`."""
        connection = http.client.HTTPConnection("gateway", timeout=10)
        connection.sock = on or self.connect(name)
        try:
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or name or "")
            for key, value in (headers or {}).items():
                connection.putheader(key, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            if on is None:
                connection.close()
