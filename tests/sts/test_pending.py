"""A subscription that waits for approval opens no scope; approved, it does at once."""

from tests.sts.installation import PRODUCTION, Installation, claims

TOKEN = f"{PRODUCTION}/token"
ASKED = {"grant_type": "client_credentials", "scope": "books:read"}


def test_a_pending_subscription_grants_no_scope(gw: Installation) -> None:
    application = gw.add_application()
    pair = gw.add_pair(application)
    subscription = gw.subscribe(application, "books")
    assert claims(gw.token(pair))["scope"]
    for rejection in ("", "not now"):
        gw.change("subscriptions", subscription.id, pending=True, rejection=rejection)
        assert "scope" not in claims(gw.token(pair))
        assert gw.post(TOKEN, pair, form=ASKED).json["error"] == "invalid_scope"
    gw.change("subscriptions", subscription.id, pending=False, rejection="")
    assert gw.post(TOKEN, pair, form=ASKED).json["scope"] == "books:read"
