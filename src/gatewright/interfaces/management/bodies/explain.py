"""The body of a question about a token or key."""

from typing import Annotated

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short


class ExplainIn(In):
    """`token` is a token, an API key or a test key, bare or as a whole header line of a call.

    `operation` is such as `GET /books/42`. Without an environment: production, or the last one
    that the API is deployed to. `header` is where the call has it; by default where it belongs.
    """

    token: Annotated[str, Field(max_length=33_000, repr=False)]
    api: Short
    operation: Annotated[str, Field(max_length=2_100)]
    environment: Short | None = None
    header: Short | None = None
