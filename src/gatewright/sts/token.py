"""The one pipeline of every token: authenticate → allowed → bind → grant → scope → mint.

The steps stand here once, around all grants. A grant returns an Authorization and can skip none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from gatewright.crypto.jose import TOKEN_BYTES_MAX
from gatewright.domain.credential import Credential
from gatewright.domain.token import AUDIENCE_CLAIM, BOUND_SUBJECT_CLAIM, SUBJECT_CLAIM
from gatewright.sts import scopes, targets
from gatewright.sts.authorization import Asked, Authorization, Grant
from gatewright.sts.binding import Binding, bind
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
from gatewright.sts.records import Client, Reach
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State
from gatewright.sts.targets import Audience

_MADE_HERE = frozenset({
    "iss", "sub", "client_id", "aud", "iat", "nbf", "exp", "jti", "scope", "cnf",
    SUBJECT_CLAIM, BOUND_SUBJECT_CLAIM, AUDIENCE_CLAIM,
})  # fmt: skip
"""Claims that say what a token is good for: no grant can bring one of its own."""


def issue(
    state: State, issuer: Issuer, request: Request, form: Form, prove: Callable[[], Proven]
) -> Granted:
    """The token that the form asks for. `prove` gives the authenticated client or raises.

    Raises a Refused of the step that refused, or KeysNeeded.
    """
    grant_type = form.need("grant_type")
    proven = prove()
    client = proven.client
    grant = _allowed(state, issuer, client, grant_type)
    binding = bind(state, issuer, request, proven)
    authorization = grant.authorize(Asked(state, issuer, client, form, binding.confirmation))
    audience = _audience(state, issuer, form, authorization)
    scope = _scope(state, issuer, client, form, authorization, audience.reach)
    lifetime, subject = _lifetime(issuer, client, authorization), authorization.subject
    further: Mapping[str, Any] = {}
    if authorization.claims or binding.confirmation or audience.apis:
        further = _further(authorization, binding, audience)
    granted = mint(state.world, issuer, client, subject, scope, audience.values, lifetime, further)
    if further and len(granted.access_token) > TOKEN_BYTES_MAX:
        way_out = "Name fewer targets or scopes."
        raise InvalidTarget(f"the token would be over {TOKEN_BYTES_MAX} bytes.", way_out=way_out)
    singles = proven.singles + binding.singles + authorization.singles
    if not singles and not binding.confirmation and not authorization.issued_token_type:
        return granted
    return granted._replace(
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


def _allowed(state: State, issuer: Issuer, client: Client, grant_type: str) -> Grant:
    """The grant, if this client may use it. What it registered may have changed a moment ago: the
    store is asked once."""
    grant = GRANTS.get(grant_type)
    if grant is None:
        raise UnsupportedGrantType(f"supported are: {', '.join(GRANTS)}.", "grant_type")
    check_not_blocked(client)
    if not _registered(client, grant_type) and state.look_again(state.world.now()):
        client = _again(state, issuer, client.credential)
    if not _registered(client, grant_type):
        raise UnauthorizedClient(
            "the client is not registered for it.", "grant_type", "Register its grant_types anew."
        )
    return grant


def _registered(client: Client, grant_type: str) -> bool:
    grants = client.credential.grant_types
    return grants is None or grant_type in grants


def _lifetime(issuer: Issuer, client: Client, authorization: Authorization) -> int:
    """Seconds: a bound of the organization that was lowered acts on the next token."""
    lifetime = min(client.credential.token_ttl_seconds, issuer.organization.token_ttl_seconds_max)
    limit = authorization.lifetime_seconds_max
    return lifetime if limit is None else min(lifetime, limit)


def _further(
    authorization: Authorization, binding: Binding, audience: Audience
) -> Mapping[str, Any]:
    further = {
        name: value for name, value in authorization.claims.items() if name not in _MADE_HERE
    }
    if binding.confirmation:
        further["cnf"] = binding.confirmation
    if audience.apis:
        further[AUDIENCE_CLAIM] = audience.apis
    return further


def _audience(state: State, issuer: Issuer, form: Form, authorization: Authorization) -> Audience:
    """What is unknown may have been deployed a moment ago: the store is asked once."""
    asked, limit = form.resources + authorization.targets, authorization.audience_limit
    try:
        return targets.audience(state.records, issuer, asked, limit)
    except InvalidTarget:
        if not state.look_again(state.world.now()):
            raise
    return targets.audience(state.records, issuer, asked, limit)


def _scope(
    state: State,
    issuer: Issuer,
    client: Client,
    form: Form,
    authorization: Authorization,
    reach: Reach | None,
) -> str:
    """A scope that can not be granted may have become so a moment ago: the store is asked once."""
    wanted, limit = form.get("scope"), authorization.scope_limit
    try:
        return scopes.grant(state.records, issuer, client, wanted, reach, limit)
    except InvalidScope:
        if not state.look_again(state.world.now()):
            raise
    renewed = _again(state, issuer, client.credential)
    return scopes.grant(state.records, issuer, renewed, wanted, reach, limit)


def _again(state: State, issuer: Issuer, credential: Credential) -> Client:
    client = state.client(credential.client_id, issuer)
    if client is None or client.credential.generation != credential.generation:
        raise InvalidClient("the client could not be authenticated.")
    check_not_blocked(client)
    return client
