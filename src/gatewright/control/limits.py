"""Limits of an API and of its operations by environment: set here, in force with a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, environments
from gatewright.control.desk import Desk
from gatewright.control.findings import Finding
from gatewright.control.fitting import by_place, dropped, place
from gatewright.domain.api import Api
from gatewright.domain.environment import Environment
from gatewright.domain.errors import NotFound
from gatewright.domain.limit import NO_LIMITS, Limits, rate


@dataclass(frozen=True, slots=True)
class LimitsSheet:
    """What is set for an environment, and what it enforces: None where it is not deployed."""

    environment: Environment
    limits: Limits
    in_force: Limits | None
    deployed_revision: int | None

    @property
    def deploy_needed(self) -> bool:
        """Whether a deployment would put other limits in force."""
        return self.in_force is not None and self.in_force != self.limits


def everything(desk: Desk, api: Api) -> list[LimitsSheet]:
    """Of each environment, in the order of promotion. Raises Denied to who sees no drafts."""
    desk.demand(Action.READ_DRAFTS)
    deployed = {row.environment_id: row for row in desk.tx.deployments.find(api_id=api.id)}
    wanted = tuple({row.revision_id for row in deployed.values()})
    revisions = {row.id: row for row in desk.tx.revisions.find(id=wanted)} if wanted else {}
    sheets = []
    for item in environments.everything(desk):
        row = deployed.get(item.id)
        limits = api.limits.get(item.id, NO_LIMITS)
        if row is None:
            sheets.append(LimitsSheet(item, limits, None, None))
        else:
            number = revisions[row.revision_id].number
            sheets.append(LimitsSheet(item, limits, row.limits, number))
    return sheets


def edit(
    desk: Desk,
    reference: str,
    environment_name: str,
    *,
    whole: str | None = None,
    remove_whole: bool = False,
    operations: Mapping[str, str | None] | None = None,
    expected: int | None = None,
) -> tuple[Api, LimitsSheet]:
    """Change what is given: `100/minute` for the whole API, or by operation, where None removes.

    Raises NotFound for an operation that the definition does not have, Invalid for no limit.
    """
    api = apis.editable(desk, reference, expected)
    environment = environments.named(desk, environment_name)
    before = api.limits.get(environment.id, NO_LIMITS)
    after = _changed(api, before, operations or {})
    if remove_whole:
        after = replace(after, api=None)
    elif whole is not None:
        after = replace(after, api=rate(whole))
    others = {id: item for id, item in api.limits.items() if id != environment.id}
    limits = others if after == NO_LIMITS else {**others, environment.id: after}
    saved = apis.save(
        desk, api, replace(api, limits=limits), "apis.limit", environment=environment.handle,
        limit=after.api.text if after.api else "none", operations=len(after.operations),
    )  # fmt: skip
    (sheet,) = [item for item in everything(desk, saved) if item.environment == environment]
    return saved, sheet


def _changed(api: Api, limits: Limits, operations: Mapping[str, str | None]) -> Limits:
    known = by_place(api.definition.operations)
    kept = dict(limits.operations)
    for key, text in operations.items():
        found = known.get(place(key))
        if found is None:
            raise NotFound(
                f"{api.reference} has no operation {key[:80]!r}.",
                "operation",
                'Use one of those that `api show` lists, such as "GET /books".',
            )
        kept.pop(found.key, None)
        if text is not None:
            kept[found.key] = rate(text, f"limit of {found.key[:80]}")
    return Limits(limits.api, kept)


def findings(desk: Desk, before: Api, after: Api) -> list[Finding]:
    """What is to be told when operations went, and their limits with them."""
    if not before.limits:
        return []
    return dropped(before, after, {item.id: item.handle for item in environments.everything(desk)})
