"""What reaches the terminal: errors with their way out, exit codes, and no control characters."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from gatewright.domain.errors import Conflict, Denied
from gatewright.interfaces.cli.app import failure_of
from gatewright.interfaces.cli.failure import ExitCode
from gatewright.interfaces.cli.terminal import clean

HOSTILE = "\x1b[2J\x1b]0;owned\x07B\x9b31mooks\u202egnp.exe\u200b\r\nfake line"


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        pytest.param(401, "unauthenticated", 4, id="401"),
        pytest.param(403, "denied", 4, id="403"),
        pytest.param(404, "not-found", 3, id="404"),
        pytest.param(409, "conflict", 1, id="409"),
        pytest.param(422, "invalid", 1, id="422"),
        pytest.param(500, "error", 1, id="500"),
        pytest.param(503, "unavailable", 5, id="503"),
    ],
)
def test_problems_become_exit_codes_and_errors(run, fake, status, code, exit_code):
    fake.refuse("GET", "/apis", status, code, "That is so.", field="name", way_out="Do this.")
    result = run("api", "list")
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr.startswith(f"error[{code}]: ")
    assert "That is so." in result.stderr
    assert "\n  → " in result.stderr


def test_an_error_names_field_reason_way_out_and_each_further_item(run, fake):
    errors = [{"field": "paths", "message": "is missing"}, {"field": "info", "message": "is empty"}]
    fake.refuse("POST", "/apis/import", 422, "invalid", "It is no API.", field="document",
                way_out="Mend it.", errors=errors)  # fmt: skip
    result = run("api", "import", "-", stdin="{}")
    assert result.stderr == (
        "error[invalid]: document: It is no API.\n"
        "  paths: is missing\n"
        "  info: is empty\n"
        "  → Mend it.\n"
    )


def test_a_field_is_not_said_twice(run, fake):
    errors = [{"field": "name", "message": "is too long"}]
    fake.refuse("POST", "/applications", 422, "invalid", "name: is too long.", field="name",
                errors=errors)  # fmt: skip
    assert run("app", "create", "x").stderr == "error[invalid]: name: is too long.\n"


def test_an_error_with_json_is_one_document_on_stdout(run, fake):
    fake.refuse("GET", "/apis", 403, "denied", "Not you.", way_out="Ask.")
    told = json.loads(run("api", "list", "--json").stdout)["error"]
    assert told == {
        "code": "denied",
        "field": None,
        "reason": "Not you.",
        "way_out": "Ask.",
        "exit_code": 4,
        "errors": [],
    }


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("nothing",), id="no command"),
        pytest.param(("api", "show"), id="no argument"),
        pytest.param(("api", "list", "--nope"), id="no option"),
        pytest.param(("token", "a", "--kind", "staging"), id="no kind"),
        pytest.param(("api", "list", "--limit", "0"), id="out of range"),
        pytest.param(("scope", "attach", "a", "b"), id="no operation"),
    ],
)
def test_a_command_line_that_can_not_be_meant_is_64(run, fake, words):
    result = run(*words)
    assert result.exit_code == 64
    assert result.stderr.startswith("error[usage]: ")
    assert "--help`." in result.stderr
    assert fake.requests == []


@pytest.mark.parametrize("words", [(), ("api",), ("app", "secret")])
def test_a_group_alone_shows_its_help(run, words):
    result = run(*words)
    assert result.exit_code == 64
    assert "Commands:" in result.stdout


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(httpx2.ConnectError("refused"), "nobody listens there", id="refused"),
        pytest.param(httpx2.ReadTimeout("slow"), "no answer within 30 seconds", id="timeout"),
        pytest.param(httpx2.ReadError("reset"), "the connection broke off", id="reset"),
        pytest.param(httpx2.UnsupportedProtocol("x"), "UnsupportedProtocol", id="other"),
    ],
)
def test_who_does_not_answer_is_5(run, fake, error, words):
    fake.breaks("GET", "/apis", error)
    result = run("api", "list")
    assert result.exit_code == 5
    assert words in result.stderr
    assert "→ Run `gatewright up`" in result.stderr


@pytest.mark.parametrize("answer", [pytest.param(b"<html>", id="200"), pytest.param(b"[", id="[")])
def test_something_else_that_answers_is_5(run, fake, answer):
    fake.table["GET", "/api/v1/apis"] = lambda: httpx2.Response(200, content=answer)
    result = run("api", "list")
    assert result.exit_code == 5
    assert "is no management API" in result.stderr


def test_a_create_whose_answer_was_lost_is_asked_again_with_the_same_key(run, fake, application):
    answers = iter([httpx2.RemoteProtocolError("gone"), None])

    def answer() -> httpx2.Response:
        error = next(answers)
        if error is not None:
            raise error
        return httpx2.Response(201, json=application)

    fake.table["POST", "/api/v1/applications"] = answer
    assert run("app", "create", "Book worm").exit_code == 0
    first, second = (item.headers["Idempotency-Key"] for item in fake.requests)
    assert first == second
    assert len(first) == 32


def test_names_of_other_people_can_not_act_on_the_terminal(run, fake, api):
    hostile = {**api, "name": HOSTILE, "reference": HOSTILE, "context": HOSTILE, "state": HOSTILE}
    fake.on("GET", "/apis", {"items": [hostile], "next_cursor": None})
    fake.on("GET", "/apis/books", {**hostile, "upstreams": {HOSTILE: HOSTILE}})
    fake.on("POST", "/apis/books/lifecycle", hostile)
    fake.refuse("GET", "/plans", 400, HOSTILE, HOSTILE, field=HOSTILE, way_out=HOSTILE)
    commands = ("api list", "api show books", "api publish books", "plan list")
    for words in (*commands, "api list --json", "plan list --json"):
        output = run(*words.split()).output
        assert "owned" in output
        assert not set(output.replace("\n", "")) & set("\x00\x07\x0d\x1b\x9b\u202e\u200b"), words
        assert "\nfake line" not in output


def test_clean_keeps_people_s_letters():
    assert clean("Bücher 书 📚 naïve") == "Bücher 书 📚 naïve"
    assert clean("a\x1b[1m\tb\nc") == "a\\x1b[1m\\x09b\\x0ac"


def test_errors_of_the_domain_keep_their_code():
    assert failure_of(Denied("No.")).exit_code is ExitCode.DENIED
    assert failure_of(Conflict("No.")).code == "conflict"


def test_the_token_stands_in_the_header_and_nowhere_else(run, fake):
    fake.refuse("GET", "/apis", 401, "unauthenticated", "No such token.")
    result = run("api", "list")
    assert fake.requests[0].headers["Authorization"] == "Bearer gwp_the-owners-token"
    assert "gwp_" not in str(fake.requests[0].url)
    assert "gwp_" not in result.output


def test_help_is_fast_because_little_is_imported():
    """The CLI path loads neither web framework nor store, and the client only when asked."""
    heavy = ("fastapi", "sqlalchemy", "httpx2", "grpc", "pydantic", "rich", "uvicorn", "yaml")
    code = (
        "import sys; from gatewright.interfaces.cli import create_cli;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    source = Path(__file__).parent.parent.parent / "src"
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}, timeout=30,
    )  # fmt: skip
    assert told.stdout.strip() == "[]", told.stdout
