"""The owner's single-use link: it is not spent by looking, opens the console, and works once."""

import re

import httpx2
import pytest
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.real


def test_the_banner_s_link_signs_in_once(installation: Installation) -> None:
    [link] = re.findall(r"http://\S+/welcome/\S+", installation.banner)
    with httpx2.Client(headers={"sec-fetch-site": "same-origin"}) as browser:
        assert browser.get(link).status_code == 200
        assert browser.get(link).status_code == 200
        done = browser.post(link)
        assert (done.status_code, done.headers["location"]) == (303, "/console")
        page = browser.get(f"{installation.urls['portal']}/console")
        assert page.status_code == 200
        assert "Reading List" in page.text
        assert (
            browser.get(f"{installation.urls['management']}/me").json()["login_kind"] == "session"
        )
    assert httpx2.post(link, headers={"sec-fetch-site": "same-origin"}).status_code == 410
    fresh = installation.run("login-link").strip()
    assert fresh != link
    assert httpx2.get(fresh).status_code == 200


def test_the_portal_shows_what_is_published(installation: Installation) -> None:
    page = httpx2.get(installation.urls["portal"])
    assert page.status_code == 200
    assert "Reading List" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
