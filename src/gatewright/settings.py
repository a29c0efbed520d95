"""What an operator may set, from the environment (GATEWRIGHT_…); the defaults suit one machine."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """Every setting; `docs/reference/settings.md` explains each, and a test keeps it complete."""

    model_config = SettingsConfigDict(env_prefix="GATEWRIGHT_", extra="ignore", frozen=True)

    data: Path | None = Field(default=None, description="Data folder; see `gatewright up --help`.")
    host: str = Field(default="127.0.0.1", description="Address that every port binds to.")
    control_port: Port = Field(default=8000, description="Management API, console and portal.")
    sts_port: Port = Field(default=8001, description="Token service.")
    production_port: Port = Field(
        default=8080, description="Gateway of the production environment."
    )
    sandbox_port: Port = Field(default=8081, description="Gateway of the development environment.")
    sts_workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Processes of the token service."
    )
    envoy_concurrency: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0, description="Worker threads of the gateway; 0 is one for each processor."
    )
    public_url: str | None = Field(
        default=None, description="Public URL of console and management API."
    )
    sts_public_url: str | None = Field(default=None, description="Public URL of the token service.")
    production_public_url: str | None = Field(
        default=None, description="Public URL of production calls."
    )
    sandbox_public_url: str | None = Field(
        default=None, description="Public URL of development calls."
    )
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL; a SQLite file in the data folder when unset."
    )
    fetch_private_addresses: bool = Field(
        default=True,
        description="Whether documents may be imported from private or loopback addresses.",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
