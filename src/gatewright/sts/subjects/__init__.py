"""Tokens of somebody else that a client shows: read here, and believed only as `Subject`s."""

from gatewright.sts.subjects.subject import Subject

__all__ = ["Subject"]
