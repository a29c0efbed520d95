"""The checks of `gatewright doctor` that need the database or the keyring; they change nothing."""

from contextlib import closing
from pathlib import Path

from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.cli.hooks import Check
from gatewright.main.environment import read_settings
from gatewright.main.folder import Folder, read_json
from gatewright.main.keyring import open_keyring, open_signers, sealing_source
from gatewright.main.world import real_world
from gatewright.store.sql import open_store
from gatewright.store.sql.dialects.sqlite import driver
from gatewright.sts.keys import check

SQLITE_MIN = (3, 51, 3)
"""Versions before it may lose a transaction when the write-ahead log is reset."""


def checks(root: Path) -> list[Check]:
    """SQLite's version, the database's soundness, and signing keys that open."""
    folder = Folder(root)
    if not folder.database.exists():
        return [_library()]
    return [_library(), _database(folder), _signing_keys(folder)]


def _library() -> Check:
    version = str(driver().sqlite_version)
    passed = tuple(int(part) for part in version.split(".")) >= SQLITE_MIN
    return Check("SQLite", passed, f"version {version}", "pip install --upgrade pysqlite3")


def _database(folder: Folder) -> Check:
    try:
        with closing(driver().connect(f"file:{folder.database}?mode=ro", uri=True)) as connection:
            [(found,), *_] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except Exception as error:  # noqa: BLE001 - whatever the driver says is what the check found
        found = f"{type(error).__name__}: {error}"
    return Check("database", found == "ok", str(found)[:300], "restore it from your backup")


def _signing_keys(folder: Folder) -> Check:
    """Every active key must open with the keyring, or no token can be signed."""
    mend = f"restore {folder.keys} together with the database"
    try:
        settings = read_settings()
        source = read_json(folder.installation).get("sealing_key", "file")
        if source != "file" and sealing_source(settings) == "file":
            detail = f"not tried: their sealing key comes from the {source} of `gatewright up`"
            return Check("signing keys", passed=True, detail=detail, mend=mend)
        keyring = open_keyring(folder, settings)
        store = open_store(f"sqlite:///{folder.database}", real_world())
        with closing(store), store.read() as tx:
            rows = tx.signing_keys.find()
            check(tx, open_signers(settings, keyring, real_world()))
    except GatewrightError as error:
        return Check("signing keys", passed=False, detail=str(error), mend=mend)
    detail = f"{len(rows)} keys open"
    return Check("signing keys", passed=bool(rows), detail=detail, mend=mend)
