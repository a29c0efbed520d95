"""A registered client uses the grants and the method that it registered, and no others."""

from dataclasses import replace

import pytest
from tests.crypto.holder import Holder
from tests.oauth.registering import Registering
from tests.sts.installation import PRODUCTION

from gatewright.control import authenticators, secrets
from gatewright.domain.authenticator import Method
from gatewright.domain.errors import GatewrightError

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FORM = {"grant_type": "client_credentials"}


def posted(site: Registering, told: dict, secret: str | None = None, **form: str):
    """The secret in the body (client_secret_post)."""
    shown = {"client_id": told["client_id"], "client_secret": secret or told["client_secret"]}
    return site.gw.post(f"{PRODUCTION}/token", form=FORM | shown | form)


def credential(site: Registering, told: dict):
    with site.gw.store.read() as tx:
        [row] = tx.credentials.find(client_id=told["client_id"])
        return row


def owner_does(site: Registering, told: dict, work):
    with site.gw.store.write() as tx:
        [row] = tx.credentials.find(client_id=told["client_id"])
        return work(site.desk(tx), row)


def test_what_it_says_is_kept(site: Registering) -> None:
    told = site.registered(grant_types=["client_credentials", EXCHANGE])
    row = credential(site, told)
    assert row.grant_types == {"client_credentials", EXCHANGE}
    assert row.auth_methods == {"client_secret_basic"}
    unsaid = credential(site, site.registered())
    assert unsaid.grant_types == {"client_credentials"}


@pytest.mark.parametrize("grant_types", [None, ["client_credentials"]])
def test_a_grant_that_was_not_registered_is_refused(site: Registering, grant_types) -> None:
    said = {} if grant_types is None else {"grant_types": grant_types}
    told = site.registered(**said)
    assert site.token(told).status == 200
    answer = site.token(told, form={"grant_type": EXCHANGE, "subject_token": "x"})
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
    unknown = site.token(told, form={"grant_type": "password"})
    assert unknown.json["error"] == "unsupported_grant_type"


def test_the_usual_grant_is_refused_to_whoever_registered_another(site: Registering) -> None:
    told = site.registered(grant_types=[EXCHANGE])
    assert site.token(told).json["error"] == "unauthorized_client"
    exchange = {"grant_type": EXCHANGE, "subject_token": "x", "subject_token_type": "y"}
    assert site.token(told, form=exchange).json["error"] == "invalid_request"


def test_another_registration_acts_at_once(site: Registering) -> None:
    told = site.registered(grant_types=[EXCHANGE])
    assert site.token(told).json["error"] == "unauthorized_client"
    assert site.put(told, grant_types=["client_credentials"]).status == 200
    assert site.token(told).status == 200
    assert site.put(told, grant_types=[EXCHANGE]).status == 200
    assert site.token(told).json["error"] == "unauthorized_client"


def test_the_right_secret_by_another_method_is_refused(site: Registering) -> None:
    told = site.registered()
    answer = posted(site, told)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert "client_secret_post" in answer.json["error_description"]
    assert site.token(told).status == 200
    other = site.registered(token_endpoint_auth_method="client_secret_post")
    assert posted(site, other).status == 200
    assert site.token(other).json["error"] == "invalid_client"
    assert told["client_secret"] not in answer.body.decode()


def test_a_wrong_secret_tells_nothing_of_methods(site: Registering) -> None:
    told = site.registered()
    wrong = "gws_" + "x" * 43
    bodies = {
        posted(site, told, wrong).body,
        posted(site, {"client_id": "client_none"}, wrong).body,
    }
    assert len(bodies) == 1


def test_a_method_changes_at_once(site: Registering) -> None:
    told = site.registered()
    assert site.token(told).status == 200
    assert site.put(told, token_endpoint_auth_method="client_secret_post").status == 200
    assert posted(site, told).status == 200
    assert site.token(told).json["error"] == "invalid_client"


def test_what_the_owner_gives_it_may_use(site: Registering) -> None:
    holder = {"keys": [Holder().jwk | {"kid": "k1"}]}
    told = site.registered(token_endpoint_auth_method="private_key_jwt", jwks=holder)
    assert credential(site, told).auth_methods == {"private_key_jwt"}
    new = owner_does(site, told, lambda desk, row: secrets.add(desk, row, "by hand"))
    assert posted(site, told, new.clear.reveal()).status == 200
    assert site.token(told, new.clear.reveal()).status == 200
    again = site.put(told, token_endpoint_auth_method="private_key_jwt", jwks=holder)
    assert again.status == 200
    assert site.token(told, new.clear.reveal()).status == 200, "a client takes it not away"


def test_an_authenticator_of_the_owner_widens_too(site: Registering) -> None:
    told = site.registered()
    san = {"tls_client_auth_san_dns": "a.example"}
    owner_does(
        site, told,
        lambda desk, row: authenticators.add(desk, row, "by hand", Method.TLS_CLIENT_AUTH, san),
    )  # fmt: skip
    assert credential(site, told).auth_methods == {"client_secret_basic", "tls_client_auth"}


def test_who_did_not_register_is_held_to_nothing(site: Registering, pair) -> None:
    gw = site.gw
    assert gw.post(f"{PRODUCTION}/token", pair).status == 200
    with gw.store.write() as tx:
        row = replace(pair.credential, grant_types=frozenset({EXCHANGE}))
        tx.credentials.replace(row)
    assert gw.post(f"{PRODUCTION}/token", pair).json["error"] == "unauthorized_client"


def test_a_person_gets_no_token_for_a_client_of_other_grants(site: Registering) -> None:
    from gatewright.sts.desk import TokenDesk

    told = site.registered(grant_types=[EXCHANGE])
    row, gw = credential(site, told), site.gw
    desk = TokenDesk(gw.store, gw.keyring, gw.world, "http://sts.test")
    with pytest.raises(GatewrightError) as caught:
        desk.issue(site.application(told), row, None)
    assert "not registered" in caught.value.reason
