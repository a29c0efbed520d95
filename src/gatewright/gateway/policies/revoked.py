"""Refuses revoked tokens by their `jti` or their subject: four lists, each told by discovery.

The lists themselves are compiled apart from the environments that share them.
"""

from dataclasses import dataclass
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

REFUSAL = "revoked"
SUBJECTS_SHARD = "subjects"
"""The shard of subject keys; all others are of tokens."""

_STARTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SHARDS_BY_START = {start: f"{number // 2:02}" for number, start in enumerate(_STARTS)}
"""The shard of a jti by its first character, which is random."""

SHARD_OF_THE_REST = SHARDS_BY_START["A"]
"""Holds what begins with any other character, too."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Revoked:
    """The policy of one list; `name` is that of its filter, `pattern` that of its resources."""

    name: str
    pattern: str

    def resource(self, deny_list: str) -> str:
        """The name by which an issuer's list is discovered."""
        return self.pattern.format(deny_list)

    def filter_name(self, environment_id: str) -> str:
        """Only the connection manager names this filter, by its deny list."""
        return self.name

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Reads the list of the environment's issuer by discovery."""
        discovery = {"config_source": names.ADS_FILTER, "type_urls": [shapes.MATCHED_FILTER]}
        return {"name": self.resource(environment.deny_list), "config_discovery": discovery}

    def extensions(self, environment: EnvironmentIr) -> dict[str, Json]:
        """None of the environment's own."""
        return {}

    def per_api(self, api: ApiIr) -> Json | None:
        """Nothing differs by API: without a token there is no jti, and the list lets pass."""
        return None

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """Nothing differs by operation."""
        return None


class Shards(Revoked):
    """A filter that runs for no call: it has the shards discovered before the listener serves, so
    that SETTLED can begin to lead there at any time."""

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Stands in the listener itself."""
        config = by_shard(environment.deny_list)
        return {"name": self.name, "disabled": True, "typed_config": config}


def shard_name(deny_list: str, shard: str) -> str:
    """The resource of one shard of the older ids."""
    return f"{SETTLED.resource(deny_list)}/{shard}"


def by_shard(deny_list: str | None) -> Json:
    """A filter that runs the one shard where a call's jti would be; of None, it is skipped."""
    composite = {"@type": shapes.COMPOSITE}
    if deny_list is None:
        return shapes.matched(REFUSAL, composite)
    known = {
        start: shapes.run_discovered(shard_name(deny_list, shard), shapes.RBAC)
        for start, shard in SHARDS_BY_START.items()
    }
    tree = {"input": shapes.header(shapes.HEADER_JTI), "prefix_match_map": {"map": known}}
    # A call without a token comes to the rest's shard as well, and has no jti to be refused by.
    rest = shapes.run_discovered(shard_name(deny_list, SHARD_OF_THE_REST), shapes.RBAC)
    return shapes.matched(REFUSAL, composite, {"matcher_tree": tree, "on_no_match": rest})


RECENT = Revoked("revoked-recent", "revoked-recent/{}")
"""The newest, of both sorts: small, and re-sent at each revocation."""

SUBJECTS = Revoked("revoked-subjects", "revoked-settled/{}/" + SUBJECTS_SHARD)
"""Older subjects, each of which ends all tokens of a credential's generation."""

SETTLED = Revoked("revoked-settled", "revoked-settled/{}")
"""Older tokens, in shards by the first character of their jti; skipped while there are none."""

SHARDS = Shards("revoked-shards", "")
"""Keeps the shards discovered."""
