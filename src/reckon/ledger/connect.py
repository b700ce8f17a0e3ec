"""Opening the SQLite file, and saying in our own errors what went wrong with it."""

import shlex
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from reckon.errors import LedgerDamaged, LedgerError, LedgerTooOld
from reckon.ledger import schema
from reckon.settings import ensure_folder

BUSY_TIMEOUT_S = 30.0
SWITCH_TRIES = 300
SWITCH_WAIT_S = 0.05

_NO_ROOM = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a ledger; without `read_only` its folder and tables are made where they are missing.

    Raises:
        LedgerTooNew: A newer reckon wrote it.
        LedgerTooOld: An older reckon wrote it, and it may not be written to.
        LedgerDamaged: The file is not a healthy ledger.
        LedgerError: It cannot be opened.
    """
    if read_only:
        return _connect_read_only(path)
    ensure_folder(path.parent)
    with explained(path):
        connection = _open(f"{_uri(path)}?mode=rwc")
        try:
            schema.check(connection)
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            schema.migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def in_memory() -> sqlite3.Connection:
    """An empty ledger that is gone when it is closed."""
    connection = _open("file::memory:")
    schema.migrate(connection)
    return connection


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise _nothing_there(path)
    with explained(path):
        connection = _open(f"{_uri(path)}?mode=ro")
        try:
            try:
                version = schema.check(connection)
            except sqlite3.OperationalError as error:
                if primary_code(error) not in _NO_ROOM or _has_open_log(path):
                    raise
                # A folder that cannot be written has no room for the files that readers share;
                # without a log beside it nobody is writing, so that it can be read as it is.
                connection.close()
                connection = _open(f"{_uri(path)}?mode=ro&immutable=1")
                version = schema.check(connection)
        except BaseException:
            connection.close()
            raise
    if version < schema.VERSION:
        connection.close()
        raise _too_old(path, version) if version else _nothing_there(path)
    return connection


def _nothing_there(path: Path) -> LedgerError:
    return LedgerError(
        f"There is no ledger at {path}.",
        why="Nothing has been asked or run with this user folder yet.",
        do="Ask something, or set RECKON_HOME to the folder you mean.",
    )


def _too_old(path: Path, version: int) -> LedgerTooOld:
    return LedgerTooOld(
        f"The ledger {path} was written by an older reckon.",
        why=f"It has layout {version}, this reckon reads layout {schema.VERSION}, and the file may"
        " not be changed here.",
        do="Make a copy that can be written, and open that: it is brought up to date then.",
    )


def _has_open_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


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
            if primary_code(error) not in _BUSY or attempt == SWITCH_TRIES - 1:
                raise
            time.sleep(SWITCH_WAIT_S)
        else:
            return


def primary_code(error: BaseException | None) -> int:
    """SQLite's primary result code; 0 where the error is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_busy(error: BaseException) -> bool:
    """Whether somebody else held the lock for too long: trying again at once is no use."""
    return primary_code(error.__cause__ or error) in _BUSY


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _translated(error, path) from error


def _translated(error: sqlite3.DatabaseError, path: Path) -> LedgerError:
    code = primary_code(error)
    why = f"SQLite says: {error}."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        where = shlex.quote(str(path))
        return LedgerDamaged(
            f"The ledger {path} is damaged.",
            why=why,
            do=f"Keep a copy, save what is there with `sqlite3 {where} .recover | sqlite3 saved.db`"
            " and put saved.db in its place; or move it away and start a new one.",
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerError(
            f"The ledger {path} cannot be written: the disk is full.",
            why=why,
            do="Free some space on that disk; what was committed before is safe.",
        )
    if code == sqlite3.SQLITE_IOERR:
        return LedgerError(
            f"The ledger {path} cannot be read or written.",
            why=why,
            do="Check the disk and its free space; what was committed before is safe.",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LedgerError(
            f"The ledger {path} cannot be opened for writing.",
            why=why,
            do="Make the folder writable, or set RECKON_HOME to one that is.",
        )
    if code in _BUSY:
        return LedgerError(
            f"The ledger {path} is locked by another program.",
            why=f"It did not become free within {BUSY_TIMEOUT_S:.0f} seconds.",
            do="Close the program that holds it and try again; nothing was lost.",
        )
    return LedgerError(f"The ledger {path} failed.", why=why)
