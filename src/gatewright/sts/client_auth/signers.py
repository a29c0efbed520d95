"""Which of a client's authenticators has the key that signed an assertion."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from gatewright.crypto import foreign
from gatewright.crypto.foreign import ForeignKey, NotValid
from gatewright.domain.authenticator import Authenticator
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.presented import ShownAssertion
from gatewright.sts.remote_keys import discovery_uri
from gatewright.sts.state import State


def signer(
    state: State, shown: ShownAssertion, ways: Iterable[Authenticator]
) -> Authenticator | None:
    """The first whose key signed it; those with keys at an address are asked last.

    Raises KeysNeeded; TemporarilyUnavailable when nothing matched and keys could not be read.
    """
    unavailable: TemporarilyUnavailable | None = None
    for way in sorted(ways, key=lambda way: "jwks" not in way.settings):
        try:
            _verify(state, shown.unverified_jwt, way.settings)
        except NotValid:
            continue
        except TemporarilyUnavailable as error:
            unavailable = error
            continue
        return way
    if unavailable is not None:
        raise unavailable
    return None


def _verify(state: State, unverified_jwt: str, settings: Mapping[str, str]) -> None:
    if "jwks" in settings:
        foreign.verify(unverified_jwt, _keys(settings["jwks"]))
    elif "jwks_uri" in settings:
        state.remote_keys.verify(unverified_jwt, settings["jwks_uri"])
    else:
        issuer = settings["issuer"]
        state.remote_keys.verify(unverified_jwt, discovery_uri(issuer), issuer)


@lru_cache(maxsize=1000)
def _keys(jwks: str) -> tuple[ForeignKey, ...]:
    return foreign.key_set(jwks)
