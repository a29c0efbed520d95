"""The explanation of a call against the rows that a real Envoy is held to: the same verdicts."""

import time
from datetime import UTC, datetime

import pytest
from tests.gateway.keyed import SCENE, populate
from tests.gateway.real import Tokens, signing_keys
from tests.gateway.scene import STS_URL, Scene
from tests.gateway.test_real_keys import EXTERNAL, ROLES
from tests.gateway.test_real_own_keys import API_KEYS, TEST_KEYS, replace_signer

from gatewright.control.desk import Addresses, Desk
from gatewright.control.explain import explain
from gatewright.control.explain import maker as rules
from gatewright.control.explain.steps import NAMES, Outcome
from gatewright.crypto.keyring import Keyring
from gatewright.domain.errors import NotFound
from gatewright.domain.person import Role, User
from gatewright.domain.token import api_audience, audience_marker
from gatewright.domain.world import World
from gatewright.gateway.policies import access_token
from gatewright.store.sql import migrate, open_store

WORLD = World(lambda: datetime.now(UTC), lambda count: b"\x00" * count)
ORDER = (
    "organizations", "environments", "plans", "apis", "revisions", "deployments", "applications",
    "credentials", "subscriptions", "signing_keys", "revoked_tokens", "key_managers",
    "fetched_key_sets", "external_clients", "api_keys", "api_key_signers",
)  # fmt: skip


class Asked:
    """The scene in a store, and questions about it."""

    def __init__(self, folder, scene):
        self.scene = scene
        url = f"sqlite:///{folder}/gatewright.db"
        migrate(url)
        self.store = open_store(url, WORLD)
        with self.store.write() as tx:
            for noun in ORDER:
                for row in self.scene.tables[noun].values():
                    getattr(tx, noun).add(row)
        self.organization = self.scene.tables["organizations"]["org_1"]

    def desk(self, tx, role=Role.ADMIN, id="usr_0"):
        user = User(id, "org_1", "somebody", "Somebody", role, WORLD.now())
        addresses = Addresses(STS_URL, STS_URL, STS_URL, STS_URL)
        keyring = Keyring({"1": b"p" * 32}, "1", b"s" * 32)
        return Desk(tx, WORLD, keyring, addresses, self.organization, user, lambda *_: ())

    def __call__(self, path, text, method="GET", header=None, role=Role.ADMIN, **more):
        _, handle, _, rest = path.split("/", 3)
        with self.store.read() as tx:
            found = explain(
                self.desk(tx, role), text, f"{handle}:v1.0", f"{method} /{rest}",
                more.get("environment", "production"), header,
            )  # fmt: skip
        secret = text.rpartition(".")[2]
        told = [step.reason + str(step.way_out) for step in found.steps]
        assert len(secret) < 20 or not any(secret in line for line in told)
        assert [step.name for step in found.steps] == list(NAMES)
        return found


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    keys = signing_keys()
    scene = Scene(SCENE, keys)
    callers = populate(scene)
    found = Asked(tmp_path_factory.mktemp("explain"), scene)
    found.callers = callers
    found.tokens = Tokens(keys, scene.tables["environments"]["env_production"].gateway_url)
    yield found
    found.store.close()


@pytest.mark.parametrize(("path", "make", "status", "code"), EXTERNAL)
def test_tokens_of_key_managers(asked, path, make, status, code):
    found = asked(path, make(asked.callers))
    assert (found.status, found.code or "") == (status, code), found


@pytest.mark.parametrize(("issuer", "claims", "status"), ROLES)
def test_roles(asked, issuer, claims, status):
    token = getattr(asked.callers, issuer).token(cid="portal", **{"scope": "x", **claims})
    assert asked("/all/v1/write", token, "POST").status == status


@pytest.mark.parametrize(("path", "make", "status"), API_KEYS)
def test_api_keys(asked, path, make, status):
    found = asked(path, make(asked.callers.production), header="api-key")
    assert found.status == status, found


@pytest.mark.parametrize(("path", "make", "status"), TEST_KEYS)
def test_test_keys(asked, path, make, status):
    found = asked(path, make(asked.callers.production), header="test-key")
    assert found.status == status, found


