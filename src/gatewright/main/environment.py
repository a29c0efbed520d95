"""The settings of this process's environment, which a child inherits from its supervisor."""

from pydantic import ValidationError

from gatewright.domain.errors import Invalid
from gatewright.settings import Settings

SECRET_VARIABLES = ("GATEWRIGHT_SEALING_KEY", "GATEWRIGHT_PEPPERS", "GATEWRIGHT_DATABASE_URL")
"""What no program gets that has no use for it: Envoy, a signer, the command of another key."""


def read_settings() -> Settings:
    """The settings of the environment. Raises Invalid naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = f"GATEWRIGHT_{'_'.join(map(str, first['loc'])).upper()}"
        raise Invalid(
            f"{first['msg']}.", variable, "See docs/reference/settings.md, or unset it."
        ) from None
