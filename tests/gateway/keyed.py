"""A scene with every kind of credential, at a real Envoy: key managers, API keys, test keys."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.gateway.callers import Keys, Outside, access
from tests.gateway.conftest import PORT, SANDBOX_PORT, UPSTREAM_PORT, World
from tests.gateway.real import Gateway, Tokens, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

from gatewright.domain.api import Access
from gatewright.domain.api_key import API_KEY_SCOPE, EVERY_SCOPE
from gatewright.domain.environment import Kind

UPSTREAM = f"http://127.0.0.1:{UPSTREAM_PORT}/base"
BOTH = ("production", "development")
OPERATIONS = {
    "GET /read": ["books:read"],
    "POST /write": ["books:write", "books:admin root"],
    "GET /any": "any",
    "GET /open": "anonymous",
    "GET /key": [],
    "GET /nobody": [],
}
SCENE: Mapping[str, Any] = {
    "environments": {"production": PORT, "development": SANDBOX_PORT},
    "apis": [
        {"handle": name, "upstream": UPSTREAM, "deploy": BOTH, "operations": OPERATIONS}
        for name in ("all", "keyed", "ours", "theirs", "header", "absent", "other")
    ],
    "applications": {
        "reader": dict.fromkeys(
            ("all", "keyed", "ours", "theirs", "header", "absent"), "Unlimited"
        ),
        "stranger": {},
    },
    "revoked": ["revoked-1"],
}


@dataclass
class Callers:
    """Who makes credentials for this scene."""

    oidc: Outside
    lists: Outside
    sandboxed: Outside
    off: Outside
    mute: Outside
    odd: Outside
    production: Keys
    sandbox: Keys


def populate(scene: Scene) -> Callers:
    made = Callers(
        *(Outside(name) for name in ("oidc", "lists", "sandboxed", "off", "mute", "odd")),
        Keys(), Keys(Kind.SANDBOX),
    )  # fmt: skip
    rows = [
        made.oidc.row(
            role_claim="realm_access.roles",
            role_scopes={"Writer": "books:write", "o'(%)\"": "books:read"},
        ),
        made.lists.row(
            client_claim="cid", scope_claim="scp", jwks=None, jwks_uri="https://keys.test/jwks",
            role_claim="https://lists.test/roles", role_scopes={"admins": "books:admin root"},
        ),
        made.sandboxed.row(environments=frozenset({"env_development"})),
        made.off.row(api_access=False),
        made.mute.row(jwks=None, jwks_uri="https://keys.test/away"),
        made.odd.row(jwks='{"keys":[{"kty":"oct","k":"AAAA","alg":"HS256","kid":"kid_odd"}]}'),
    ]  # fmt: skip
    for row in rows:
        scene.put("key_managers", row)
    scene.put("fetched_key_sets", made.lists.fetched(made.lists.jwks))
    for issuer in (made.oidc, made.lists, made.sandboxed, made.off, made.mute, made.odd):
        scene.put("external_clients", issuer.client("portal", "reader"))
    for name in ("-", "a b", "é"):
        scene.put("external_clients", made.oidc.client(name, "reader"))
    for keys in (made.production, made.sandbox):
        scene.put("api_key_signers", keys.signer)
        scene.put("api_keys", keys.row(f"key_{keys.kind}", "reader"))
        scene.put("api_keys", keys.row(f"other_{keys.kind}", "stranger"))
    gone = made.production.row("key_gone", "reader")
    scene.put("api_keys", replace(gone, revoked_at=gone.created_at))
    scene.put("api_keys", made.production.row("key_later", "reader"))
    access(scene, "keyed", Access(api_keys=True), ["GET /key"])
    access(scene, "all", Access(), ["GET /key", "GET /read"])
    access(scene, "ours", Access(key_managers=frozenset({"sts"})))
    access(scene, "theirs", Access(key_managers=frozenset({"lists"})))
    access(scene, "header", Access(token_header="x-access", api_keys=True))
    access(scene, "absent", Access(key_managers=frozenset({"gone"})))
    return made


SPOOFED = {
    "x-gw-issuer": "https://oidc.test/realms/main", "X-GW-Subject": "km_oidc|portal",
    "x-gw-scope": '["books:read"]', "x-gw-key-scope": f"{EVERY_SCOPE} {API_KEY_SCOPE}",
    "x-gw-bound": "km_oidc|portal", "x-gw-audience": "env_production/all/v1",
}  # fmt: skip


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[World, Callers]]:
    """The scene, served until left."""
    keys = signing_keys()
    scene = Scene(SCENE, keys)
    scene.proofs_socket = str(folder / "proofs.sock")
    callers = populate(scene)
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(folder, scene)
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(PORT) and listening(SANDBOX_PORT))
            yield World(gateway, scene, Tokens(keys, f"http://127.0.0.1:{PORT}")), callers
        finally:
            gateway.close()
