"""Signing keys: made and sealed, unsealed once in a process, published as JWKS."""

from gatewright.sts.keys.chain import KeyChain, jwks
from gatewright.sts.keys.create import create, ensure

__all__ = ["KeyChain", "create", "ensure", "jwks"]
