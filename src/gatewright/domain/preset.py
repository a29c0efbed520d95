"""Presets: what is known beforehand of the token issuers that products make; data, and no rule.

Sources are the products' own pages on access tokens; `docs/reference/key-managers.md` lists them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """`client_claims` are by the beginning of the issuer, of which the first that fits counts.

    `issuers` are beginnings of issuers that a description may name though it stands elsewhere
    than OpenID Connect Discovery 1.0 §4 says.
    """

    title: str
    client_claims: tuple[tuple[str, str], ...] = (("", "azp"),)
    scope_claim: str = "scope"
    role_claim: str = "roles"
    issuers: tuple[str, ...] = ()

    def client_claim(self, issuer: str) -> str:
        """Where tokens of that issuer name their client."""
        return next(name for start, name in self.client_claims if issuer.startswith(start))


PRESETS: dict[str, Preset] = {
    "asgardeo": Preset("Asgardeo", role_claim="groups"),
    "entra": Preset(
        "Microsoft Entra ID",
        client_claims=(("https://sts.windows.net/", "appid"), ("", "azp")),
        scope_claim="scp",
        issuers=("https://sts.windows.net/", "https://login.microsoftonline.com/"),
    ),
    "keycloak": Preset("Keycloak", role_claim="realm_access.roles"),
    "auth0": Preset("Auth0", role_claim="permissions"),
    "okta": Preset("Okta", (("", "cid"),), scope_claim="scp", role_claim="groups"),
    "oidc": Preset("Any OpenID Connect issuer"),
}
"""By `KeyManager.kind`."""
