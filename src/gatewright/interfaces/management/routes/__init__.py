"""The routes, one file per noun; each asks control and shows what comes back."""

from fastapi import APIRouter

from gatewright.interfaces.management.routes import (
    apis,
    applications,
    credentials,
    deployments,
    health,
    members,
    observed,
    people,
    scopes,
    settings,
    subscriptions,
    tokens,
)

ROUTERS: tuple[APIRouter, ...] = (
    people.router,
    members.router,
    observed.router,
    settings.router,
    apis.router,
    scopes.router,
    deployments.router,
    applications.router,
    credentials.router,
    tokens.router,
    subscriptions.router,
)
"""All below the base path; the order is that of the documentation."""

HEALTH: APIRouter = health.router
"""The one router outside the base path."""
