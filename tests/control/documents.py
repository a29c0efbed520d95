"""Small OpenAPI documents for tests, made from a base with parts replaced."""

import json

from gatewright.control.openapi.document import read_document

SCHEMES = {
    "sts": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"scopes": {"read": "Read", "write": "Write"}}},
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "Bearer"},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://x.example"},
}


def document(**parts):
    """An OpenAPI 3.0 document as JSON text; a part None is left out."""
    base = {
        "openapi": "3.0.3",
        "info": {"title": "Books", "version": "1.0"},
        "servers": [{"url": "https://books.example"}],
        "components": {"securitySchemes": SCHEMES},
        "security": [{"sts": ["read"]}],
        "paths": {"/books": {"get": {}}},
    }
    whole = {key: value for key, value in (base | parts).items() if value is not None}
    return json.dumps(whole)


def read(**parts):
    """That document, read."""
    return read_document(document(**parts))


def messages(imported):
    """All warnings as text."""
    found = (*imported.warnings, *imported.version_warnings, *imported.upstream_warnings)
    return [f"{item.location}: {item.message}" for item in found]
