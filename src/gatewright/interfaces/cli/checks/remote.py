"""Checks of what answers: the management API, the gateways and the token service's public pages."""

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gatewright.interfaces.cli.checks.domains import domain_checks
from gatewright.interfaces.cli.connection import LOOPBACK
from gatewright.interfaces.cli.failure import CommandFailed, ExitCode
from gatewright.interfaces.cli.hooks import Check
from gatewright.interfaces.cli.session import Session

if TYPE_CHECKING:
    import httpx2

_CLOCK_SECONDS_MAX = 5
_UNKNOWN_PATH = "/gatewright-doctor-asks-for-nothing"
_RESTART = "gatewright down && gatewright up"


def check_services(session: Session) -> list[Check]:
    """Every check of a service. Raises CommandFailed when the management API does not answer."""
    status = session.management.get("/status")
    urls = status["urls"]
    checks = [Check("management", passed=True, detail=f"{urls['management']} answers")]
    checks.append(_gateways(status))
    kinds = ("production", "sandbox")
    checks += [_gateway(session, kind, urls["gateway"][kind]) for kind in kinds]
    checks += _token_service(session, urls["sts"], session.hooks.world.now())
    checks += _key_managers(session)
    checks += domain_checks(session)
    checks += [
        Check("deployment", passed=False, detail=f"{fault['api']}: {fault['reason']}",
              mend=f"gatewright api show {fault['api']}")
        for fault in status["faults"]
    ]  # fmt: skip
    return checks


def _gateways(status: dict[str, Any]) -> Check:
    connected = [node for node in status["gateways"] if node["connected"]]
    rejected = [node["rejection"].strip() for node in connected if node["rejection"]]
    if rejected:
        mend = "mend the API that Envoy names, and deploy it again"
        return Check("envoy's answer", passed=False, detail=rejected[0], mend=mend)
    behind = [n for n in connected if n["applied_sequence"] < status["sequence"]]
    detail = f"{len(connected)} connected, {len(connected) - len(behind)} up to date"
    return Check("gateways", bool(connected) and not behind, detail, _RESTART)


def _key_managers(session: Session) -> Iterator[Check]:
    """Those whose keys gateways need and nobody can read; only who may see them is told."""
    try:
        found = session.management.get("/key-managers")["items"]
    except CommandFailed as error:
        if error.exit_code not in (ExitCode.DENIED, ExitCode.NOT_FOUND):
            raise
        return
    for item in found:
        if item["enabled"] and item["api_access"] and item["jwks_uri"]:
            yield _key_manager(item)


def _key_manager(item: dict[str, Any]) -> Check:
    name, kept = f"key manager {item['handle']}", item["key_set"]
    mend = f"gatewright key-manager refresh {item['handle']}"
    if kept is None:
        return Check(name, passed=False, detail="its keys were never read", mend=mend)
    keys = f"{len(kept['keys'])} keys"
    if kept["failure"] is None:
        return Check(name, passed=True, detail=f"{keys}, the same since {kept['since']}")
    detail = f"{keys}; failing since {kept['failing_since']}: {kept['failure']}"
    return Check(name, passed=False, detail=detail, mend=mend)


def _gateway(session: Session, kind: str, url: str) -> Check:
    name = f"gateway {kind}"

    def judge(got: "httpx2.Response") -> Check:
        passed = got.status_code == 404
        detail = f"{url} answers {got.status_code} to an unknown path"
        return Check(name, passed, detail, "another program may hold its port: " + _RESTART)

    return _ask(session, name, url + _UNKNOWN_PATH, judge)


def _token_service(session: Session, issuer: str, now: datetime) -> Iterator[Check]:
    jwks_uri = f"{issuer}/jwks"
    parts = urlsplit(issuer)
    metadata = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"

    def judge_metadata(got: "httpx2.Response") -> Check:
        nonlocal jwks_uri
        told = got.json()
        jwks_uri = str(told.get("jwks_uri", jwks_uri))
        detail = f"issuer {told.get('issuer')}"
        mend = "set GATEWRIGHT_STS_PUBLIC_URL to the URL that clients use"
        return Check("sts metadata", told.get("issuer") == issuer, detail, mend)

    def judge_keys(got: "httpx2.Response") -> Check:
        keys = got.json()["keys"]
        good = all(key["kty"] in ("EC", "RSA", "OKP") and key["kid"] for key in keys)
        private = any("d" in key for key in keys)
        detail = "holds a private key" if private else f"{len(keys)} public keys"
        return Check("sts keys", good and bool(keys) and not private, detail, _RESTART)

    def judge_clock(got: "httpx2.Response") -> Check:
        told = parsedate_to_datetime(got.headers["Date"])
        away = abs((now - told).total_seconds())
        detail, mend = f"{away:.0f} s from this machine's", "timedatectl set-ntp true"
        return Check("sts clock", away <= _CLOCK_SECONDS_MAX, detail, mend)

    yield _ask(session, "sts metadata", metadata, judge_metadata)
    yield _ask(session, "sts keys", jwks_uri, judge_keys)
    yield _ask(session, "sts clock", metadata, judge_clock)


def _ask(
    session: Session, name: str, url: str, judge: Callable[["httpx2.Response"], Check]
) -> Check:
    import httpx2

    local = urlsplit(url).hostname in LOOPBACK
    try:
        with session.management.open(url, None, local=local) as client:
            return judge(client.get(url))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        detail = f"{url} can not be reached: {type(error).__name__}"
        return Check(name, passed=False, detail=detail, mend=_RESTART)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Check(name, passed=False, detail=f"{url} answers something else", mend=_RESTART)
