"""What the management API answers about the organization."""

from datetime import datetime

from gatewright.interfaces.management.models import Out


class OrganizationOut(Out):
    """The tenant that everything belongs to. The two `token_ttl_seconds_…` bound the lifetimes of
    access tokens. Signing keys are replaced after `key_rotation_days`
    (0: only by hand), each announced for `key_announcement_seconds` before."""

    id: str
    handle: str
    name: str
    signing_algorithm: str
    token_ttl_seconds_min: int
    token_ttl_seconds_max: int
    key_rotation_days: int
    key_announcement_seconds: int
    created_at: datetime
    revision: int
