"""docs/reference/cli.md tells what the commands are; the names that scripts count on stay."""

import pytest
from tools import cli_reference

from gatewright.interfaces.cli.app import COMMANDS, GROUPS


def test_the_page_is_current():
    page = cli_reference.PAGE.read_text()
    assert page == cli_reference.render(), "run `python -m tools.cli_reference`"


@pytest.mark.parametrize(
    "name",
    [
        "up", "status", "doctor", "api import", "api show", "api list", "api deploy", "api publish",
        "api lifecycle", "api delete", "scope attach", "scope detach", "scope list", "scope add",
        "app create", "app list", "app show", "app keys", "app delete", "subscribe", "unsubscribe",
        "token", "revoke", "login", "plan list", "env list", "audit", "curl", "down",
    ],
)  # fmt: skip
def test_names_that_scripts_count_on(name):
    group, _, command = name.rpartition(" ")
    commands = GROUPS[group][1] if group else COMMANDS
    assert command in dict(commands)


def test_every_command_takes_json_but_up():
    blocks = cli_reference.render().split("\n## ")[1:]
    without = [block.splitlines()[0] for block in blocks if "`--json`" not in block]
    assert without == ["`gatewright up`"]
