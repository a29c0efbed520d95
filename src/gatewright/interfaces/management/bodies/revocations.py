"""Bodies of revocations of many tokens at once."""

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.bodies import In


class ApplicationRevocationIn(In):
    """`kind` limits it to one kind of environment."""

    kind: Kind | None = None
