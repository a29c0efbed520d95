"""Why a token or key is let in or refused at an operation, step by step, as a gateway decides.

Its order is that of the policies in Envoy, and its verdict has to equal theirs; a test on the real
gateway compares them. It reads, writes nothing, and lets nobody in.
"""

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.control.explain import caller, credential, maker, subscription, target
from gatewright.control.explain.steps import Explanation, Refused, Walk

__all__ = ["explain"]


def explain(
    desk: Desk,
    text: str,
    api: str,
    operation: str,
    environment: str | None = None,
    header: str | None = None,
) -> Explanation:
    """The gateway's verdict about a call with that token or key, and how it comes about.

    `text` is a bare token, or a whole header line of a call. Raises Denied, Invalid, and NotFound
    for an API or environment that is not there.
    """
    desk.demand(Action.READ_APIS)
    walk = Walk()
    try:
        found = target.find(desk, walk, api, operation, environment)
        if found.operation.anonymous:
            return walk.ended(why="The operation is open to everybody: nothing is looked at.")
        _go(desk, walk, found, text, header)
    except Refused as refused:
        return walk.ended(refused)
    return walk.ended()


def _go(desk: Desk, walk: Walk, found: target.Target, text: str, header: str | None) -> None:
    shown = credential.read(desk, found, text, header)
    made_by = maker.verified(desk, walk, found, shown)
    key = caller.subject(walk, made_by, shown)
    caller.check_revoked(desk, walk, found, shown, key)
    caller.check_meant_for(walk, found, made_by, shown)
    who = caller.caller(desk, made_by, key)
    subscription.check_subscription(desk, walk, found, made_by, who)
    caller.check_scopes(desk, walk, found, made_by, shown)
