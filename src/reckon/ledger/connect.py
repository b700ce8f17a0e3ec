"""Opening the SQLite file, and saying in our own errors what went wrong with it."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from reckon.errors import LedgerDamaged, LedgerError
from reckon.ledger import schema
from reckon.settings import ensure_folder

BUSY_TIMEOUT_S = 30.0
SWITCH_TRIES = 300
SWITCH_WAIT_S = 0.05


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a ledger; without `read_only` its folder and tables are made where they are missing.

    Raises:
        LedgerTooNew: A newer reckon wrote it.
        LedgerDamaged: The file is not a healthy ledger.
        LedgerError: It cannot be opened.
    """
    if read_only:
        return _connect_read_only(path)
    ensure_folder(path.parent)
    with explained(path):
        connection = _open(f"{_uri(path)}?mode=rwc")
        try:
            schema.check_version(connection)
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            schema.migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise LedgerError(
            f"There is no ledger at {path}.",
            why="Nothing has been asked or run with this user folder yet.",
            do="Ask something, or set RECKON_HOME to the folder you mean.",
        )
    with explained(path):
        connection = _open(f"{_uri(path)}?mode=ro")
        try:
            schema.check_version(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _open(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


def _uri(path: Path) -> str:
    return path.absolute().as_uri()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Turn on write-ahead logging. SQLite does not wait for its lock here, so we do."""
    for attempt in range(SWITCH_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == SWITCH_TRIES - 1:
                raise
            time.sleep(SWITCH_WAIT_S)
        else:
            return


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _translated(error, path) from error


def _translated(error: sqlite3.DatabaseError, path: Path) -> LedgerError:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return LedgerDamaged(
            f"The ledger {path} is damaged.",
            why=f"SQLite says: {text}.",
            do=f"Keep a copy, save what is there with `sqlite3 {path} .recover`, "
            "or move it away and start a new one.",
        )
    if "full" in text or "disk I/O" in text:
        return LedgerError(
            f"The ledger {path} cannot be written.",
            why=f"SQLite says: {text}.",
            do="Free some space on that disk; what was committed before is safe.",
        )
    if "readonly" in text or "unable to open" in text:
        return LedgerError(
            f"The ledger {path} cannot be opened for writing.",
            why=f"SQLite says: {text}.",
            do="Make the folder writable, or set RECKON_HOME to one that is.",
        )
    if "locked" in text or "busy" in text:
        return LedgerError(
            f"The ledger {path} is locked by another program.",
            why=f"It did not become free within {BUSY_TIMEOUT_S:.0f} seconds.",
            do="Close the program that holds it and try again; nothing was lost.",
        )
    return LedgerError(f"The ledger {path} failed.", why=f"SQLite says: {text}.")
