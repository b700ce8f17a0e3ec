"""Proof that the ledger is whole: every text re-derives its digest, the books add up."""

import sqlite3
from collections.abc import Iterator

from reckon.ledger import raw, read
from reckon.ledger.store import digest_of

_CHECKS = (
    (
        "SELECT count(*) FROM attempts WHERE status IN ('done', 'failed', 'cancelled')"
        " AND finished IS NULL",
        "{n} rows are settled but have no time of finishing.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE cost_pico < 0 OR reserved_pico < 0",
        "{n} rows have a negative amount of money.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE typeof(cost_pico) NOT IN ('integer', 'null')"
        " OR typeof(reserved_pico) NOT IN ('integer', 'null')"
        " OR typeof(input_tokens) NOT IN ('integer', 'null')"
        " OR typeof(output_tokens) NOT IN ('integer', 'null')",
        "{n} rows have money or tokens that are not whole numbers.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE"
        " max(cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, audio_input_tokens,"
        " image_input_tokens, video_input_tokens) > input_tokens"
        " OR max(reasoning_tokens, audio_output_tokens, image_output_tokens) > output_tokens",
        "{n} rows count a part of their tokens higher than the whole.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE keeps_content = 0"
        " AND coalesce(prompt, system, answer, reasoning) IS NOT NULL",
        "{n} rows hold content that was to be left out.",
    ),
    (
        "SELECT count(*) FROM raw JOIN attempts ON seq = attempt WHERE keeps_content = 0",
        "{n} rows hold an answer as it came that was to be left out.",
    ),
    (
        "SELECT count(*) FROM price_observations WHERE last_seen < first_seen",
        "{n} observed prices were last seen before they were first seen.",
    ),
    (
        "SELECT count(*) FROM search_queue WHERE attempt NOT IN (SELECT seq FROM attempts)",
        "{n} rows wait for the search index and do not exist.",
    ),
    (
        "SELECT count(*) FROM search_docsize"
        " WHERE id NOT IN (SELECT seq FROM attempts WHERE keeps_content)",
        "{n} rows are in the search index that do not exist or were removed.",
    ),
    (
        "SELECT count(*) FROM attempts WHERE finished IS NOT NULL AND keeps_content"
        " AND seq NOT IN (SELECT id FROM search_docsize)"
        " AND seq NOT IN (SELECT attempt FROM search_queue)",
        "{n} rows are neither in the search index nor waiting for it.",
    ),
)


def problems(connection: sqlite3.Connection, *, read_only: bool) -> Iterator[str]:
    """What is wrong with the ledger, a sentence each; nothing where it is whole."""
    for check in (_structure, _texts, _raw, _counts, _money):
        try:
            yield from check(connection)
        except sqlite3.DatabaseError as error:
            yield f"A check could not be made. SQLite says: {error}."
    if not read_only:
        try:
            connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            yield f"The search index is not whole. SQLite says: {error}."


def _structure(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite's own check says: {line}."
    for table, row, target, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} names a row of {target} that does not exist."


def _texts(connection: sqlite3.Connection) -> Iterator[str]:
    for number, digest, body in connection.execute("SELECT id, digest, body FROM texts"):
        if not isinstance(body, str) or digest_of(body) != digest:
            yield f"Text {number} does not match its digest: it was changed after it was written."


def _raw(connection: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT attempt, bytes, digest, body FROM raw"
    for number, size, digest, body in connection.execute(query):
        if not raw.is_as_written(size, digest, body):
            yield (
                f"The answer of row {number} as it came does not match its digest:"
                " it was changed after it was written."
            )


def _counts(connection: sqlite3.Connection) -> Iterator[str]:
    for query, sentence in _CHECKS:
        [count] = connection.execute(query).fetchone()
        if count:
            yield sentence.format(n=count)


def _money(connection: sqlite3.Connection) -> Iterator[str]:
    """Added up here one by one, and by SQLite in groups along its indexes: the same sum."""
    total = sum(
        cost for (cost,) in connection.execute("SELECT cost_pico FROM attempts NOT INDEXED") if cost
    )
    for by in ("model", "day", "run", "tag"):
        grouped = sum(row.cost_pico for row in read.spend(connection, by, None))
        if grouped != total:
            yield f"Spending by {by} adds up to {grouped} pico-dollars, the rows to {total}."
