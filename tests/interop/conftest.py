"""One running installation for the clients of others; their set-up is the fixtures' own work."""

from collections.abc import Iterator

import pytest
from tests.interop.installation import Program, Running
from tests.interop.issuer import Issuer
from tests.interop.keys import key_pair
from tests.interop.scripts import Scripts, prepare
from tests.journeys.conftest import start


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = start(tmp_path_factory.mktemp("interop") / "data", "--ephemeral")
    running = Running(started)
    yield running
    running.close()
    started.stop()


@pytest.fixture(scope="session")
def program(running: Running) -> Program:
    """For tests that leave it as it is."""
    return running.program()


@pytest.fixture(scope="session")
def issuer(running: Running) -> Issuer:
    """A token issuer of others that the organization trusts."""
    issuer = Issuer(key_pair("ES256", "idp-1"))
    running.trust(issuer)
    return issuer


@pytest.fixture(scope="session")
def scripts() -> Scripts:
    """The Node clients, installed from the lock file; no network is the only reason to skip."""
    return prepare()
