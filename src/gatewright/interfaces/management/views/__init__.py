"""From rows and sheets to what is answered; the only place that knows both shapes."""

from collections.abc import Iterable

from gatewright.access.actions import TABLE, Action
from gatewright.control import scopes, sheets
from gatewright.control.credentials import CredentialSheet
from gatewright.control.desk import Desk
from gatewright.control.findings import Finding
from gatewright.control.imports import Outcome
from gatewright.control.logins import Issued
from gatewright.control.scopes import ScopeSheet
from gatewright.control.secrets import NewSecret
from gatewright.control.sheets import DeploymentSheet
from gatewright.domain.api import Api, Revision
from gatewright.domain.application import Application
from gatewright.domain.audit import AuditRecord
from gatewright.domain.credential import Secret
from gatewright.domain.environment import Environment
from gatewright.domain.expiry import expires_soon
from gatewright.domain.lifecycle import MOVES
from gatewright.domain.limit import Limits, Rate
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.domain.operation import Operation
from gatewright.domain.organization import Organization
from gatewright.domain.person import Login, User
from gatewright.interfaces.management import models
from gatewright.interfaces.management.models.organization import OrganizationOut
from gatewright.interfaces.management.views.api_access import access


def user(row: User) -> models.UserOut:
    """A member."""
    return models.UserOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        revision=row.revision,
    )


def me(desk: Desk, login: Login) -> models.MeOut:
    """The actor and what their role allows."""
    return models.MeOut(
        user=user(desk.actor),
        organization=desk.organization.handle,
        organization_name=desk.organization.name,
        login_kind=login.kind,
        actions=[action for action in TABLE if desk.may(action)],
    )


def access_token(row: Login, issued: Issued | None = None) -> models.AccessTokenOut:
    """A personal access token; in clear when it was just made."""
    return models.AccessTokenOut(
        id=row.id,
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.used_at,
        token=None if issued is None else issued.clear.reveal(),
    )


def operation(row: Operation) -> models.OperationOut:
    """An operation."""
    return models.OperationOut(
        operation=row.key,
        method=row.method,
        path=row.path,
        summary=row.summary,
        operation_id=row.operation_id,
        alternatives=[sorted(item) for item in row.alternatives],
        scopes=sorted(row.scopes),
        anonymous=row.anonymous,
        api_key=row.api_key,
    )


def scope(sheet: ScopeSheet) -> models.ScopeOut:
    """A scope by both its names."""
    return models.ScopeOut(
        name=sheet.scope.name,
        qualified_name=sheet.qualified_name,
        description=sheet.scope.description,
        operations=list(sheet.operations),
    )


def fault(row: ApiFault | None) -> models.FaultOut | None:
    """A fault of a deployment."""
    if row is None:
        return None
    return models.FaultOut(reason=row.reason, serving=row.serving, at=row.at)


def limits(found: Limits) -> list[models.LimitOut]:
    """The whole API's limit first, then those of operations by their keys."""
    whole: list[tuple[str | None, Rate]] = [] if found.api is None else [(None, found.api)]
    return [
        models.LimitOut(
            operation=key, limit=item.text, request_count=item.request_count, unit=item.unit
        )
        for key, item in [*whole, *sorted(found.operations.items())]
    ]


def deployment(desk: Desk, sheet: DeploymentSheet) -> models.DeploymentOut:
    """A deployment; where calls are sent on to is for those who may see drafts."""
    return models.DeploymentOut(
        id=sheet.deployment.id,
        environment=sheet.environment.handle,
        kind=sheet.environment.kind,
        revision=sheet.revision.number,
        digest=sheet.revision.digest,
        upstream=sheet.deployment.upstream if desk.may(Action.READ_DRAFTS) else "",
        url=sheet.url,
        limits=limits(sheet.deployment.limits),
        deployed_at=sheet.deployment.deployed_at,
        fault=fault(sheet.fault),
    )


def api_summary(row: Api, deployed_to: Iterable[Environment]) -> models.ApiSummary:
    """An API in a list."""
    return models.ApiSummary(
        id=row.id,
        handle=row.handle,
        reference=row.reference,
        name=row.name,
        context=row.context,
        version=row.version,
        state=row.state,
        operation_count=len(row.definition.operations),
        scope_count=len(row.definition.scopes),
        deployed_to=[item.handle for item in deployed_to],
        created_at=row.created_at,
        updated_at=row.updated_at,
        revision=row.revision,
    )


def api(desk: Desk, row: Api, findings: Iterable[Finding] = ()) -> models.ApiOut:
    """An API whole, with what is to be told of the change that made it so."""
    deployed = sheets.deployments(desk, row)
    summary = api_summary(row, [sheet.environment for sheet in deployed])
    return models.ApiOut(
        **summary.model_dump(),
        description=row.description,
        upstreams=_upstreams(desk, row),
        operations=[operation(item) for item in row.definition.operations],
        scopes=[scope(item) for item in scopes.everything(desk, row)],
        access=access(row.definition.access),
        deployments=[deployment(desk, sheet) for sheet in deployed],
        next_states=list(MOVES[row.state]),
        approval_required=row.approval_required,
        deprecated_at=row.deprecated_at,
        sunset_at=row.sunset_at,
        warnings=[_warning(item) for item in findings],
    )


