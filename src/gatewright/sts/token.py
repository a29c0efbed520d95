"""The one pipeline of every token: authenticate → allowed → bind → grant → scope → mint.

The steps stand here once, around all grants. A grant returns an Authorization and can skip none.
"""

from collections.abc import Callable
from dataclasses import replace

from gatewright.domain.credential import Credential
from gatewright.sts import scopes
from gatewright.sts.authorization import Asked, Authorization, Grant
from gatewright.sts.binding import bind
from gatewright.sts.errors import (
    InvalidClient,
    InvalidScope,
    InvalidTarget,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from gatewright.sts.grants import GRANTS
from gatewright.sts.issuer import Issuer
from gatewright.sts.mint import Granted, mint
from gatewright.sts.proof import Proven
from gatewright.sts.records import Client
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State


def issue(
    state: State, issuer: Issuer, request: Request, form: Form, prove: Callable[[], Proven]
) -> Granted:
    """The token that the form asks for. `prove` gives the authenticated client or raises.

    Raises a Refused of the step that refused, or KeysNeeded.
    """
    grant_type = form.need("grant_type")
    proven = prove()
    client = proven.client
    grant = _allowed(client, grant_type)
    binding = bind(state, issuer, request, proven)
    authorization = grant.authorize(Asked(state, issuer, client, form))
    audience = _audience(issuer, form)
    scope = _scope(state, issuer, client, form, authorization, audience)
    lifetime = client.credential.token_ttl_seconds
    if authorization.lifetime_seconds_max is not None:
        lifetime = min(lifetime, authorization.lifetime_seconds_max)
    subject, further = authorization.subject, authorization.claims
    if binding.confirmation:
        further = {**further, "cnf": binding.confirmation}
    granted = mint(state.world, issuer, client, subject, scope, audience, lifetime, further)
    singles = proven.singles + binding.singles + authorization.singles
    if not singles and not binding.confirmation and not authorization.issued_token_type:
        return granted
    return replace(
        granted,
        token_type=binding.token_type,
        issued_token_type=authorization.issued_token_type,
        singles=singles,
    )


def check_not_blocked(client: Client) -> None:
    """Raise UnauthorizedClient for a blocked application, which has proved itself before."""
    if client.application.blocked:
        raise UnauthorizedClient(
            "the application is blocked.", way_out="Ask the API provider to unblock it."
        )


def _allowed(client: Client, grant_type: str) -> Grant:
    grant = GRANTS.get(grant_type)
    if grant is None:
        raise UnsupportedGrantType(f"supported are: {', '.join(GRANTS)}.", "grant_type")
    check_not_blocked(client)
    return grant


def _audience(issuer: Issuer, form: Form) -> tuple[str, ...]:
    """The issuer's gateways, or those that `resource` names (RFC 8707 §2)."""
    known = tuple(issuer.environments)
    if not form.resources:
        return known
    wanted = [resource.removesuffix("/") for resource in form.resources]
    for asked, resource in zip(form.resources, wanted, strict=True):
        if resource not in known:
            raise InvalidTarget(
                f"{asked} is no audience of this issuer.", "resource", f"Use {' or '.join(known)}."
            )
    return tuple(url for url in known if url in wanted)


def _scope(
    state: State,
    issuer: Issuer,
    client: Client,
    form: Form,
    authorization: Authorization,
    audience: tuple[str, ...],
) -> str:
    """A scope that can not be granted may have become so a moment ago: the store is asked once."""
    places = None
    if form.resources:
        places = frozenset(issuer.environments[url] for url in audience)
    wanted, limit = form.get("scope"), authorization.scope_limit
    try:
        return scopes.grant(state.records, issuer, client, wanted, places, limit)
    except InvalidScope:
        if not state.look_again(state.world.now()):
            raise
    renewed = _again(state, issuer, client.credential)
    return scopes.grant(state.records, issuer, renewed, wanted, places, limit)


def _again(state: State, issuer: Issuer, credential: Credential) -> Client:
    client = state.client(credential.client_id, issuer)
    if client is None or client.credential.generation != credential.generation:
        raise InvalidClient("the client could not be authenticated.")
    check_not_blocked(client)
    return client
