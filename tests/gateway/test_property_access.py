"""For random APIs, subscriptions and credentials, Envoy decides as ten lines from the design do."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.callers import Keys, Outside, access, key_pair
from tests.gateway.conftest import PORT, SANDBOX_PORT, UPSTREAM_PORT, World
from tests.gateway.real import Gateway, Tokens, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

from gatewright.domain.api import Access
from gatewright.domain.environment import Kind
from gatewright.domain.token import api_audience

pytestmark = pytest.mark.real
SCOPES = ("a", "b", "c")
ROLE_SCOPES = {"writer": "b", "boss": "a c"}
APPLICATIONS = ("one", "two")
NUMBERS = itertools.count()
Decision = tuple[int, str]


@dataclass(frozen=True)
class Door:
    """An operation as drawn: any of the alternatives, nothing at all, or an API key alone."""

    alternatives: tuple[frozenset[str], ...]
    anonymous: bool = False
    api_key: bool = False


@dataclass(frozen=True)
class House:
    """An API as drawn, and how each application stands to it: None, active, blocked or pending."""

    doors: tuple[Door, ...]
    access: Access
    standing: tuple[str | None, ...]


@dataclass(frozen=True)
class Guest:
    """A credential as drawn, with at most one thing wrong with it."""

    maker: str | None
    application: int | None
    scopes: frozenset[str] | None
    roles: frozenset[str]
    fault: str
    qualified: bool
    listed: bool
    header: str


def decide(house: House, door: Door, guest: Guest) -> Decision:
    """Design §3 and §4: who is it, is it for us, may it call, with these scopes."""
    is_key = guest.maker == "api-key"
    takes_keys = house.access.api_keys or door.api_key
    if door.anonymous:
        return 200, ""
    if guest.maker is None or not is_read(house, guest) or (is_key and not takes_keys):
        return 401, "900902"
    if guest.maker in ("sts", "oidc") and not house.access.takes(guest.maker):
        return 401, "900901"
    if guest.fault:
        return 401, "900903" if guest.fault == "expired" else "900901"
    if standing(house, guest) != "active":
        codes = {"blocked": "900907", "pending": "900909", None: "900908"}
        return 403, codes[standing(house, guest)]
    enough = any(item <= granted(guest) for item in door.alternatives) or (
        is_key and (door.api_key or bool(guest.scopes is None and door.alternatives))
    )
    return (200, "") if enough else (403, "900910")


def is_read(house: House, guest: Guest) -> bool:
    """Keys have headers of their own; a token counts in the API's alone."""
    return guest.maker in ("api-key", "test-key") or guest.header == house.access.token_header


def standing(house: House, guest: Guest) -> str | None:
    """Test keys need no subscription, and nobody does where none is required."""
    if guest.maker == "test-key":
        return "active"
    found = None if guest.application is None else house.standing[guest.application]
    if house.access.subscription_required or found == "blocked":
        return found
    return "active" if guest.application is not None or guest.maker == "sts" else None


def granted(guest: Guest) -> frozenset[str]:
    """What its scopes say, and with a key manager's token what its roles stand for."""
    of_roles = (scope for role in guest.roles for scope in ROLE_SCOPES[role].split())
    own = guest.scopes or frozenset()
    return own | frozenset(of_roles) if guest.maker == "oidc" else own


SETS = st.frozensets(st.sampled_from(SCOPES), max_size=3)
DOORS = st.builds(
    Door, st.lists(SETS, max_size=3).map(tuple), st.sampled_from((False, False, True)),
    st.booleans(),
)  # fmt: skip
ACCESS = st.builds(
    Access,
    token_header=st.sampled_from(("authorization", "x-access")),
    subscription_required=st.sampled_from((True, True, False)),
    api_keys=st.booleans(),
    key_managers=st.sampled_from(
        (None, None, frozenset({"sts"}), frozenset({"oidc"}), frozenset({"sts", "oidc"}))
    ),
)
STANDING = st.sampled_from(("active", "active", "blocked", "pending", None))
HOUSES = st.builds(
    House,
    st.lists(DOORS, min_size=1, max_size=5).map(tuple),
    ACCESS,
    st.tuples(STANDING, STANDING),
)
GUESTS = st.builds(
    Guest,
    maker=st.sampled_from(("sts", "sts", "oidc", "oidc", "api-key", "test-key", None)),
    application=st.sampled_from((0, 0, 1, None)),
    scopes=st.one_of(SETS, st.none()),
    roles=st.frozensets(st.sampled_from(tuple(ROLE_SCOPES))),
    fault=st.sampled_from(("", "", "", "", "expired", "forged", "environment", "api", "revoked")),
    qualified=st.booleans(),
    listed=st.booleans(),
    header=st.sampled_from(("authorization", "authorization", "x-access")),
).filter(lambda guest: guest.fault != "api" or guest.maker not in ("oidc", "api-key"))


