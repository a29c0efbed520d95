"""API keys and test keys are the gateway's: the token service takes none of them for a token."""

import pytest
from tests.oauth.outsider import ACCESS_TOKEN, BEARER, EXCHANGE, JWT
from tests.sts.installation import PRODUCTION, STS_URL, Installation, Pair, basic

from gatewright.control import api_keys, test_keys
from gatewright.control.desk import Addresses, Desk
from gatewright.control.ports import serves_everything
from gatewright.domain.api_key import API_KEY_PREFIX
from gatewright.domain.environment import Kind
from gatewright.domain.person import Role, User

INACTIVE = b'{"active":false}'


@pytest.fixture
def desk_of(gw: Installation):
    owner = User(gw.id("usr"), gw.organization.id, "owner", "Owner", Role.ADMIN, gw.clock.now)
    addresses = Addresses("http://m.test", STS_URL, "http://p.test", "http://c.test")
    return lambda tx: Desk(
        tx, gw.world, gw.keyring, addresses, gw.organization, owner, serves_everything
    )


def api_key(gw: Installation, desk_of, pair: Pair) -> str:
    with gw.store.write() as tx:
        made = api_keys.create(desk_of(tx), pair.credential.application_id, Kind.PRODUCTION, "k")
    return made.clear.reveal()


def bare_api_key(gw: Installation, desk_of, pair: Pair) -> str:
    return api_key(gw, desk_of, pair).removeprefix(API_KEY_PREFIX)


def brief_api_key(gw: Installation, desk_of, pair: Pair) -> str:
    """With an expiry, as access tokens have."""
    with gw.store.write() as tx:
        made = api_keys.create(
            desk_of(tx), pair.credential.application_id, Kind.PRODUCTION, "k", expires_in_days=1
        )
    return made.clear.reveal().removeprefix(API_KEY_PREFIX)


def key_for_tests(gw: Installation, desk_of, pair: Pair) -> str:
    with gw.store.write() as tx:
        (api,) = tx.apis.find(handle="books")
        (environment,) = tx.environments.find(kind=Kind.PRODUCTION)
        made = test_keys.create(desk_of(tx), api.id, environment.id)
    return made.clear.reveal()


KEYS = [api_key, bare_api_key, brief_api_key, key_for_tests]


@pytest.mark.parametrize("make", KEYS)
def test_introspection_calls_it_inactive(gw, pair, desk_of, make) -> None:
    answer = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": make(gw, desk_of, pair)})
    assert (answer.status, answer.body) == (200, INACTIVE)


@pytest.mark.parametrize("make", KEYS)
@pytest.mark.parametrize("kind", [ACCESS_TOKEN, JWT])
def test_it_is_exchanged_for_nothing(gw, pair, desk_of, make, kind) -> None:
    form = {
        "grant_type": EXCHANGE, "subject_token": make(gw, desk_of, pair),
        "subject_token_type": kind,
    }  # fmt: skip
    answer = gw.post(f"{PRODUCTION}/token", pair, form=form)
    assert answer.status == 400 and "access_token" not in answer.json


@pytest.mark.parametrize("make", KEYS)
def test_it_is_no_assertion(gw, pair, desk_of, make) -> None:
    form = {"grant_type": BEARER, "assertion": make(gw, desk_of, pair)}
    answer = gw.post(f"{PRODUCTION}/token", pair, form=form)
    assert answer.status == 400 and "access_token" not in answer.json


@pytest.mark.parametrize("make", KEYS)
def test_it_authenticates_no_client(gw, pair, desk_of, make) -> None:
    key = make(gw, desk_of, pair)
    form = {"grant_type": "client_credentials"}
    for headers, more in (
        ({"authorization": basic(pair.client_id, key)}, {}),
        ({"authorization": f"Bearer {key}"}, {}),
        ({"api-key": key}, {}),
        ({}, {"client_id": pair.client_id, "client_secret": key}),
        ({}, {"client_assertion": key, "client_assertion_type":
              "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}),
    ):  # fmt: skip
        answer = gw.post(f"{PRODUCTION}/token", form=form | more, headers=list(headers.items()))
        assert answer.status in (400, 401), headers
        assert "access_token" not in answer.json


@pytest.mark.parametrize("make", KEYS)
def test_revoking_it_as_a_token_does_nothing(gw, pair, desk_of, make) -> None:
    answer = gw.post(f"{PRODUCTION}/revoke", pair, form={"token": make(gw, desk_of, pair)})
    assert answer.status == 200
    with gw.store.read() as tx:
        assert tx.revoked_tokens.find() == []


def test_the_published_keys_are_none_of_the_signers(gw, pair, desk_of) -> None:
    api_key(gw, desk_of, pair)
    with gw.store.read() as tx:
        (signer,) = tx.api_key_signers.find()
    assert signer.id not in gw.call("GET", f"{PRODUCTION}/jwks").body.decode()
