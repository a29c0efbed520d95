"""Clients that a TLS certificate authenticates (RFC 8705 §2), by an authority or by itself.

The certificate is put into the request, where the trusted hop in front puts it otherwise.
"""

from datetime import timedelta
from urllib.parse import quote, urlencode

import orjson
import pytest
from tests.crypto.authority import (
    CLIENT,
    ODD_NAMES,
    SERVER,
    Authority,
    der,
    new_key,
    new_version,
    pem,
    self_signed,
)
from tests.oauth.test_assertions import MINE, SAME, TYPE, said
from tests.sts.installation import PRODUCTION, Installation, Pair, basic

from gatewright.crypto import certificates
from gatewright.domain.authenticator import Method
from gatewright.interfaces.oauth.app import create_app
from gatewright.interfaces.oauth.hop import Hop
from gatewright.sts.request import Request
from gatewright.sts.service import Pending

ROOT = Authority("CN=Root,O=Example")
MIDDLE = Authority("CN=Middle,O=Example", ROOT)
STRANGER = Authority("CN=Root,O=Example")
DN = "CN=client,O=Example,C=DE"


def send(gw: Installation, pair_id: str, leaf, *chain, authorization: str = "", **further):
    """(status, members) of a token request over a connection with that certificate."""
    fields = {"grant_type": "client_credentials", "client_id": pair_id} | further
    service = gw.service
    request = Request(
        urlencode({name: value for name, value in fields.items() if value}).encode(),
        authorization=(authorization.encode(),) if authorization else (),
        address="192.0.2.1",
        certificate=leaf if isinstance(leaf, bytes) or leaf is None else der(leaf),
        chain=tuple(item if isinstance(item, bytes) else der(item) for item in chain),
    )
    given = service.token(service.issuer("default", "production"), request)
    given = service.accept(given) if isinstance(given, Pending) else given
    return given.status, orjson.loads(given.body)


def issued(gw: Installation, pair: Pair, expires_at=None, **settings: str):
    right = {"tls_client_auth_subject_dn": DN, "authorities": pem(ROOT.certificate)}
    found = {name: value for name, value in (right | settings).items() if value}
    return gw.add_authenticator(pair.credential, Method.TLS_CLIENT_AUTH, expires_at, **found)


@pytest.fixture
def known(gw: Installation, pair: Pair) -> Pair:
    issued(gw, pair)
    return pair


@pytest.mark.parametrize(("leaf", "chain"), [
    pytest.param(ROOT.issue(DN), (), id="by the authority itself"),
    pytest.param(ROOT.issue(DN, usage=[CLIENT]), (), id="for clients"),
    pytest.param(ROOT.issue(DN, usage=[SERVER, CLIENT]), (), id="for servers and clients"),
    pytest.param(MIDDLE.issue(DN), (MIDDLE.certificate,), id="by one between"),
    pytest.param(MIDDLE.issue(DN), (STRANGER.certificate, MIDDLE.certificate), id="more sent"),
])  # fmt: skip
def test_a_right_certificate_gives_a_token(gw, known: Pair, leaf, chain) -> None:
    status, members = send(gw, known.client_id, leaf, *chain)
    assert status == 200, members


BAD = [
    pytest.param(STRANGER.issue(DN), (), id="an authority of the same name"),
    pytest.param(self_signed(DN), (), id="signed by itself"),
    pytest.param(MIDDLE.issue(DN), (), id="without the one between"),
    pytest.param(STRANGER.issue(DN), (STRANGER.certificate,), id="brings its own authority"),
    pytest.param(ROOT.issue(DN, usage=[SERVER]), (), id="for servers only"),
    pytest.param(ROOT.issue(DN, ends=-0.5), (), id="expired"),
    pytest.param(ROOT.issue(DN, starts=1), (), id="not valid yet"),
    pytest.param(ROOT.issue(DN, critical=True), (), id="a critical extension nobody knows"),
    pytest.param(ROOT.issue(DN, is_ca=True), (), id="an authority"),
    pytest.param(ROOT.issue("CN=client2,O=Example,C=DE"), (), id="another name"),
    pytest.param(ROOT.issue("CN=client,O=Example"), (), id="a part less"),
    pytest.param(ROOT.issue("CN=x,CN=client,O=Example,C=DE"), (), id="a part more"),
    pytest.param(ROOT.issue("C=DE,O=Example,CN=client"), (), id="another order"),
    pytest.param(ROOT.issue("CN=client\\,O=Example\\,C=DE"), (), id="one part that reads the same"),
    pytest.param(ROOT.issue("CN=other", dns="client"), (), id="the name elsewhere"),
    pytest.param(b"", (), id="no certificate"),
    pytest.param(der(ROOT.issue(DN))[:-1], (), id="cut off"),
    pytest.param(der(ROOT.issue(DN)) + b"x", (), id="bytes behind it"),
    pytest.param(ROOT.issue(DN), (b"x",), id="a damaged chain"),
    pytest.param(ROOT.issue(DN, raw_names=ODD_NAMES), (), id="a name of a kind nobody reads"),
    pytest.param(new_version(ROOT.issue(DN)), (), id="of a version that there is not"),
]


