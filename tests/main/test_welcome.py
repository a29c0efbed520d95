"""The first start's words: an example that can not be had ends nothing."""

from pathlib import Path

import pytest

from gatewright.main.addresses import Addresses
from gatewright.main.folder import Folder
from gatewright.main.prepared import Prepared
from gatewright.main.talk import Talk
from gatewright.main.welcome import Start, welcome


def test_without_a_token_for_the_example_the_rest_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path)
    folder.create()
    folder.cli_token.write_text("gwt_none")
    nobody = "http://127.0.0.1:1"
    addresses = Addresses(
        {}, {"control": nobody}, nobody, nobody, {"production": nobody, "sandbox": nobody}, nobody
    )
    prepared = Prepared(sign_in_code=None, sample=True, counts={})

    welcome(Start(folder, addresses, prepared, Talk()))

    assert "Bearer TOKEN" in capsys.readouterr().out