class Town:
    """A gateway to which houses are added, and the makers of credentials for it."""

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        self.world = world
        self.tokens = {kind: Tokens(keys, world.token._audience) for kind in Kind}
        self.forged = Tokens(signing_keys(), world.token._audience)
        self.oidc, self.api = Outside("oidc"), Keys()
        self.false_oidc = Outside("oidc", key_pair("kid_oidc"))
        self.false_api = Keys()
        self.false_api.key = key_pair(str(self.api.key.kid))

    def settle(self) -> None:
        scene = self.world.scene
        row = self.oidc.row(role_claim="realm.roles", role_scopes=ROLE_SCOPES)
        changes = [scene.put("key_managers", row), scene.put("api_key_signers", self.api.signer)]
        for number, name in enumerate(APPLICATIONS):
            changes.append(scene.put("external_clients", self.oidc.client(f"x{number}", name)))
            changes.append(scene.put("api_keys", self.api.row(f"key{number}", name)))
        self.world.in_force(*changes)

    def build(self, house: House) -> str:
        """Serve it, and return its handle."""
        handle, scene = f"h{next(NUMBERS)}", self.world.scene
        operations = {
            f"GET /{number}": "anonymous" if door.anonymous else [
                " ".join(sorted(item)) for item in door.alternatives
            ]
            for number, door in enumerate(house.doors)
        }  # fmt: skip
        made = scene.api(handle, operations, upstream=f"http://127.0.0.1:{UPSTREAM_PORT}")
        keyed = [f"GET /{number}" for number, door in enumerate(house.doors) if door.api_key]
        changes = [*made[:-1], *access(scene, handle, house.access, keyed)]
        for name, state in zip(APPLICATIONS, house.standing, strict=True):
            if state is not None:
                row = scene.subscribe(name, handle, "Unlimited").after
                flags = {"blocked": state == "blocked", "pending": state == "pending"}
                changes.append(scene.put("subscriptions", replace(row, **flags)))
        self.world.in_force(*changes)
        return handle

    def call(self, handle: str, number: int, guest: Guest) -> Decision:
        reply = self.world.call(f"/{handle}/v1/{number}", headers=self._headers(handle, guest))
        return reply.status, "" if reply.status == 200 else reply.json["code"]

    def _headers(self, handle: str, guest: Guest) -> dict[str, str]:
        if guest.maker is None:
            return {}
        if guest.maker in ("api-key", "test-key"):
            return {guest.maker: getattr(self, f"_{guest.maker.replace('-', '_')}")(handle, guest)}
        return {guest.header: f"Bearer {getattr(self, f'_{guest.maker}')(handle, guest)}"}

    def _scopes(self, handle: str, guest: Guest) -> str:
        prefix = f"urn:default:{handle}:" if guest.qualified else ""
        return " ".join(sorted(prefix + name for name in guest.scopes or ()))

    @staticmethod
    def _wrong(guest: Guest) -> dict[str, Any]:
        faults = {"expired": {"exp": int(time.time()) - 600}, "revoked": {"jti": "revoked-1"}}
        return faults.get(guest.fault, {})

    def _sts(self, handle: str, guest: Guest) -> str:
        name = "nowhere" if guest.application is None else APPLICATIONS[guest.application]
        wrong = self._wrong(guest)
        if guest.fault == "environment":
            wrong = {"aud": f"http://127.0.0.1:{SANDBOX_PORT}"}
        if guest.fault == "api":
            wrong = {"gwa": api_audience("env_production", "/elsewhere", "v1.0")}
        make = self.forged if guest.fault == "forged" else self.tokens[Kind.PRODUCTION]
        return make(name, self._scopes(handle, guest), **wrong)

    def _oidc(self, handle: str, guest: Guest) -> str:
        client = "nowhere" if guest.application is None else f"x{guest.application}"
        wrong = {"aud": "elsewhere"} if guest.fault == "environment" else self._wrong(guest)
        text = self._scopes(handle, guest)
        scope = text.split() if guest.listed else text
        make = self.false_oidc if guest.fault == "forged" else self.oidc
        return make.token(client, scope, realm={"roles": sorted(guest.roles)}, **wrong)

    def _api_key(self, handle: str, guest: Guest) -> str:
        id = "nowhere" if guest.application is None else f"key{guest.application}"
        wrong = self._wrong(guest)
        if guest.fault == "environment":
            wrong = {"aud": "urn:gatewright:api-key:sandbox"}
        make = self.false_api if guest.fault == "forged" else self.api
        scopes = None if guest.scopes is None else self._scopes(handle, guest)
        return make.api_key(id, scopes, **wrong)

    def _test_key(self, handle: str, guest: Guest) -> str:
        place = "development" if guest.fault == "environment" else "production"
        context = "/elsewhere" if guest.fault == "api" else f"/{handle}"
        make = self.false_api if guest.fault == "forged" else self.api
        return make.test_key(context, self._scopes(handle, guest), place, **self._wrong(guest))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    keys = signing_keys()
    text = {
        "environments": {"production": PORT, "development": SANDBOX_PORT},
        "applications": {name: {} for name in APPLICATIONS},
        "revoked": ["revoked-1"],
    }
    scene = Scene(text, keys)
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(tmp_path_factory.mktemp("town"), scene)
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(PORT))
            made = Town(World(gateway, scene, Tokens(keys, f"http://127.0.0.1:{PORT}")), keys)
            made.settle()
            yield made
        finally:
            gateway.close()


@settings(
    max_examples=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(house=HOUSES, guests=st.lists(GUESTS, min_size=10, max_size=20))
def test_envoy_decides_as_the_design_says(town: Town, house: House, guests: list[Guest]) -> None:
    handle = town.build(house)
    for guest in guests:
        for number, door in enumerate(house.doors):
            seen, wanted = town.call(handle, number, guest), decide(house, door, guest)
            assert seen == wanted, (house.access, house.standing, door, guest)
