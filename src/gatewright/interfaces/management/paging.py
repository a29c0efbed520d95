"""Pages: the bounds of `limit`, and cursors that say nothing to whoever reads them."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query

from gatewright.domain.errors import Invalid

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before.")
]
_ID = re.compile(r"[a-z]+_[0-9a-z]{26}")


class _Row(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Row)


def after(cursor: str | None) -> str | None:
    """The id behind a cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        id = ""
    if not _ID.fullmatch(id):
        raise Invalid("is no cursor of this API.", "cursor", "Start again without a cursor.")
    return id


def cut(
    read: Callable[[str | None, int], Sequence[R]], cursor: str | None, limit: int
) -> tuple[list[R], str | None]:
    """A page and the cursor of the next one; one row more is read to know whether there is one."""
    rows = list(read(after(cursor), limit + 1))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1].id
    return rows[:limit], base64.urlsafe_b64encode(last.encode()).rstrip(b"=").decode()