@pytest.mark.parametrize(("leaf", "chain"), BAD)
def test_a_wrong_certificate_is_refused(gw: Installation, known: Pair, leaf, chain) -> None:
    status, members = send(gw, known.client_id, leaf, *chain)
    assert (status, members["error"], members["error_description"]) == (401, "invalid_client", SAME)


NAMES = [
    pytest.param("dns", "a.example", "a.example", True, id="dns"),
    pytest.param("dns", "A.Example", "a.example", True, id="dns in another case"),
    pytest.param("dns", "a.example", "*.example", False, id="dns pattern in the certificate"),
    pytest.param("dns", "a.example", "b.a.example", False, id="dns below"),
    pytest.param("uri", "spiffe://x/ns/a", "spiffe://x/ns/a", True, id="uri"),
    pytest.param("uri", "spiffe://x/ns/a", "spiffe://x/ns/a/b", False, id="uri below"),
    pytest.param("uri", "spiffe://x/ns/a", "spiffe://X/ns/a", False, id="uri in another case"),
    pytest.param("ip", "192.0.2.7", "192.0.2.7", True, id="ip"),
    pytest.param("ip", "2001:db8:0::1", "2001:db8::1", True, id="ip in another spelling"),
    pytest.param("ip", "192.0.2.7", "192.0.2.8", False, id="another ip"),
    pytest.param("email", "a@b.example", "a@b.example", True, id="email"),
    pytest.param("email", "a@b.example", "aa@b.example", False, id="another email"),
]


@pytest.mark.parametrize(("kind", "wanted", "held", "passes"), NAMES)
def test_one_name_counts(gw, pair: Pair, kind: str, wanted: str, held: str, passes) -> None:
    issued(gw, pair, tls_client_auth_subject_dn="", **{f"tls_client_auth_san_{kind}": wanted})
    leaf = ROOT.issue("CN=whoever", **{kind: held})
    assert (send(gw, pair.client_id, leaf)[0] == 200) is passes


def test_a_name_of_one_kind_is_none_of_another(gw: Installation, pair: Pair) -> None:
    issued(gw, pair, tls_client_auth_subject_dn="", tls_client_auth_san_dns="a.example")
    assert send(gw, pair.client_id, ROOT.issue("CN=x", uri="a.example"))[0] == 401
    assert send(gw, pair.client_id, ROOT.issue("CN=a.example"))[0] == 401


def test_without_a_subject_there_is_another_name(gw: Installation, pair: Pair) -> None:
    issued(gw, pair, tls_client_auth_subject_dn="", tls_client_auth_san_uri="spiffe://x/a")
    assert send(gw, pair.client_id, ROOT.issue("", uri="spiffe://x/a"))[0] == 200


def test_two_names_or_none_open_nothing(gw: Installation, pair: Pair) -> None:
    issued(gw, pair, tls_client_auth_san_dns="a.example")
    issued(gw, pair, tls_client_auth_subject_dn="")
    assert send(gw, pair.client_id, ROOT.issue(DN, dns="a.example"))[0] == 401


