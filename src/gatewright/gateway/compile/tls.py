"""How a listener ends TLS: the certificate, the versions, and the client's certificate if any.

A client's certificate is asked for and never judged here: a bound token is compared with it, and
who may use which certificate is decided by the token service (RFC 8705 §2, §3).
"""

from typing import Any

from gatewright.gateway.xds import names


def server(secret: str) -> dict[str, Any]:
    """The transport socket with the certificate of that name: TLS 1.2 or newer, HTTP/2 and
    HTTP/1.1. A renewed certificate is taken for new connections; the others live on."""
    context = {
        "@type": names.TLS_SERVER,
        "require_client_certificate": False,
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [
                {"name": secret, "sds_config": names.ADS_SECRET}
            ],
            "validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"},
        },
    }
    return {"name": names.TLS_NAME, "typed_config": context}
