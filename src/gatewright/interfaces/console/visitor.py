"""Who looks at a page: the session of the cookie, and whether a form came from our own page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gatewright.control import logins
from gatewright.control.desk import Addresses, Desk
from gatewright.control.logins import Proven
from gatewright.control.ports import serves_everything
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.secrets import SecretText
from gatewright.domain.errors import Denied, Unauthenticated
from gatewright.domain.person import LoginKind
from gatewright.domain.world import World
from gatewright.store.port import Store, Transaction

FORM_HEADERS = {"Referrer-Policy": "same-origin"}
"""For pages with a form: under `no-referrer` browsers send `Origin: null` with it (Fetch §3.2),
and where a page comes by plain http from another machine, `Origin` is all there is to check."""


@dataclass(frozen=True)
class Visitors:
    """Turns cookies into people, and people into desks."""

    store: Store
    world: World
    keyring: Keyring
    addresses: Addresses

    def prove(self, tx: Transaction, request: Request) -> Proven | None:
        """Whose session the cookie is, or None."""
        secret = request.cookies.get(logins.SESSION_COOKIE, "")
        try:
            return logins.prove(tx, self.world, self.keyring, secret, (LoginKind.SESSION,))
        except Unauthenticated:
            return None

    def desk(self, tx: Transaction, proven: Proven) -> Desk:
        """The desk of a proven person in this transaction. Raises Unauthenticated."""
        organization = tx.organizations.get(proven.user.organization_id)
        if organization is None:
            raise Unauthenticated("The organization is gone.", way_out="Sign in again.")
        return Desk(
            tx, self.world, self.keyring, self.addresses, organization, proven.user,
            serves_everything,
        )  # fmt: skip

    def let_in(self, response: Response, session: SecretText) -> None:
        """Set the cookie of a session: out of reach for scripts and for other sites' forms."""
        for path in logins.SESSION_PATHS:
            response.set_cookie(
                logins.SESSION_COOKIE,
                session.reveal(),
                max_age=int(logins.SESSION_LIFETIME.total_seconds()),
                path=path,
                httponly=True,
                samesite="lax",
                secure=self._by_https,
            )

    def let_out(self, response: Response) -> None:
        """Remove the cookie."""
        for path in logins.SESSION_PATHS:
            response.delete_cookie(
                logins.SESSION_COOKIE,
                path=path,
                httponly=True,
                samesite="lax",
                secure=self._by_https,
            )

    @property
    def _by_https(self) -> bool:
        return self.addresses.portal.startswith("https:")


def refuse_cross_site(request: Request) -> None:
    """Raise Denied for a form that another site may have made the browser send.

    Browsers say where a request comes from by Sec-Fetch-Site, or at least by Origin.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = bool(origin) and _host(origin) == request.headers.get("host")
    if not own:
        raise Denied(
            "The request comes from another site.", "Origin", "Open the page here and try again."
        )


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
