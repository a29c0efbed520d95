"""Claims that our own keys signed and the token service never writes: they are nobody's token."""

import json
from typing import Any

import pytest
from tests.agreement.signing import Key, Token
from tests.crypto.holder import Holder
from tests.sts.installation import PRODUCTION, Installation, Pair, claims

from gatewright.crypto import jwk

JKT = {"jkt": Holder().thumbprint}


@pytest.fixture
def pair(gw: Installation) -> Pair:
    return gw.add_pair(gw.add_application())


def own(gw: Installation, pair: Pair) -> Token:
    text = gw.token(pair)
    with gw.store.read() as tx:
        (row,) = tx.signing_keys.find(kind="production")
    key = jwk.from_der(gw.keyring.unseal(row.sealed_private_key, f"signing key {row.id}"))
    return Token("own", text, "production", Key(row.id, "ES256", key), claims(text))


def ask(gw: Installation, pair: Pair, token: Token, endpoint: str = "introspect"):
    return gw.post(f"{PRODUCTION}/{endpoint}", pair, form={"token": token.text})


def changed(token: Token, changes: dict[str, Any]) -> Token:
    """`...` leaves a member out."""
    made = token.claims | changes
    return token.signed(claims={name: value for name, value in made.items() if value is not ...})


REFUSED = [
    *(pytest.param({name: ...}, id=f"no {name}")
      for name in ("iss", "exp", "sub", "client_id", "iat", "jti", "aud", "gwk")),
    *(pytest.param({name: 5}, id=f"{name} a number")
      for name in ("iss", "sub", "client_id", "jti", "aud", "gwk", "gwb", "cnf")),
    *(pytest.param({"exp": value}, id=f"exp {str(value)[:30]}")
      for value in (None, True, "2000000000", 2e9, -1, 10**12, 2**64 + 2**32, 10**400)),
    *(pytest.param({"nbf": value}, id=f"nbf {value!r}")
      for value in (None, "1", 1.5, -5, 10**11, 10**13)),
    *(pytest.param({"iat": value}, id=f"iat {value!r}") for value in (None, "1", -1)),
    pytest.param({"aud": []}, id="aud an empty list"),
    pytest.param({"aud": ["x", 1]}, id="aud a list with a number"),
    pytest.param({"gwb": "x.1"}, id="both subjects"),
    pytest.param({"cnf": JKT}, id="an unbound subject and cnf"),
    pytest.param({"cnf": JKT, "gwb": "x.1"}, id="both subjects and cnf"),
]  # fmt: skip


@pytest.mark.parametrize("changes", REFUSED)
def test_what_is_never_written_is_inactive(gw, pair, changes: dict[str, Any]) -> None:
    token = own(gw, pair)
    assert ask(gw, pair, token).json["active"] is True
    answer = ask(gw, pair, changed(token, changes))
    assert (answer.status, answer.json) == (200, {"active": False})
    assert ask(gw, pair, changed(token, changes), "revoke").status == 200


@pytest.mark.parametrize("cnf", [
    None, {}, [], "x", 5, True, {"kid": "x"}, {"jkt": 5}, {"jkt": None}, {"jkt": ""},
    JKT | {"kid": "x"},
], ids=lambda cnf: repr(cnf).replace(JKT["jkt"], "thumbprint"))  # fmt: skip
def test_bound_is_to_a_key_or_a_certificate(gw, pair, cnf: Any) -> None:
    token = own(gw, pair)
    bound = {"gwk": ..., "gwb": token.claims["gwk"]}
    assert ask(gw, pair, changed(token, bound | {"cnf": JKT})).json["active"] is True
    assert ask(gw, pair, changed(token, bound)).json == {"active": False}
    answer = ask(gw, pair, changed(token, bound | {"cnf": cnf}))
    assert (answer.status, answer.json) == (200, {"active": False})


@pytest.mark.parametrize("text", ['"\\ud800"', str(2**70), "[" * 900 + "]" * 900])
def test_what_could_not_be_written_again_is_nobody_s(gw, pair, text: str) -> None:
    token = own(gw, pair)
    made = token.signed(claims=json.dumps(token.claims)[:-1] + f', "scope": {text}}}')
    assert ask(gw, pair, made).json == {"active": False}


def test_a_token_is_not_active_before_its_time(gw, pair) -> None:
    token = own(gw, pair)
    made = changed(token, {"nbf": token.claims["iat"] + 10})
    assert ask(gw, pair, made).json == {"active": False}
    gw.clock.pass_by(seconds=10)
    assert ask(gw, pair, made).json["active"] is True
