"""The authorization server metadata of an issuer (RFC 8414 §2)."""

import orjson

from gatewright.sts.client_auth import NAMES as METHOD_NAMES
from gatewright.sts.grants import GRANTS
from gatewright.sts.issuer import Issuer


def document(issuer: Issuer) -> bytes:
    """What a client needs to know of an issuer; the same under every well-known path.

    Endpoints stand in it only if they exist: there is no authorization endpoint.
    """
    issuer_url = issuer.url
    methods = list(METHOD_NAMES)
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
        }
    )
