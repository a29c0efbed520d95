"""Clients of key managers, linked to the application that they act for.

Whoever links a client first has it: nobody here can ask an outside issuer whose client it is. So
each link leaves an audit record, and who may see all applications may take any link away.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import applications, key_managers
from gatewright.control.desk import Desk
from gatewright.domain import ids
from gatewright.domain.application import Application
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.key_manager import EXTERNAL_CLIENTS_MAX, ExternalClient, KeyManager

# RFC 6749 appendix A.1 without blanks at the ends, which a header would lose.
_CLIENT_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class LinkSheet:
    """A linked client with its key manager and its application."""

    link: ExternalClient
    key_manager: KeyManager
    application: Application


def everything(desk: Desk, application_name: str) -> list[LinkSheet]:
    """The application's linked clients, in the order of their making. Raises NotFound."""
    application = applications.named(desk, application_name)
    return _sheets(desk, application, desk.tx.external_clients.find(application_id=application.id))


def link(desk: Desk, application_name: str, key_manager_name: str, client_id: str) -> LinkSheet:
    """Let a client of a key manager act for an application. Raises Invalid, NotFound, Conflict."""
    desk.demand(Action.LINK_CLIENTS)
    application = applications.named(desk, application_name)
    manager = _linkable(desk, key_manager_name)
    known = desk.tx.external_clients.find(application_id=application.id)
    if len(known) >= EXTERNAL_CLIENTS_MAX:
        raise Conflict(
            f"{application.handle} has {EXTERNAL_CLIENTS_MAX} linked clients already.",
            "client_id",
            "Remove one first, or make another application.",
        )
    _check_free(desk, application, manager, _client_id(client_id))
    made = desk.tx.external_clients.add(
        ExternalClient(
            id=ids.new_id("xcl", desk.world),
            organization_id=desk.organization.id,
            key_manager_id=manager.id,
            client_id=client_id,
            application_id=application.id,
            created_at=desk.world.now(),
        )
    )
    _record(desk, "external-clients.link", made, application, manager.handle)
    return LinkSheet(made, manager, application)


def unlink(desk: Desk, application_name: str, reference: str) -> None:
    """Let a client act for the application no longer; its tokens open nothing at once.

    `reference` is the link's id, or the client id where only one link has it. Raises NotFound,
    Conflict.
    """
    desk.demand(Action.LINK_CLIENTS)
    sheets = everything(desk, application_name)
    found = [sheet for sheet in sheets if sheet.link.id == reference]
    found = found or [sheet for sheet in sheets if sheet.link.client_id == reference]
    if not found:
        raise NotFound(
            f"No linked client {reference[:120]!r} is there.", "client", "List them first."
        )
    if len(found) > 1:
        raise Conflict(
            f"{len(found)} key managers have a client {reference[:120]!r}.",
            "client",
            f"Use an id: {', '.join(sheet.link.id for sheet in found)}.",
        )
    (sheet,) = found
    desk.tx.external_clients.remove(sheet.link.id)
    _record(
        desk, "external-clients.unlink", sheet.link, sheet.application, sheet.key_manager.handle
    )


def _linkable(desk: Desk, reference: str) -> KeyManager:
    known = key_managers.linkable(desk)
    for row in known:
        if reference in (row.id, row.handle, row.issuer):
            return row
    names = ", ".join(row.handle for row in known[:10])
    raise NotFound(
        f"There is no key manager {reference[:120]!r} for calls of APIs.",
        "key_manager",
        f"Use one of {names}." if names else "Ask an administrator to add one with api_access.",
    )


def _client_id(value: str) -> str:
    if not _CLIENT_ID.fullmatch(value):
        raise Invalid(
            "must be 1 to 255 printable ASCII characters without blanks at the ends.",
            "client_id",
            "Copy it from the key manager's own console.",
        )
    return value


def _check_free(desk: Desk, application: Application, manager: KeyManager, client_id: str) -> None:
    taken = desk.tx.external_clients.find(key_manager_id=manager.id, client_id=client_id)
    if not taken:
        return
    if taken[0].application_id == application.id:
        raise Conflict("This client is linked to it already.", "client_id", "Nothing is to do.")
    raise Conflict(
        f"This client of {manager.handle} is linked to another application already.",
        "client_id",
        "A client acts for one application only. If it is yours, unlink it there, or have a"
        " publisher or administrator take the link away.",
    )


def _sheets(
    desk: Desk, application: Application, rows: Sequence[ExternalClient]
) -> list[LinkSheet]:
    wanted = tuple({row.key_manager_id for row in rows})
    found = desk.tx.key_managers.find(id=wanted) if wanted else []
    by_id = {row.id: row for row in found}
    return [LinkSheet(row, by_id[row.key_manager_id], application) for row in rows]


def _record(
    desk: Desk, action: str, row: ExternalClient, application: Application, manager: str
) -> None:
    desk.record(
        action,
        row.id,
        application=application.handle,
        key_manager=manager,
        client_id=row.client_id,
    )
