"""What can be set, refused or extended stands in the documentation."""

import os
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatewright.domain.lifecycle import State
from gatewright.domain.world import World
from gatewright.interfaces.cli import create_cli
from gatewright.interfaces.cli.failure import ExitCode
from gatewright.interfaces.cli.hooks import Hooks
from gatewright.settings import Settings

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_explained(field: str) -> None:
    text = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert f"`GATEWRIGHT_{field.upper()}`" in text
    default = Settings.model_fields[field].default
    if isinstance(default, int | str) and not isinstance(default, bool):
        [row] = [row for row in text.splitlines() if f"`GATEWRIGHT_{field.upper()}`" in row]
        assert f"`{default}`" in row, "the default shown is another"


@pytest.mark.parametrize("state", list(State))
def test_every_lifecycle_state_is_explained(state: State) -> None:
    assert f"| {state} |" in (ROOT / "docs" / "concepts.md").read_text()


def readme_commands() -> list[str]:
    """Every `gatewright …` line of the README's code blocks."""
    text = (ROOT / "README.md").read_text()
    lines = [line.strip() for block in text.split("```")[1::2] for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ gatewright ")]


def test_the_readme_shows_the_way_of_the_guide() -> None:
    words = [" ".join(shlex.split(line, comments=True)[1:3]) for line in readme_commands()]
    assert words[:4] == ["api import", "api show", "scope attach", "api deploy"]


@pytest.mark.parametrize("line", readme_commands())
def test_every_command_of_the_readme_exists_with_its_options(line: str) -> None:
    """Parsed by the real command line; it goes no further than looking for an installation."""
    hooks = Hooks("0", lambda options: 0, lambda root: [], World(lambda: NOW, os.urandom))
    sample = str(ROOT / "src/gatewright/main/sample/openapi.yaml")
    words = shlex.split(line.replace("./openapi.yaml", sample), comments=True)[1:]
    environment = {"GATEWRIGHT_DATA": "/nonexistent", "GATEWRIGHT_URL": "", "HOME": "/nonexistent"}
    done = CliRunner(env=environment).invoke(create_cli(hooks), words)
    assert done.exit_code == ExitCode.UNREACHABLE, done.output


@pytest.mark.parametrize("target", ["up", "test", "check", "regen", "validate", "bench"])
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    assert f"make {target}" in (ROOT / "README.md").read_text()
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")),
                         ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
