"""The routes, one file per noun; each asks control and shows what comes back."""

from fastapi import APIRouter

from gatewright.interfaces.management.routes import (
    apis,
    applications,
    authenticators,
    credentials,
    deployments,
    health,
    key_managers,
    keys,
    members,
    metrics,
    observed,
    people,
    registration,
    scopes,
    settings,
    subscriptions,
    tokens,
)

ROUTERS: tuple[APIRouter, ...] = (
    people.router,
    members.router,
    observed.router,
    metrics.router,
    settings.router,
    keys.router,
    apis.router,
    scopes.router,
    deployments.router,
    applications.router,
    credentials.router,
    authenticators.router,
    tokens.router,
    registration.router,
    subscriptions.router,
    key_managers.router,
)
"""All below the base path; the order is that of the documentation."""

HEALTH: APIRouter = health.router
"""The one router outside the base path."""
