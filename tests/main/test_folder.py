"""The data folder is private, found by rule, and its files are written whole."""

from pathlib import Path

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.main.folder import Folder, read_json, write_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_every_folder_is_private_even_when_it_was_not(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o755)
    folder = Folder(root)
    folder.create()
    assert [mode(path) for path in (root, folder.logs, folder.run)] == [0o700] * 3
    assert (root / ".gitignore").read_text() == "*\n"


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Unavailable, match="Choose --data DIR"):
        Folder(tmp_path / "data").create()


def test_private_files_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b'{"a"', {}), (b"\xff", {})],
    ids=["object", "other JSON", "cut off", "not text"],
)
def test_a_damaged_file_reads_as_empty(tmp_path: Path, content: bytes, expected: object) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    assert read_json(path) == expected
    assert read_json(tmp_path / "absent.json") == {}


def test_a_socket_path_stays_within_the_kernel_s_bound(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    folder = Folder(deep)
    folder.create()
    assert len(bytes(folder.socket("ads"))) <= 100
    assert folder.socket("ads") != folder.socket("admin")
    assert mode(folder.socket("ads").parent) == 0o700
