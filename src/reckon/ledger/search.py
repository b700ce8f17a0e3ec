"""Full-text search over prompts and answers. The index is filled when somebody searches."""

import sqlite3
from typing import NamedTuple

from reckon.ledger.connect import primary_code

CATCH_UP_CHUNK = 5_000

_FILL = """
INSERT INTO {table} (rowid, item, prompt, answer)
SELECT a.seq, coalesce(a.item_id, ''), coalesce(p.body, ''), coalesce(r.body, '')
FROM (SELECT attempt FROM main.search_queue ORDER BY attempt LIMIT ?) q
JOIN attempts a ON a.seq = q.attempt
LEFT JOIN texts p ON p.id = a.prompt
LEFT JOIN texts r ON r.id = a.answer
WHERE a.keeps_content
"""

_TAKE_OFF = """
DELETE FROM search_queue
WHERE attempt IN (SELECT attempt FROM search_queue ORDER BY attempt LIMIT ?)
"""

_FORGET = """
INSERT INTO search (search, rowid, item, prompt, answer)
SELECT 'delete', a.seq, coalesce(a.item_id, ''), coalesce(p.body, ''), coalesce(r.body, '')
FROM attempts a
LEFT JOIN texts p ON p.id = a.prompt
LEFT JOIN texts r ON r.id = a.answer
WHERE a.seq = ? AND EXISTS (SELECT 1 FROM search_docsize WHERE id = a.seq)
"""

_CANNOT_WRITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


class Source(NamedTuple):
    """Where matching rows come from, as parts of a query; the expression is its first value."""

    join: str
    matches: str
    order: str


_INDEX = Source("JOIN search ON search.rowid = a.seq", "search MATCH ?", "search.rowid DESC")
_INDEX_AND_WAITING = Source(
    "JOIN (SELECT ? AS expression)",
    "a.seq IN (SELECT rowid FROM main.search WHERE search MATCH expression"
    " UNION ALL SELECT rowid FROM temp.waiting WHERE waiting MATCH expression)",
    "a.seq DESC",
)


def prepare(connection: sqlite3.Connection) -> Source:
    """Index what has ended since the last search, and say how to ask.

    Where the ledger cannot be written, what waits is indexed for this connection alone.
    """
    try:
        _catch_up(connection)
    except sqlite3.OperationalError as error:
        if primary_code(error) not in _CANNOT_WRITE:
            raise
        _index_aside(connection)
        return _INDEX_AND_WAITING
    return _INDEX


def forget(connection: sqlite3.Connection, seq: int) -> None:
    """Take an attempt out of the index, while its texts are still what was indexed.

    The index holds no copy of them; told to delete what it does not hold, it would break.
    """
    if connection.execute("DELETE FROM search_queue WHERE attempt = ?", (seq,)).rowcount == 0:
        connection.execute(_FORGET, (seq,))


def _catch_up(connection: sqlite3.Connection) -> None:
    while connection.execute("SELECT 1 FROM search_queue LIMIT 1").fetchone():
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_FILL.format(table="main.search"), (CATCH_UP_CHUNK,))
            connection.execute(_TAKE_OFF, (CATCH_UP_CHUNK,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _index_aside(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS temp.waiting")
    connection.execute(
        "CREATE VIRTUAL TABLE temp.waiting"
        " USING fts5 (item, prompt, answer, content = '', tokenize = 'unicode61')"
    )
    connection.execute(_FILL.format(table="temp.waiting"), (-1,))


def match_expression(text: str) -> str:
    """A query that finds rows with all the words; `"two words"` in quotes is a phrase.

    Whatever the user types is a valid query: every part is quoted, so that no operator of the
    query language can be met by accident.
    """
    parts: list[str] = []
    # A NUL would end the expression in mid-string.
    text = text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
    for position, piece in enumerate(text.split('"')):
        inside_quotes = position % 2 == 1
        parts += [piece] if inside_quotes else piece.split()
    wanted = [part for part in parts if any(letter.isalnum() for letter in part)]
    return " ".join(f'"{part}"' for part in wanted)
