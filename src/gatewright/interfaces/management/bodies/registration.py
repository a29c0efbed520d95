"""The bodies of dynamic client registration."""

from typing import Annotated

from pydantic import Field

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.bodies import Days, In, Short


class RegistrationPatch(In):
    """Whether clients may register themselves."""

    enabled: bool


class InitialAccessTokenIn(In):
    """For one registration within 30 days unless said otherwise; null has no end."""

    name: Short
    kind: Kind = Kind.PRODUCTION
    uses: Annotated[int, Field(ge=1, le=100_000)] | None = 1
    expires_in_days: Days | None = 30
