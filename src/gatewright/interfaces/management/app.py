"""The application: its routers, its rim and its errors, put together and nothing else."""

from typing import Any

from fastapi import FastAPI

from gatewright import __version__
from gatewright.interfaces.management import problems
from gatewright.interfaces.management.deps import BASE, Deps
from gatewright.interfaces.management.models import Problem
from gatewright.interfaces.management.rim import Rim
from gatewright.interfaces.management.routes import HEALTH, ROUTERS

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, and the way out (RFC 9457).",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def create_app(deps: Deps) -> FastAPI:
    """The management API as an ASGI application; it opens nothing and starts nothing."""
    app = _routed()
    app.state.deps = deps
    app.add_middleware(Rim, deps=deps)
    return app


def description() -> dict[str, Any]:
    """The OpenAPI 3.1 description, which is checked in."""
    return _routed().openapi()


def _routed() -> FastAPI:
    app = FastAPI(
        title="Gatewright management API",
        version=__version__,
        description="Everything that the command line, the console and the portal do.",
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    app.include_router(HEALTH, responses=_PROBLEM)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE, responses=_PROBLEM)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the schema of problems, which no route returns by itself, to the description."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        schema = generate()
        schemas = schema["components"]["schemas"]
        if "Problem" not in schemas:
            own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(own.pop("$defs", {}))
            schemas["Problem"] = own
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for item in schema["paths"].values():
            for operation in item.values():
                operation["responses"].pop("422", None)
        return schema

    app.openapi = described  # type: ignore[method-assign]
