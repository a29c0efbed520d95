"""What an operator may set, from the environment (GATEWRIGHT_…); the defaults suit one machine."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
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
    tls_certificate_file: Path | None = Field(
        default=None, description="PEM file of the certificate for gateways and token service."
    )
    tls_key_file: Path | None = Field(
        default=None, description="PEM file of the certificate's private key."
    )
    sts_tls_port: Port = Field(
        default=8444, description="Token service over TLS, where a certificate is set."
    )
    sts_mtls_public_url: str | None = Field(
        default=None, description="Public URL of the token service for client certificates."
    )
    domains_port: Port = Field(
        default=8443, description="Gateway of all domain names, over TLS; unused without any."
    )
    sts_workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Processes of the token service."
    )
    envoy_concurrency: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0, description="Worker threads of the gateway; 0 is one for each processor."
    )
    drain_seconds: Annotated[int, Field(ge=0, le=600)] = Field(
        default=30, description="How long calls in flight may take to end at a stop or restart."
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
    dpop_nonce: Literal["off", "required"] = Field(
        default="off", description="Whether DPoP proofs need a nonce of token service or gateway."
    )
    sealing_key: SecretStr | None = Field(
        default=None, description="Key of 32 bytes, in base64, that private keys are sealed with."
    )
    sealing_key_command: str | None = Field(
        default=None, description="Command that prints the sealing key."
    )
    peppers: SecretStr | None = Field(
        default=None, description="Peppers of secrets' digests: 1=BASE64,2=BASE64."
    )
    signer_command: str | None = Field(
        default=None, description="Program that holds new signing keys and signs with them."
    )
    tls_client_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities whose certificates may authenticate clients.",
    )
    sts_client_rate: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1000,
        description="Requests a second of one client in one worker; 0 is no limit.",
    )
    sts_token_events: bool = Field(
        default=True, description="Whether each token that is issued is a line in the log."
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
