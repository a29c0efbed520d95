"""An installation for the tests of the token service's parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sts.installation import Installation


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    installation.add_api("books", ["books:read", "books:write"])
    yield installation
    installation.close()
