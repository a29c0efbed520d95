"""A program that writes until it is stopped, and says each row's id when it is committed."""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime

from tests.store.samples import ORGANIZATION

from gatewright.domain.world import World
from gatewright.store.sql import open_store


def main(url: str, name: str, count: int) -> None:
    """Add organizations and, in the same transactions, count them in the plan `plan_1`."""
    store = open_store(url, World(lambda: datetime.now(UTC), os.urandom))
    for number in range(count):
        id = f"org_{name}_{number:06}"
        with store.write() as tx:
            tx.organizations.add(replace(ORGANIZATION, id=id, handle=f"{name}-{number}"))
            plan = tx.plans.find()[0]
            tx.plans.replace(replace(plan, request_count=(plan.request_count or 0) + 1))
        sys.stdout.write(f"{id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
