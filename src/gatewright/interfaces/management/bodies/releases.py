"""The bodies about limits by environment and about rollbacks."""

from typing import Annotated

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short

Key = Annotated[str, Field(max_length=1100)]


class LimitsPatch(In):
    """`api` is the whole API's limit such as `1000/minute`, `operations` are those of operations
    such as `GET /books`. What is left out stays; null removes."""

    api: Short | None = None
    operations: Annotated[dict[Key, Short | None] | None, Field(max_length=2000)] = None


class RollbackIn(In):
    """Without `to_revision`: to what was served there before."""

    environment: Short
    to_revision: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
