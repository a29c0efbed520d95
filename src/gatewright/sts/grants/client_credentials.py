"""The client credentials grant (RFC 6749 §4.4): a client asks for a token about itself."""

from gatewright.sts.authorization import Asked, Authorization

grant_type = "client_credentials"
public_clients = False


def authorize(asked: Asked) -> Authorization:
    """The authenticated client itself; the grant has no parameters and no refresh token."""
    return Authorization(subject=asked.client.credential.client_id)
