"""Raises one plan's limit so far that every call is counted against it and none is refused.

The management API has no call that makes or changes a plan, and none of the product's own plans
both counts and allows so much, so this one row is written through the store.
"""

from dataclasses import replace
from pathlib import Path

from gatewright.main.folder import Folder
from gatewright.main.world import real_world
from gatewright.store.sql.opening import open_store

PLAN = "Gold"
OTHER_PLAN = "Unlimited"
REQUESTS_PER_MINUTE = 1_000_000_000


def raise_beyond_load(folder: Path) -> None:
    """Write the new limit into the database of the instance that runs from this folder."""
    store = open_store(f"sqlite:///{Folder(folder).database}", real_world())
    try:
        with store.write() as transaction:
            (plan,) = transaction.plans.find(name=PLAN)
            transaction.plans.replace(replace(plan, request_count=REQUESTS_PER_MINUTE))
    finally:
        store.close()
