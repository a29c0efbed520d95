"""How callers of an API show who they are, as the management API tells it."""

from pydantic import BaseModel, ConfigDict


class AccessOut(BaseModel):
    """`key_managers` null takes all of the environment's; `sts` among them is the built-in one."""

    model_config = ConfigDict(frozen=True)

    token_header: str
    subscription_required: bool
    api_keys: bool
    key_managers: list[str] | None
