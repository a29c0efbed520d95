"""Token exchange with tokens that are bound to a key, and with keys that are fetched."""

import pytest
from tests.crypto.holder import Holder
from tests.crypto.keyholder import Keyholder
from tests.oauth.outsider import IDP, Outsider, bear, exchange
from tests.sts.installation import PRODUCTION, Installation, Pair, claims

from gatewright.domain.errors import Unavailable
from gatewright.sts.remote_keys import RemoteKeys


@pytest.fixture
def other(gw: Installation) -> Pair:
    """The client whose tokens are exchanged."""
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application)


@pytest.fixture
def idp(gw: Installation) -> Outsider:
    return Outsider(gw)


class TestBoundTokens:
    """Whoever stole a bound token must not change it for one that is not (RFC 9449 §7.2)."""

    HOLDER, THIEF = Holder(), Holder(number=1)

    def proof(self, gw: Installation, holder: Holder) -> list[tuple[str, str]]:
        return [("dpop", holder.proof(gw.clock.now.timestamp()))]

    def bound(self, gw: Installation, other: Pair) -> str:
        answer = gw.post(f"{PRODUCTION}/token", other, headers=self.proof(gw, self.HOLDER))
        return answer.json["access_token"]

    def test_without_a_proof(self, gw, pair, other) -> None:
        answer = exchange(gw, pair, self.bound(gw, other))
        assert answer.json["error"] == "invalid_request"

    def test_with_the_proof_of_another_key(self, gw, pair, other) -> None:
        proof = self.proof(gw, self.THIEF)
        answer = exchange(gw, pair, self.bound(gw, other), headers=proof)
        assert answer.json["error"] == "invalid_request"

    def test_with_its_proof_it_stays_bound(self, gw, pair, other) -> None:
        proof = self.proof(gw, self.HOLDER)
        answer = exchange(gw, pair, self.bound(gw, other), headers=proof)
        found = claims(answer.json["access_token"])
        assert answer.json["token_type"] == "DPoP" and answer.json["issued_token_type"]
        assert found["cnf"] == {"jkt": self.HOLDER.thumbprint} and "gwk" not in found
        assert found["gwb"] == pair.credential.subject_key

    def test_a_bearer_token_becomes_a_bound_one(self, gw, pair, other) -> None:
        answer = exchange(gw, pair, gw.token(other), headers=self.proof(gw, self.THIEF))
        assert claims(answer.json["access_token"])["cnf"] == {"jkt": self.THIEF.thumbprint}

    def test_a_token_of_outside_that_is_bound_to_the_same_key(self, gw, pair, idp) -> None:
        token = idp.sign(cnf={"jkt": self.HOLDER.thumbprint})
        assert exchange(gw, pair, token, headers=self.proof(gw, self.HOLDER)).status == 200
        assert exchange(gw, pair, token, headers=self.proof(gw, self.THIEF)).status == 400

    def test_a_replayed_proof(self, gw, pair, other) -> None:
        proof, token = self.proof(gw, self.HOLDER), self.bound(gw, other)
        assert exchange(gw, pair, token, headers=proof).status == 200
        answer = exchange(gw, pair, token, headers=proof)
        assert answer.json["error"] == "invalid_dpop_proof"

    def test_bound_tokens_are_told_as_such(self, gw, other) -> None:
        answer = gw.post(f"{PRODUCTION}/introspect", other, form={"token": self.bound(gw, other)})
        assert answer.json["token_type"] == "DPoP"
        assert answer.json["cnf"] == {"jkt": self.HOLDER.thumbprint} and "gwb" not in answer.json


class TestKeysFromAnAddress:
    """The same with keys that are fetched: out of the turn, kept, and found again when rotated."""

    @pytest.fixture
    def idp(self, gw: Installation) -> Outsider:
        found = Outsider(gw, jwks=None, jwks_uri=f"{IDP}/jwks")
        self.asked: list[str] = []
        self.keys = [found.key]

        def fetch(uri: str) -> bytes:
            self.asked.append(uri)
            if not self.keys:
                raise Unavailable("it is away.")
            return self.keys[0].jwks(*self.keys[1:]).encode()

        gw.service.state.remote_keys = RemoteKeys(fetch, gw.world)
        return found

    def test_fetched_once_and_kept(self, gw, pair, idp) -> None:
        for _ in range(3):
            assert exchange(gw, pair, idp.sign()).status == 200
            assert bear(gw, pair, idp.sign()).status == 200
        assert self.asked == [f"{IDP}/jwks"]

    def test_nothing_is_fetched_for_nobody(self, gw, pair, idp) -> None:
        assert exchange(gw, Pair(pair.credential, "wrong", ""), idp.sign()).status == 401
        assert exchange(gw, pair, idp.sign(iss="https://evil.test")).status == 400
        assert self.asked == []

    def test_a_new_key_is_found(self, gw, pair, idp) -> None:
        assert exchange(gw, pair, idp.sign()).status == 200
        new = Keyholder(kid="k2")
        self.keys.append(new)
        gw.clock.pass_by(seconds=60)
        assert exchange(gw, pair, new.sign(idp.claims())).status == 200

    def test_an_issuer_that_is_away(self, gw, pair, idp) -> None:
        self.keys.clear()
        answer = exchange(gw, pair, idp.sign())
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