OURS = [
    pytest.param("/all/v1/read", {}, 200, "", id="sound"),
    pytest.param("/all/v1/read", {"scope": "urn:default:all:books:read"}, 200, "", id="qualified"),
    pytest.param("/all/v1/read", {"scope": ""}, 403, "900910", id="no scope"),
    pytest.param("/all/v1/read", {"scope": "urn:default:other:books:read"}, 403, "900910",
                 id="another API's scope"),
    pytest.param("/all/v1/nobody", {}, 403, "900910", id="nobody's"),
    pytest.param("/other/v1/any", {}, 403, "900908", id="not subscribed"),
    pytest.param("/all/v1/any", {"application": "stranger"}, 403, "900908", id="a stranger"),
    pytest.param("/all/v1/any", {"gwk": "client_reader_production.0"}, 403, "900908",
                 id="another generation"),
    pytest.param("/all/v1/any", {"gwk": None}, 403, "900908", id="nobody"),
    pytest.param("/all/v1/any", {"jti": "revoked-1"}, 401, "900901", id="revoked"),
    pytest.param("/all/v1/any", {"exp": 1_700_000_000}, 401, "900903", id="expired"),
    pytest.param("/all/v1/any", {"exp": None}, 401, "900901", id="without end"),
    pytest.param("/all/v1/any", {"aud": "https://other.test"}, 401, "900901", id="other audience"),
    pytest.param("/all/v1/any", {"kind": "sandbox"}, 401, "900901", id="of the sandbox"),
    pytest.param("/all/v1/any", {"key_of": "sandbox"}, 401, "900901", id="another key"),
    pytest.param("/all/v1/any", {"gwk": None, "gwb": "client_reader_production.1"}, 401, "900901",
                 id="bound"),
    pytest.param("/all/v1/any", {"aud": audience_marker("env_production"),
                                 "gwa": api_audience("env_production", "/all", "v1")}, 200, "",
                 id="narrowed to it"),
    pytest.param("/all/v1/any", {"gwa": api_audience("env_production", "/other", "v1")}, 401,
                 "900901", id="narrowed to another"),
    pytest.param("/theirs/v1/any", {}, 401, "900901", id="not taken there"),
    pytest.param("/all/v1/open", {"exp": 1}, 200, "", id="anonymous"),
    pytest.param("/all/v1/nowhere", {}, 404, "404", id="no such path"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "claims", "status", "code"), OURS)
def test_tokens_of_our_own(asked, path, claims, status, code):
    found = asked(path, asked.tokens(**claims))
    assert (found.status, found.code or "") == (status, code), found


def test_another_method_is_none(asked):
    assert asked("/all/v1/read", asked.tokens(), "DELETE").status == 405


@pytest.mark.parametrize(("line", "status"), [
    ("x-access: Bearer {}", 200), ("X-Access: bearer {}", 200), ("authorization: Bearer {}", 401),
    ("x-access: {}", 401), ("x-access: DPoP {}", 401), ("x-access: Basic {}", 401),
    ("{}", 200), ("Bearer {}", 200),
])  # fmt: skip
def test_a_header_of_the_apis_own(asked, line, status):
    for token in (asked.tokens(), asked.callers.oidc.token()):
        assert asked("/header/v1/read", line.format(token)).status == status, line


@pytest.mark.parametrize("text", [
    "", " ", "opaque", "a.b", "a.b.c", "a.b.c.d", "..", "eyJhbGciOiJub25lIn0.e30.", "gwk_",
    "gwk_a.b.c", "Authorization: Basic dXNlcjpwYXNz", "\x00", "é" * 10, "." * 33_000,
])  # fmt: skip
def test_what_is_no_token(asked, text):
    assert asked("/keyed/v1/any", text).status == 401


def test_keys_that_another_signed(asked):
    forged = replace_signer(asked.callers.production)
    assert asked("/keyed/v1/any", forged.api_key("key_production")).status == 401
    assert asked("/keyed/v1/any", forged.test_key("/keyed")).status == 401


def test_the_steps_end_where_it_is_refused(asked):
    steps = asked("/all/v1/read", asked.tokens(scope="")).steps
    outcomes = {step.name: step.outcome for step in steps}
    assert outcomes["subscription"] is Outcome.OK and outcomes["scopes"] is Outcome.REFUSED
    early = {step.name: step.outcome for step in asked("/all/v1/read", "x").steps}
    assert early["credential"] is Outcome.REFUSED and early["issuer"] is Outcome.NOT_REACHED
    assert all(step.way_out for step in steps if step.outcome is Outcome.REFUSED)


def test_names_of_others_applications_are_hidden(asked):
    shown = asked("/all/v1/read", asked.tokens()).steps
    assert any("reader" in step.reason for step in shown)
    hidden = asked("/all/v1/read", asked.tokens(), role=Role.CONSUMER)
    assert hidden.allowed and not any("reader" in step.reason for step in hidden.steps)


def test_an_api_that_is_not_there(asked):
    with pytest.raises(NotFound):
        asked("/nowhere/v1/x", asked.tokens())


def test_how_long_ago_it_expired(asked):
    token = asked.tokens(exp=int(time.time()) - 3725)
    (step,) = [step for step in asked("/all/v1/read", token).steps if step.name == "time"]
    assert step.reason.startswith("It expired 1:02:0")


def test_the_clocks_may_be_as_far_apart_as_at_the_gateway():
    assert rules.OUR_SKEW_SECONDS == access_token.CLOCK_SKEW_SECONDS
    assert rules.FOREIGN_SKEW_SECONDS == access_token.FOREIGN_CLOCK_SKEW_SECONDS
