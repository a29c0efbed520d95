"""The Reading List: a small service with its OpenAPI document, so that a first call has a target.

It knows nothing of Gatewright: it stands for the services that people bring.
"""

from importlib.resources import files

from gatewright.main.sample.service import create_app

__all__ = ["create_app", "document"]


def document() -> str:
    """The service's OpenAPI 3.1 document, as YAML text."""
    return files(__name__).joinpath("openapi.yaml").read_text(encoding="utf-8")
