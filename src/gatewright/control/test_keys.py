"""Test keys: one API in one environment for a quarter of an hour, without any subscription."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.access.actions import Action
from gatewright.control import apis, environments, key_signers
from gatewright.control.desk import Desk
from gatewright.crypto import api_key
from gatewright.crypto.jwk import base64url
from gatewright.crypto.secrets import SecretText
from gatewright.domain.api import Api, Deployment
from gatewright.domain.api_key import (
    SCOPES_LENGTH_MAX,
    TEST_KEY_TTL_SECONDS,
    TEST_SUBJECT,
    test_key_audience,
)
from gatewright.domain.environment import Environment
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope, qualified
from gatewright.domain.token import AUDIENCE_CLAIM, SUBJECT_CLAIM, api_audience
from gatewright.domain.world import seconds

JTI_BYTES = 16


@dataclass(frozen=True, slots=True)
class TestKey:
    """A test key with what it is good for; `url` is where calls go, `path` an operation's there."""

    clear: SecretText
    api: Api
    environment: Environment
    scopes: tuple[str, ...]
    url: str
    path: str
    expires_at: datetime


def create(
    desk: Desk,
    reference: str,
    environment_name: str | None = None,
    scopes: Iterable[str] | None = None,
) -> TestKey:
    """Make one for what the environment serves now, with some of its scopes or all of them.

    Without a name it is for the only environment that the API is deployed to. Raises Denied,
    NotFound, Conflict where it is not deployed, Invalid for a scope that it has not.
    """
    desk.demand(Action.TEST_APIS)
    api = apis.named(desk, reference)
    environment, deployment = _served(desk, api, environment_name)
    (revision,) = desk.tx.revisions.find(id=deployment.revision_id)
    chosen = _chosen(desk, api, revision.definition.scopes, scopes)
    now = desk.world.now()
    id = base64url(desk.world.random_bytes(JTI_BYTES))
    claims: dict[str, object] = {
        "iss": key_signers.issuer_of(desk, environment.kind),
        "aud": [test_key_audience(environment.id)],
        SUBJECT_CLAIM: TEST_SUBJECT,
        AUDIENCE_CLAIM: api_audience(environment.id, api.context, api.version),
        "jti": id,
        "sub": desk.actor.id,
        "iat": seconds(now),
        "exp": seconds(now) + TEST_KEY_TTL_SECONDS,
    }
    if chosen:
        claims["scope"] = " ".join(chosen)
    clear = api_key.sign(desk.keyring, key_signers.ensured(desk, environment.kind), claims)
    desk.record("apis.test-key", api.id, reference=api.reference,
                environment=environment.handle, scopes=" ".join(chosen), jti=id)  # fmt: skip
    return TestKey(
        clear,
        api,
        environment,
        chosen,
        environments.call_url(environment, api),
        _example(revision.definition.operations),
        now + timedelta(seconds=TEST_KEY_TTL_SECONDS),
    )


def _served(desk: Desk, api: Api, name: str | None) -> tuple[Environment, Deployment]:
    rows = {row.environment_id: row for row in desk.tx.deployments.find(api_id=api.id)}
    places = [item for item in environments.everything(desk) if item.id in rows]
    if name is not None:
        wanted = environments.named(desk, name)
        if wanted.id not in rows:
            raise Conflict(
                f"{api.reference} is not deployed to {wanted.handle}.",
                "environment",
                "Deploy it there first.",
            )
        return wanted, rows[wanted.id]
    if len(places) != 1:
        handles = ", ".join(item.handle for item in places) or "none"
        raise Conflict(
            f"{api.reference} is deployed to {len(places)} environments.",
            "environment",
            f"Name one of them: {handles}." if places else "Deploy it first.",
        )
    return places[0], rows[places[0].id]


def _example(operations: Iterable[Operation]) -> str:
    """The path of an operation to try: a GET without parameters where there is one."""
    reading = [item.path for item in operations if item.method == "GET"]
    plain = [path for path in reading if not set("{*") & set(path)]
    return next(iter(plain or reading), "/")


def _chosen(
    desk: Desk, api: Api, defined: Iterable[Scope], wanted: Iterable[str] | None
) -> tuple[str, ...]:
    """Short names, as the deployed definition has them. Raises Invalid."""
    known = [scope.name for scope in defined]
    if wanted is None:
        chosen = tuple(known)
    else:
        prefix = qualified(desk.organization.handle, api.handle, "")
        chosen = tuple(dict.fromkeys(name.removeprefix(prefix) for name in wanted))
    unknown = [name for name in chosen if name not in set(known)]
    if unknown:
        raise Invalid(
            f"{api.reference} has no scope {unknown[0][:200]!r} where it is deployed.",
            "scopes",
            "Name scopes that `scope list` shows, and deploy again if one is new.",
        )
    if sum(len(name) + 1 for name in chosen) > SCOPES_LENGTH_MAX:
        raise Invalid(
            f"would take more than {SCOPES_LENGTH_MAX} characters.",
            "scopes",
            "Name only those that the test needs.",
        )
    return chosen
