"""What Envoy ends TLS with, told by discovery: only here does a private key stand in the clear."""

from typing import Any

from gatewright.gateway.ir import SecretIr
from gatewright.gateway.xds import names

SERVER = "server"
"""The secret of the certificate that the settings name."""


def secret(ir: SecretIr) -> dict[str, Any]:
    """A certificate chain with its key."""
    return {
        "@type": names.SECRET,
        "name": ir.name,
        "tls_certificate": {
            "certificate_chain": {"inline_string": ir.chain},
            "private_key": {"inline_string": ir.key},
        },
    }