def _upstreams(desk: Desk, row: Api) -> dict[str, str]:
    if not desk.may(Action.READ_DRAFTS):
        return {}
    known = desk.tx.environments.find(organization_id=desk.organization.id)
    return {item.handle: row.upstreams[item.id] for item in known if item.id in row.upstreams}


def imported(desk: Desk, outcome: Outcome, *, dry_run: bool) -> models.ImportOut:
    """What an import did, or would do."""
    return models.ImportOut(
        api=api(desk, outcome.api),
        warnings=[_warning(item) for item in outcome.warnings],
        created=outcome.created,
        dry_run=dry_run,
        removed_operations=list(outcome.removed_operations),
    )


def _warning(finding: Finding) -> models.WarningOut:
    return models.WarningOut(location=finding.location, message=finding.message)


def revision(row: Revision, environments: list[str]) -> models.RevisionOut:
    """A revision and the environments that serve it."""
    return models.RevisionOut(
        id=row.id,
        number=row.number,
        digest=row.digest,
        operation_count=len(row.definition.operations),
        created_at=row.created_at,
        environments=environments,
    )


def application(row: Application) -> models.ApplicationOut:
    """An application."""
    allowed = row.allowed_scopes
    return models.ApplicationOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        description=row.description,
        allowed_scopes=None if allowed is None else sorted(allowed),
        blocked=row.blocked,
        created_at=row.created_at,
        owner_id=row.owner_id,
        revision=row.revision,
    )


def secret(desk: Desk, row: Secret, new: NewSecret | None = None) -> models.SecretOut:
    """A client secret; in clear when it was just made."""
    return models.SecretOut(
        id=row.id,
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        usable=row.usable(desk.world.now()),
        expires_soon=expires_soon(row, desk.world.now()),
        client_secret=None if new is None else new.clear.reveal(),
    )


def credential(desk: Desk, sheet: CredentialSheet) -> models.CredentialOut:
    """A credential with its connection data."""
    row, connection = sheet.credential, sheet.connection
    return models.CredentialOut(
        id=row.id,
        kind=row.kind,
        client_id=row.client_id,
        token_ttl_seconds=row.token_ttl_seconds,
        introspects_all=row.introspects_all,
        dpop_bound_access_tokens=row.dpop_bound_access_tokens,
        tls_client_certificate_bound_access_tokens=row.tls_client_certificate_bound_access_tokens,
        generation=row.generation,
        created_at=row.created_at,
        revision=row.revision,
        secrets=[secret(desk, item) for item in sheet.secrets],
        connection=models.ConnectionOut(
            issuer=connection.issuer,
            token_endpoint=connection.token_endpoint,
            revocation_endpoint=connection.revocation_endpoint,
            introspection_endpoint=connection.introspection_endpoint,
            jwks_uri=connection.jwks_uri,
            metadata_url=connection.metadata_url,
            curl=connection.curl,
        ),
        client_secret=None if sheet.clear is None else sheet.clear.reveal(),
    )


def organization(row: Organization) -> OrganizationOut:
    """The organization."""
    return OrganizationOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        signing_algorithm=row.signing_algorithm,
        token_ttl_seconds_min=row.token_ttl_seconds_min,
        token_ttl_seconds_max=row.token_ttl_seconds_max,
        key_rotation_days=row.key_rotation_days,
        key_announcement_seconds=row.key_announcement_seconds,
        created_at=row.created_at,
        revision=row.revision,
    )


def environment(row: Environment) -> models.EnvironmentOut:
    """An environment."""
    return models.EnvironmentOut(
        id=row.id,
        handle=row.handle,
        name=row.name,
        kind=row.kind,
        position=row.position,
        gateway_url=row.gateway_url,
    )


def audit(row: AuditRecord, names: dict[str, str]) -> models.AuditOut:
    """An audit record."""
    return models.AuditOut(
        id=row.id,
        at=row.at,
        actor=row.actor,
        actor_name=names.get(row.actor, row.actor),
        action=row.action,
        subject=row.subject,
        detail=row.detail,
    )


def gateway(desk: Desk, row: GatewayNode) -> models.GatewayOut:
    """A gateway; environments of others are left out."""
    known = desk.tx.environments.find(organization_id=desk.organization.id)
    return models.GatewayOut(
        id=row.id,
        environments=[item.handle for item in known if item.id in row.environment_ids],
        connected=row.connected,
        seen_at=row.seen_at,
        version=row.version,
        applied_sequence=row.applied_sequence,
        rejection=row.rejection,
    )
