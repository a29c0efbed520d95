"""What a token is bound to: a certificate (RFC 8705 §3), a DPoP key, both, or nothing."""

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.crypto.holder import Holder
from tests.sts.installation import STS_URL, Installation, Pair, basic, claims

from gatewright.crypto import certificates
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.errors import Conflict
from gatewright.sts.desk import TokenDesk
from gatewright.sts.request import Request
from gatewright.sts.service import Pending

HOLDER = Holder()


@pytest.fixture
def pair(gw: Installation) -> Pair:
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application)


@pytest.fixture
def der(gw: Installation) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(gw.clock.now - timedelta(days=1))
        .not_valid_after(gw.clock.now + timedelta(days=1)).sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )  # fmt: skip


def ask(gw: Installation, pair: Pair, *, by_certificate: bool = False, **members):
    issuer = gw.service.issuer("default", "production")
    form = b"grant_type=client_credentials"
    if by_certificate:
        request = Request(form + f"&client_id={pair.client_id}".encode(), **members)
    else:
        shown = basic(pair.client_id, pair.secret).encode()
        request = Request(form, authorization=(shown,), **members)
    given = gw.service.token(issuer, request)
    return gw.service.accept(given) if isinstance(given, Pending) else given


def thumbprint(der: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def cnf(gw: Installation, answer, token_type: str) -> dict | None:
    import json

    members = json.loads(answer.body)
    assert answer.status == 200, answer.body
    assert members["token_type"] == token_type
    return claims(members["access_token"]).get("cnf")


def demand(gw: Installation, pair: Pair, **flags: bool) -> None:
    gw.change("credentials", pair.credential.id, **flags)


def proof(gw: Installation) -> tuple[bytes, ...]:
    return (HOLDER.proof(int(gw.clock.now.timestamp())).encode(),)


def test_a_certificate_alone_binds_nothing(gw: Installation, pair: Pair, der: bytes) -> None:
    assert cnf(gw, ask(gw, pair, certificate=der), "Bearer") is None


def test_a_demanded_certificate_binds(gw: Installation, pair: Pair, der: bytes) -> None:
    demand(gw, pair, tls_client_certificate_bound_access_tokens=True)
    found = cnf(gw, ask(gw, pair, certificate=der), "Bearer")
    assert found == {"x5t#S256": thumbprint(der)}


def test_without_the_demanded_certificate_it_is_refused(gw: Installation, pair: Pair) -> None:
    demand(gw, pair, tls_client_certificate_bound_access_tokens=True)
    for members in ({}, {"dpop": proof(gw)}):
        answer = ask(gw, pair, **members)
        assert (answer.status, answer.outcome) == (400, "invalid_request")
        assert b"TLS client certificate" in answer.body


@pytest.fixture
def known(gw: Installation, pair: Pair, der: bytes) -> None:
    text = certificates.to_pem([certificates.from_der(der)])
    gw.add("authenticators", Authenticator(
        gw.id("auth"), gw.organization.id, pair.credential.id, "c",
        Method.SELF_SIGNED_TLS_CLIENT_AUTH, {"certificates": text}, gw.clock.now, None, None,
    ))  # fmt: skip


@pytest.mark.usefixtures("known")
def test_who_authenticates_by_certificate_is_bound_to_it(
    gw: Installation, pair: Pair, der: bytes
) -> None:
    answer = ask(gw, pair, by_certificate=True, certificate=der)
    assert cnf(gw, answer, "Bearer") == {"x5t#S256": thumbprint(der)}


@pytest.mark.usefixtures("known")
def test_a_proof_decides_over_a_certificate(gw: Installation, pair: Pair, der: bytes) -> None:
    answer = ask(gw, pair, by_certificate=True, certificate=der, dpop=proof(gw))
    assert cnf(gw, answer, "DPoP") == {"jkt": HOLDER.thumbprint}


def test_who_must_prove_both_is_bound_to_both(gw: Installation, pair: Pair, der: bytes) -> None:
    demand(gw, pair, tls_client_certificate_bound_access_tokens=True,
           dpop_bound_access_tokens=True)  # fmt: skip
    answer = ask(gw, pair, certificate=der, dpop=proof(gw))
    assert cnf(gw, answer, "DPoP") == {"jkt": HOLDER.thumbprint, "x5t#S256": thumbprint(der)}
    refused = ask(gw, pair, certificate=der)
    assert refused.outcome == "invalid_dpop_proof"


def test_a_person_gets_no_unbound_token_of_a_client_that_must_prove(
    gw: Installation, pair: Pair
) -> None:
    demand(gw, pair, dpop_bound_access_tokens=True)
    desk = TokenDesk(gw.store, gw.keyring, gw.world, STS_URL)
    with gw.store.read() as tx:
        application = tx.applications.get(pair.credential.application_id)
    try:
        with pytest.raises(Conflict, match="DPoP proof"):
            desk.issue(application, pair.credential, None)
    finally:
        desk.close()
