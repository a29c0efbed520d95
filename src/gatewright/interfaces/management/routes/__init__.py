"""The routes, one file per noun; each asks control and shows what comes back."""

from fastapi import APIRouter

from gatewright.interfaces.management.routes import (
    api_keys,
    apis,
    applications,
    approvals,
    authenticators,
    credentials,
    deployments,
    domains,
    explain,
    external_clients,
    health,
    key_managers,
    keys,
    members,
    metrics,
    observed,
    people,
    plans,
    registration,
    releases,
    scopes,
    security,
    settings,
    subscriptions,
    tokens,
    usage,
)

ROUTERS: tuple[APIRouter, ...] = (
    people.router,
    members.router,
    observed.router,
    metrics.router,
    usage.router,
    settings.router,
    keys.router,
    apis.router,
    scopes.router,
    security.router,
    deployments.router,
    domains.router,
    releases.router,
    applications.router,
    credentials.router,
    api_keys.router,
    authenticators.router,
    tokens.router,
    registration.router,
    plans.router,
    subscriptions.router,
    approvals.router,
    key_managers.router,
    external_clients.router,
    explain.router,
)
"""All below the base path; the order is that of the documentation."""

HEALTH: APIRouter = health.router
"""The one router outside the base path."""
