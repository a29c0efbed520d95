"""Domain names: by which hosts calls reach an environment, with certificates and their keys.

That the organization owns the host in the public name service is not asked: see check_apart for
what is refused instead, and docs/reference/domains.md for what that leaves open.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gatewright.access.actions import Action
from gatewright.control import environments
from gatewright.control.desk import Desk, digest, expect
from gatewright.crypto import server_certificates
from gatewright.crypto.domain_keys import DomainSealer
from gatewright.crypto.server_certificates import ServerCertificate
from gatewright.domain import domain_name, ids
from gatewright.domain.domain_name import DOMAINS_MAX, DomainName, seal_context
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.store.port import Transaction

_ALL_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its chain, and its private key, as they were given: PEM texts."""

    certificate: str
    private_key: str

    def __repr__(self) -> str:
        return "Pair(…)"


def everything(desk: Desk) -> list[DomainName]:
    """All of the organization's, in the order of their making."""
    desk.demand(Action.READ_DOMAINS)
    return desk.tx.domains.find(organization_id=desk.organization.id)


def named(desk: Desk, reference: str) -> DomainName:
    """The one of that id or host. Raises NotFound."""
    wanted = reference.strip().lower().removesuffix(".")
    for row in everything(desk):
        if reference == row.id or wanted == row.host:
            return row
    raise NotFound(f"There is no domain {reference[:120]!r}.", "domain", "List them.")


def add(desk: Desk, host: str, environment: str, pair: Pair) -> DomainName:
    """One more host for an environment. Raises Invalid naming what is wrong, Conflict when the
    host is taken or the organization has as many as it may."""
    desk.demand(Action.WRITE_DOMAINS)
    name = domain_name.host(host)
    owner = environments.named(desk, environment)
    read = checked(pair, name, desk.world.now())
    if desk.tx.domains.count(organization_id=desk.organization.id) >= DOMAINS_MAX:
        raise Conflict(
            f"There are {DOMAINS_MAX} domains already.", "domains",
            "Remove one, or take a wildcard.",
        )  # fmt: skip
    domain_name.check_apart(name, _all(desk.tx), desk.organization.id)
    id = ids.new_id("dom", desk.world)
    row = DomainName(
        id=id,
        organization_id=desk.organization.id,
        environment_id=owner.id,
        host=name,
        certificate=read.chain,
        sealed_private_key=_sealed(desk, id, read),
        expires_at=read.expires_at,
        created_at=desk.world.now(),
    )
    _record(desk, "domains.create", row, environment=owner.handle)
    return desk.tx.domains.add(row)


def renew(desk: Desk, reference: str, pair: Pair, expected: int | None = None) -> DomainName:
    """Another certificate for the host; connections that are open live on. Raises Invalid, Stale,
    NotFound."""
    desk.demand(Action.WRITE_DOMAINS)
    row = named(desk, reference)
    expect(row.revision, expected)
    read = checked(pair, row.host, desk.world.now())
    changed = replace(
        row,
        certificate=read.chain,
        sealed_private_key=_sealed(desk, row.id, read),
        expires_at=read.expires_at,
    )
    _record(desk, "domains.renew", changed)
    return desk.tx.domains.replace(changed)


def remove(desk: Desk, reference: str, expected: int | None = None) -> None:
    """Answer to the host no more; its open connections are drained. Raises NotFound, Stale."""
    desk.demand(Action.WRITE_DOMAINS)
    row = named(desk, reference)
    expect(row.revision, expected)
    desk.tx.domains.remove(row.id)
    _record(desk, "domains.delete", row)


def checked(pair: Pair, host: str, now: datetime) -> ServerCertificate:
    """The pair, when it is one for the host and valid now. Raises Invalid."""
    read = server_certificates.read(pair.certificate, pair.private_key)
    if not server_certificates.covers(read.names, host):
        known = ", ".join(read.names[:5]) or "none"
        raise Invalid(
            f"does not cover {host}; its names are: {known}.", "certificate",
            "Give one that has the host among its subject alternative names.",
        )  # fmt: skip
    if read.expires_at <= now:
        raise Invalid(f"has expired at {read.expires_at.isoformat()}.", "certificate")
    if read.begins_at > now:
        raise Invalid(f"is not valid before {read.begins_at.isoformat()}.", "certificate")
    return read


def _sealed(desk: Desk, id: str, read: ServerCertificate) -> bytes:
    sealer = DomainSealer.of(desk.keyring)
    return sealer.seal(read.key.encode(), seal_context(id), desk.world)


def _all(tx: Transaction) -> list[DomainName]:
    """Those of every organization: a host is one's alone in the whole installation."""
    found = tx.domains.page(after=None, limit=_ALL_MAX)
    if len(found) == _ALL_MAX:
        raise Conflict("The installation has as many domains as it can.", "domains")
    return found


def _record(desk: Desk, action: str, row: DomainName, **more: str) -> None:
    desk.record(
        action,
        row.id,
        host=row.host,
        expires_at=row.expires_at.isoformat(),
        certificate_digest=digest(row.certificate),
        **more,
    )
