"""Fills an instance of Gatewright with APIs, an application, subscriptions and its tokens."""

import http.client
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from bench import catalogue, limits, load, report
from bench.credentials import SCOPE
from bench.management import Management
from bench.target import Gatewright
from bench.token_endpoint import TokenEndpoint

UNSUBSCRIBED = 1
SERVED_SECONDS_MAX = 30


class WrongAnswerError(Exception):
    """The gateway let in or refused a call against its own rules: its speed means nothing."""


@dataclass(frozen=True)
class Seeded:
    """What stands in an instance: APIs 0…n-1 with their ids, all subscribed but the last."""

    target: Gatewright
    apis: Sequence[str]
    operations: int
    application: str
    plan: str
    endpoint: TokenEndpoint

    def calls(self, tokens: Sequence[str], apis: int, operations: int) -> list[load.Call]:
        """Calls to the first so many operations of the first so many APIs, tokens in turn."""
        paths = [
            catalogue.call_path(number, index)
            for number in range(apis)
            for index in range(operations)
        ]
        count = max(len(paths), len(tokens))
        return [
            load.Call.with_token(paths[turn % len(paths)], tokens[turn % len(tokens)])
            for turn in range(count)
        ]

    def load(self, calls: Sequence[load.Call]) -> load.Load:
        return load.Load(self.target.gateway_url, calls)

    def tokens(self, count: int) -> list[str]:
        return [ask(self.endpoint) for _ in range(count)]


def seed(
    target: Gatewright, management: Management, apis: int, operations: int, upstream: int
) -> Seeded:
    """Make so many subscribed APIs, and one more that the application is not subscribed to."""
    limits.raise_beyond_load(target.folder)
    plan = limits.PLAN
    application = management.create_application("Bench")
    client_id, client_secret = management.create_keys(application)
    made = []
    for number in range(apis + UNSUBSCRIBED):
        document = catalogue.document(number, operations)
        api = management.import_api(
            document, catalogue.context(number), catalogue.VERSION, f"http://127.0.0.1:{upstream}"
        )
        management.deploy(api)
        management.publish(api)
        if number < apis:
            management.subscribe(application, api, plan)
        made.append(api)
        if number % 200 == 199:
            report.say(f"  {number + 1} APIs made")
    endpoint = target.token_endpoint(client_id, client_secret, "ES256")
    target.pin()
    return Seeded(target, made, operations, application, plan, endpoint)


def ask(endpoint: TokenEndpoint) -> str:
    """A token, or an error that says what the endpoint answered."""
    status, answer = endpoint.ask()
    if status != 200:
        raise WrongAnswerError(f"{endpoint.url}: {status} {answer}")
    return str(answer["access_token"])


def prove(seeded: Seeded) -> None:
    """Raise unless the gateway lets in what it must and refuses what it must."""
    read_only = replace(
        seeded.endpoint, body=urlencode({"grant_type": "client_credentials", "scope": SCOPE})
    )
    token = ask(read_only)
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    last = len(seeded.apis) - 1
    path = catalogue.call_path(0, 0)
    _wait_until_served(seeded, token)
    expected = [
        ("good token", "GET", path, token, 200),
        ("last subscribed API", "GET", catalogue.call_path(last - 1, 0), token, 200),
        ("no token", "GET", path, None, 401),
        ("forged signature", "GET", path, forged, 401),
        ("without the scope", "POST", path, token, 403),
        ("not subscribed", "GET", catalogue.call_path(last, 0), token, 403),
        ("undeclared path", "GET", catalogue.gateway_path(0, "/nothing"), token, 404),
    ]
    for name, method, where, used, wanted in expected:
        status = call(seeded.target.gateway_url, method, where, used)
        if status != wanted:
            raise WrongAnswerError(f"{name}: {method} {where} gave {status}, not {wanted}")


def _wait_until_served(seeded: Seeded, token: str) -> None:
    """Wait for the last of what was made; the proof itself then asks everything just once."""
    last = len(seeded.apis) - 1
    wanted = {catalogue.call_path(last - 1, 0): 200, catalogue.call_path(last, 0): 403}
    deadline = time.monotonic() + SERVED_SECONDS_MAX
    while time.monotonic() < deadline:
        seen = {path: call(seeded.target.gateway_url, "GET", path, token) for path in wanted}
        if seen == wanted:
            return
        time.sleep(0.05)
    raise WrongAnswerError(f"after {SERVED_SECONDS_MAX} s the gateway gives {seen}, not {wanted}")


def call(url: str, method: str, path: str, token: str | None) -> int:
    """One call on a connection of its own; gives the status."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        connection.request(method, path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
