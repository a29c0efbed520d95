"""Secrets: recognisable, redacted wherever they print, hashed with a key, sealed to a place."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatewright.crypto import keyfiles
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.secrets import GENERATED, SecretText, generate, hint, looks_generated
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

WORLD = World(lambda: datetime(2026, 1, 1, tzinfo=UTC), os.urandom)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return keyfiles.create(tmp_path / "keys", WORLD)


def test_a_generated_secret_is_found_by_its_pattern_and_checksum() -> None:
    secret = generate("gws", WORLD).reveal()
    assert GENERATED.fullmatch(secret)
    assert looks_generated(secret)
    place = 10
    other = "A" if secret[place] != "A" else "B"
    assert not looks_generated(secret[:place] + other + secret[place + 1 :])


def test_a_secret_never_prints() -> None:
    secret = generate("gws", WORLD)
    clear = secret.reveal()
    record = logging.LogRecord("x", 20, "x", 1, "%s %r", (secret, secret), None)
    printed = [str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{secret:>80}",
               f"{secret}", f"{secret}", repr([secret]), repr({"a": secret}),
               record.getMessage()]  # fmt: skip
    assert not [text for text in printed if clear[4:12] in text]


def test_a_hint_tells_secrets_apart_and_gives_nothing_away() -> None:
    secret = generate("gws", WORLD)
    assert hint(secret).startswith("gws_")
    assert len(hint(secret)) == 12


def test_a_digest_needs_the_pepper(keyring: Keyring) -> None:
    secret = generate("gws", WORLD)
    digest = keyring.digest(secret)
    assert keyring.matches(secret, digest, keyring.pepper_id)
    assert keyring.matches(secret.reveal(), digest, keyring.pepper_id)
    assert not keyring.matches(secret.reveal() + "x", digest, keyring.pepper_id)
    assert not keyring.matches(secret, digest, "unknown")
    other = Keyring({"1": b"y" * 32}, "1", b"z" * 32)
    assert other.digest(secret) != digest


def test_what_is_sealed_opens_in_its_place_only(keyring: Keyring) -> None:
    sealed = keyring.seal(b"private", "signing key k1", WORLD)
    assert b"private" not in sealed
    assert keyring.unseal(sealed, "signing key k1") == b"private"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for broken, context in [(sealed, "signing key k2"), (changed, "signing key k1"), (b"", "x")]:
        with pytest.raises(Unavailable, match="can not be decrypted"):
            keyring.unseal(broken, context)


def test_the_keyring_never_prints_its_keys(keyring: Keyring) -> None:
    assert str(keyring.sealing_key) not in repr(keyring)
    assert "peppers" not in repr(keyring)


def test_key_files_are_private_and_made_once(tmp_path: Path) -> None:
    first = keyfiles.create(tmp_path / "keys", WORLD)
    assert keyfiles.create(tmp_path / "keys", WORLD) == first
    files = list((tmp_path / "keys").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_lost_or_damaged_key_file_is_named(tmp_path: Path, damage: str) -> None:
    keyfiles.create(tmp_path / "keys", WORLD)
    path = tmp_path / "keys" / "sealing.key"
    path.unlink() if damage == "missing" else path.write_bytes(b"short")
    with pytest.raises(Unavailable, match=r"sealing\.key"):
        keyfiles.load(tmp_path / "keys")


def test_a_new_pepper_serves_while_the_old_one_still_verifies(tmp_path: Path) -> None:
    secret = SecretText("gws_example")
    before = keyfiles.create(tmp_path / "keys", WORLD)
    digest = before.digest(secret)
    (tmp_path / "keys" / "pepper-10.key").write_bytes(os.urandom(32))
    after = keyfiles.load(tmp_path / "keys")
    assert after.pepper_id == "10"
    assert after.matches(secret, digest, "1")
