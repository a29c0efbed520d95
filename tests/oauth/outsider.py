"""An outside identity provider that the organization trusts as a key manager."""

from typing import Any

from tests.crypto.keyholder import Keyholder
from tests.sts.installation import STS_URL, Installation, Pair

from gatewright.domain.key_manager import KeyManager
from gatewright.domain.world import seconds

IDP = "https://idp.test"
ISSUER = f"{STS_URL}/sts/default/production"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN, JWT, ID_TOKEN = f"{TYPE}access_token", f"{TYPE}jwt", f"{TYPE}id_token"


class Outsider:
    def __init__(self, gw: Installation, issuer: str = IDP, **members: Any) -> None:
        self.gw, self.issuer, self.key = gw, issuer, Keyholder()
        self.row = gw.add("key_managers", KeyManager(**{
            "id": gw.id("km"), "organization_id": gw.organization.id, "handle": f"idp-{gw.id('x')}",
            "name": "IdP", "issuer": issuer, "jwks_uri": None, "jwks": self.key.jwks(),
            "audiences": frozenset({"gatewright"}), "client_claim": "azp", "scope_claim": "scope",
            "token_exchange": True, "jwt_bearer": True, "enabled": True,
            "created_at": gw.clock.now,
        } | members))  # fmt: skip

    def claims(self, **further: Any) -> dict[str, Any]:
        """A sound set; a member of None is left out."""
        now = seconds(self.gw.clock.now)
        made = {"iss": self.issuer, "sub": "alice", "aud": "gatewright", "iat": now,
                "exp": now + 300} | further  # fmt: skip
        return {name: value for name, value in made.items() if value is not None}

    def sign(self, typ: str | None = "JWT", **further: Any) -> str:
        return self.key.sign(self.claims(**further), typ=typ)


def exchange(gw: Installation, pair: Pair, token: str, type: str = ACCESS_TOKEN, **form: Any):
    asked = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": type} | form
    path, headers = asked.pop("path", ISSUER.removeprefix(STS_URL)), asked.pop("headers", ())
    asked = {name: value for name, value in asked.items() if value is not None}
    return gw.post(f"{path}/token", pair, form=asked, headers=headers)


def bear(gw: Installation, pair: Pair, assertion: str, **form: Any):
    asked = {"grant_type": BEARER, "assertion": assertion} | form
    return gw.post("/sts/default/production/token", pair, form=asked)
