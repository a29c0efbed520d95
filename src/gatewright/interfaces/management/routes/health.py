"""`GET /health`: whether this process answers and its database can be read."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from gatewright.interfaces.management.caller import deps_of

router = APIRouter(tags=["health"])


class HealthOut(BaseModel):
    """`ok` is true; trouble is a problem with status 503 instead."""

    ok: bool = True


@router.get("/health")
def read_health(request: Request) -> HealthOut:
    """Answer once the database was read; 503 when it is away."""
    with deps_of(request).store.read() as tx:
        tx.organizations.count()
    return HealthOut()
