"""Public URLs are what consumers see; this machine reaches its own parts without them."""

import re
from pathlib import Path

import pytest
from tests.journeys.conftest import call, start

pytestmark = pytest.mark.real
PUBLIC = {
    "GATEWRIGHT_PUBLIC_URL": "https://console.invalid",
    "GATEWRIGHT_STS_PUBLIC_URL": "https://tokens.invalid",
    "GATEWRIGHT_PRODUCTION_PUBLIC_URL": "https://api.invalid",
}


def test_it_starts_and_is_managed_where_no_public_name_leads_here(tmp_path: Path) -> None:
    installation = start(tmp_path / "data", "--ephemeral", **PUBLIC)
    try:
        urls = installation.urls
        assert urls["management"] == "https://console.invalid/api/v1"
        assert urls["sts"] == "https://tokens.invalid/sts/default/production"
        [line] = re.findall(r"curl .*", installation.banner)
        assert line.endswith("https://api.invalid/reading-list/v1.0/books")
        installation.run("app", "create", "Far")
        keys = installation.json("app", "keys", "Far")
        assert keys["connection"]["issuer"] == urls["sts"]
        token = installation.run("token", "demo-app", "--scope", "books:read").strip()
        [port] = re.findall(r"port production +(\d+)", installation.run("doctor", code=1))
        answer = call(f"http://127.0.0.1:{port}/reading-list/v1.0/books", token)
        assert answer.status_code == 200
    finally:
        installation.stop()
