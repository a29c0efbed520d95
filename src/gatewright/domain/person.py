"""People who use the management API: users, their roles, and what proves who they are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user may do in an organization; `access` has the table."""

    ADMIN = "admin"
    PUBLISHER = "publisher"
    DEVELOPER = "developer"
    CONSUMER = "consumer"
    AUDITOR = "auditor"


class LoginKind(StrEnum):
    """What a login secret is: a personal access token, a browser session, a single-use link."""

    ACCESS_TOKEN = "personal-access-token"
    SESSION = "session"
    LINK = "sign-in-link"


@dataclass(frozen=True, slots=True)
class User:
    """A person (or a script) in an organization."""

    id: str
    organization_id: str
    handle: str
    name: str
    role: Role
    created_at: datetime
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Login:
    """A secret that proves a user, kept as a keyed hash; `used_at` of a link ends it."""

    id: str
    organization_id: str
    user_id: str
    kind: LoginKind
    name: str
    digest: str
    pepper_id: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    revision: int = 1

    def usable(self, now: datetime) -> bool:
        """Neither revoked, nor expired, nor a link that was used."""
        spent = self.kind is LoginKind.LINK and self.used_at is not None
        expired = self.expires_at is not None and now >= self.expires_at
        return self.revoked_at is None and not expired and not spent
