"""The bodies about domain names."""

from typing import Annotated

from pydantic import Field, SecretStr

from gatewright.interfaces.management.bodies import In, Short

Chain = Annotated[str, Field(max_length=65_536)]
Key = Annotated[SecretStr, Field(max_length=16_384)]


class CertificateIn(In):
    """`certificate` is the server's own and then its intermediates; both are PEM."""

    certificate: Chain
    private_key: Key


class DomainIn(CertificateIn):
    """A host such as api.example.com or *.example.com, and the environment that it leads to."""

    host: Annotated[str, Field(max_length=300)]
    environment: Short
