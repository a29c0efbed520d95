"""The calls to Gatewright's management API that the benchmarks need, one method each.

They go over one kept-alive connection, so that 1,000 APIs are made in seconds and a change can
be timed without the start of a command line.
"""

import time
from types import TracebackType
from typing import Any, Self

import httpx2

ENVIRONMENT = "production"
TOKEN_TTL_SECONDS = 86_400


class ManagementError(Exception):
    """The management API refused a call that a benchmark depends on."""


class Management:
    """A signed-in client of one instance's management API."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def import_api(
        self, document: dict[str, object], context: str, version: str, upstream: str
    ) -> str:
        """Create an API from an OpenAPI document; gives its id."""
        made = self._call("POST", "/apis/import", {"document": document, "context": context,
                                                   "version": version, "upstream": upstream,
                                                   })  # fmt: skip
        return str(made["api"]["id"])

    def replace_definition(self, document: dict[str, object], context: str, version: str) -> None:
        """Give an API the operations of another document; nothing is deployed by it."""
        self._call("POST", "/apis/import", {"document": document, "context": context,
                                            "version": version, "update": True})  # fmt: skip

    def deploy(self, api: str) -> None:
        """Make a revision of what the API is now and put it into production."""
        self._call("POST", f"/apis/{api}/deployments", {"environment": ENVIRONMENT})

    def publish(self, api: str) -> None:
        self._call("POST", f"/apis/{api}/lifecycle", {"state": "PUBLISHED"})

    def choose_token_algorithm(self, algorithm: str) -> None:
        """Have the organization's tokens signed by ES256 or RS256, and wait until they are."""
        self._call("PATCH", "/organization", {"signing_algorithm": algorithm})
        while self._signing_algorithms() != {algorithm}:
            time.sleep(0.01)

    def rotate_keys(self) -> list[str]:
        """Announce a new production key, to sign as soon as the gateway has it; gives its kid."""
        body: dict[str, object] = {"kind": ENVIRONMENT, "now": True}
        return [str(key["id"]) for key in self._call("POST", "/keys/rotations", body)["keys"]]

    def key_states(self) -> dict[str, str]:
        """The state of every signing key, by kid."""
        return {str(key["id"]): str(key["state"]) for key in self._keys()}

    def revoke_everything(self) -> None:
        """Remove every production key, and with it every token."""
        self._call("POST", "/organization/revoke-tokens", {"kind": ENVIRONMENT})

    def _signing_algorithms(self) -> set[str]:
        return {str(key["algorithm"]) for key in self._keys() if key["state"] == "active"}

    def _keys(self) -> list[dict[str, object]]:
        return list(self._call("GET", "/keys")["items"])

    def create_application(self, name: str) -> str:
        return str(self._call("POST", "/applications", {"name": name})["id"])

    def create_keys(self, application: str) -> tuple[str, str]:
        """Generate production keys with tokens that outlive any benchmark; id and secret."""
        made = self._call("POST", f"/applications/{application}/credentials",
                          {"kind": ENVIRONMENT,
                           "token_ttl_seconds": TOKEN_TTL_SECONDS})  # fmt: skip
        return str(made["client_id"]), str(made["client_secret"])

    def subscribe(self, application: str, api: str, plan: str) -> str:
        """Subscribe an application; gives the subscription's id."""
        made = self._call("POST", "/subscriptions",
                          {"application": application, "api": api, "plan": plan})  # fmt: skip
        return str(made["id"])

    def unsubscribe(self, subscription: str) -> None:
        self._call("DELETE", f"/subscriptions/{subscription}")

    def change_plan(self, subscription: str, plan: str) -> None:
        self._call("PATCH", f"/subscriptions/{subscription}", {"plan": plan})

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> Any:
        answer = self._client.request(method, path, json=body)
        if answer.status_code >= 300:
            raise ManagementError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else {}
