"""From the domain's nouns to the IR: what is to be served, decided once and for good.

Pure; it is given the rows that concern one API and one environment and reads nothing itself.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from gatewright.domain import scope as scopes
from gatewright.domain.api import Api, Definition, Deployment, version_pair
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.operation import Operation, match_order
from gatewright.domain.organization import Organization
from gatewright.domain.plan import UNIT_SECONDS, Plan
from gatewright.domain.token import SigningKey, issuer
from gatewright.gateway.ir import (
    ApiIr,
    EnvironmentIr,
    LimitIr,
    Needs,
    OperationIr,
    TlsIr,
    UpstreamIr,
)

REALM = "gatewright"
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
"""The path below which a gateway tells of its APIs (RFC 9728 §3)."""


def api_key(environment_id: str, api_id: str) -> str:
    """The name of an API's resources in an environment."""
    return f"{environment_id}/{api_id}"


def major_alias(version: str) -> str:
    """`v1.2` → `v1`."""
    return f"v{version_pair(version)[0]}"


def lower_api(
    organization: Organization,
    api: Api,
    definition: Definition,
    deployment: Deployment,
    subscribers: Iterable[tuple[str, Plan | None]],
    gateway_url: str,
) -> ApiIr:
    """One API as deployed in one environment; `subscribers` are subject keys with plans."""
    versions = (api.version, major_alias(api.version))
    operations = sorted(definition.operations, key=lambda item: match_order(item.path))
    subjects = sorted((subject, _limit(plan)) for subject, plan in dict(subscribers).items())
    return ApiIr(
        key=api_key(deployment.environment_id, api.id),
        environment_id=deployment.environment_id,
        organization=organization.handle,
        reference=api.reference,
        bases=tuple(f"{api.context}/{version}" for version in versions),
        blocked=api.state is State.BLOCKED,
        operations=tuple(_operation(organization, api, item) for item in operations),
        subjects=tuple((subject, limit) for subject, limit in subjects),
        upstream=lower_upstream(deployment.upstream),
        metadata_url=f"{gateway_url}{RESOURCE_METADATA}{api.context}/{api.version}",
    )


def lower_upstream(url: str) -> UpstreamIr:
    """A base URL that `domain.api.upstream_url` has accepted."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return UpstreamIr(
        tls, parts.hostname or "", parts.port or (443 if tls else 80), parts.path.rstrip("/")
    )


def lower_environment(
    organization: Organization,
    environment: Environment,
    keys: Iterable[SigningKey],
    sts_url: str,
    listener: tuple[str, int],
    tls: TlsIr | None = None,
) -> EnvironmentIr:
    """An environment's front door; `keys` are those of its organization and kind."""
    return EnvironmentIr(
        id=environment.id,
        handle=environment.handle,
        address=listener[0],
        port=listener[1],
        audience=environment.gateway_url,
        issuer=issuer(sts_url, organization.handle, environment.kind),
        realm=REALM,
        deny_list=deny_list_name(organization.id, environment.kind),
        jwks=tuple(key.public_jwk for key in sorted(keys, key=lambda key: key.id)),
        tls=tls,
    )


def deny_list_name(organization_id: str, kind: Kind) -> str:
    """The deny list of an issuer, shared by its environments."""
    return f"{organization_id}/{kind}"


def _operation(organization: Organization, api: Api, operation: Operation) -> OperationIr:
    def spellings(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((name, scopes.qualified(organization.handle, api.handle, name))))

    needs: Needs = tuple(
        tuple(spellings(name) for name in sorted(alternative))
        for alternative in operation.alternatives
    )
    # An operation with no alternative at all can be satisfied by nobody, and must not mean "free".
    return OperationIr(
        operation.method, operation.path, operation.anonymous, operation.alternatives, needs
    )


def _limit(plan: Plan | None) -> LimitIr | None:
    if plan is None or plan.request_count is None:
        return None
    return LimitIr(plan.request_count, UNIT_SECONDS[plan.unit])
