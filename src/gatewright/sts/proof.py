"""What a request proved, and what of it may never be accepted again."""

from dataclasses import dataclass
from typing import NamedTuple

from gatewright.domain.token import UsedProof
from gatewright.sts.errors import Refused
from gatewright.sts.records import Client


@dataclass(frozen=True, slots=True)
class Single:
    """A proof that is good once; `replayed` answers the second time."""

    proof: UsedProof
    replayed: Refused


class Proven(NamedTuple):
    """An authenticated client, by which method of RFC 7591 §2, and what that used up."""

    client: Client
    method: str
    singles: tuple[Single, ...] = ()


class KeysNeeded(Exception):
    """The keys at this address are not here, or too old: fetch them without the turn, try again.

    `tries` counts the fetches before, so that what somebody else fetches meanwhile is enough.
    """

    def __init__(self, uri: str, tries: int = 0) -> None:
        super().__init__(uri)
        self.uri, self.tries = uri, tries
