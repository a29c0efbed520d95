"""A scope: a permission that operations ask for, by a short and a fully qualified name."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from gatewright.domain.api_key import RESERVED_SCOPES
from gatewright.domain.errors import Invalid

# RFC 6749 §3.3 allows %x21 / %x23-5B / %x5D-7E; the comma is left out so that lists stay legible.
_SCOPE = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission of one API."""

    name: str
    description: str = ""


def scope_name(value: str, field: str = "scope") -> str:
    """The value if it is a scope-token (RFC 6749 §3.3) without a comma, and not reserved.

    Raises Invalid.
    """
    if value in RESERVED_SCOPES:
        raise Invalid(f"{value} is reserved: it marks API keys.", field, "Choose another name.")
    if not _SCOPE.fullmatch(value):
        raise Invalid(
            f"{value[:80]!r} is not a scope name.",
            field,
            "Use 1 to 200 printable ASCII characters without space, comma, quote or backslash.",
        )
    return value


def qualified(organization_handle: str, api_handle: str, name: str) -> str:
    """The fully qualified name, `urn:<organization>:<api>:<scope>`; one already qualified stays."""
    prefix = f"urn:{organization_handle}:{api_handle}:"
    return name if name.startswith(prefix) else prefix + name


def parts(organization_handle: str, name: str) -> tuple[str, str] | None:
    """API handle and short name of a fully qualified one of that organization; None for others."""
    prefix = f"urn:{organization_handle}:"
    api_handle, colon, short = name.removeprefix(prefix).partition(":")
    return (api_handle, short) if name.startswith(prefix) and colon and short else None


def within(name: str, allowed: Collection[str], organization_handle: str) -> bool:
    """Whether names that are allowed cover this one.

    A short name covers the qualified ones of every API; a qualified one covers itself only.
    """
    if name in allowed:
        return True
    found = parts(organization_handle, name)
    return found is not None and found[1] in allowed
