"""API keys as text: who can make one, and how scanners know one."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from gatewright.crypto import api_key, jose
from gatewright.crypto.keyring import Keyring
from gatewright.domain.api_key import ApiKeySigner
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WORLD = World(lambda: NOW, os.urandom)
KEYRING = Keyring({"1": b"p" * 32}, "1", b"s" * 32)
CLAIMS = {"iss": "https://sts.test/sts/default/production/keys", "scope": "a b", "iat": 1}


def signer(keyring=KEYRING):
    kid, made = api_key.make_signer(keyring, WORLD)
    return ApiKeySigner(
        kid, "org_1", Kind.PRODUCTION, made.public_jwk, made.sealed_private_key, NOW
    )


def test_an_independent_library_verifies_it():
    row = signer()
    text = api_key.sign_api_key(KEYRING, row, CLAIMS).reveal()
    public = json.loads(row.public_jwk)
    assert public["alg"] == "ES256" and public["use"] == "sig" and "d" not in public
    token = jwt.decode(text.removeprefix("gwk_"), ECKey.import_key(public), algorithms=["ES256"])
    assert token.claims == CLAIMS
    assert token.header == {"alg": "ES256", "kid": row.id, "typ": "JWT"}


def test_it_is_no_access_token_even_under_the_same_key():
    row = signer()
    text = api_key.sign(KEYRING, row, CLAIMS).reveal()
    with pytest.raises(jose.NotOurs):
        jose.verify(text, jose.verification_key(row.public_jwk), "at+jwt")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"id": "another-kid"}, id="another's place"),
        pytest.param({"sealed_private_key": b"\0" * 200}, id="damaged"),
        pytest.param({"sealed_private_key": b""}, id="empty"),
    ],
)
def test_a_signer_that_does_not_open_signs_nothing(change):
    with pytest.raises(Unavailable, match="can not be decrypted"):
        api_key.sign(KEYRING, replace(signer(), **change), CLAIMS)


def test_another_sealing_key_opens_nothing():
    with pytest.raises(Unavailable):
        api_key.sign(replace(KEYRING, sealing_key=b"o" * 32), signer(), CLAIMS)


def test_it_prints_redacted():
    made = api_key.sign_api_key(KEYRING, signer(), CLAIMS)
    assert f"{made} {made!r}" == "… SecretText('…')"


@pytest.mark.parametrize(
    "text",
    [
        "gwk_", "gwk_eyJ.eyJ.x", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0." + "a" * 86,
        "gwk_" + "a" * 43 + "_1234567",
    ],
)  # fmt: skip
def test_what_scanners_do_not_take_for_one(text):
    assert api_key.GENERATED.fullmatch(text) is None


def test_what_scanners_do():
    text = api_key.sign_api_key(KEYRING, signer(), CLAIMS).reveal()
    assert api_key.GENERATED.search(f"curl -H 'api-key: {text}' https://api.test")[0] == text
