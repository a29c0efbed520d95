"""From test keys to what is answered."""

import shlex

from gatewright.control.test_keys import TestKey
from gatewright.domain.api_key import TEST_KEY_HEADER, TEST_KEY_TTL_SECONDS
from gatewright.interfaces.management.models.security import TestKeyOut


def test_key(made: TestKey) -> TestKeyOut:
    """A test key in clear, with a call to try it."""
    clear = made.clear.reveal()
    header = shlex.quote(f"{TEST_KEY_HEADER}: {clear}")
    return TestKeyOut(
        test_key=clear,
        header=TEST_KEY_HEADER,
        api=made.api.reference,
        environment=made.environment.handle,
        scopes=list(made.scopes),
        url=made.url,
        expires_in=TEST_KEY_TTL_SECONDS,
        expires_at=made.expires_at,
        curl=f"curl -H {header} {shlex.quote(made.url + made.path)}",
    )
