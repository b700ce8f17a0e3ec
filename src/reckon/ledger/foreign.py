"""Databases of others, read by a query of the user's and never written to.

Three locks hold: the file is opened for reading, SQLite is told that queries may not write, and an
authorizer refuses every statement that is more than a reading one, such as attaching another file.
"""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from reckon.errors import SourceError, UsageError
from reckon.ledger.connect import primary_code

BUSY_TIMEOUT_S = 10.0
AT_ONCE = 256
"""Rows that are fetched at once; a result is never held whole."""

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_HINT = "Give a file and a query: 'sqlite:FILE?SELECT name, city FROM people'"


def query(path: str, sql: str) -> Generator[tuple[str, ...] | tuple[object, ...]]:
    """The names of the columns, then the rows of a query; streams.

    Args:
        path: The database.
        sql: One statement that reads.

    Raises:
        UsageError: There is no query, or two of them, or it would write.
        SourceError: The file is no database or cannot be read, or the query fails.
    """
    if not sql.strip():
        raise UsageError(f"There is no query for {path}.", do=_HINT)
    if not Path(path).is_file():
        raise SourceError(f"There is no database {path}.", do="Check the path.")
    refused: list[int] = []

    def authorize(action: int, *_: object) -> int:
        if action in _READING:
            return sqlite3.SQLITE_OK
        refused.append(action)
        return sqlite3.SQLITE_DENY

    try:
        with closing(_opened(path)) as connection:
            connection.set_authorizer(authorize)
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise UsageError(f"The query for {path} gives no rows.", why=sql, do=_HINT)
            yield tuple(column[0] for column in cursor.description)
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, path, sql, is_refused=bool(refused)) from error


def _opened(path: str) -> sqlite3.Connection:
    uri = Path(path).absolute().as_uri()
    connection = sqlite3.connect(
        f"{uri}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        # A source is read in whichever thread asks for the next rows, one after the other.
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


def _explained(
    error: Exception, path: str, sql: str, *, is_refused: bool
) -> SourceError | UsageError:
    code = primary_code(error)
    if is_refused or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH):
        return UsageError(
            f"The query for {path} does more than read.",
            why="A source is only read; nothing was changed.",
            do="Write a query that begins with SELECT or WITH.",
        )
    if "one statement" in str(error):
        return UsageError(
            f"There is more than one statement in the query for {path}.", why=sql, do=_HINT
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return SourceError(
            f"{path} is no healthy SQLite database.",
            why=f"SQLite says: {error}.",
            do="Check the path.",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return SourceError(
            f"{path} is locked by another program.",
            why=f"It did not become free within {BUSY_TIMEOUT_S:.0f} seconds.",
            do="Close that program and try again.",
        )
    return SourceError(
        f"The query for {path} failed.",
        why=f"SQLite says: {error}.",
        do=f"Correct it; `sqlite3 {path} .schema` shows what tables and columns there are.",
    )
