"""Test tokens and revocations that a person asks for; the token service itself does the work."""

from gatewright.access.actions import Action
from gatewright.control import applications, credentials
from gatewright.control.desk import Desk
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization


def to_generate(desk: Desk, application_name: str, kind: Kind) -> tuple[Application, Credential]:
    """Whose token it will be. Raises Denied, and NotFound when there are no keys yet."""
    desk.demand(Action.GENERATE_TOKENS)
    application = applications.named(desk, application_name)
    return application, credentials.named(desk, application, kind)


def note_generation(desk: Desk, credential: Credential, scope: str | None) -> None:
    """The audit record of a token that a person got without knowing a client secret."""
    desk.demand(Action.GENERATE_TOKENS)
    desk.record("tokens.generate", credential.id, kind=credential.kind, scope=scope)


def revoker(desk: Desk) -> tuple[Organization, str]:
    """In which organization and in whose name a token may be revoked. Raises Denied."""
    desk.demand(Action.REVOKE_TOKENS)
    return desk.organization, desk.actor.id
