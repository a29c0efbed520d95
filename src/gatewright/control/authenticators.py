"""Authenticators: what a client proves itself by instead of a secret, added and removed.

Which client it is, and whether the actor may see it, `credentials` has decided before.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from gatewright.access.actions import Action
from gatewright.control import applications, auth_methods, credentials
from gatewright.control.authenticator_settings import checked
from gatewright.control.desk import Desk, digest
from gatewright.control.secrets import demand_another_way
from gatewright.crypto import certificates
from gatewright.domain import ids, text
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, Invalid, NotFound

AUTHENTICATORS_MAX = 10


def everything(desk: Desk, application_name: str, kind: Kind) -> list[Authenticator]:
    """The client's authenticators in the order of their making. Raises NotFound."""
    credential = credentials.named(desk, applications.named(desk, application_name), kind)
    return desk.tx.authenticators.find(credential_id=credential.id)


def add(
    desk: Desk,
    credential: Credential,
    name: str,
    method: Method,
    given: Mapping[str, Any],
    *,
    expires_in_days: int | None = None,
    allow_private: bool = False,
) -> Authenticator:
    """One more way in; the others keep working. Raises Invalid naming the setting, Conflict."""
    desk.demand(Action.WRITE_CREDENTIALS)
    known = desk.tx.authenticators.find(credential_id=credential.id)
    settings = checked(method, given, allow_private=allow_private)
    if len(known) >= AUTHENTICATORS_MAX:
        raise Conflict(
            f"There are {AUTHENTICATORS_MAX} authenticators already.",
            "authenticators",
            "Remove one that is not used.",
        )
    same = [item for item in known if (item.method, item.settings) == (method, settings)]
    if same:
        raise Conflict(f"It is there already as {same[0].id}.", "settings", "Remove that one.")
    now = desk.world.now()
    row = Authenticator(
        id=ids.new_id("auth", desk.world),
        organization_id=desk.organization.id,
        credential_id=credential.id,
        name=text.name(name),
        method=method,
        settings=settings,
        created_at=now,
        expires_at=_end(settings, now, expires_in_days),
        last_used_at=None,
    )
    desk.record(
        "authenticators.create",
        row.id,
        client_id=credential.client_id,
        name=row.name,
        method=method,
        issuer=settings.get("issuer"),
        outside_subject=settings.get("subject"),
        jwks_uri=settings.get("jwks_uri"),
        settings_digest=digest(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode()),
    )
    auth_methods.widen(desk, credential, {str(method)}, row.name)
    return desk.tx.authenticators.add(row)


def remove(desk: Desk, credential: Credential, id: str) -> None:
    """Remove one, which fails from then on. Raises Conflict for the last usable way in.

    Tokens that were got with it live on until they expire or are revoked.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    row = desk.tx.authenticators.get(id)
    if row is None or row.credential_id != credential.id:
        raise NotFound(f"There is no authenticator {id[:80]!r}.", "authenticator", "List them.")
    demand_another_way(desk, row, credential.id, "authenticator")
    desk.tx.authenticators.remove(id)
    desk.record("authenticators.delete", id, client_id=credential.client_id,
                name=row.name, method=row.method)  # fmt: skip


def _end(settings: Mapping[str, str], now: datetime, days: int | None) -> datetime | None:
    """As asked, and never after the last of the registered certificates."""
    wished = None if days is None else now + timedelta(days=days)
    if "certificates" not in settings:
        return wished
    items = certificates.from_pem(settings["certificates"])
    last = max(item.not_valid_after_utc for item in items)
    if last <= now:
        raise Invalid("has expired.", "certificates", "Give one that is still valid.")
    return last if wished is None else min(last, wished)
