"""The keyring's keys from text and from programs: what is good, what is not, and no word of it."""

import base64
import shlex
import sys
from pathlib import Path

import pytest

from gatewright.crypto import keyfiles, keysources
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.main.world import real_world

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
WORLD: World = real_world()


@pytest.mark.parametrize("text", [
    pytest.param(TEXT, id="base64"),
    pytest.param(base64.urlsafe_b64encode(KEY).decode(), id="base64url"),
    pytest.param(TEXT.rstrip("="), id="without-padding"),
    pytest.param(f"  {TEXT}\n", id="as-a-program-prints-it"),
])  # fmt: skip
def test_a_key_in_any_spelling(text: str) -> None:
    assert keysources.key(text, "F") == KEY


@pytest.mark.parametrize(("text", "reason"), [
    pytest.param("", "0 bytes", id="empty"),
    pytest.param("tr€asure", "no base64", id="no-base64"),
    pytest.param(TEXT[:20], "bytes, not 32", id="short"),
    pytest.param(TEXT + TEXT, "no base64|bytes, not 32", id="long"),
])  # fmt: skip
def test_what_is_no_key_is_told_without_itself(text: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason) as caught:
        keysources.key(text, "GATEWRIGHT_SEALING_KEY")
    assert caught.value.field == "GATEWRIGHT_SEALING_KEY" and caught.value.way_out
    assert not text or text not in str(caught.value)


def test_peppers_by_number() -> None:
    assert keysources.peppers(f"1={TEXT}, 2={TEXT}", "F") == {"1": KEY, "2": KEY}
    for text in ("", TEXT, f"a={TEXT}"):
        with pytest.raises(Unavailable):
            keysources.peppers(text, "F")


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_a_key_that_a_program_prints() -> None:
    assert keysources.from_command(python(f"print({TEXT!r})"), "F") == KEY


@pytest.mark.parametrize(("command", "reason"), [
    pytest.param(python("print('geheim'); raise SystemExit(3)"), "code 3", id="failed"),
    pytest.param(python("import time; time.sleep(9)"), "within", id="hangs"),
    pytest.param(python("print('geheim')"), "bytes, not 32", id="something-else"),
    pytest.param("/nowhere/geheim", "can not be run", id="no-such-program"),
    pytest.param("'geheim", "can not be run", id="no-such-words"),
    pytest.param(python("import sys; sys.stderr.write('geheim'); sys.exit(1)"), "code 1",
                 id="says-it-on-stderr"),
])  # fmt: skip
def test_what_goes_wrong_is_told_without_what_was_said(
    command: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Unavailable, match=reason) as caught:
        keysources.from_command(command, "GATEWRIGHT_SEALING_KEY_COMMAND", seconds_max=1)
    said = capfd.readouterr()
    assert "geheim" not in str(caught.value) + said.out + said.err


def test_a_key_from_elsewhere_gets_no_file(tmp_path: Path) -> None:
    ring = keyfiles.create(tmp_path / "keys", WORLD, KEY, {"3": KEY})
    assert (ring.sealing_key, ring.pepper_id) == (KEY, "3")
    assert list((tmp_path / "keys").iterdir()) == []
    assert keyfiles.create(tmp_path / "keys", WORLD, KEY).pepper_id == "1"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["pepper-1.key"]
