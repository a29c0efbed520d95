"""A hundred deploys while calls run: not one call fails."""

import json
from pathlib import Path

import httpx2
import pytest
from tests.journeys.conftest import Installation, calling

pytestmark = pytest.mark.real


def contract(name: str, number: int, server: str) -> str:
    """The same operation each time, and another one that changes."""
    operation = {"get": {"responses": {"200": {"description": "OK"}}}}
    return json.dumps({
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1.0.0"},
        "servers": [{"url": server}],
        "paths": {"/steady": operation, f"/changing-{number}": operation},
    })  # fmt: skip


def test_no_call_fails(installation: Installation, upstream: str, tmp_path: Path) -> None:
    do = installation.run
    for name in ("moving", "shelf"):
        document = tmp_path / f"{name}.json"
        document.write_text(contract(name, 0, upstream))
        do("api", "import", str(document))
        do("api", "deploy", name)
        do("api", "publish", name)
        do("subscribe", "demo-app", name, "--plan", "Unlimited")
    token = do("token", "demo-app").strip()
    gateway = installation.urls["gateway"]["production"]
    management = installation.urls["management"]
    secret = (installation.data / "run" / "cli-token").read_text().strip()
    headers = {"authorization": f"Bearer {secret}"}
    with (
        httpx2.Client(base_url=management, headers=headers, timeout=10) as client,
        calling(f"{gateway}/moving/v1.0/steady", token) as seen,
        calling(f"{gateway}/shelf/v1.0/steady", token) as others,
    ):
        for number in range(1, 101):
            body = {"document": contract("moving", number, upstream), "update": True}
            assert client.post("apis/import", json=body).status_code == 201
            deployed = client.post("apis/moving/deployments", json={})
            assert deployed.status_code == 201, deployed.text
    assert set(seen) == {"200"}, seen
    assert set(others) == {"200"}, others
    assert min(seen["200"], others["200"]) > 100
