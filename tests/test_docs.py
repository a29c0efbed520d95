"""What can be set, refused or extended stands in the documentation."""

from pathlib import Path

import pytest

from gatewright.domain.lifecycle import State
from gatewright.settings import Settings

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
