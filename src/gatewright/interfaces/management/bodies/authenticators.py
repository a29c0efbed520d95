"""The bodies about authenticators of clients."""

from typing import Annotated, Any

from pydantic import Field

from gatewright.domain.authenticator import Method
from gatewright.interfaces.management.bodies import Days, In, Short, Text

Pattern = Annotated[str, Field(max_length=500)]


class AuthenticatorIn(In):
    """One more way to prove oneself. Which settings go with which method:

    `private_key_jwt`: one of `jwks`, `jwks_uri`, `public_key` (PEM, with its `algorithm`);
    `tls_client_auth`: one `tls_client_auth_…` name, and `authorities` (PEM);
    `self_signed_tls_client_auth`: one of `certificates` (PEM), `jwks` with `x5c`;
    `federated`: `issuer`, `subject` (a pattern), and `audience`, `claims`, `jwks`, `jwks_uri`.
    """

    method: Method
    name: Short = "authenticator"
    expires_in_days: Days | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: Pattern | None = None
    public_key: Text | None = None
    algorithm: Short | None = None
    certificates: Text | None = None
    authorities: Text | None = None
    tls_client_auth_subject_dn: Pattern | None = None
    tls_client_auth_san_dns: Pattern | None = None
    tls_client_auth_san_uri: Pattern | None = None
    tls_client_auth_san_ip: Pattern | None = None
    tls_client_auth_san_email: Pattern | None = None
    issuer: Pattern | None = None
    subject: Pattern | None = None
    audience: Pattern | None = None
    claims: dict[str, Pattern] | None = None

    def settings(self) -> dict[str, Any]:
        """Everything that is the method's own."""
        return self.model_dump(exclude={"method", "name", "expires_in_days"}, exclude_none=True)
