"""What can go wrong, one small class per thing a caller can act on.

Each error names the field, the reason and the way out; it never holds a secret.
The interfaces turn these into problem+json, exit codes and pages.
"""

from dataclasses import dataclass


@dataclass(eq=False)
class GatewrightError(Exception):
    """The root. `reason` is a sentence for a person; `way_out` says what to do next."""

    reason: str
    field: str | None = None
    way_out: str | None = None
    code = "error"
    status = 500

    def __str__(self) -> str:
        subject = f"{self.field}: " if self.field else ""
        return f"{subject}{self.reason}" + (f" {self.way_out}" if self.way_out else "")


class Invalid(GatewrightError):
    """A value that breaks a rule of its noun."""

    code, status = "invalid", 422


class NotFound(GatewrightError):
    """Nothing of that name that the caller may see."""

    code, status = "not-found", 404


class Conflict(GatewrightError):
    """The name is taken, or the state does not allow the move."""

    code, status = "conflict", 409


class Stale(GatewrightError):
    """Somebody changed it since the caller read it."""

    code, status = "stale", 412


class Unauthenticated(GatewrightError):
    """No valid session, personal access token or sign-in link."""

    code, status = "unauthenticated", 401


class Denied(GatewrightError):
    """Known, and not allowed to do that here."""

    code, status = "denied", 403


class TooLarge(GatewrightError):
    """More than the stated bound."""

    code, status = "too-large", 413


class Unavailable(GatewrightError):
    """A part this needs is down; the same request may succeed later."""

    code, status = "unavailable", 503
