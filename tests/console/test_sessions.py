"""Signing in and out: what spends a link, what the cookie is like, which forms are refused."""

import pytest
from tests.console.conftest import ORIGIN, OWN, Site

from gatewright.control import logins
from gatewright.domain.api import RESERVED_CONTEXTS
from gatewright.domain.person import LoginKind

SIGNED_OUT, SIGNED_IN = "<h1>Sign in</h1>", "<h1>Console</h1>"


def test_looking_at_a_link_does_not_spend_it(site: Site) -> None:
    browser, link = site.browser(), site.link()
    for _ in range(3):
        assert browser.get(link).status_code == 200
        assert browser.head(link).status_code == 200
    assert "set-cookie" not in browser.get(link).headers
    assert browser.post(link, headers=OWN).status_code == 303


def test_the_button_signs_in_once(site: Site) -> None:
    browser, link = site.browser(), site.link()
    assert 'form method="post"' in browser.get(link).text
    answer = browser.post(link, headers=OWN)
    assert answer.headers["location"] == "/console"
    assert SIGNED_IN in browser.get("/console").text
    other = site.browser()
    for again in (other.get(link), other.post(link, headers=OWN)):
        assert again.status_code == 410
        assert "gatewright login-link" in again.text
        assert "set-cookie" not in again.headers
    assert SIGNED_OUT in other.get("/console").text


@pytest.mark.parametrize(
    ("url", "secure"), [(ORIGIN, False), ("https://pages.test", True)], ids=["http", "https"]
)
def test_the_cookie_is_out_of_reach(site: Site, url: str, secure: bool) -> None:
    """Also for gateways on the same host name: cookies know no port, so the paths are ours only."""
    answer = site.browser(url=url).post(site.link(), headers=OWN)
    found = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    assert {name.partition("=")[0] for name, *_ in found} == {"gw_session"}
    assert {part for _, *parts in found for part in parts if part.startswith("Path=")} == {
        f"Path={path}" for path in RESERVED_CONTEXTS
    }
    kept = {"HttpOnly", "SameSite=lax", "Max-Age=43200"} | ({"Secure"} if secure else set())
    for _, *parts in found:
        assert {part for part in parts if not part.startswith("Path=")} == kept


@pytest.mark.parametrize("minutes", [29, 31])
def test_a_link_ends_after_half_an_hour(site: Site, minutes: int) -> None:
    link = site.link()
    site.clock.pass_by(minutes=minutes)
    assert site.browser().get(link).status_code == (200 if minutes < 30 else 410)
    assert site.browser().post(link, headers=OWN).status_code == (303 if minutes < 30 else 410)


def test_a_session_ends_after_twelve_hours(site: Site) -> None:
    browser = site.signed_in()
    secret = browser.cookies.get("gw_session", path="/console")
    site.clock.pass_by(hours=12)
    answer = site.browser().get("/console", headers={"Cookie": f"gw_session={secret}"})
    assert SIGNED_OUT in answer.text


def test_signing_out_ends_the_session_itself(site: Site) -> None:
    browser = site.signed_in()
    secret = browser.cookies.get("gw_session", path="/console")
    answer = browser.post("/console/sign-out", headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    kept = {"Cookie": f"gw_session={secret}"}
    assert SIGNED_OUT in site.browser().get("/console", headers=kept).text
    assert browser.post("/console/sign-out", headers=OWN).status_code == 303


@pytest.mark.parametrize("kind", [LoginKind.ACCESS_TOKEN, LoginKind.LINK])
def test_other_secrets_are_no_session(site: Site, kind: LoginKind) -> None:
    issued = site.write(
        lambda desk: logins.issue(
            desk.tx, site.world, site.keyring, desk.actor, kind, "other", logins.LINK_LIFETIME
        )
    )
    cookie = {"Cookie": f"gw_session={issued.clear.reveal()}"}
    assert SIGNED_OUT in site.browser().get("/console", headers=cookie).text
    if kind is LoginKind.ACCESS_TOKEN:
        address = f"/welcome/{issued.clear.reveal()}"
        assert site.browser().post(address, headers=OWN).status_code == 410


FORMS = [
    pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="own-page"),
    pytest.param({"Sec-Fetch-Site": "none"}, True, id="typed-by-the-person"),
    pytest.param({"Origin": ORIGIN}, True, id="own-origin"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="other-site"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="sister-site"),
    pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, False, id="contradiction"),
    pytest.param({"Origin": "http://evil.test"}, False, id="other-origin"),
    pytest.param({"Origin": f"{ORIGIN}.evil.test"}, False, id="longer-origin"),
    pytest.param({"Origin": f"{ORIGIN}:81"}, False, id="other-port"),
    pytest.param({"Origin": "null"}, False, id="null-origin"),
    pytest.param({"Origin": "http://[x"}, False, id="broken-origin"),
    pytest.param({}, False, id="says-nothing"),
]


@pytest.mark.parametrize(("headers", "taken"), FORMS)
def test_forms_of_other_sites_sign_nobody_in(
    site: Site, headers: dict[str, str], taken: bool
) -> None:
    link = site.link()
    answer = site.browser().post(link, headers=headers)
    assert answer.status_code == (303 if taken else 403)
    assert ("set-cookie" in answer.headers) == taken
    assert site.browser().get(link).status_code == (410 if taken else 200)


@pytest.mark.parametrize(("headers", "taken"), FORMS)
def test_forms_of_other_sites_sign_nobody_out(
    site: Site, headers: dict[str, str], taken: bool
) -> None:
    browser = site.signed_in()
    assert browser.post("/console/sign-out", headers=headers).status_code == (303 if taken else 403)
    assert (SIGNED_OUT if taken else SIGNED_IN) in browser.get("/console").text


def test_no_secret_is_on_a_page(site: Site) -> None:
    browser, link = site.browser(), site.link()
    assert link.rpartition("/")[2] not in browser.get(link).text
    browser.post(link, headers=OWN)
    assert browser.cookies.get("gw_session", path="/console") not in browser.get("/console").text
