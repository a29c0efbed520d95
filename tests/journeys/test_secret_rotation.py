"""A secret is changed while its program runs: no request fails, and the old one ends."""

import time
from base64 import b64encode

import httpx2
import pytest
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.real
OVERLAP_SECONDS = 3


def status(keys: dict, secret: str) -> int:
    user = b64encode(f"{keys['client_id']}:{secret}".encode()).decode()
    answer = httpx2.post(
        keys["connection"]["token_endpoint"],
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {user}"},
        timeout=10,
    )
    return answer.status_code


def test_old_and_new_overlap_and_then_the_old_one_ends(installation: Installation) -> None:
    do, ask = installation.run, installation.json
    do("app", "create", "Rotating")
    keys = ask("app", "keys", "Rotating")
    old = keys["client_secret"]
    begun = time.monotonic()
    rotated = ask("app", "secret", "rotate", "Rotating", "--overlap", f"{OVERLAP_SECONDS}s")
    new = rotated["client_secret"]
    while time.monotonic() - begun < OVERLAP_SECONDS - 1:
        assert (status(keys, old), status(keys, new)) == (200, 200)
    time.sleep(OVERLAP_SECONDS)
    assert (status(keys, old), status(keys, new)) == (401, 200)
    listed = do("app", "secret", "list", "Rotating")
    assert new not in listed and old not in listed
    do("app", "secret", "rotate", "Rotating", "--overlap", "0")
    assert status(keys, new) == 401
