"""Routes of domain names: hosts of the organization's own, with their certificates."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import domains
from gatewright.control.domains import Pair
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies.domains import CertificateIn, DomainIn
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models.domains import DomainOut
from gatewright.interfaces.management.views.domains import domain as view

router = APIRouter(prefix="/domains", tags=["domains"])


@router.get("", response_model=models.Page[DomainOut])
def list_domains(caller: Reading) -> Response:
    """The organization's hosts, all of them."""
    return caller.read(
        lambda desk: models.Page(items=[view(desk, row) for row in domains.everything(desk)])
    )


@router.post("", status_code=201, response_model=DomainOut)
def add_domain(caller: Creating, body: DomainIn) -> Response:
    """Answer to one more host; a host is one organization's alone."""
    return caller.create(
        lambda desk: view(desk, domains.add(desk, body.host, body.environment, _pair(body)))
    )


@router.get("/{domain}", response_model=DomainOut)
def read_domain(caller: Reading, domain: str) -> Response:
    """A domain by id or host."""
    return caller.read(lambda desk: view(desk, domains.named(desk, domain)))


@router.put("/{domain}/certificate", response_model=DomainOut)
def renew_certificate(caller: Changing, domain: str, body: CertificateIn) -> Response:
    """Another certificate for it, without a pause."""
    return caller.write(
        lambda desk: view(desk, domains.renew(desk, domain, _pair(body), caller.expected))
    )


@router.delete("/{domain}", status_code=204)
def remove_domain(caller: Changing, domain: str) -> Response:
    """Answer to it no more."""
    return caller.write(lambda desk: domains.remove(desk, domain, caller.expected))


def _pair(body: CertificateIn) -> Pair:
    return Pair(body.certificate, body.private_key.get_secret_value())
