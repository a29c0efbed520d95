"""Refuses revoked tokens by their `jti`: the newest, re-sent at once, and the long list.

The lists themselves are compiled apart from the environments that share them.
"""

from dataclasses import dataclass
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes


@dataclass(frozen=True, slots=True)
class Revoked:
    """The policy of one of the two lists; `name` is that of its filter."""

    name: str

    def resource(self, deny_list: str) -> str:
        """The name by which an issuer's list is discovered."""
        return f"{self.name}/{deny_list}"

    def filter_name(self, environment_id: str) -> str:
        """Only the connection manager names this filter, by its deny list."""
        return self.name

    def http_filter(self, environment: EnvironmentIr) -> dict[str, Any]:
        """Reads the list of the environment's issuer by discovery."""
        discovery = {"config_source": names.ADS_FILTER, "type_urls": [shapes.MATCHED_FILTER]}
        return {"name": self.resource(environment.deny_list), "config_discovery": discovery}

    def extensions(self, environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
        """None of the environment's own."""
        return {}

    def per_api(self, api: ApiIr) -> dict[str, Any] | None:
        """Nothing differs by API: without a token there is no jti, and the list lets pass."""
        return None

    def per_operation(self, api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
        """Nothing differs by operation."""
        return None


RECENT = Revoked("revoked-recent")
SETTLED = Revoked("revoked-settled")
