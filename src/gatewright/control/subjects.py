"""Subject keys: by ending one, every token of that generation of a credential ends."""

from dataclasses import replace
from datetime import datetime, timedelta

from gatewright.control.desk import Desk
from gatewright.domain.credential import Credential
from gatewright.domain.organization import Organization
from gatewright.domain.token import RevokedToken
from gatewright.store.port import Transaction


def end(tx: Transaction, organization: Organization, credential: Credential, now: datetime) -> None:
    """Have the gateways refuse every token issued so far as revoked, until the last has expired.

    The transaction must also see to it that no more of them are issued.
    """
    key, kind = credential.subject_key, credential.kind
    longest = max(organization.token_ttl_seconds_max, credential.token_ttl_seconds)
    expires_at = now + timedelta(seconds=longest)
    if tx.revoked_tokens.get(key) is None:
        tx.revoked_tokens.add(RevokedToken(key, organization.id, kind, expires_at, now))


def renew(desk: Desk, credential: Credential) -> Credential:
    """End every token issued so far; those issued from now on are of another generation."""
    end(desk.tx, desk.organization, credential, desk.world.now())
    raised = replace(credential, generation=credential.generation + 1)
    renewed = desk.tx.credentials.replace(raised)
    desk.record("credentials.revoke-tokens", renewed.id, generation=renewed.generation)
    return renewed
