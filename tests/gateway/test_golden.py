"""Golden files hold, and the real Envoy takes each of them."""

from pathlib import Path

import pytest
from tests.gateway.regen import FOLDER, LINE, compiled, desired
from tests.gateway.validate import complaint

FILES = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES)
def test_compiles_to_what_the_file_says(path: Path) -> None:
    upper, text = desired(path)
    assert path.read_text() == upper + LINE + compiled(text), "`make regen` rewrites it"


@pytest.mark.real
@pytest.mark.parametrize("path", FILES)
def test_envoy_takes_it(path: Path) -> None:
    assert complaint(path) == ""
