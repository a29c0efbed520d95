"""The process of the decision service: listens on a unix socket until told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatewright.crypto.keyring import KEY_BYTES, Keyring
from gatewright.domain.world import World, seconds
from gatewright.gateway.descriptors import load_messages
from gatewright.interfaces.authz.decision import Nonces
from gatewright.interfaces.authz.replays import Replays
from gatewright.interfaces.authz.server import AuthorizationServer
from gatewright.observability.log import Log
from gatewright.sts.nonces import Nonces as Stamps

_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ProofSettings:
    """Where it listens, and whether every proof needs a nonce (RFC 9449 §9)."""

    socket: Path
    nonces_needed: bool = False


async def run(
    settings: ProofSettings,
    world: World,
    log: Log,
    stop: asyncio.Event,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is set; `serving` is called once Envoy can ask."""
    replays = Replays(seconds(world.now()))
    nonces = _nonces(world, needed=settings.nonces_needed)
    server = AuthorizationServer(load_messages(), world, log, replays, nonces).server(
        f"unix:{settings.socket}"
    )
    await server.start()
    settings.socket.chmod(0o600)
    serving()
    try:
        await stop.wait()
    finally:
        await server.stop(_GRACE_SECONDS)


def _nonces(world: World, *, needed: bool) -> Nonces:
    """Of this run alone: whoever has one made its proof after the record of proofs began."""
    key = world.random_bytes(KEY_BYTES)
    stamps = Stamps(Keyring({"1": key}, "1", key))
    return Nonces(
        lambda nonce: stamps.good(nonce, world.now()), lambda: stamps.now(world.now()), needed
    )
