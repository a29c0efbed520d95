"""The keyring's digest is HMAC-SHA-256, although its beginning is kept."""

import hmac

import pytest

from gatewright.crypto.keyring import Keyring


@pytest.mark.parametrize("pepper", [b"", b"p" * 32, b"p" * 64, b"p" * 65, b"p" * 200])
def test_a_digest_is_hmac_each_time(pepper: bytes) -> None:
    keyring = Keyring({"1": pepper, "2": b"other"}, "1", b"s" * 32)
    for text in ("", "secret", "ünïcode" * 400, "secret"):
        for name, key in (("1", pepper), ("2", b"other"), ("gone", b"unknown pepper")):
            assert keyring.digest(text, name) == hmac.digest(key, text.encode(), "sha256").hex()


def test_nothing_kept_prints() -> None:
    keyring = Keyring({"1": b"pepper"}, "1", b"sealing")
    keyring.digest("hush")
    assert "pepper=" not in repr(keyring) and "sealing" not in repr(keyring)
    assert "HMAC" not in repr(keyring)
