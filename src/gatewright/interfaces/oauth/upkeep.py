"""The slow background work of an STS worker; no request waits for it."""

import asyncio

from gatewright.interfaces.oauth.app import App

UPKEEP_SECONDS = 60


async def run_upkeep(app: App) -> None:
    """Write last uses and prune revocations once a minute, until cancelled."""
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        await run_once(app)


async def run_once(app: App) -> None:
    """One round; an unexpected error is reported and ends nothing."""
    try:
        await asyncio.to_thread(app.service.upkeep())
    except Exception as error:  # noqa: BLE001 - upkeep must never end the worker
        app.log.fail("upkeep", error)
