"""The bodies about API keys."""

from typing import Annotated

from pydantic import Field

from gatewright.control.api_keys import OVERLAP_SECONDS_MAX
from gatewright.domain.environment import Kind
from gatewright.interfaces.management.bodies import Days, In, Short


class ApiKeyIn(In):
    """Without `scopes` it holds all that the application may have; without `expires_in_days` it
    lives until it is revoked."""

    name: Short
    kind: Kind = Kind.PRODUCTION
    scopes: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=200)] | None = (
        None
    )
    expires_in_days: Days | None = None


class RegenerateIn(In):
    """The old key ends `overlap_seconds` from now, 0 being at once. Without `expires_in_days` the
    new one lives as long as the old one did."""

    overlap_seconds: Annotated[int, Field(ge=0, le=OVERLAP_SECONDS_MAX)] = 0
    expires_in_days: Days | None = None


class SignerIn(In):
    """Whose keys all end."""

    kind: Kind
