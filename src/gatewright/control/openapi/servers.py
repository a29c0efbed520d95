"""The upstream that a document names: `servers`, or `host`, `basePath` and `schemes`."""

import re
from urllib.parse import urljoin

from gatewright.control.openapi.reading import Node, Reading
from gatewright.domain.api import upstream_url
from gatewright.domain.errors import Invalid

_VARIABLE = re.compile(r"\{([^{}]+)\}")


def read_upstream(
    reading: Reading, root: Node, source_url: str | None, *, swagger: bool
) -> str | None:
    """The base URL of the first server, or None with a warning when there is none to use."""
    node = root if swagger else root.child("servers")
    url = _swagger(reading, root, source_url) if swagger else _first_server(reading, node)
    if url is None:
        reading.warn(node, "No server: give an upstream before deploying.")
        return None
    if source_url is not None:
        url = _joined(source_url, url)
    try:
        return upstream_url(url)
    except Invalid as error:
        reading.warn(node, f"The server can not be used: {error.reason} Give an upstream.")
        return None


def _joined(source_url: str, url: str) -> str:
    try:
        return urljoin(source_url, url)
    except ValueError:
        return url


def _first_server(reading: Reading, servers: Node) -> str | None:
    items = servers.items()
    if servers.value is not None and not isinstance(servers.value, list):
        reading.warn(servers, "This is not a list and was left out.")
    if len(items) > 1:
        reading.warn(servers, "There are several servers; the first is the upstream.")
    if not items:
        return None
    server = items[0]
    url = server.child("url").value
    if not isinstance(url, str) or not url:
        return None
    variables = server.child("variables")

    def default(match: re.Match[str]) -> str:
        value = variables.child(match[1]).child("default").value
        return value if isinstance(value, str) else match[0]

    return _VARIABLE.sub(default, url)


def _swagger(reading: Reading, root: Node, source_url: str | None) -> str | None:
    host, base = root.child("host").value, root.child("basePath").value
    path = base if isinstance(base, str) and base.startswith("/") else ""
    if base is not None and not path:
        reading.warn(root.child("basePath"), "This is not a path and was left out.")
    if not isinstance(host, str) or not host:
        return path or "/" if source_url else None
    schemes = [item.value for item in root.child("schemes").items()]
    scheme = "http" if "http" in schemes and "https" not in schemes else "https"
    return f"{scheme}://{host}{path}"
