"""The management API over a fresh SQLite file, without sockets, and people of every role."""

import pytest
from tests.management.installation import Installation


@pytest.fixture
def installed(tmp_path):
    with Installation(tmp_path) as installation:
        yield installation


@pytest.fixture
def admin(installed):
    return installed.client("admin")
