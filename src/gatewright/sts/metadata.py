"""What is published about an issuer (RFC 8414 §2) and about each API behind it (RFC 9728 §2)."""

from collections.abc import Sequence
from itertools import islice

import orjson

from gatewright.crypto import dpop
from gatewright.domain.api import BUILT_IN, Access
from gatewright.domain.environment import Environment
from gatewright.domain.lifecycle import LISTED
from gatewright.sts.client_auth import NAMES as METHOD_NAMES
from gatewright.sts.client_auth import SIGNING_ALGORITHMS
from gatewright.sts.grants import GRANTS
from gatewright.sts.issuer import Issuer
from gatewright.sts.state import State
from gatewright.sts.targets import occupant, resources

PROTECTED_RESOURCES_MAX = 100
"""Listed APIs in an issuer's metadata; RFC 9728 §4 lets the list be a part of them."""


class Documents:
    """Metadata as last made; made anew when anything changed that it is made of.

    `mtls_url` is where the token service takes client certificates, if it is another place.
    """

    def __init__(self, mtls_url: str | None = None) -> None:
        self._mtls_url = mtls_url and mtls_url.rstrip("/")
        self._known: dict[str, tuple[int, bytes]] = {}

    def of(self, state: State, issuer: Issuer) -> bytes:
        """The issuer's metadata as it is now."""
        known = self._known.get(issuer.url)
        if known is None or known[0] != state.generation:
            listed = islice(resources(state.records, issuer), PROTECTED_RESOURCES_MAX)
            path = issuer.url.removeprefix(state.sts_url)
            aliases = self._mtls_url and f"{self._mtls_url}{path}"
            known = (state.generation, document(issuer, tuple(listed), aliases))
            self._known[issuer.url] = known
        return known[1]


def document(
    issuer: Issuer, protected_resources: Sequence[str] = (), mtls_url: str | None = None
) -> bytes:
    """What a client needs to know of an issuer; the same under every well-known path.

    Endpoints stand in it only if they exist: there is no authorization endpoint.
    """
    issuer_url = issuer.url
    methods, algorithms = list(METHOD_NAMES), list(SIGNING_ALGORITHMS)
    return orjson.dumps(
        {
            "issuer": issuer_url,
            "token_endpoint": f"{issuer_url}/token",
            "revocation_endpoint": f"{issuer_url}/revoke",
            "introspection_endpoint": f"{issuer_url}/introspect",
            "jwks_uri": f"{issuer_url}/jwks",
            "grant_types_supported": list(GRANTS),
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
            "introspection_signing_alg_values_supported": _introspection_algorithms(issuer),
            "tls_client_certificate_bound_access_tokens": True,
        }
        | _registration(issuer)
        | _mtls_aliases(mtls_url)
        | ({"protected_resources": protected_resources} if protected_resources else {})
    )


def protected_resource(
    state: State, environment_id: str, context: str, version: str
) -> bytes | None:
    """What a client needs to know of one API (RFC 9728 §2); None for what is not listed there.

    `resource` is the address as asked, with the version or its major alias. Members without a
    value are left out (§3.2).
    """
    environment: Environment | None = state.records.row("environments", environment_id)
    if environment is None:
        return None
    home = state.records.row("organizations", environment.organization_id)
    issuer = state.issuer(home.handle, environment.kind) if home else None
    found = issuer and occupant(state.records, issuer, environment_id, context, version)
    if not issuer or not found or found[0].state not in LISTED:
        return None
    api, deployment = found
    revision = state.records.row("revisions", deployment.revision_id)
    scopes = [scope.name for scope in revision.definition.scopes] if revision else []
    access = revision.definition.access if revision else Access()
    return orjson.dumps(
        {
            "resource": f"{environment.gateway_url}{context}/{version}",
            "authorization_servers": _servers(state, issuer, environment, access),
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
            "resource_name": api.name,
            "tls_client_certificate_bound_access_tokens": True,
        }
        | ({"scopes_supported": scopes} if scopes else {})
    )


def _servers(state: State, issuer: Issuer, environment: Environment, access: Access) -> list[str]:
    """Whose tokens the API takes there, our own issuer first (RFC 9728 §2)."""
    managers = state.records.group("key managers of organization", environment.organization_id)
    return ([issuer.url] if access.takes(BUILT_IN) else []) + [
        item.issuer
        for item in managers
        if item.opens_apis_in(environment.id) and access.takes(item.handle)
    ]


def _mtls_aliases(base: str | None) -> dict[str, dict[str, str]]:
    """Where clients with a certificate go instead (RFC 8705 §5)."""
    if base is None:
        return {}
    names = {"token": "token", "revocation": "revoke", "introspection": "introspect"}
    return {
        "mtls_endpoint_aliases": {
            f"{name}_endpoint": f"{base}/{path}" for name, path in names.items()
        }
    }


def _introspection_algorithms(issuer: Issuer) -> list[str]:
    return sorted({key.algorithm for key in issuer.keys.values()})


def _registration(issuer: Issuer) -> dict[str, str]:
    """Where clients register themselves (RFC 7591 §3), while the organization lets them."""
    if not issuer.organization.registration_enabled:
        return {}
    return {"registration_endpoint": f"{issuer.url}/register"}
