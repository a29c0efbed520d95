"""Routes of APIs: import, create, list, change, delete, operations and lifecycle."""

import json
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import apis, definitions, imports, lifecycle, limits, sheets
from gatewright.control.desk import Desk
from gatewright.domain.lifecycle import parse_date, parse_state
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import (
    ApiIn,
    ApiPatch,
    ImportIn,
    LifecycleIn,
    OperationIn,
    OperationsIn,
)
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(prefix="/apis", tags=["apis"])
_Force = Annotated[bool, Query(description="Delete it though subscriptions cover it.")]


@router.post("/import", status_code=201, response_model=models.ImportOut)
def import_api(caller: Creating, body: ImportIn) -> Response:
    """Import an OpenAPI document: Swagger 2.0, OpenAPI 3.0 or 3.1, in JSON or YAML."""
    caller.look(imports.demand)
    document = body.document
    if isinstance(document, dict):
        document = json.dumps(document)
    imported = imports.read(document, body.url, caller.deps.fetcher.read)
    wish = imports.Wish(
        context=body.context,
        version=body.version,
        upstream=body.upstream,
        name=body.name,
        handle=body.handle,
        update=body.update,
        dry_run=body.dry_run,
    )

    def work(desk: Desk) -> models.ImportOut:
        return views.imported(desk, imports.write(desk, imported, wish), dry_run=body.dry_run)

    return caller.create(work)


@router.post("", status_code=201, response_model=models.ApiOut)
def create_api(caller: Creating, body: ApiIn) -> Response:
    """An API from scratch."""

    def work(desk: Desk) -> models.ApiOut:
        operations = _operations(body.operations)
        declared = [Scope(item.name, item.description) for item in body.scopes]
        known = {scope.name for scope in declared}
        used = frozenset[str]().union(*(item.scopes for item in operations))
        declared += [Scope(name) for name in sorted(used - known)]
        new = apis.NewApi(
            name=body.name,
            version=body.version,
            definition=definitions.define(operations, declared),
            handle=body.handle,
            context=body.context,
            description=body.description,
            upstream=body.upstream,
        )
        return views.api(desk, apis.create(desk, new))

    return caller.create(work)


def _operations(bodies: Iterable[OperationIn]) -> list[Operation]:
    return [
        Operation(
            method=item.method.upper(),
            path=item.path,
            summary=item.summary,
            alternatives=definitions.normal_alternatives(
                [frozenset(names) for names in item.alternatives]
            ),
            anonymous=item.anonymous,
            api_key=item.api_key,
            operation_id=item.operation_id,
        )
        for item in bodies
    ]


@router.get("", response_model=models.Page[models.ApiSummary])
def list_apis(
    caller: Reading,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    state: Annotated[str | None, Query(max_length=40)] = None,
    search: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The APIs that the caller may see; `search` looks into name, handle and context."""

    def work(desk: Desk) -> models.Page[models.ApiSummary]:
        wanted = None if state is None else parse_state(state)
        rows, following = cut(lambda a, n: apis.page(desk, a, n, wanted, search), cursor, limit)
        deployed_to = sheets.deployed_to(desk, rows)
        items = [views.api_summary(row, deployed_to[row.id]) for row in rows]
        return models.Page(items=items, next_cursor=following)

    return caller.read(work)


@router.get("/{api}", response_model=models.ApiOut)
def read_api(caller: Reading, api: str) -> Response:
    """An API by id, handle (its newest version) or handle:version."""
    return caller.read(lambda desk: views.api(desk, apis.named(desk, api)))


@router.patch("/{api}", response_model=models.ApiOut)
def edit_api(caller: Changing, api: str, body: ApiPatch) -> Response:
    """Change name, description, upstreams or whether new subscriptions need approval."""

    def work(desk: Desk) -> models.ApiOut:
        changed = apis.edit(
            desk,
            api,
            name=body.name,
            description=body.description,
            upstreams=body.upstreams,
            approval_required=body.approval_required,
            expected=caller.expected,
        )
        return views.api(desk, changed)

    return caller.write(work)


@router.delete("/{api}", status_code=204)
def delete_api(
    caller: Changing,
    api: str,
    force: _Force = False,  # noqa: FBT002
) -> Response:
    """Delete an API; refused while subscriptions cover it, unless it is RETIRED or forced."""
    return caller.write(lambda desk: apis.delete(desk, api, force=force, expected=caller.expected))


@router.put("/{api}/operations", response_model=models.ApiOut)
def set_operations(caller: Changing, api: str, body: OperationsIn) -> Response:
    """Replace the whole list of operations; they are put in the order of matching."""

    def work(desk: Desk) -> models.ApiOut:
        before = apis.named(desk, api)
        operations = _operations(body.operations)
        changed = apis.set_operations(desk, api, operations, caller.expected)
        return views.api(desk, changed, limits.findings(desk, before, changed))

    return caller.write(work)


@router.post("/{api}/lifecycle", response_model=models.ApiOut)
def move_api(caller: Changing, api: str, body: LifecycleIn) -> Response:
    """Move an API to a lifecycle state; DEPRECATED may say since when, and until when."""

    def work(desk: Desk) -> models.ApiOut:
        state = parse_state(body.state)
        since, until = (
            None if text is None else parse_date(text, field)
            for text, field in (
                (body.deprecated_at, "deprecated_at"), (body.sunset_at, "sunset_at")
            )
        )  # fmt: skip
        moved = lifecycle.move(
            desk, api, state, caller.expected, deprecated_at=since, sunset_at=until
        )
        return views.api(desk, moved)

    return caller.write(work)