def test_authorities_of_the_installation_count_where_none_is_named(gw, pair: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    issued(gw, pair, authorities="")
    issued(gw, other)
    assert send(gw, pair.client_id, ROOT.issue(DN))[0] == 401
    gw.service.state.client_authorities = (STRANGER.certificate,)
    assert send(gw, pair.client_id, STRANGER.issue(DN))[0] == 200
    assert send(gw, pair.client_id, ROOT.issue(DN))[0] == 401
    assert send(gw, other.client_id, STRANGER.issue(DN))[0] == 401


# Registered certificates.


def registered(gw: Installation, pair: Pair, *certificates_, expires_at=None):
    return gw.add_authenticator(
        pair.credential, Method.SELF_SIGNED_TLS_CLIENT_AUTH, expires_at,
        certificates=pem(*certificates_),
    )  # fmt: skip


def test_a_registered_certificate_gives_a_token(gw: Installation, pair: Pair) -> None:
    first, second = self_signed(), self_signed()
    registered(gw, pair, first, second)
    assert {send(gw, pair.client_id, item)[0] for item in (first, second)} == {200}
    assert send(gw, pair.client_id, self_signed())[0] == 401


@pytest.mark.parametrize("dates", [
    pytest.param({"ends": -0.5}, id="expired"), pytest.param({"starts": 1}, id="not valid yet"),
])  # fmt: skip
def test_its_dates_count(gw: Installation, pair: Pair, dates: dict) -> None:
    leaf = self_signed(**dates)
    registered(gw, pair, leaf)
    assert send(gw, pair.client_id, leaf)[0] == 401


def test_another_certificate_of_that_name_or_key_is_another(gw: Installation, pair: Pair) -> None:
    key = new_key()
    registered(gw, pair, self_signed(DN, key=key))
    assert send(gw, pair.client_id, self_signed(DN))[0] == 401
    assert send(gw, pair.client_id, self_signed(DN, key=key))[0] == 401


# Beside other methods.


def test_whoever_is_not_known_reads_the_same(gw: Installation, known: Pair) -> None:
    plain, expired = gw.add_pair(gw.add_application()), gw.add_pair(gw.add_application())
    issued(gw, expired, gw.clock.now - timedelta(seconds=1))
    leaf = ROOT.issue(DN)
    answers = [send(gw, name, leaf) for name in (plain.client_id, expired.client_id, "client_0")]
    answers.append(send(gw, known.client_id, self_signed(DN)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 401


def test_a_client_id_alone_is_nobody(gw: Installation, known: Pair) -> None:
    status, members = send(gw, known.client_id, None)
    assert (status, members["error"]) == (401, "invalid_client")
    assert send(gw, "", ROOT.issue(DN))[0] == 401


def test_beside_a_secret_it_is_no_second_method(gw: Installation, known: Pair) -> None:
    leaf, other = ROOT.issue(DN), self_signed()
    header = basic(known.client_id, known.secret)
    for certificate in (leaf, other):
        assert send(gw, known.client_id, certificate, authorization=header)[0] == 200
        assert send(gw, known.client_id, certificate, client_secret=known.secret)[0] == 200


def test_beside_a_wrong_secret_it_does_not_help(gw: Installation, known: Pair) -> None:
    leaf = ROOT.issue(DN)
    assert send(gw, known.client_id, leaf, client_secret="wrong")[0] == 401
    assert send(gw, known.client_id, leaf, authorization=basic(known.client_id, "wrong"))[0] == 401
    assert send(gw, known.client_id, leaf, authorization="Bearer x")[0] == 401


def test_beside_an_assertion_it_is_no_second_method(gw: Installation, known: Pair) -> None:
    gw.add_authenticator(known.credential, Method.PRIVATE_KEY_JWT, jwks=MINE.jwks())
    further = {"client_assertion_type": TYPE, "client_assertion": MINE.sign(said(gw, known))}
    assert send(gw, known.client_id, self_signed(), **further)[0] == 200
    assert send(gw, known.client_id, ROOT.issue(DN), **further)[0] == 401, "it was used before"


def test_failures_are_counted(gw: Installation, known: Pair) -> None:
    wrong = self_signed()
    assert [send(gw, known.client_id, wrong)[0] for _ in range(21)] == [401] * 20 + [429]


# As the hop in front writes it.


@pytest.mark.parametrize(("secret", "status"), [("h" * 43, 200), ("x" * 43, 401), (None, 401)])
def test_only_the_trusted_hop_is_believed(gw, pair: Pair, secret, status: int) -> None:
    issued(gw, pair)
    gw.app = create_app(gw.service, gw.log, hop=Hop("h" * 43))
    chain = quote(pem(MIDDLE.issue(DN), MIDDLE.certificate), safe="")
    headers = [("x-forwarded-client-cert", f'Hash={"0" * 64};Chain="{chain}"')]
    headers += [("x-gw-hop", secret)] if secret else []
    form = {"grant_type": "client_credentials", "client_id": pair.client_id}
    assert gw.post(f"{PRODUCTION}/token", form=form, headers=headers).status == status


# The parts of `crypto.certificates` that are easier to ask directly.


def test_the_thumbprint_is_that_of_rfc_8705() -> None:
    import base64
    import hashlib

    leaf = self_signed()
    digest = base64.urlsafe_b64encode(hashlib.sha256(der(leaf)).digest()).decode().rstrip("=")
    assert certificates.thumbprint(der(leaf)) == digest and len(digest) == 43


@pytest.mark.parametrize("text", ["CN=client, O=Example", "", "client", "CN", "X=1", "CN=a,,O=b"])
def test_a_name_is_written_as_rfc_4514_says(text: str) -> None:
    with pytest.raises(certificates.NotValid):
        assert certificates.name(text) is None


def test_a_name_with_a_mail_address_is_read() -> None:
    assert certificates.name("E=a@b.example,CN=x") == certificates.name(
        "emailaddress=a@b.example,cn=x"
    )
