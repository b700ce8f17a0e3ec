"""Proof that the ledger is whole: every text re-derives its digest, the books add up."""

import sqlite3
from collections.abc import Iterator

from reckon.ledger.store import digest_of

_CHECKS = (
    (
        "SELECT count(*) FROM attempts WHERE status = 'done' AND finished IS NULL",
        "{n} rows are done but have no time of finishing.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE cost_pico < 0 OR reserved_pico < 0",
        "{n} rows have a negative amount of money.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE cached_input_tokens > input_tokens"
        " OR reasoning_tokens > output_tokens",
        "{n} rows count a part of their tokens higher than the whole.",
    ),
    (
        "SELECT count(*) FROM search_queue WHERE attempt NOT IN (SELECT seq FROM attempts)",
        "{n} rows wait for the search index and do not exist.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE keeps_content = 0"
        " AND coalesce(prompt, system, answer, reasoning) IS NOT NULL",
        "{n} rows hold content that was to be left out.",
    ),
)


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the ledger, a sentence each; nothing where it is whole."""
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite's own check says: {line}."
    for table, row, target, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} names a row of {target} that does not exist."
    for number, digest, body in connection.execute("SELECT id, digest, body FROM texts"):
        if digest_of(body) != digest:
            yield f"Text {number} does not match its digest: it was changed after it was written."
    for query, sentence in _CHECKS:
        [count] = connection.execute(query).fetchone()
        if count:
            yield sentence.format(n=count)
