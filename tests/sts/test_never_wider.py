"""No sequence of changes and requests gives a token wider than the client's rights at that time.

The oracle reads the store itself and works the rights out anew, in the plainest way there is.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims

from gatewright.domain.environment import Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.scope import qualified

HANDLES = ("books", "films")
SHORT = ("read", "write", "urn:default:films:read")
NAMES = (*SHORT, *(f"urn:default:{handle}:{name}" for handle in HANDLES for name in SHORT), "x")
PATHS = {Kind.PRODUCTION: PRODUCTION, Kind.SANDBOX: SANDBOX}
some_names = st.lists(st.sampled_from(NAMES), max_size=4)


def rights(gw: Installation, pair: Pair) -> tuple[set[str], bool]:
    """Every spelling that a token of this client may hold now; and whether it may have one."""
    with gw.store.read() as tx:
        credential = tx.credentials.get(pair.credential.id)
        application = tx.applications.get(credential.application_id)
        places = {row.id for row in tx.environments.find(kind=credential.kind)}
        names: set[str] = set()
        for subscription in tx.subscriptions.find(application_id=application.id):
            for api in tx.apis.find(handle=subscription.api_handle):
                if subscription.blocked or api.major != subscription.api_major:
                    continue
                for deployment in tx.deployments.find(api_id=api.id):
                    if api.state is State.RETIRED or deployment.environment_id not in places:
                        continue
                    revision = tx.revisions.get(deployment.revision_id)
                    for scope in revision.definition.scopes:
                        full = qualified("default", api.handle, scope.name)
                        allowed = application.allowed_scopes
                        if allowed is None or scope.name in allowed:
                            names |= {scope.name, full}
                        elif full in allowed:
                            names.add(full)
        return names, not application.blocked


class Requests(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.gw = Installation(Path(self.folder.name))
        self.apis = [self.gw.add_api(handle, SHORT[: 2 + place])
                     for place, handle in enumerate(HANDLES)]  # fmt: skip
        self.applications = [self.gw.add_application() for _ in range(2)]
        self.pairs = [self.gw.add_pair(application, kind)
                      for application in self.applications for kind in Kind]  # fmt: skip
        self.issued = 0

    def teardown(self) -> None:
        self.gw.close()
        self.folder.cleanup()

    @rule(place=st.integers(0, 1), handle=st.sampled_from(HANDLES), major=st.integers(1, 2))
    def subscribe(self, place: int, handle: str, major: int) -> None:
        application = self.applications[place]
        with self.gw.store.read() as tx:
            known = tx.subscriptions.find(application_id=application.id, api_handle=handle)
        if not any(row.api_major == major for row in known):
            self.gw.subscribe(application, handle, major)

    @rule(blocked=st.booleans(), remove=st.booleans(), data=st.data())
    def change_a_subscription(self, blocked: bool, remove: bool, data) -> None:
        with self.gw.store.read() as tx:
            rows = tx.subscriptions.find()
        if rows:
            row = data.draw(st.sampled_from(rows))
            if remove:
                self.gw.remove("subscriptions", row.id)
            else:
                self.gw.change("subscriptions", row.id, blocked=blocked)

    @rule(place=st.integers(0, 1), allowed=st.none() | st.frozensets(st.sampled_from(NAMES)),
          blocked=st.sampled_from([False, False, True]))  # fmt: skip
    def limit(self, place: int, allowed: frozenset[str] | None, blocked: bool) -> None:
        id = self.applications[place].id
        self.gw.change("applications", id, allowed_scopes=allowed, blocked=blocked)

    @rule(place=st.integers(0, 1), retire=st.sampled_from([False, False, True]))
    def move(self, place: int, retire: bool) -> None:
        state = State.RETIRED if retire else State.PUBLISHED
        self.gw.change("apis", self.apis[place].id, state=state)

    @rule(data=st.data())
    def undeploy(self, data) -> None:
        with self.gw.store.read() as tx:
            rows = tx.deployments.find()
        if rows:
            self.gw.remove("deployments", data.draw(st.sampled_from(rows)).id)

    @rule(place=st.integers(0, 3), wanted=st.none() | some_names, issuer=st.sampled_from([*Kind]),
          secret=st.integers(0, 3), resource=st.booleans())  # fmt: skip
    def ask(self, place: int, wanted: list[str] | None, issuer: Kind, secret: int,
            resource: bool) -> None:  # fmt: skip
        pair = self.pairs[place]
        caller = Pair(pair.credential, self.pairs[secret].secret, "")
        form = {"grant_type": "client_credentials"}
        if wanted:
            form["scope"] = " ".join(wanted)
        if resource:
            name = "production" if issuer is Kind.PRODUCTION else "development"
            form["resource"] = f"http://{name}.default.test"
        answer = self.gw.post(f"{PATHS[issuer]}/token", caller, form=form, address=f"{self.issued}")
        may, allowed_at_all = rights(self.gw, pair)
        if answer.status != 200:
            assert answer.status in (400, 401)
            return
        self.issued += 1
        assert secret == place and issuer is pair.credential.kind and allowed_at_all
        found = claims(answer.json["access_token"])
        held = set(found.get("scope", "").split())
        assert held <= may
        assert found["iss"].endswith(str(issuer)) and found["client_id"] == pair.client_id
        if wanted:
            assert len(held) >= 1

    @precondition(lambda self: self.issued)
    @invariant()
    def nothing_was_written_by_asking(self) -> None:
        with self.gw.store.read() as tx:
            assert tx.revoked_tokens.count() == tx.audit_records.count() == 0


TestNeverWider = Requests.TestCase
TestNeverWider.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]
)
