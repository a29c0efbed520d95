"""Checks of domain names: whose certificates end soon, or have ended."""

from collections.abc import Iterator

from gatewright.interfaces.cli.failure import CommandFailed, ExitCode
from gatewright.interfaces.cli.hooks import Check
from gatewright.interfaces.cli.session import Session


def domain_checks(session: Session) -> Iterator[Check]:
    """One for each domain; only who may see them is told. Raises CommandFailed."""
    try:
        found = session.management.get("/domains")["items"]
    except CommandFailed as error:
        if error.exit_code not in (ExitCode.DENIED, ExitCode.NOT_FOUND):
            raise
        return
    for item in found:
        yield Check(
            f"domain {item['host']}",
            passed=not item["expires_soon"],
            detail=f"its certificate is valid until {item['expires_at']}",
            mend=f"gatewright domain renew {item['host']} --certificate FILE --key FILE",
        )
