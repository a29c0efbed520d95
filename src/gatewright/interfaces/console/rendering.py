"""Templates turned into answers: everything that is put in gets escaped, nothing may be missing."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse


class Renderer:
    """The templates beside this file, read once: a broken one fails at the start."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        names = environment.list_templates()
        self._templates = {name: environment.get_template(name) for name in names}

    def page(
        self,
        name: str,
        values: Mapping[str, object],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page `<name>.html` with these values."""
        text = self._templates[f"{name}.html"].render(**values)
        return HTMLResponse(text, status, headers)
