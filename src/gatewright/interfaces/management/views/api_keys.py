"""From API keys to what is answered."""

from gatewright.control.api_keys import NewKey, Regenerated
from gatewright.control.desk import Desk
from gatewright.control.key_signers import Replaced
from gatewright.domain.api_key import API_KEY_HEADER, ApiKey
from gatewright.domain.expiry import expires_soon
from gatewright.interfaces.management.models.api_keys import (
    ApiKeyOut,
    RegeneratedOut,
    ReplacedSignerOut,
    RevokedKeyOut,
)


def api_key(desk: Desk, row: ApiKey, new: NewKey | None = None) -> ApiKeyOut:
    """An API key; in clear when it was just made."""
    now = desk.world.now()
    return ApiKeyOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        hint=row.hint,
        scopes=None if row.scopes is None else sorted(row.scopes),
        state=row.state(now),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        expires_soon=row.usable(now) and expires_soon(row, now),
        header=API_KEY_HEADER,
        key=None if new is None else new.clear.reveal(),
    )


def regenerated(desk: Desk, done: Regenerated) -> RegeneratedOut:
    """The new key in clear, with the old one."""
    new = api_key(desk, done.new.key, done.new)
    return RegeneratedOut(**new.model_dump(), old=api_key(desk, done.old))


def revoked(desk: Desk, row: ApiKey, *, live: bool) -> RevokedKeyOut:
    """A key that ended."""
    return RevokedKeyOut(**api_key(desk, row).model_dump(), live=live)


def replaced(done: Replaced, *, live: bool) -> ReplacedSignerOut:
    """A signer in place of another."""
    return ReplacedSignerOut(
        kind=done.signer.kind, signer=done.signer.id, ended=done.ended, live=live
    )
