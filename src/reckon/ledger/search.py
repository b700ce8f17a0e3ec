"""Full-text search over prompts and answers. The index is filled when somebody searches."""

import sqlite3

CATCH_UP_CHUNK = 5_000

_FILL = """
INSERT INTO search (rowid, item, prompt, answer)
SELECT a.seq, coalesce(a.item_id, ''), coalesce(p.body, ''), coalesce(r.body, '')
FROM (SELECT attempt FROM search_queue ORDER BY attempt LIMIT ?) q
JOIN attempts a ON a.seq = q.attempt
LEFT JOIN texts p ON p.id = a.prompt
LEFT JOIN texts r ON r.id = a.answer
WHERE a.keeps_content
"""

_TAKE_OFF = """
DELETE FROM search_queue
WHERE attempt IN (SELECT attempt FROM search_queue ORDER BY attempt LIMIT ?)
"""


def catch_up(connection: sqlite3.Connection) -> None:
    """Index what has ended since the last search, in transactions of bounded size."""
    while connection.execute("SELECT 1 FROM search_queue LIMIT 1").fetchone():
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_FILL, (CATCH_UP_CHUNK,))
            connection.execute(_TAKE_OFF, (CATCH_UP_CHUNK,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def match_expression(text: str) -> str:
    """A query that finds rows with all the words; `"two words"` in quotes is a phrase.

    Whatever the user types is a valid query: every part is quoted, so that no operator of the
    query language can be met by accident.
    """
    parts: list[str] = []
    # A NUL would end the expression in mid-string.
    text = text.replace("\0", " ")
    for position, piece in enumerate(text.split('"')):
        inside_quotes = position % 2 == 1
        parts += [piece] if inside_quotes else piece.split()
    wanted = [part for part in parts if any(letter.isalnum() for letter in part)]
    return " ".join(f'"{part}"' for part in wanted)
