"""From the domain's nouns to the IR: what is to be served, decided once and for good.

Pure; it is given the rows that concern one API and one environment and reads nothing itself.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from gatewright.domain import scope as scopes
from gatewright.domain.api import Api, Definition, Deployment, version_pair
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.limit import Limits, Rate
from gatewright.domain.operation import Operation, match_order
from gatewright.domain.organization import Organization
from gatewright.domain.plan import Plan
from gatewright.domain.token import SigningKey, issuer
from gatewright.gateway.ir import (
    STANDARD_ENTRANCES,
    ApiIr,
    EntranceIr,
    EnvironmentIr,
    IssuerIr,
    KeysIr,
    Needs,
    OperationIr,
    SubjectIr,
    TlsIr,
    UpstreamIr,
)
from gatewright.gateway.lower_issuers import entrance
from gatewright.gateway.lower_limits import (
    lower_limits,
    lower_notices,
    lower_plans,
    lower_rate,
    lower_subjects,
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
    known: Iterable[SubjectIr],
    gateway_url: str,
) -> ApiIr:
    """One API as deployed in one environment; `known` are whom it knows, in any order."""
    versions = (api.version, major_alias(api.version))
    operations = sorted(definition.operations, key=lambda item: match_order(item.path))
    limits = deployment.limits
    return ApiIr(
        key=api_key(deployment.environment_id, api.id),
        environment_id=deployment.environment_id,
        organization=organization.handle,
        reference=api.reference,
        bases=tuple(f"{api.context}/{version}" for version in versions),
        blocked=api.state is State.BLOCKED,
        operations=tuple(
            _operation(
                organization,
                api,
                item,
                limits.operations.get(item.key),
                api_keys=definition.access.api_keys,
            )
            for item in operations
        ),
        subjects=lower_subjects(known),
        upstream=lower_upstream(deployment.upstream),
        metadata_url=f"{gateway_url}{RESOURCE_METADATA}{api.context}/{api.version}",
        entrance=entrance(definition.access),
        family=f"{api.handle}:v{api.major}",
        subscription_required=definition.access.subscription_required,
        limit=None if limits.api is None else lower_rate(limits.api),
        notices=lower_notices(api),
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
    *,
    issuers: tuple[IssuerIr, ...] = (),
    api_keys: KeysIr | None = None,
    entrances: tuple[EntranceIr, ...] = STANDARD_ENTRANCES,
    plans: Iterable[Plan] = (),
    limits: Iterable[Limits] = (),
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
        issuers=issuers,
        keys=api_keys,
        entrances=entrances,
        plans=lower_plans(plans),
        limits=lower_limits(limits),
    )


def deny_list_name(organization_id: str, kind: Kind) -> str:
    """The deny list of an issuer, shared by its environments."""
    return f"{organization_id}/{kind}"


def _operation(
    organization: Organization, api: Api, operation: Operation, limit: Rate | None, *,
    api_keys: bool,
) -> OperationIr:  # fmt: skip
    def spellings(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((name, scopes.qualified(organization.handle, api.handle, name))))

    needs: Needs = tuple(
        tuple(spellings(name) for name in sorted(alternative))
        for alternative in operation.alternatives
    )
    # An operation with no alternative at all can be satisfied by nobody, and must not mean "free".
    return OperationIr(
        operation.method, operation.path, operation.anonymous, operation.alternatives, needs,
        takes_keys=api_keys or operation.api_key, any_key=operation.api_key,
        limit=None if limit is None else lower_rate(limit),
    )  # fmt: skip
