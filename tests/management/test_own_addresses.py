"""Upstreams that lead back to the installation: refused at every way in to a deployment."""

import pytest
from tests.management.installation import DOCUMENT, api, made, refused

OWN = [
    pytest.param("http://127.0.0.1:8000", id="management"),
    pytest.param("http://127.0.0.1:8000/api/v1", id="management with a path"),
    pytest.param("http://127.0.0.1:8001", id="token service"),
    pytest.param("http://127.0.0.1:8080", id="gateway"),
    pytest.param("http://127.0.0.1:8081/reading-list/v1.0", id="gateway of development"),
    pytest.param("http://localhost:8080", id="localhost"),
    pytest.param("http://LOCALHOST.:8080", id="localhost with a dot"),
    pytest.param("http://gw.localhost:8080", id="below localhost"),
    pytest.param("http://[::1]:8080", id="loopback six"),
    pytest.param("http://[::ffff:127.0.0.1]:8080", id="mapped loopback"),
    pytest.param("http://127.9.9.9:8080", id="another loopback address"),
    pytest.param("https://127.0.0.1:8080", id="another scheme"),
]


@pytest.fixture
def imported(admin):
    made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))
    return "/apis/reading-list"


@pytest.mark.parametrize("url", OWN)
def test_own_addresses_are_no_upstreams(admin, imported, url):
    way = api(f"{imported}/deployments")
    refused(admin.post(way, json={"upstream": url}), 422, "invalid", "upstream")
    edit = {"upstreams": {"production": url}}
    made(admin.patch(api(imported), json=edit), 200)
    refused(admin.post(way, json={"environment": "production"}), 422, "invalid", "upstream")
    made(admin.post(way, json={"environment": "development"}))
    promotion = {"from": "development", "to": "production", "upstream": url}
    refused(admin.post(api(f"{imported}/promotions"), json=promotion), 422, "invalid", "upstream")
    assert len(made(admin.get(way), 200)["items"]) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://books.localhost:9000/8080"])
def test_neighbours_are_served(admin, imported, url):
    made(admin.post(api(f"{imported}/deployments"), json={"upstream": url}))
