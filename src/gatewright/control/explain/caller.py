"""Who calls: the application behind a credential, and the scopes that it carries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatewright.control import applications
from gatewright.control.desk import Desk
from gatewright.control.explain.credential import INVALID, Shown
from gatewright.control.explain.maker import Form, Maker
from gatewright.control.explain.steps import Refused, Walk
from gatewright.control.explain.target import Target
from gatewright.domain.api import TOKEN_HEADER, version_pair
from gatewright.domain.api_key import API_KEY_SCOPE, EVERY_SCOPE
from gatewright.domain.application import Application
from gatewright.domain.key_manager import KeyManager, claim_path, external_subject
from gatewright.domain.scope import qualified
from gatewright.domain.token import (
    AUDIENCE_CLAIM,
    BOUND_SUBJECT_CLAIM,
    SUBJECT_CLAIM,
    api_audience,
)

HIDDEN = "an application that you may not see"


@dataclass(frozen=True, slots=True)
class Caller:
    """The subject key that the gateway looks up, and the application that has it now, if any."""

    subject: str
    application: Application | None
    name: str


def subject(walk: Walk, maker: Maker, shown: Shown) -> str:
    """Whose the call is; "" for nobody's. Raises Refused for a token that needs a proof."""
    claims = shown.claims
    if maker.manager is not None:
        bound = "cnf" in claims
        client = claim(claims, maker.manager.client_claim)
        found = isinstance(client, str) and client != ""
        key = external_subject(maker.manager.id, str(client)) if found else ""
    else:
        # Proofs are of a token in the usual header: in another, a bound one is nobody's.
        bound = BOUND_SUBJECT_CLAIM in claims and shown.header == TOKEN_HEADER
        key = _text(claims, SUBJECT_CLAIM) or (_text(claims, BOUND_SUBJECT_CLAIM) if bound else "")
    if shown.scheme == "dpop" or (bound and key):
        raise Refused(
            "proof", 401, INVALID,
            "It is bound to a key or certificate of its client." if bound
            else "It comes as a DPoP token, and is bound to no key.",
            "Only the client itself can call with it: with a DPoP proof, or over its certificate."
            if bound else "Send it behind Bearer.",
        )  # fmt: skip
    walk.ok("proof", "It needs none.")
    return key


def check_revoked(desk: Desk, walk: Walk, target: Target, shown: Shown, key: str) -> None:
    """Raise Refused when it, or every token of its client, was revoked."""
    for id in (_text(shown.claims, "jti"), key):
        row = desk.tx.revoked_tokens.get(id) if id else None
        same = row is not None and row.organization_id == desk.organization.id
        if row is not None and same and row.kind is target.environment.kind:
            raise Refused(
                "revoked", 401, INVALID, f"It was revoked at {row.revoked_at:%Y-%m-%d %H:%M} UTC.",
                "Get a new one.",
            )  # fmt: skip
    walk.ok("revoked", "It was not revoked.")


def check_meant_for(walk: Walk, target: Target, maker: Maker, shown: Shown) -> None:
    """Raise Refused for one narrowed to other APIs (RFC 8707), and for an ID token."""
    if maker.manager is not None:
        if _is_id_token(shown.claims, maker.manager):
            raise Refused(
                "meant for", 401, INVALID, "It is an ID token: for the client, and for no API.",
                "Send the access token that came with it.",
            )  # fmt: skip
        walk.ok("meant for", "It is no ID token.")
        return
    value = shown.claims.get(AUDIENCE_CLAIM)
    if not isinstance(value, str):
        walk.ok("meant for", "It is for every API of its application.")
        return
    api, environment = target.api, target.environment
    major = f"v{version_pair(api.version)[0]}"
    ours = {api_audience(environment.id, api.context, name) for name in (api.version, major)}
    if not ours & set(value.split(" ")):
        raise Refused(
            "meant for", 401, INVALID, f"It is not meant for {api.reference}, but for other APIs.",
            "Get one without `resource`, or one for this API.",
        )  # fmt: skip
    walk.ok("meant for", f"It is meant for {api.reference}.")


