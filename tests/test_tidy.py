"""Keeps what linters do not: first sentences, sizes, rooms, and what must never stand in a file."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
LINE_LENGTH_MAX = 100
# A key manager is the field's own word for a token issuer.
BANNED_NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|(?<!key_)managers?|misc|common)(?:_|$)")
LEFT_OVERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows or would know, so that a new one is held to the rules at once."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


PYTHON = tracked("*.py")
SOURCE = [path for path in PYTHON if ROOT / "src" in path.parents]
TEXT = [path for path in tracked() if path.suffix in {
    ".py", ".md", ".toml", ".yaml", ".yml", ".json", ".sh", ".cfg", ".lua", ".js", ".html", ".css",
    "", ".lock", ".txt",
}]  # fmt: skip


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_file_is_small_and_says_what_it_owns(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    lines = text.splitlines()
    assert len(lines) <= FILE_LINES_MAX
    assert all(len(line) <= LINE_LENGTH_MAX for line in lines)
    if lines:
        sentence = (ast.get_docstring(tree) or "").split("\n\n")[0]
        assert sentence.endswith((".", ":")), "the first docstring sentence says what it owns"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_names_say_what_they_are(path: Path) -> None:
    assert not BANNED_NAMES.search(path.stem)
    assert not any(BANNED_NAMES.search(part) for part in path.relative_to(ROOT).parts[:-1])


@pytest.mark.parametrize("path", TEXT, ids=name)
def test_nothing_is_left_over(path: Path) -> None:
    text = path.read_text(errors="replace")
    assert not LEFT_OVERS.search(text)
    home = "/" + "work/"
    assert home not in text and "/" + "root/" not in text
    if path.name != "LICENSE":
        assert not re.search(r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)", text)


@pytest.mark.parametrize("path", SOURCE, ids=name)
def test_envoy_types_stay_in_their_rooms(path: Path) -> None:
    """Envoy's type names belong to the compiler's rooms; elsewhere they would leak its model."""
    rooms = {"policies", "xds", "compile"}
    inside_gateway = "gateway" in path.relative_to(ROOT / "src" / "gatewright").parts[:1]
    if rooms & set(path.parts) or (inside_gateway and path.stem in {"envoy", "snapshot"}):
        return
    assert "type.googleapis.com/envoy." not in path.read_text()


def test_decisions_are_short_and_say_what_they_are_worse_for() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert decisions
    for path in decisions:
        text = path.read_text()
        assert len(text.splitlines()) <= 40, path.name
        for part in ("Context", "Decision", "Because", "Worse for", "Look again when"):
            assert part in text, f"{path.name} lacks {part}"
        worse = text.split("Worse for", 1)[1].split("Look again when", 1)[0]
        assert len(worse.strip(" #*:\n")) > 20, path.name


def test_architecture_stays_readable_in_one_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) < 200
