"""What is answered about limits by environment and about differences between definitions."""

from typing import Literal

from gatewright.interfaces.management.models import LimitOut, Out


class LimitsOut(Out):
    """The limits set for an environment, and those in force there: null where nothing is deployed.

    With `deploy_needed`, deploying puts `limits` in force; deploying `deployed_revision` changes
    nothing else. `revision` is the API's.
    """

    environment: str
    limits: list[LimitOut]
    in_force: list[LimitOut] | None
    deployed_revision: int | None
    deploy_needed: bool
    revision: int


class DifferenceOut(Out):
    """One change in words, about an operation, a scope, or how callers show who they are."""

    kind: Literal["operation", "scope", "access"]
    change: Literal["added", "removed", "changed"]
    subject: str
    text: str


class DifferencesOut(Out):
    """What changed from one definition to the other; nothing when they are alike."""

    api: str
    before: str
    after: str
    items: list[DifferenceOut]
