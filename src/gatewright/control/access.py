"""How callers of an API show who they are: the settings by API, and security by operation.

Both are part of the definition: in force from the next deployment on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatewright.control import apis, definitions, scopes, spellings
from gatewright.control.desk import Desk
from gatewright.control.findings import Finding
from gatewright.domain.api import Access, Api
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.operation import ANY_TOKEN, Operation
from gatewright.domain.token_header import token_header

BUILT_IN = "sts"
"""Stands for the built-in token service among the handles of key managers."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None stays as it is. `every_key_manager` lifts the choice of issuers."""

    token_header: str | None = None
    subscription_required: bool | None = None
    api_keys: bool | None = None
    key_managers: Iterable[str] | None = None
    every_key_manager: bool = False


@dataclass(frozen=True, slots=True)
class Security:
    """What to change of an operation; None stays. `tokens` False takes its security away."""

    tokens: bool | None = None
    api_key: bool | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The API as written, and what follows from it that may not be meant."""

    api: Api
    warnings: tuple[Finding, ...]


def edit(desk: Desk, reference: str, change: Change, expected: int | None = None) -> Changed:
    """Change what is given. Raises Invalid, NotFound, Denied, Stale, Conflict."""
    api = apis.editable(desk, reference, expected)
    before = api.definition.access
    after = before
    if change.token_header is not None:
        after = replace(after, token_header=token_header(change.token_header))
    if change.subscription_required is not None:
        after = replace(after, subscription_required=change.subscription_required)
    if change.api_keys is not None:
        after = replace(after, api_keys=change.api_keys)
    if change.every_key_manager:
        after = replace(after, key_managers=None)
    elif change.key_managers is not None:
        after = replace(after, key_managers=_key_managers(desk, change.key_managers))
    changed = replace(api, definition=replace(api.definition, access=after))
    saved = apis.save(desk, api, changed, "apis.access", **_told(after))
    found = (*_warnings(before, after), *_own_keys(saved), *_useless(desk, after))
    return Changed(saved, found)


def secure(
    desk: Desk, reference: str, operation: str, wish: Security, expected: int | None = None
) -> Changed:
    """Change who may call an operation (`GET /books`, or `*` for all); its scopes stay.

    Raises Conflict where nobody could call it any more, and Invalid, NotFound, Denied, Stale.
    """
    api = apis.editable(desk, reference, expected)
    operations = scopes.changed(api, operation, lambda item: _secured(item, wish))
    definition = definitions.define(operations, api.definition.scopes, api.definition.access)
    saved = apis.save(desk, api, replace(api, definition=definition), "apis.secure",
                      operation=operation, tokens=wish.tokens, api_key=wish.api_key)  # fmt: skip
    return Changed(saved, tuple(_opened(api, saved)))


def _secured(operation: Operation, wish: Security) -> Operation:
    changed = operation
    if wish.api_key is not None:
        changed = replace(changed, api_key=wish.api_key)
    if wish.tokens is not None:
        ways = changed.alternatives or ANY_TOKEN
        changed = replace(changed, anonymous=not wish.tokens, alternatives=ways)
    if not (changed.alternatives or changed.api_key or changed.anonymous):
        raise Conflict(
            f"{operation.key} takes API keys and nothing else: nobody could call it.",
            "api_key",
            "Let it take tokens in the same step.",
        )
    return changed


def _opened(before: Api, after: Api) -> Iterable[Finding]:
    was = {item.key: item for item in before.definition.operations}
    for item in after.definition.operations:
        if item.anonymous and not was[item.key].anonymous:
            yield Finding(
                item.key,
                "Anonymous: anybody may call it, without token, key, subscription and plan, from"
                " the next deployment on.",
            )
    yield from spellings.warnings(after.definition.operations)


def _own_keys(api: Api) -> Iterable[Finding]:
    own = [item.key for item in api.definition.operations if item.api_key]
    if own and not api.definition.access.api_keys:
        yield Finding(
            "api_keys",
            f"{len(own)} operations take API keys by themselves; the first is {own[0]}.",
        )


def _key_managers(desk: Desk, handles: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(handles)
    if not wanted:
        raise Invalid(
            "names none, so that no token would be taken.",
            "key_managers",
            f"Name some, {BUILT_IN} being the built-in one, or allow every one.",
        )
    known = {row.handle for row in _own(desk)} | {BUILT_IN}
    unknown = sorted(wanted - known)
    if unknown:
        raise Invalid(
            f"{unknown[0][:80]!r} is no key manager.",
            "key_managers",
            f"Use handles of key managers, and {BUILT_IN} for the built-in one.",
        )
    return wanted


def _own(desk: Desk) -> Iterable[KeyManager]:
    return desk.tx.key_managers.find(organization_id=desk.organization.id)


def _warnings(before: Access, after: Access) -> Iterable[Finding]:
    """What a change means for callers, told once, when it is made."""
    if after.token_header != before.token_header:
        yield Finding(
            "token_header",
            f"Callers that send their token in {before.token_header} are refused from the next"
            f" deployment on; it belongs in {after.token_header}.",
        )
    if before.subscription_required and not after.subscription_required:
        yield Finding(
            "subscription_required",
            "Every application's token or key that its scopes let in may call it, without"
            " subscription and plan.",
        )
    if after.api_keys and not before.api_keys:
        yield Finding(
            "api_keys",
            "API keys are taken at every operation where their scopes suffice, beside tokens.",
        )


def _useless(desk: Desk, access: Access) -> Iterable[Finding]:
    for row in _own(desk):
        named = access.key_managers is not None and row.handle in access.key_managers
        if named and not (row.enabled and row.api_access):
            yield Finding(
                "key_managers",
                f"{row.handle} is not enabled for calls of APIs: its tokens are refused.",
            )


def _told(access: Access) -> dict[str, object]:
    managers = access.key_managers
    return {
        "token_header": access.token_header,
        "subscription_required": access.subscription_required,
        "api_keys": access.api_keys,
        "key_managers": "every one" if managers is None else " ".join(sorted(managers)),
    }
