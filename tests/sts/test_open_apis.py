"""An API that asks for no subscription: every client may have its scopes, within its bounds."""

from tests.sts.installation import PRODUCTION, Installation, claims

from gatewright.domain.api import Access

TOKEN = f"{PRODUCTION}/token"
OPEN = Access(subscription_required=False)


def test_its_scopes_need_no_subscription(gw: Installation) -> None:
    pair = gw.add_pair(gw.add_application())
    assert "scope" not in claims(gw.token(pair))
    gw.add_api("weather", ["weather:read"], access=OPEN)
    assert claims(gw.token(pair))["scope"] == "weather:read"
    assert claims(gw.token(pair, "urn:default:weather:weather:read"))["scope"]


def test_the_bounds_of_the_application_hold(gw: Installation) -> None:
    gw.add_api("weather", ["weather:read", "weather:write"], access=OPEN)
    pair = gw.add_pair(gw.add_application(frozenset({"weather:read"})))
    asked = {"grant_type": "client_credentials", "scope": "weather:write"}
    assert gw.post(TOKEN, pair, form=asked).json["error"] == "invalid_scope"
    assert claims(gw.token(pair))["scope"] == "weather:read"


def test_what_is_deployed_decides_and_not_what_was_once(gw: Installation) -> None:
    open_api = gw.add_api("weather", ["weather:read"], access=OPEN)
    pair = gw.add_pair(gw.add_application())
    closed = gw.add_api("weather-closed", ["weather:read"])
    with gw.store.read() as tx:
        (revision,) = tx.revisions.find(api_id=closed.id)
        deployments = tx.deployments.find(api_id=open_api.id)
    for deployment in deployments:
        gw.change("deployments", deployment.id, revision_id=revision.id)
    assert "scope" not in claims(gw.token(pair))
