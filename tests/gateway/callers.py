"""Who else may call beside clients of our own: key managers, API keys and test keys, in a scene."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import jwt as pyjwt
from joserfc.jwk import ECKey
from tests.gateway.scene import AT, STS_URL, Scene

from gatewright.domain.api import Access
from gatewright.domain.api_key import (
    API_KEY_PREFIX,
    API_KEY_SCOPE,
    EVERY_SCOPE,
    TEST_SUBJECT,
    ApiKey,
    ApiKeySigner,
    api_key_audience,
    key_issuer,
    test_key_audience,
)
from gatewright.domain.environment import Kind
from gatewright.domain.key_manager import ExternalClient, FetchedKeySet, KeyManager
from gatewright.domain.token import api_audience, issuer
from gatewright.store.mirror import Difference


def key_pair(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": kid})


def signed(key: ECKey, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """The JWT of the claims that are not None."""
    payload = {name: value for name, value in claims.items() if value is not None}
    headers = {"typ": "JWT", "kid": key.kid, **(header or {})}
    return pyjwt.encode(payload, key.private_key, algorithm="ES256", headers=headers)


class Outside:
    """An issuer of others, and the rows of the key manager that stands for it."""

    def __init__(self, handle: str, key: ECKey | None = None) -> None:
        self.handle, self.issuer = handle, f"https://{handle}.test/realms/main"
        self.key = key or key_pair(f"kid_{handle}")
        self._serial = 0

    @property
    def id(self) -> str:
        return f"km_{self.handle}"

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [self.key.as_dict(private=False)]})

    def row(self, **changes: Any) -> KeyManager:
        bare = KeyManager(
            self.id, "org_1", self.handle, self.handle, self.issuer, None, self.jwks,
            frozenset({"api://ours"}), "azp", "scope", token_exchange=False, jwt_bearer=False,
            enabled=True, created_at=AT, api_access=True,
        )  # fmt: skip
        return replace(bare, **changes)

    def fetched(self, jwks: str | None, uri: str = "https://keys.test/jwks") -> FetchedKeySet:
        return FetchedKeySet(self.id, "org_1", uri, jwks, AT, AT, None)

    def client(self, name: str, application: str) -> ExternalClient:
        id = f"xc_{self.handle}_{name.encode().hex()}"
        return ExternalClient(id, "org_1", self.id, name, f"app_{application}", AT)

    def token(self, client: Any = "portal", scope: Any = "books:read", **claims: Any) -> str:
        now = int(time.time())
        self._serial += 1
        made = {
            "iss": self.issuer, "aud": "api://ours", "azp": client, "scope": scope, "iat": now,
            "exp": now + 600, "jti": f"xjti{self._serial}", "sub": "user-7", **claims,
        }  # fmt: skip
        return signed(self.key, made)


class Keys:
    """What signs API keys and test keys of a kind, the rows of keys, and the keys themselves."""

    def __init__(self, kind: Kind = Kind.PRODUCTION) -> None:
        self.kind, self.key = kind, key_pair(f"signer_{kind}")
        self.issuer = key_issuer(issuer(STS_URL, "default", kind))

    @property
    def signer(self) -> ApiKeySigner:
        text = json.dumps(self.key.as_dict(private=False))
        return ApiKeySigner(str(self.key.kid), "org_1", self.kind, text, b"", AT)

    def row(self, id: str, application: str, **changes: Any) -> ApiKey:
        bare = ApiKey(
            id, "org_1", f"app_{application}", self.kind, id, "abcd", None, AT, None, None
        )
        return replace(bare, **changes)

    def api_key(self, id: str, scopes: str | None = None, **claims: Any) -> str:
        """A key of all scopes, or of some."""
        names = f"{API_KEY_SCOPE} {EVERY_SCOPE if scopes is None else scopes}".strip()
        made = {
            "iss": self.issuer, "aud": api_key_audience(self.kind), "gwk": id, "jti": id,
            "sub": "app_reader", "scope": names, "iat": int(time.time()), **claims,
        }  # fmt: skip
        return API_KEY_PREFIX + signed(self.key, made)

    def test_key(
        self, context: str, scope: str = "", environment: str = "production", **claims: Any
    ) -> str:
        now, id = int(time.time()), f"env_{environment}"
        made = {
            "iss": self.issuer, "aud": [test_key_audience(id)], "gwk": TEST_SUBJECT,
            "gwa": api_audience(id, context, "v1.0"), "sub": "usr_1", "scope": scope, "iat": now,
            "exp": now + 900, "jti": f"tjti{now}", **claims,
        }  # fmt: skip
        return signed(self.key, made)


def access(
    scene: Scene, handle: str, value: Access, api_key_on: Iterable[str] = ()
) -> list[Difference]:
    """A new revision of a scene's API with that access, deployed where it was before."""
    api = scene.tables["apis"][f"api_{handle}_v1.0"]
    wanted = frozenset(api_key_on)
    operations = tuple(
        replace(item, api_key=item.key in wanted) for item in api.definition.operations
    )
    definition = replace(api.definition, operations=operations, access=value)
    old = [row for row in scene.tables["revisions"].values() if row.api_id == api.id]
    number = len(old) + 1
    revision = replace(
        old[0], id=f"{old[0].id}_{number}", number=number, digest=f"{number:064}",
        definition=definition,
    )  # fmt: skip
    changes = [
        scene.put("apis", replace(api, definition=definition)), scene.put("revisions", revision)
    ]  # fmt: skip
    for row in list(scene.tables["deployments"].values()):
        if row.api_id == api.id:
            changes.append(scene.put("deployments", replace(row, revision_id=revision.id)))
    return changes
