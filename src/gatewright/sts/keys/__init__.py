"""Signing keys: made, announced, signing, retired, removed; opened once in a process, published."""

from gatewright.sts.keys.backend import Backends
from gatewright.sts.keys.backends import backends
from gatewright.sts.keys.chain import KeyChain, jwks
from gatewright.sts.keys.create import check, ensure, make
from gatewright.sts.keys.desk import KeyDesk
from gatewright.sts.keys.keeper import Keeper

__all__ = [
    "Backends",
    "Keeper",
    "KeyChain",
    "KeyDesk",
    "backends",
    "check",
    "ensure",
    "jwks",
    "make",
]
