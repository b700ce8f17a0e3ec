"""Writing rows: statements inside a transaction that the caller holds."""

import datetime as dt
import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence

import msgspec

from reckon.ledger.owner import this_process
from reckon.ledger.rows import Attempt, Closing, RunRow
from reckon.vocabulary.response import Response

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_INSERT = """
INSERT INTO attempts (
    id, started, status, owner, run_id, tag, row_key, item_id, item_index, model_asked,
    prompt, system, options, reserved_pico, price_start, keeps_content
) VALUES (?, ?, 'sent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_CLOSE = """
UPDATE attempts SET
    finished = ?, status = ?, error = ?, cost_pico = ?, cost_kind = ?,
    model_answered = ?, answer = ?, reasoning = ?,
    input_tokens = ?, output_tokens = ?, cached_input_tokens = ?, cache_write_tokens = ?,
    cache_write_1h_tokens = ?, audio_input_tokens = ?, image_input_tokens = ?,
    reasoning_tokens = ?, audio_output_tokens = ?,
    first_token_s = ?, duration_s = ?, stop_reason = ?, request_id = ?
WHERE id = ?
RETURNING seq, keeps_content
"""

_NOTHING_YET = Response(text="")


def new_id() -> str:
    """A ULID: 48 bits of milliseconds, 80 random bits, sortable by time, 26 characters."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def now_micros() -> int:
    """Microseconds since 1970, UTC: how times are stored."""
    return time.time_ns() // 1_000


def from_micros(micros: int) -> dt.datetime:
    """A stored time as a value."""
    return dt.datetime.fromtimestamp(micros / 1_000_000, dt.UTC)


def digest_of(text: str) -> bytes:
    """The address of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def text_id(connection: sqlite3.Connection, text: str | None) -> int | None:
    """The row of a text, stored once however often it is used."""
    if not text:
        return None
    # A lone surrogate cannot be stored as UTF-8; it comes from broken input and is replaced.
    text = text.encode("utf-8", "replace").decode("utf-8")
    digest = digest_of(text)
    found = connection.execute("SELECT id FROM texts WHERE digest = ?", (digest,)).fetchone()
    if found:
        return found[0]
    return connection.execute(
        "INSERT INTO texts (digest, body) VALUES (?, ?)", (digest, text)
    ).lastrowid


def insert_attempt(connection: sqlite3.Connection, attempt: Attempt) -> str:
    """Open an attempt; gives its id."""
    row = new_id()
    keeps = attempt.log_content
    seq = connection.execute(
        _INSERT,
        (
            row,
            now_micros(),
            this_process(),
            attempt.run_id,
            attempt.tag,
            attempt.key,
            attempt.item_id,
            attempt.item_index,
            attempt.model_asked,
            text_id(connection, attempt.prompt_text if keeps else None),
            text_id(connection, attempt.system if keeps else None),
            msgspec.json.encode(attempt.options, order="sorted").decode(),
            attempt.reserved_pico,
            attempt.price_start.isoformat() if attempt.price_start else None,
            int(keeps),
        ),
    ).lastrowid
    for position, media in enumerate(attempt.media):
        connection.execute(
            "INSERT OR IGNORE INTO media VALUES (?, ?)", (media.digest, media.media_type)
        )
        connection.execute(
            "INSERT INTO attempt_media VALUES (?, ?, ?, ?, ?)",
            (seq, position, media.digest, media.name if keeps else "", media.bytes),
        )
    return row


def close_attempt(connection: sqlite3.Connection, closing: Closing) -> None:
    """Close an attempt with what became of it."""
    response = closing.response or _NOTHING_YET
    usage = response.usage
    keeps = connection.execute(
        "SELECT keeps_content FROM attempts WHERE id = ?", (closing.id,)
    ).fetchone()
    keeps_content = bool(keeps and keeps[0])
    closed = connection.execute(
        _CLOSE,
        (
            now_micros(),
            closing.status,
            closing.error,
            closing.cost_pico,
            closing.cost_kind,
            response.model,
            text_id(connection, response.text if keeps_content else None),
            text_id(connection, response.reasoning if keeps_content else None),
            usage.input_tokens,
            usage.output_tokens,
            usage.cached_input_tokens,
            usage.cache_write_tokens,
            usage.cache_write_1h_tokens,
            usage.audio_input_tokens,
            usage.image_input_tokens,
            usage.reasoning_tokens,
            usage.audio_output_tokens,
            response.first_token_s,
            response.duration_s,
            response.stop_reason,
            response.request_id,
            closing.id,
        ),
    ).fetchone()
    if closed and closed[1]:
        connection.execute("INSERT OR IGNORE INTO search_queue VALUES (?)", (closed[0],))


def insert_run(connection: sqlite3.Connection, run: RunRow) -> str:
    """Store a new run; gives its id."""
    run_id = new_id()
    connection.execute(
        "INSERT INTO runs (id, created, status, job, tag) VALUES (?, ?, ?, ?, ?)",
        (
            run_id,
            now_micros(),
            run.status,
            msgspec.json.encode(run.job, order="sorted").decode(),
            run.tag,
        ),
    )
    return run_id


def remove_content(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Take prompts and answers away; tokens and money stay. Gives the number of rows touched."""
    touched = 0
    for row in ids:
        found = connection.execute(
            "SELECT a.seq, a.item_id, p.body, r.body FROM attempts a"
            " LEFT JOIN texts p ON p.id = a.prompt LEFT JOIN texts r ON r.id = a.answer"
            " WHERE a.id = ?",
            (row,),
        ).fetchone()
        if not found:
            continue
        touched += 1
        seq, item, prompt, answer = found
        waiting = connection.execute("DELETE FROM search_queue WHERE attempt = ?", (seq,)).rowcount
        if not waiting and (prompt is not None or answer is not None):
            connection.execute(
                "INSERT INTO search (search, rowid, item, prompt, answer)"
                " VALUES ('delete', ?, ?, ?, ?)",
                (seq, item or "", prompt or "", answer or ""),
            )
        connection.execute(
            "UPDATE attempts SET prompt = NULL, system = NULL, answer = NULL, reasoning = NULL,"
            " options = '{}', error = CASE WHEN error IS NULL THEN NULL ELSE 'removed' END,"
            " keeps_content = 0 WHERE seq = ?",
            (seq,),
        )
        connection.execute("UPDATE attempt_media SET name = '' WHERE attempt = ?", (seq,))
    _drop_unused_texts(connection)
    return touched


def _drop_unused_texts(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM texts WHERE id NOT IN ("
        " SELECT prompt FROM attempts WHERE prompt IS NOT NULL"
        " UNION ALL SELECT system FROM attempts WHERE system IS NOT NULL"
        " UNION ALL SELECT answer FROM attempts WHERE answer IS NOT NULL"
        " UNION ALL SELECT reasoning FROM attempts WHERE reasoning IS NOT NULL)"
    )
