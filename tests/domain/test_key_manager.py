"""Names of claims, and what is known beforehand of the products that issue tokens."""

import pytest

from gatewright.domain.key_manager import KINDS, claim_path, external_subject
from gatewright.domain.preset import PRESETS

TENANT = "9b5d8c5e-0000-4000-8000-3f1f6d1f0a11"


@pytest.mark.parametrize(("name", "path"), [
    ("azp", ("azp",)),
    ("realm_access.roles", ("realm_access", "roles")),
    ("resource_access.books.roles", ("resource_access", "books", "roles")),
    ("https://example.com/roles", ("https://example.com/roles",)),
    ("cognito:groups", ("cognito:groups",)),
    ("urn:zitadel:iam:org:project:roles", ("urn:zitadel:iam:org:project:roles",)),
])  # fmt: skip
def test_where_a_claim_stands(name, path):
    assert claim_path(name) == path


@pytest.mark.parametrize(("kind", "issuer", "client", "scope", "role"), [
    ("asgardeo", "https://api.asgardeo.io/t/acme/oauth2/token", "azp", "scope", "groups"),
    ("entra", f"https://sts.windows.net/{TENANT}/", "appid", "scp", "roles"),
    ("entra", f"https://login.microsoftonline.com/{TENANT}/v2.0", "azp", "scp", "roles"),
    ("keycloak", "https://id.example.com/realms/main", "azp", "scope", "realm_access.roles"),
    ("auth0", "https://acme.eu.auth0.com/", "azp", "scope", "permissions"),
    ("okta", "https://acme.okta.com/oauth2/default", "cid", "scp", "groups"),
    ("oidc", "https://idp.example.com", "azp", "scope", "roles"),
])  # fmt: skip
def test_presets(kind, issuer, client, scope, role):
    preset = PRESETS[kind]
    assert preset.client_claim(issuer) == client
    assert (preset.scope_claim, preset.role_claim) == (scope, role)


def test_every_kind_has_one():
    assert tuple(PRESETS) == KINDS


def test_a_subject_of_outside_is_told_apart_from_ours():
    assert external_subject("km_1", "a|b") == "km_1|a|b"