def caller(desk: Desk, maker: Maker, key: str) -> Caller:
    """Whose subject key it is now. Names of applications that the actor may not see are hidden."""
    found: Application | None = None
    if key and maker.form is Form.FOREIGN and maker.manager is not None:
        client = key.partition("|")[2]
        links = desk.tx.external_clients.find(key_manager_id=maker.manager.id, client_id=client)
        found = desk.tx.applications.get(links[0].application_id) if links else None
    elif key and maker.form is Form.API_KEY:
        row = desk.tx.api_keys.get(key)
        if row is not None and row.usable(desk.world.now()):
            found = desk.tx.applications.get(row.application_id)
    elif key and maker.form is Form.TOKEN:
        for credential in desk.tx.credentials.find(client_id=key.rpartition(".")[0]):
            if credential.subject_key == key:
                found = desk.tx.applications.get(credential.application_id)
    if found is not None and found.organization_id != desk.organization.id:
        found = None
    name = "" if found is None else found.handle if applications.sees(desk, found) else HIDDEN
    return Caller(key, found, name)


def check_scopes(desk: Desk, walk: Walk, target: Target, maker: Maker, shown: Shown) -> None:
    """Raise Refused unless the operation's scopes were granted."""
    operation, api = target.operation, target.api
    if frozenset() in operation.alternatives:
        walk.ok("scopes", "The operation needs none.")
        return
    granted = scopes_of(shown.claims, maker.manager)
    is_key = maker.form in (Form.API_KEY, Form.TEST_KEY)
    if is_key and operation.alternatives and EVERY_SCOPE in granted and _takes_keys(target):
        walk.ok("scopes", "The key stands for all of them.")
        return
    if is_key and operation.api_key and API_KEY_SCOPE in granted:
        walk.ok("scopes", "An API key is enough here.")
        return
    for alternative in operation.alternatives:
        spelled = [{name, qualified(desk.organization.handle, api.handle, name)}
                   for name in alternative]  # fmt: skip
        if all(names & granted for names in spelled):
            walk.ok("scopes", f"It has {' and '.join(sorted(alternative))}.")
            return
    needed = ", or ".join(" and ".join(sorted(item)) for item in operation.alternatives)
    had = ", ".join(sorted(granted - {API_KEY_SCOPE})[:50])
    raise Refused(
        "scopes", 403, "900910", f"It needs {needed or 'what nobody has'}; it has {had or 'none'}.",
        _scope_way_out(maker),
    )  # fmt: skip


def _takes_keys(target: Target) -> bool:
    return target.definition.access.api_keys or target.operation.api_key


def _scope_way_out(maker: Maker) -> str:
    if maker.manager is None:
        return "Ask for the scope when the token is got, and allow it to the application."
    row = maker.manager
    return (
        f"Have {row.handle} put it into {row.scope_claim}, or map a role of"
        f" {row.role_claim or 'a role_claim'} to it (--role-scopes)."
    )


def scopes_of(claims: Mapping[str, Any], manager: KeyManager | None) -> frozenset[str]:
    """The scopes that a token carries, short or qualified as they stand there, with those of its
    roles. A claim of no known form counts for none."""
    if manager is None:
        return frozenset(_text(claims, "scope").split(" ")) - {""}
    value = claim(claims, manager.scope_claim)
    roles = _of_roles(claims, manager)
    if isinstance(value, str):
        return frozenset() if '"' in value else frozenset([*roles, *value.split(" ")]) - {""}
    if isinstance(value, list):
        # What has to be escaped in JSON is no name of a scope, and spoils the list.
        texts = [item for item in value if isinstance(item, str)]
        if any("\\" in json.dumps(item, ensure_ascii=False) for item in texts):
            return frozenset()
        return frozenset([*roles, *(word for item in texts for word in item.split(" "))]) - {""}
    return frozenset(roles) if value is None else frozenset()


def _of_roles(claims: Mapping[str, Any], manager: KeyManager) -> list[str]:
    if not manager.role_claim:
        return []
    value = claim(claims, manager.role_claim)
    scopes = []
    for role, names in manager.role_scopes.items():
        # A text is one role, or several with spaces between, of which a role may have some.
        has = f" {role} " in f" {value} " if isinstance(value, str) else (
            isinstance(value, list) and role in value
        )  # fmt: skip
        scopes += names.split(" ") if has else []
    return scopes


def claim(claims: Mapping[str, Any], name: str) -> object:
    """The claim of that name, as `claim_path` leads to it; None where there is none."""
    found: object = claims
    for part in claim_path(name):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _is_id_token(claims: Mapping[str, Any], manager: KeyManager) -> bool:
    if "at_hash" in claims or "c_hash" in claims or claims.get("typ") == "ID":
        return True
    return "nonce" in claims and claim(claims, manager.scope_claim) in (None, "", [])


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""
