"""Guarded fetches: where they may go, what they follow, and their bounds; no socket is opened."""

import ipaddress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from gatewright.control.fetch import BYTES_MAX, Fetcher, reachable
from gatewright.domain.errors import Invalid, TooLarge
from gatewright.domain.world import World

NAMES = {
    "public.example": ["93.184.216.34"],
    "six.example": ["2606:2800:220:1::1"],
    "private.example": ["10.0.0.7"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "empty.example": [],
}


class Site:
    """Answers by path and remembers where it was asked."""

    def __init__(self, **answers):
        self.answers, self.requests = answers, []
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def fetcher(self, *, allow_private=False):
        def resolve(host, port):
            if host not in NAMES:
                try:
                    return [str(ipaddress.ip_address(host))]
                except ValueError:
                    raise OSError("unknown") from None
            return NAMES[host]

        world = World(lambda: self.now, lambda count: bytes(count))
        transport = httpx2.MockTransport(self._answer)
        return Fetcher(world, allow_private, resolve, transport)

    def _answer(self, request):
        self.requests.append(request)
        answer = self.answers[request.url.path.strip("/") or "root"]
        return answer() if callable(answer) else streamed(answer.encode())


def streamed(body):
    return httpx2.Response(200, content=iter([body]))


def redirect(location):
    return lambda: httpx2.Response(302, headers={"Location": location})


def test_connects_to_the_checked_address_under_the_given_name():
    site = Site(doc="hello")
    assert site.fetcher().read("https://public.example/doc?x=1").text == "hello"
    (request,) = site.requests
    assert str(request.url) == "https://93.184.216.34/doc?x=1"
    assert request.headers["host"] == "public.example"
    assert request.extensions["sni_hostname"] == "public.example"
    assert "authorization" not in request.headers and "cookie" not in request.headers


def test_ipv6_addresses_and_ports_are_kept():
    site = Site(doc="hello")
    site.fetcher().read("http://six.example:8080/doc")
    (request,) = site.requests
    assert str(request.url) == "http://[2606:2800:220:1::1]:8080/doc"
    assert request.headers["host"] == "six.example:8080"


def test_redirects_are_followed_and_the_last_url_is_told():
    site = Site(a=redirect("/b"), b=redirect("http://six.example/c"), c="there")
    fetched = site.fetcher().read("http://public.example/a")
    assert (fetched.text, fetched.url) == ("there", "http://six.example/c")


REFUSED = [
    pytest.param("file:///etc/passwd", id="file"),
    pytest.param("gopher://public.example/", id="other scheme"),
    pytest.param("http://", id="no host"),
    pytest.param("http://user:pass@public.example/doc", id="credentials"),
    pytest.param("http://public.example:99999/doc", id="bad port"),
    pytest.param("http://[bad/doc", id="broken"),
    pytest.param("http://unknown.example/doc", id="unknown name"),
    pytest.param("http://empty.example/doc", id="no address"),
    pytest.param("http://private.example/doc", id="private"),
    pytest.param("http://mixed.example/doc", id="one of two private"),
    pytest.param("http://metadata.example/doc", id="metadata"),
    pytest.param("http://127.0.0.1/doc", id="loopback"),
    pytest.param("http://[::1]/doc", id="loopback six"),
    pytest.param("http://[::ffff:127.0.0.1]/doc", id="mapped loopback"),
    pytest.param("http://0.0.0.0/doc", id="unspecified"),
    pytest.param("http://public.example/inside", id="redirect inside"),
    pytest.param("http://public.example/local", id="redirect to a file"),
    pytest.param("http://public.example/loop", id="redirect loop"),
    pytest.param("http://public.example/missing", id="404"),
    pytest.param("http://public.example/latin", id="not UTF-8"),
    pytest.param("http://public.example/cut", id="broken answer"),
    pytest.param("http://public.example/nowhere", id="redirect without location"),
]


def cut():
    raise httpx2.ReadError("gone")


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url):
    site = Site(
        doc="secret",
        inside=redirect("http://private.example/doc"),
        local=redirect("file:///etc/passwd"),
        loop=redirect("/loop"),
        missing=lambda: httpx2.Response(404, text="secret"),
        latin=lambda: streamed(b"\xff\xfe"),
        nowhere=lambda: httpx2.Response(302),
        cut=cut,
    )
    with pytest.raises(Invalid) as caught:
        site.fetcher().read(url)
    assert caught.value.field == "url" and "secret" not in str(caught.value)
    assert len(site.requests) <= 6
    assert all(request.url.host == "93.184.216.34" for request in site.requests)


def test_private_addresses_are_read_when_allowed_but_metadata_never():
    site = Site(doc="hello")
    assert site.fetcher(allow_private=True).read("http://127.0.0.1:9/doc").text == "hello"
    assert site.fetcher(allow_private=True).read("http://private.example/doc").text == "hello"
    with pytest.raises(Invalid):
        site.fetcher(allow_private=True).read("http://metadata.example/doc")


def test_size_is_bounded():
    with pytest.raises(TooLarge):
        Site(doc="x" * (BYTES_MAX + 1)).fetcher().read("http://public.example/doc")


def test_time_is_bounded():
    site = Site()

    def slowly():
        def chunks():
            yield b"a"
            site.now += timedelta(seconds=21)
            yield b"b"

        return httpx2.Response(200, content=chunks())

    site.answers["doc"] = slowly
    with pytest.raises(Invalid, match="20 s"):
        site.fetcher().read("http://public.example/doc")


@pytest.mark.parametrize(
    "address, public, private",
    [
        ("8.8.8.8", True, True), ("10.1.2.3", False, True), ("192.168.1.1", False, True),
        ("100.64.0.1", False, True), ("100.100.100.200", False, False),
        ("fd00:ec2::254", False, False), ("::ffff:100.100.100.200", False, False),
        ("127.0.0.1", False, True), ("::1", False, True),
        ("fd00::1", False, True), ("169.254.169.254", False, False), ("fe80::1", False, False),
        ("0.0.0.0", False, False), ("::", False, False), ("224.0.0.1", False, False),
        ("ff02::1", False, False), ("::ffff:10.0.0.1", False, True),
        ("::ffff:169.254.169.254", False, False), ("64:ff9b::a00:1", False, True),
        ("64:ff9b::a9fe:a9fe", False, False), ("2002:a00:1::", False, True),
        ("2606:2800:220:1::1", True, True), ("64:ff9b::808:808", True, True),
    ],
)  # fmt: skip
def test_reachable(address, public, private):
    item = ipaddress.ip_address(address)
    assert reachable(item, False) is public
    assert reachable(item, True) is private
