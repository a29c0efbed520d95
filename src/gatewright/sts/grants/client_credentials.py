"""The client credentials grant (RFC 6749 §4.4): a client asks for a token about itself."""

from gatewright.sts.authorization import Authorization
from gatewright.sts.records import Client
from gatewright.sts.request import Form

grant_type = "client_credentials"
public_clients = False


def authorize(client: Client, _form: Form) -> Authorization:
    """The authenticated client itself; the grant has no parameters and no refresh token."""
    return Authorization(subject=client.credential.client_id)
