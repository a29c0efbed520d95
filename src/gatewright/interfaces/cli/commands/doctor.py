"""`gatewright doctor`: runs every check, says what is wrong and the command that mends it."""

import typer

from gatewright.interfaces.cli.checks.local import check_folder
from gatewright.interfaces.cli.checks.remote import check_services
from gatewright.interfaces.cli.failure import CommandFailed, ExitCode
from gatewright.interfaces.cli.hooks import Check
from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean, mark


def doctor(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Check this installation; say what mends it.

    Looks at files, keys, database, ports, Envoy, clock and what answers. Exit code 1 when a check
    fails.
    """
    session = open_session(context, data, as_json=as_json)
    checks = run_checks(session)
    passed = all(check.passed for check in checks)
    result = {
        "passed": passed,
        "checks": [
            {
                "name": check.name,
                "passed": check.passed,
                "detail": check.detail,
                "mend": check.mend or None,
            }
            for check in checks
        ],
    }
    session.answer(result, lambda: _write(session, checks))
    if not passed:
        raise typer.Exit(ExitCode.ERROR)


def run_checks(session: Session) -> list[Check]:
    """Every check, local ones first; one lent by `main` stands in for ours of the same name."""
    ours = check_folder(session.folder, session.hooks.world.now())
    lent = _lent(session)
    named = {check.name for check in lent}
    local = [check for check in ours if check.name not in named]
    try:
        services = check_services(session)
    except CommandFailed as error:
        services = [Check("management", passed=False, detail=error.reason, mend="gatewright up")]
    return [*local, *lent, *services]


def _lent(session: Session) -> list[Check]:
    """What `main` checks; its failure is a finding, as a damaged file may break a library."""
    try:
        return list(session.hooks.local_checks(session.folder.root))
    except Exception as error:  # noqa: BLE001
        detail = f"{type(error).__name__}: {str(error)[:300]}"
        mend = f"look at {session.folder.root}, and restore what is damaged"
        return [Check("database and keys", passed=False, detail=detail, mend=mend)]


def _write(session: Session, checks: list[Check]) -> None:
    terminal = session.terminal
    width = max(len(check.name) for check in checks)
    for check in checks:
        name = clean(check.name).ljust(width)
        terminal.write(f"{mark(passed=check.passed)} {name}  {clean(check.detail)}")
        if not check.passed and check.mend:
            terminal.write(f"  {' ' * width}  → {clean(check.mend)}")
    failed = sum(not check.passed for check in checks)
    terminal.say("All is well." if not failed else f"{failed} of {len(checks)} checks failed.")
