"""What the black-box tests start from: an API, a subscribed application, its credential."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oauth.registering import Registering
from tests.sts.installation import Installation, Pair


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    installation.add_api("books", ["books:read", "books:write"])
    yield installation
    installation.close()


@pytest.fixture
def pair(gw: Installation) -> Pair:
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application)


@pytest.fixture
def site(gw: Installation) -> Registering:
    return Registering(gw)
