"""The access table against its golden file, and what must hold whatever the table says."""

from pathlib import Path

from gatewright.access.actions import TABLE, Action, allowed, matrix
from gatewright.domain.person import Role

GOLDEN = Path(__file__).parent / "matrix.txt"


def test_matrix_is_the_reviewed_one() -> None:
    assert matrix() == GOLDEN.read_text()


def test_every_action_has_a_row() -> None:
    assert set(TABLE) == set(Action)


def test_admin_may_do_everything_and_auditor_changes_nothing_but_own_logins() -> None:
    assert all(allowed(Role.ADMIN, action) for action in Action)
    writes = {action for action in Action if "read" not in action} - {Action.OWN_LOGINS}
    assert not [action for action in writes if allowed(Role.AUDITOR, action)]
