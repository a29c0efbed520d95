"""The portal's pages: the catalogue and one API's sheet, seen by anybody without signing in."""

import re
import shlex
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gatewright.control import catalogue, organizations
from gatewright.control.catalogue import Offer
from gatewright.domain.errors import Unavailable
from gatewright.domain.lifecycle import SUBSCRIBABLE
from gatewright.domain.operation import Operation
from gatewright.domain.organization import Organization
from gatewright.interfaces.console.rendering import Renderer
from gatewright.store.port import Store, Transaction

PAGE_SIZE = 30
_ID = re.compile(r"[a-z]+_[0-9A-Za-z]{1,60}")
_APPLICATION = "my-app"


class PortalPages:
    """The pages at / and /apis."""

    def __init__(self, renderer: Renderer, store: Store) -> None:
        self._renderer, self._store = renderer, store

    def catalogue(self, request: Request) -> Response:
        """The listed APIs, a page of them."""
        asked = request.query_params.get("after", "")
        after = asked if _ID.fullmatch(asked) else None
        with self._store.read() as tx:
            organization = _organization(tx)
            found = catalogue.page(tx, organization, after, PAGE_SIZE + 1)
        offers = found[:PAGE_SIZE]
        values = {
            "organization": organization,
            "offers": offers,
            "earlier": after is not None,
            "next_after": offers[-1].api.id if len(found) > PAGE_SIZE else None,
        }
        return self._renderer.page("catalogue", values)

    def api(self, request: Request) -> Response:
        """One API with its operations and the way to call it."""
        handle, version = request.path_params["handle"], request.path_params["version"]
        with self._store.read() as tx:
            offer = catalogue.named(tx, _organization(tx), handle, version)
        values = {
            "offer": offer,
            "operations": [(item, needs(item)) for item in offer.definition.operations],
            "subscribable": offer.api.state in SUBSCRIBABLE,
            "commands": commands(offer),
        }
        return self._renderer.page("api", values)


def _organization(tx: Transaction) -> Organization:
    organization = organizations.find(tx)
    if organization is None:
        raise Unavailable("There is no organization yet.", way_out="Start `gatewright up`.")
    return organization


def needs(operation: Operation) -> tuple[str, ...]:
    """What a caller needs, as alternatives: any one of them lets the call in."""
    if operation.anonymous:
        return ("no token",)
    ways = [" + ".join(sorted(item)) or "any token" for item in operation.alternatives]
    if operation.api_key:
        ways.append("any API key")
    return tuple(ways) or ("closed to everybody",)


def commands(offer: Offer) -> tuple[str, ...]:
    """What to type for the first call; each word is quoted, for people paste these in a shell."""
    api = offer.api
    lines: list[tuple[str, ...]] = [
        ("app", "create", _APPLICATION),
        ("subscribe", _APPLICATION, api.reference),
        ("app", "keys", _APPLICATION),
    ]
    path = _first_path(offer.definition.operations)
    if path is not None and offer.environment is not None:
        target = f"{api.context}/{api.version}{path}"
        kind = str(offer.environment.kind)
        lines.append(("curl", _APPLICATION, "GET", target, "--kind", kind))
    return tuple(shlex.join(("gatewright", *line)) for line in lines)


def _first_path(operations: Sequence[Operation]) -> str | None:
    for operation in operations:
        if operation.method == "GET" and not set("{*") & set(operation.path):
            return operation.path
    return None
