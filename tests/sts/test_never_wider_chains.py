"""No chain of grants makes a token wider than its client's rights, or than what it was made from.

Tokens of all grants go into one pool, out of which they are exchanged again, in any order, with
good and bad wishes. What each may at most be is worked out here from the claims alone.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from tests.oauth.outsider import IDP, JWT, Outsider, bear, exchange
from tests.sts.installation import PRODUCTION, Installation, Pair, claims
from tests.sts.test_never_wider import rights

from gatewright.domain.scope import qualified
from gatewright.domain.world import seconds

GATEWAY = "http://production.default.test"
OWN = {"books": ("read", "write"), "films": ("read", "see")}
NAMES = ["read", "write", "see", *(
    qualified("default", handle, name) for handle, names in OWN.items() for name in names
)]  # fmt: skip
GOOD = [GATEWAY, f"{GATEWAY}/books/v1.0", f"{GATEWAY}/books/v1", f"{GATEWAY}/films/v1.0"]
BAD = ["http://development.default.test", f"{GATEWAY}/none/v1", "books"]
targets = st.lists(st.sampled_from(GOOD), min_size=1, max_size=2) | st.lists(
    st.sampled_from(GOOD + BAD), min_size=1, max_size=3
)
wishes = st.fixed_dictionaries({}, optional={
    "scope": st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(" ".join),
    "resource": targets,
})  # fmt: skip
clients = st.integers(0, 2)


def texts(value: object) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


class Chains(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.gw = gw = Installation(Path(self.folder.name))
        for handle, names in OWN.items():
            gw.add_api(handle, names)
        allowed = (None, None, frozenset({"read", "urn:default:films:see"}))
        self.applications = [gw.add_application(item) for item in allowed]
        for place, handles in enumerate((("books", "films"), ("books",), ("books", "films"))):
            for handle in handles:
                gw.subscribe(self.applications[place], handle)
        ttls = zip(self.applications, (900, 300, 600), strict=True)
        self.pairs = [gw.add_pair(item, ttl=ttl) for item, ttl in ttls]
        self.idp = Outsider(gw)
        self.pool: list[str] = []
        self.dead: set[str] = set()
        self.asked = 0

    def teardown(self) -> None:
        self.gw.close()
        self.folder.cleanup()

    @rule(seconds=st.sampled_from([1, 60, 250]))
    def pass_by(self, seconds: int) -> None:
        self.gw.clock.pass_by(seconds=seconds)

    @rule(place=clients, ttl=st.sampled_from([60, 300, 900]))
    def set_lifetime(self, place: int, ttl: int) -> None:
        self.gw.change("credentials", self.pairs[place].credential.id, token_ttl_seconds=ttl)

    @rule(most=st.sampled_from([60, 200, 86_400]))
    def bound_lifetimes(self, most: int) -> None:
        self.gw.change("organizations", self.gw.organization.id, token_ttl_seconds_max=most)

    @rule(place=clients, allowed=st.none() | st.frozensets(st.sampled_from(NAMES)))
    def limit(self, place: int, allowed: frozenset[str] | None) -> None:
        self.gw.change("applications", self.applications[place].id, allowed_scopes=allowed)

    @rule(data=st.data())
    def revoke(self, data) -> None:
        if self.pool:
            token = data.draw(st.sampled_from(self.pool[-3:]))
            owner = next(pair for pair in self.pairs
                         if pair.client_id == claims(token)["client_id"])  # fmt: skip
            assert self.gw.post(f"{PRODUCTION}/revoke", owner, form={"token": token}).status == 200
            self.dead.add(token)

    @rule(place=clients, wish=wishes)
    def client_credentials(self, place: int, wish: dict) -> None:
        pair = self.pairs[place]
        form = {"grant_type": "client_credentials"} | wish
        found = self.take(pair, self.gw.post(f"{PRODUCTION}/token", pair, form=form))
        if found:
            assert found["sub"] == pair.client_id and "act" not in found

    @rule(place=clients, wish=wishes, data=st.data(), audience=st.just([]) | targets)
    def exchange_own(self, place: int, wish: dict, data, audience: list[str]) -> None:
        if not self.pool:
            return
        subject, pair = data.draw(st.sampled_from(self.pool[-3:])), self.pairs[place]
        more = {"audience": audience} if audience else {}
        found = self.take(pair, exchange(self.gw, pair, subject, **wish, **more))
        if found:
            before = claims(subject)
            assert subject not in self.dead and before["exp"] > seconds(self.gw.clock.now)
            assert found["act"]["sub"] == pair.client_id
            assert found["act"].get("act") == before.get("act")
            assert (found["sub"], found.get("idp")) == (before["sub"], before.get("idp"))
            self.is_within(found, before, set(before.get("scope", "").split()))
            self.is_for_no_more(found, before)

    @rule(place=clients, wish=wishes, scope=st.none() | st.lists(st.sampled_from(NAMES)),
          ahead=st.sampled_from([0, 1, 100, 3600, 9999]), bearer=st.booleans())  # fmt: skip
    def word_of_outside(self, place: int, wish: dict, scope, ahead: int, bearer: bool) -> None:
        now, pair = seconds(self.gw.clock.now), self.pairs[place]
        word = self.idp.sign(exp=now + ahead, scope=scope if scope is None else " ".join(scope))
        answer = (bear(self.gw, pair, word, **wish) if bearer
                  else exchange(self.gw, pair, word, JWT, **wish))  # fmt: skip
        found = self.take(pair, answer)
        if found:
            assert ahead > 0 and (found["sub"], found["idp"]) == ("alice", IDP)
            self.is_within(found, claims(word), None if scope is None else set(scope))

    def take(self, pair: Pair, answer) -> dict | None:
        """What holds for every token, whatever grant it is of."""
        self.asked += 1
        if answer.status != 200:
            assert answer.status == 400, answer.body
            return None
        token = answer.json["access_token"]
        found, held = claims(token), set(claims(token).get("scope", "").split())
        may, _ = rights(self.gw, pair)
        assert held <= may and found["client_id"] == pair.client_id
        with self.gw.store.read() as tx:
            most = tx.organizations.get(self.gw.organization.id).token_ttl_seconds_max
            ttl = tx.credentials.get(pair.credential.id).token_ttl_seconds
        assert 0 < found["exp"] - found["iat"] == answer.json["expires_in"] <= min(ttl, most)
        assert found["gwk"] == pair.credential.subject_key
        self.is_narrowed_whole(found, held)
        self.pool.append(token)
        return found

    @staticmethod
    def is_narrowed_whole(found: dict, held: set[str]) -> None:
        """Either for the gateway, or for single APIs with no scope but theirs."""
        if GATEWAY in texts(found["aud"]):
            assert "gwa" not in found
            return
        handles = {entry.split("/")[1] for entry in found["gwa"].split()}
        assert handles == {item.split("/")[3] for item in texts(found["aud"]) if "//" in item}
        own = {name for handle in handles for name in OWN[handle]}
        own |= {qualified("default", handle, name) for handle in handles for name in OWN[handle]}
        assert held <= own

    @staticmethod
    def is_within(found: dict, before: dict, scopes: set[str] | None) -> None:
        """No longer, and no scope but those before, or a qualified one of a short one."""
        assert found["exp"] <= before["exp"]
        for name in set(found.get("scope", "").split()) if scopes is not None else ():
            assert name in scopes or name.rpartition(":")[2] in scopes

    @staticmethod
    def is_for_no_more(found: dict, before: dict) -> None:
        if GATEWAY not in texts(before["aud"]):
            assert texts(found["aud"]) <= texts(before["aud"])
            assert set(found["gwa"].split()) <= set(before["gwa"].split())


TestNeverWiderChains = Chains.TestCase
TestNeverWiderChains.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]
)
