"""Kept-alive connections, one for each thread and address."""

import http.client
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit


class Wire:
    """For use by any number of threads."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> tuple[int, bytes]:
        """Status and body. Header values go as UTF-8, byte by byte as they are."""
        parts = urlsplit(url)
        try:
            return self._send(parts.netloc, method, parts.path, headers, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection(parts.netloc).close()  # an idle one was closed meanwhile
            return self._send(parts.netloc, method, parts.path, headers, body)

    def _send(
        self, netloc: str, method: str, path: str, headers: Mapping[str, str], body: str | None
    ) -> tuple[int, bytes]:
        connection = self._connection(netloc)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode())
        if body is not None:
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self, netloc: str) -> http.client.HTTPConnection:
        known = self._local.__dict__
        if netloc not in known:
            known[netloc] = http.client.HTTPConnection(netloc, timeout=20)
            self._all.append(known[netloc])
        found: http.client.HTTPConnection = known[netloc]
        return found
