"""What a client showed to prove itself, before anybody looked whether it is true."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Presented:
    """A claimed client and the readings of its secret, tried in this order.

    How many readings there are depends on the request's bytes alone, so that the cost of checking
    them tells nothing about the client.
    """

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)
