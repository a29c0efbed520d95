"""Attacks on the STS, each a row with a name; what succeeds here is a hole."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims, header

from gatewright.crypto import jwk
from gatewright.crypto.signing import signer
from gatewright.domain.credential import SECRETS_MAX
from gatewright.domain.environment import Kind

TOKEN, INTROSPECT = f"{PRODUCTION}/token", f"{PRODUCTION}/introspect"


def b64(value: bytes | dict) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def genuine_key(gw: Installation, kind: Kind = Kind.PRODUCTION):
    with gw.store.read() as tx:
        (row,) = tx.signing_keys.find(kind=kind, organization_id=gw.organization.id)
    return row, jwk.from_der(gw.keyring.unseal(row.sealed_private_key, f"signing key {row.id}"))


def signed(gw: Installation, head: dict, body: dict | bytes) -> str:
    """A token under the issuer's real key, with whatever header and body an attacker would like."""
    _, key = genuine_key(gw)
    start = f"{b64(head)}.{b64(body)}"
    r, s = decode_dss_signature(key.sign(start.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{start}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def hmac_token(token: str, key: bytes, head: dict) -> str:
    start = f"{b64(head)}.{token.split('.')[1]}"
    return f"{start}.{b64(hmac.new(key, start.encode(), hashlib.sha256).digest())}"


def alg_none(gw: Installation, token: str) -> str:
    return f"{b64(header(token) | {'alg': 'none'})}.{token.split('.')[1]}."


def alg_none_with_signature(gw: Installation, token: str) -> str:
    _, body, signature = token.split(".")
    return f"{b64(header(token) | {'alg': 'none'})}.{body}.{signature}"


def hs256_with_public_pem(gw: Installation, token: str) -> str:
    _, key = genuine_key(gw)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac_token(token, pem, header(token) | {"alg": "HS256"})


def hs256_with_public_jwk(gw: Installation, token: str) -> str:
    row, _ = genuine_key(gw)
    return hmac_token(token, row.public_jwk.encode(), header(token) | {"alg": "HS256"})


def header_with(**extra: object):
    return lambda gw, token: signed(gw, header(token) | extra, claims(token))


def other_typ(gw: Installation, token: str) -> str:
    return signed(gw, header(token) | {"typ": "JWT"}, claims(token))


def without_typ(gw: Installation, token: str) -> str:
    head = header(token)
    head.pop("typ")
    return signed(gw, head, claims(token))


def own_key_in_header(gw: Installation, token: str) -> str:
    key = jwk.generate("ES256")
    kid = header(token)["kid"]
    return signer(key, "ES256", kid)(json.dumps(claims(token)).encode()).decode()


def unknown_kid(gw: Installation, token: str) -> str:
    return signed(gw, header(token) | {"kid": "../../etc/passwd"}, claims(token))


def claims_with(**changes: object):
    def make(gw: Installation, token: str) -> str:
        body = {name: value for name, value in (claims(token) | changes).items()
                if value is not None}  # fmt: skip
        return signed(gw, header(token), body)

    return make


def repeated_claim(gw: Installation, token: str) -> str:
    text = json.dumps(claims(token))
    return signed(gw, header(token), (text[:-1] + ', "client_id": "x"}').encode())


def not_an_object(gw: Installation, token: str) -> str:
    return signed(gw, header(token), b"[1]")


def deep_claims(gw: Installation, token: str) -> str:
    return signed(gw, header(token), b"[" * 3000 + b"]" * 3000)


def changed_scope(gw: Installation, token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{b64(claims(token) | {'scope': 'books:write'})}.{signature}"


def other_issuers_key(gw: Installation, token: str) -> str:
    row, key = genuine_key(gw, Kind.SANDBOX)
    return signer(key, "ES256", row.id)(json.dumps(claims(token)).encode()).decode()


def padded(gw: Installation, token: str) -> str:
    return token + "="


def trailing_line(gw: Installation, token: str) -> str:
    return token + " "


def oversized_header(gw: Installation, token: str) -> str:
    return signed(gw, header(token) | {"kid": "k" * 2000}, claims(token))


def oversized(gw: Installation, token: str) -> str:
    return signed(gw, header(token), claims(token) | {"x": "y" * 9000})


def json_serialization(gw: Installation, token: str) -> str:
    head, body, signature = token.split(".")
    return json.dumps({"protected": head, "payload": body, "signature": signature})


def five_parts(gw: Installation, token: str) -> str:
    return token + ".a.b"


FORGERIES = [
    alg_none, alg_none_with_signature, hs256_with_public_pem, hs256_with_public_jwk, other_typ,
    without_typ, own_key_in_header, unknown_kid, repeated_claim, not_an_object, deep_claims,
    changed_scope, other_issuers_key, padded, trailing_line, oversized_header, oversized,
    json_serialization, five_parts,
]  # fmt: skip


@pytest.mark.parametrize("forge", [
    *[pytest.param(forge, id=forge.__name__) for forge in FORGERIES],
    pytest.param(header_with(crit=["exp"]), id="crit"),
    pytest.param(header_with(crit=["x"], x=1), id="unknown crit"),
    pytest.param(header_with(b64=False, crit=["b64"]), id="b64 false"),
    pytest.param(header_with(jwk={"kty": "oct", "k": "AA"}), id="jwk in header"),
    pytest.param(header_with(jku="http://evil.test"), id="jku"),
    pytest.param(header_with(x5u="http://evil.test"), id="x5u"),
    pytest.param(header_with(zip="DEF"), id="zip"),
    pytest.param(header_with(alg=["ES256"]), id="alg of another type"),
    pytest.param(header_with(alg="RS256"), id="alg of another key type"),
    pytest.param(claims_with(iss="http://sts.test/sts/default/sandbox"), id="issuer of others"),
    pytest.param(claims_with(iss=None), id="no issuer"),
    pytest.param(claims_with(exp=None), id="no expiry"),
    pytest.param(claims_with(exp="never"), id="expiry of another type"),
    pytest.param(claims_with(exp=1), id="expired"),
    pytest.param(claims_with(jti=None), id="no id"),
    pytest.param(claims_with(jti=["a"]), id="id of another type"),
    pytest.param(claims_with(gwk=None), id="no subject key"),
    pytest.param(claims_with(gwk="client_x.9", jti="x"), id="other generation"),
    pytest.param(claims_with(client_id="client_x"), id="other client"),
])  # fmt: skip
def test_forged_tokens_are_nothing(gw: Installation, pair: Pair, forge) -> None:
    token = gw.token(pair)
    forged = forge(gw, token)
    assert gw.post(INTROSPECT, pair, form={"token": forged}).json == {"active": False}
    gw.post(f"{PRODUCTION}/revoke", pair, form={"token": forged})
    assert gw.post(INTROSPECT, pair, form={"token": token}).json["active"]


def test_the_forger_would_pass_if_nothing_were_forged(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    again = signed(gw, header(token), claims(token))
    assert gw.post(INTROSPECT, pair, form={"token": again}).json["active"]


def bad_caller(gw: Installation, pair: Pair, case: str) -> Pair:
    if case == "unknown client":
        return Pair(replace(pair.credential, client_id="client_" + "0" * 26), pair.secret, "")
    if case == "wrong secret":
        return Pair(pair.credential, pair.secret[:-1] + "!", "")
    if case == "expired secret":
        gw.change("secrets", pair.secret_id, expires_at=gw.clock.now)
    if case == "revoked secret":
        gw.change("secrets", pair.secret_id, revoked_at=gw.clock.now)
    if case == "sandbox client":
        return gw.add_pair(gw.add_application(), Kind.SANDBOX)
    if case == "client without secrets":
        gw.remove("secrets", pair.secret_id)
    if case == "oversized secret":
        return Pair(pair.credential, "x" * 2000, "")
    if case == "empty secret":
        return Pair(pair.credential, "", "")
    return pair


CASES = (
    "unknown client", "wrong secret", "expired secret", "revoked secret", "sandbox client",
    "client without secrets", "oversized secret", "empty secret",
)  # fmt: skip


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("case", CASES)
def test_who_is_unknown_can_not_be_told_from_who_is_wrong(
    gw: Installation, pair: Pair, case: str, endpoint: str, monkeypatch
) -> None:
    """Equal bytes, one keyed hash for each pepper, as many comparisons as there may be secrets."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: compared.append(1) or real(*pair))
    form = {"grant_type": "client_credentials", "token": "x"}
    path = f"{PRODUCTION}/{endpoint}"
    reference = gw.post(path, Pair(pair.credential, "wrong", ""), form=form)
    caller = bad_caller(gw, pair, case)
    gw.service.issuer("default", "production")
    before = gw.keyring.hashes
    compared.clear()
    answer = gw.post(path, caller, form=form)
    assert answer == reference and answer.status == 401
    assert len(compared) == SECRETS_MAX
    assert gw.keyring.hashes - before == len(gw.keyring.peppers)


def test_a_right_secret_costs_the_same_hash(gw: Installation, pair: Pair) -> None:
    """Shown again in the same header it costs none: tests/oauth/test_recognized.py."""
    gw.service.issuer("default", "production")
    before = gw.keyring.hashes
    gw.token(pair)
    assert gw.keyring.hashes - before == 1


def test_guessing_is_slowed_before_any_hash(gw: Installation, pair: Pair) -> None:
    wrong = Pair(pair.credential, "wrong", "")
    statuses = [gw.post(TOKEN, wrong).status for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    before = gw.keyring.hashes
    answer = gw.post(TOKEN, wrong)
    assert gw.keyring.hashes == before
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    gw.clock.pass_by(seconds=2)
    assert gw.post(TOKEN, wrong).status == 401


def test_a_busy_client_is_never_slowed(gw: Installation, pair: Pair) -> None:
    assert {gw.post(TOKEN, pair).status for _ in range(150)} == {200}


def test_guessing_elsewhere_does_not_lock_a_client_out(gw: Installation, pair: Pair) -> None:
    wrong = Pair(pair.credential, "wrong", "")
    for _ in range(25):
        gw.post(TOKEN, wrong, address="198.51.100.9")
    assert gw.post(TOKEN, pair).status == 200


def test_guessing_many_clients_is_slowed_by_address(gw: Installation, pair: Pair) -> None:
    gw.token(pair)
    for number in range(201):
        stranger = Pair(replace(pair.credential, client_id=f"client_{number}"), "x", "")
        last = gw.post(TOKEN, stranger)
    assert last.status == 429
    assert gw.post(TOKEN, pair).status == 200, "who succeeded here before is not held up"


def test_no_secret_reaches_the_log(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    gw.post(TOKEN, Pair(pair.credential, pair.secret + "x", ""))
    gw.post(TOKEN, form={"client_id": 'evil"\n{', "client_secret": pair.secret})
    gw.post(f"{PRODUCTION}/revoke", pair, form={"token": token})
    text = json.dumps(gw.lines)
    assert pair.secret not in text and token not in text
    assert [line["event"] for line in gw.lines] == [
        "request.refused", "request.refused", "token.revoked",
    ]  # fmt: skip
    assert gw.lines[0]["client_id"] == pair.client_id


def test_a_flood_of_refusals_does_not_flood_the_log(gw: Installation) -> None:
    for _ in range(50):
        gw.post(TOKEN, form={})
    assert len(gw.lines) == 20
    gw.clock.pass_by(seconds=1)
    gw.post(TOKEN, form={})
    assert gw.lines[-1]["suppressed"] == 30


def test_secrets_do_not_print(gw: Installation, pair: Pair) -> None:
    from gatewright.sts.mint import Granted
    from gatewright.sts.presented import Presented
    from gatewright.sts.request import Request, parse

    request = Request(b"client_secret=hush&client_id=a", authorization=(b"Basic hush",))
    shown = [
        request,
        parse(request),
        Presented("a", ("hush",)),
        Granted("hush", 1, "", "client", "jti", gw.clock.now),
    ]
    assert "hush" not in repr(shown)
    client = gw.service.state.records.client(pair.client_id)
    with gw.store.read() as tx:
        assert tx.secrets.get(pair.secret_id).digest not in repr(client)


def test_an_unexpected_error_is_answered_and_reported(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ValueError(f"with {pair.secret}")

    assert gw.service
    monkeypatch.setattr(gw.service, "token", broken)
    answer = gw.post(TOKEN, pair)
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert gw.lines[-1]["event"] == "part.failed" and pair.secret not in json.dumps(gw.lines)


def test_sandbox_secrets_open_nothing_in_production(gw: Installation) -> None:
    application = gw.add_application()
    sandbox = gw.add_pair(application, Kind.SANDBOX)
    production = gw.add_pair(application)
    crossed = Pair(production.credential, sandbox.secret, "")
    assert gw.post(TOKEN, crossed).status == 401
    assert gw.post(f"{SANDBOX}/token", crossed).status == 401
    assert gw.post(f"{SANDBOX}/token", sandbox).status == 200
