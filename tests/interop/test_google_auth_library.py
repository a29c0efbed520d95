"""google-auth-library: its client for external accounts, with our token endpoint as its STS."""

import json

import pytest
from tests.interop.installation import Program
from tests.interop.issuer import Issuer
from tests.interop.scripts import Scripts

pytestmark = pytest.mark.real
SCRIPT = "google-auth-library"
JWT = "urn:ietf:params:oauth:token-type:jwt"


def told(program: Program, folder, subject_token: str, **more) -> dict:
    """A job's token in a file, as Kubernetes or a CI system lays it there."""
    file = folder / "token"
    file.write_text(subject_token)
    return program.told(tokenUrl=program.token_endpoint, file=str(file), type=JWT, **more)


def test_call_with_a_key_managers_token(
    scripts: Scripts, program: Program, issuer: Issuer, tmp_path
) -> None:
    asked = told(program, tmp_path, issuer.token("job:main"), scopes=["books:read"])
    said = scripts.ask(SCRIPT, "call", asked)
    assert said["status"] == 200 and said["count"] >= 1
    assert 200 < said["lifetimeSeconds"] <= 300, "as long as the subject token"


def test_call_with_the_token_in_json(
    scripts: Scripts, program: Program, issuer: Issuer, tmp_path
) -> None:
    text = json.dumps({"id_token": issuer.token("job:main")})
    asked = told(program, tmp_path, text, scopes=["books:read"], member="id_token")
    assert scripts.ask(SCRIPT, "call", asked)["status"] == 200


@pytest.mark.parametrize("change, words", [
    pytest.param({"scopes": ["no:such"]}, "invalid_scope", id="scope"),
    pytest.param({"gateway": "https://elsewhere.example"}, "invalid_target", id="audience"),
    pytest.param({"clientSecret": "wrong"}, "invalid_client", id="client"),
])  # fmt: skip
def test_refusal_is_its_own_error_with_our_words(
    scripts: Scripts, program: Program, issuer: Issuer, tmp_path, change: dict, words: str
) -> None:
    asked = told(program, tmp_path, issuer.token("job:main"), scopes=["books:read"]) | change
    assert words in scripts.ask(SCRIPT, "refused", asked)["message"]


def test_token_of_somebody_unknown_is_refused(
    scripts: Scripts, program: Program, issuer: Issuer, tmp_path
) -> None:
    """An unacceptable subject token is `invalid_request` (RFC 8693 §2.2.2)."""
    foreign = issuer.token("job:main", iss="https://somebody.example")
    said = scripts.ask(SCRIPT, "refused", told(program, tmp_path, foreign, scopes=["books:read"]))
    assert "invalid_request" in said["message"]
