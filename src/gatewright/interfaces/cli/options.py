"""The options and arguments that many commands share, with the help they show."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """The kind of an environment."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="GATEWRIGHT_DATA",
        show_default=False,
        help="Data folder of the installation. "
        "Default: ./.gatewright beside a gatewright.yaml, else the user's data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and only that.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without a question.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until the gateways have it in force.")
]
Limit = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, help="Print at most so many.")
]  # fmt: skip
ApiName = Annotated[
    str, typer.Argument(metavar="API", help="An API: handle, handle:version or id.")
]  # fmt: skip
AppName = Annotated[
    str, typer.Argument(metavar="APP", help="An application: handle, name or id.")
]  # fmt: skip
KindOption = Annotated[
    Kind, typer.Option("--kind", help="Which kind of environment the keys or token are for.")
]
Environment = Annotated[
    str | None,
    typer.Option("--environment", "-e", metavar="ENV", help="An environment's handle."),
]
