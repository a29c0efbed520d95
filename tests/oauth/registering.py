"""An organization where clients may register themselves, and a client that does."""

import json

from tests.sts.installation import PRODUCTION, Answer, Installation

from gatewright.control import initial_tokens
from gatewright.control.desk import Addresses, Desk
from gatewright.control.ports import serves_everything
from gatewright.control.registrations import Registrar
from gatewright.domain.environment import Kind
from gatewright.domain.person import Role, User
from gatewright.interfaces.oauth.app import create_app
from gatewright.sts.client_auth import NAMES
from gatewright.sts.grants import GRANTS

REGISTER = f"{PRODUCTION}/register"
ADDRESSES = Addresses("http://control.test/api/v1", "http://sts.test", "http://control.test", "")


class Registering:
    """The client's side of registration, and its administrator's."""

    def __init__(self, gw: Installation) -> None:
        self.gw = gw
        self.admin = gw.add(
            "users",
            User(gw.id("usr"), gw.organization.id, "ada", "Ada", Role.ADMIN, gw.clock.now),
        )
        self.enable()
        self.registrar = Registrar(gw.store, gw.world, gw.keyring, ADDRESSES, NAMES, tuple(GRANTS))
        gw.app = create_app(gw.service, gw.log, self.registrar)

    def enable(self, *, enabled: bool = True) -> None:
        self.gw.change("organizations", self.gw.organization.id, registration_enabled=enabled)

    def desk(self, tx) -> Desk:
        gw = self.gw
        home = tx.organizations.get(gw.organization.id)
        return Desk(tx, gw.world, gw.keyring, ADDRESSES, home, self.admin, serves_everything)

    def initial(
        self, uses: int | None = 1, days: int | None = 30, kind: Kind = Kind.PRODUCTION
    ) -> str:
        with self.gw.store.write() as tx:
            return initial_tokens.create(self.desk(tx), "test", kind, uses, days).clear.reveal()

    def ask(
        self,
        method: str,
        path: str,
        bearer: str | None,
        said: object = None,
        *,
        content_type: str = "application/json",
        address: str = "192.0.2.1",
    ) -> Answer:
        headers = [] if bearer is None else [("authorization", f"Bearer {bearer}")]
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        if said is None:
            body = b""
        else:
            headers.append(("content-type", content_type))
        return self.gw.call(method, path, body, headers, address=address)

    def register(self, bearer: str | None = None, **said: object) -> Answer:
        return self.ask("POST", REGISTER, bearer or self.initial(), said)

    def registered(self, **said: object) -> dict:
        answer = self.register(**said)
        assert answer.status == 201, answer.body
        return answer.json

    def own(self, client: dict) -> str:
        return client["registration_client_uri"].removeprefix("http://sts.test")

    def show(self, client: dict, bearer: str | None = None) -> Answer:
        return self.ask("GET", self.own(client), bearer or client["registration_access_token"])

    def put(self, client: dict, bearer: str | None = None, **said: object) -> Answer:
        body = {"client_id": client["client_id"], **said}
        token = bearer or client["registration_access_token"]
        return self.ask("PUT", self.own(client), token, body)

    def remove(self, client: dict, bearer: str | None = None) -> Answer:
        return self.ask("DELETE", self.own(client), bearer or client["registration_access_token"])

    def application(self, client: dict):
        with self.gw.store.read() as tx:
            [credential] = tx.credentials.find(client_id=client["client_id"])
            return tx.applications.get(credential.application_id)

    def token(self, client: dict, secret: str | None = None, **options) -> Answer:
        from tests.sts.installation import basic

        shown = basic(client["client_id"], secret or client["client_secret"])
        headers = [("authorization", shown), *options.pop("headers", ())]
        return self.gw.post(f"{PRODUCTION}/token", headers=headers, **options)


def refused(answer: Answer, error: str = "invalid_client_metadata") -> str:
    assert (answer.status, answer.json["error"]) == (400, error), answer.body
    assert answer.headers["cache-control"] == "no-store"
    return answer.json["error_description"]


def unauthorized(answer: Answer) -> bytes:
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="gatewright", error="invalid_token"'
    assert answer.headers["cache-control"] == "no-store"
    return answer.body


def audit(gw: Installation) -> list[tuple[str, str]]:
    with gw.store.read() as tx:
        return [(row.action, row.actor) for row in tx.audit_records.find()]


def authenticators(site: Registering, told: dict) -> list:
    with site.gw.store.read() as tx:
        [credential] = tx.credentials.find(client_id=told["client_id"])
        return tx.authenticators.find(credential_id=credential.id)
