"""Guarded reading of a URL that a person named: bounded, and never where it must not go.

The name is resolved first and the connection goes to the address that was checked, so that a name
can not change its meaning in between. Redirects are followed by hand and checked alike.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from gatewright.domain.address import NAT64, Address, embedded, is_metadata
from gatewright.domain.errors import Invalid, TooLarge
from gatewright.domain.world import World

BYTES_MAX = 5 * 1024 * 1024
REDIRECTS_MAX = 5
SECONDS_MAX = 20
STEP_SECONDS_MAX = 5.0
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
"""When the HTTP client has a stream to read from."""

_WAY_OUT = "Give an http or https URL that this machine may reach, or pass the document itself."

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The text, and the URL it came from after redirects."""

    text: str
    url: str


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


@dataclass(frozen=True)
class Fetcher:
    """Reads URLs. `allow_private` permits private and loopback addresses, never metadata ones.

    `https_only` refuses http, also where a redirect leads to it.
    """

    world: World
    allow_private: bool
    resolve: Resolve = resolve
    transport: httpx2.BaseTransport | None = None
    bytes_max: int = BYTES_MAX
    seconds_max: int = SECONDS_MAX
    https_only: bool = False

    def read(self, url: str) -> Fetched:
        """The text at the URL, up to 5 MiB within 20 s or as set. Raises Invalid, TooLarge."""
        deadline = self.world.now() + timedelta(seconds=self.seconds_max)
        options = httpx2.Client(
            transport=self.transport,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(min(STEP_SECONDS_MAX, self.seconds_max)),
        )
        with options as client:
            for _ in range(REDIRECTS_MAX + 1):
                self._check_time(deadline)
                answer = self._one(client, url, deadline)
                if isinstance(answer, Fetched):
                    return answer
                url = answer
        raise Invalid(f"redirects over {REDIRECTS_MAX} times.", "url", _WAY_OUT)

    def _one(self, client: httpx2.Client, url: str, deadline: datetime) -> Fetched | str:
        target = self._checked(url)
        headers = {"Host": target.authority, "Accept": "*/*", "Accept-Encoding": "identity"}
        try:
            with client.stream(
                "GET",
                target.pinned,
                headers=headers,
                extensions={"sni_hostname": target.host, "trace": self._hurry(deadline)},
            ) as response:
                if response.is_redirect:
                    return urljoin(url, response.headers.get("location", ""))
                if response.status_code != 200:
                    raise Invalid(f"answers {response.status_code}.", "url", _WAY_OUT)
                return Fetched(self._bounded(response, deadline), url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = f"can not be read: {type(error).__name__}."
            raise Invalid(reason, "url", _WAY_OUT) from None

    def _bounded(self, response: httpx2.Response, deadline: datetime) -> str:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self.bytes_max:
                size = f"{self.bytes_max // 1024} KiB"
                raise TooLarge(f"holds over {size}.", "url", "Name a smaller document.")
            self._check_time(deadline)
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid("is not UTF-8 text.", "url", _WAY_OUT) from None

    def _hurry(self, deadline: datetime) -> Callable[[str, Mapping[str, Any]], None]:
        """Bound each read of the connection by what is left of the time: the client's own timeouts
        begin anew with every byte, so that a head that comes in drops would never end."""

        def trace(name: str, info: Mapping[str, Any]) -> None:
            if name not in _CONNECTED:
                return
            stream = info["return_value"]
            read = stream.read

            def hurried(bytes_max: int, timeout: float | None = None) -> bytes:
                self._check_time(deadline)
                left = max(0.001, (deadline - self.world.now()).total_seconds())
                found: bytes = read(bytes_max, min(left, timeout or left))
                return found

            stream.read = hurried

        return trace

    def _check_time(self, deadline: datetime) -> None:
        if self.world.now() > deadline:
            raise Invalid(f"takes over {self.seconds_max} s.", "url", _WAY_OUT)

    def _checked(self, url: str) -> "_Target":
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise Invalid("is not a URL.", "url", _WAY_OUT) from None
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise Invalid("is not an http or https URL.", "url", _WAY_OUT)
        if self.https_only and parts.scheme != "https":
            raise Invalid("is not an https URL.", "url", "Give an https URL.")
        try:
            addresses = [ipaddress.ip_address(item) for item in self.resolve(host, port)]
        except (OSError, UnicodeError, ValueError):
            raise Invalid(f"{host[:200]!r} has no address.", "url", _WAY_OUT) from None
        if not addresses or not all(reachable(item, self.allow_private) for item in addresses):
            raise Invalid(f"{host[:200]!r} is not a public address.", "url", _WAY_OUT)
        literal = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = parts.netloc.rpartition("@")[2]
        return _Target(host, authority, f"{parts.scheme}://{literal}:{port}{path}")


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    authority: str
    pinned: str


def reachable(address: Address, allow_private: bool) -> bool:  # noqa: FBT001
    """Whether a document may be read from there; what an IPv6 address embeds counts as well."""
    if is_metadata(address):
        return False
    for item in embedded(address):
        if item.is_multicast or item.is_unspecified or item.is_link_local:
            return False
        inside = item.is_private or item.is_loopback or not item.is_global
        if inside and not allow_private and item not in NAT64:
            return False
    return True
