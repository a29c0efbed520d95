"""The console's pages: what an organization has and how it stands, for people who are signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatewright.access.actions import Action
from gatewright.control import apis, applications, gateways, logins, sheets
from gatewright.control.desk import Desk
from gatewright.domain.api import Api
from gatewright.domain.environment import Environment
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.interfaces.console.rendering import Renderer
from gatewright.interfaces.console.visitor import FORM_HEADERS, Visitors, refuse_cross_site

ROWS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Place:
    """An environment an API is deployed to; `tone` colours the word that says how it stands."""

    environment: Environment
    tone: str
    word: str
    detail: str = ""


class ConsolePages:
    """The pages at /console and below."""

    def __init__(self, renderer: Renderer, visitors: Visitors) -> None:
        self._renderer, self._visitors = renderer, visitors

    def overview(self, request: Request) -> Response:
        """How to sign in, or all there is to see."""
        with self._visitors.store.read() as tx:
            proven = self._visitors.prove(tx, request)
            if proven is None:
                return self._renderer.page("sign_in", {})
            values = _overview(self._visitors.desk(tx, proven))
        return self._renderer.page("console", values, headers=FORM_HEADERS)

    def sign_out(self, request: Request) -> Response:
        """End the session, if there is one."""
        refuse_cross_site(request)
        with self._visitors.store.write() as tx:
            proven = self._visitors.prove(tx, request)
            if proven is not None:
                logins.end(self._visitors.desk(tx, proven), proven.login.id)
        response = RedirectResponse("/console", 303)
        self._visitors.let_out(response)
        return response


def _overview(desk: Desk) -> dict[str, object]:
    found = apis.page(desk, None, ROWS_SHOWN + 1)
    programs = applications.page(desk, None, ROWS_SHOWN + 1)
    sees_gateways = desk.may(Action.READ_GATEWAYS)
    shown = found[:ROWS_SHOWN]
    return {
        "user": desk.actor,
        "organization": desk.organization,
        "apis": [(api, places) for api, places in zip(shown, _places(desk, shown), strict=True)],
        "more_apis": len(found) > ROWS_SHOWN,
        "applications": programs[:ROWS_SHOWN],
        "more_applications": len(programs) > ROWS_SHOWN,
        "gateways": gateways.nodes(desk) if sees_gateways else None,
        "sequence": desk.tx.sequence,
        "listed": LISTED,
        "commands": _commands(desk, shown),
    }


def _places(desk: Desk, found: Sequence[Api]) -> list[list[Place]]:
    deployed = sheets.deployed_to(desk, found)
    if not desk.may(Action.READ_GATEWAYS):
        return [[Place(item, "plain", "deployed") for item in deployed[api.id]] for api in found]
    nodes = gateways.nodes(desk)
    faults = {(item.api_id, item.environment_id): item for item in gateways.faults(desk)}
    sequence = desk.tx.sequence
    return [
        [
            standing(api, item, faults.get((api.id, item.id)), nodes, sequence)
            for item in deployed[api.id]
        ]
        for api in found
    ]


def standing(
    api: Api,
    environment: Environment,
    fault: ApiFault | None,
    nodes: Sequence[GatewayNode],
    sequence: int,
) -> Place:
    """How a deployment stands, by what the gateways of its environment report."""
    connected = [
        node for node in nodes if node.connected and environment.id in node.environment_ids
    ]
    if not connected:
        return Place(environment, "warn", "no gateway connected")
    if fault is not None:
        tone, word = ("warn", "older revision") if fault.serving else ("bad", "not served")
        return Place(environment, tone, word, fault.reason)
    if any(node.applied_sequence < sequence for node in connected):
        return Place(environment, "info", "on its way")
    if api.state is State.BLOCKED:
        return Place(environment, "bad", "blocked")
    return Place(environment, "ok", "live")


def _commands(desk: Desk, found: Sequence[Api]) -> list[tuple[str, str]]:
    """Commands and what they are for, as far as the actor may."""
    example = next((api.handle for api in found if api.state in LISTED), "API")
    lines = (
        (Action.WRITE_APIS, "gatewright api import ./openapi.yaml", "add an API"),
        (Action.PUBLISH, "gatewright api publish API", "deploy it and show it in the portal"),
        (Action.WRITE_APPLICATIONS, "gatewright app create my-app", "add an application"),
        (Action.WRITE_SUBSCRIPTIONS, f"gatewright subscribe my-app {example}", "let it call"),
        (Action.WRITE_CREDENTIALS, "gatewright app keys my-app", "its client id and secret"),
        (Action.GENERATE_TOKENS, "gatewright token my-app", "an access token"),
        (Action.READ_SETTINGS, "gatewright status", "how everything stands"),
    )
    return [(command, purpose) for action, command, purpose in lines if desk.may(action)]
