"""Writing rows: statements inside a transaction that the caller holds."""

import base64
import datetime as dt
import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence

from reckon.errors import LedgerError
from reckon.ledger import raw, search
from reckon.ledger.owner import this_process
from reckon.ledger.rows import Attempt, Closing, RunRow
from reckon.ledger.text import storable, storable_or_none, to_json
from reckon.vocabulary.response import Response

_TO_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

_INSERT = """
INSERT INTO attempts (
    id, started, status, owner, run_id, tag, row_key, item_id, item_index, model_asked,
    prompt, system, options, reserved_pico, price, media_tokens, keeps_content
) VALUES (?, ?, 'sent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_CLOSE = """
UPDATE attempts SET
    finished = ?, status = ?, error = ?, cost_pico = ?, cost_kind = ?,
    model_answered = ?, answer = ?, reasoning = ?,
    input_tokens = ?, output_tokens = ?, cached_input_tokens = ?, cache_write_tokens = ?,
    cache_write_1h_tokens = ?, audio_input_tokens = ?, image_input_tokens = ?,
    video_input_tokens = ?, reasoning_tokens = ?, audio_output_tokens = ?,
    image_output_tokens = ?, web_searches = ?, service_tier = ?, billed_besides = ?,
    reported_cost_pico = ?, first_token_s = ?, duration_s = ?, stop_reason = ?, request_id = ?
WHERE seq = ?
"""

_NOTHING_YET = Response(text="")


def new_id() -> str:
    """A ULID: 48 bits of milliseconds, 80 random bits, sortable by time, 26 characters."""
    milliseconds = time.time_ns() // 1_000_000
    # 20 bytes make 32 letters of 5 bits; the first 6 letters are zeros.
    number = bytes(4) + milliseconds.to_bytes(6, "big") + os.urandom(10)
    return base64.b32encode(number)[6:].translate(_TO_CROCKFORD).decode("ascii")


def now_micros() -> int:
    """Microseconds since 1970, UTC: how times are stored."""
    return time.time_ns() // 1_000


def from_micros(micros: int) -> dt.datetime:
    """A stored time as a value."""
    return dt.datetime.fromtimestamp(micros / 1_000_000, dt.UTC)


def digest_of(text: str) -> bytes:
    """The address of a text."""
    return hashlib.sha256(text.encode("utf-8")).digest()


def text_id(connection: sqlite3.Connection, text: str | None) -> int | None:
    """The row of a text, stored once however often it is used."""
    if not text:
        return None
    text = storable(text)
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
            storable_or_none(attempt.tag),
            attempt.key,
            storable_or_none(attempt.item_id),
            attempt.item_index,
            storable(attempt.model_asked),
            text_id(connection, attempt.prompt_text if keeps else None),
            text_id(connection, attempt.system if keeps else None),
            to_json(attempt.options),
            attempt.reserved_pico,
            text_id(connection, attempt.price),
            attempt.media_tokens,
            int(keeps),
        ),
    ).lastrowid
    for position, media in enumerate(attempt.media):
        connection.execute(
            "INSERT OR IGNORE INTO media VALUES (?, ?)", (media.digest, media.media_type)
        )
        connection.execute(
            "INSERT INTO attempt_media VALUES (?, ?, ?, ?, ?)",
            (seq, position, media.digest, storable(media.name) if keeps else "", media.bytes),
        )
    return row


def close_attempt(connection: sqlite3.Connection, closing: Closing) -> None:
    """Close an attempt with what became of it.

    A doubt can be settled later by whoever learns the truth; what is settled stays as it is, and
    a doubt that comes late changes nothing.

    Raises:
        LedgerError: There is no such attempt, or it is settled already.
    """
    found = connection.execute(
        "SELECT seq, status, keeps_content FROM attempts WHERE id = ?", (closing.id,)
    ).fetchone()
    if not found:
        raise LedgerError(f"There is no row {closing.id} to close.")
    seq, status, keeps_content = found
    if status not in ("pending", "sent"):
        if closing.status == "in_doubt":
            return
        if status != "in_doubt":
            raise LedgerError(
                f"The row {closing.id} is settled already.",
                why=f"It is {status}; this would have made it {closing.status}.",
            )
        search.forget(connection, seq)
    connection.execute(_CLOSE, (*_closing_values(connection, closing, bool(keeps_content)), seq))
    if keeps_content:
        connection.execute("INSERT OR IGNORE INTO search_queue VALUES (?)", (seq,))
        if closing.response and closing.response.raw:
            raw.write(connection, seq, closing.response.raw)


def _closing_values(
    connection: sqlite3.Connection, closing: Closing, keeps_content: bool
) -> tuple[object, ...]:
    response = closing.response or _NOTHING_YET
    usage = response.usage
    return (
        now_micros(),
        closing.status,
        storable_or_none(closing.error),
        closing.cost_pico,
        closing.cost_kind,
        storable_or_none(response.model),
        text_id(connection, response.text if keeps_content else None),
        text_id(connection, response.reasoning if keeps_content else None),
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.audio_input_tokens,
        usage.image_input_tokens,
        usage.video_input_tokens,
        usage.reasoning_tokens,
        usage.audio_output_tokens,
        usage.image_output_tokens,
        usage.web_searches,
        storable(usage.service_tier),
        storable(usage.billed_besides),
        usage.reported_cost_pico,
        response.first_token_s,
        response.duration_s,
        response.stop_reason if closing.response else None,
        storable_or_none(response.request_id),
    )


def insert_run(connection: sqlite3.Connection, run: RunRow) -> str:
    """Store a new run; gives its id."""
    run_id = new_id()
    connection.execute(
        "INSERT INTO runs (id, created, status, job, tag) VALUES (?, ?, ?, ?, ?)",
        (run_id, now_micros(), run.status, to_json(run.job), storable_or_none(run.tag)),
    )
    return run_id


def remove_content(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Take prompts and answers away, also as they came; tokens and money stay.

    Gives the number of rows touched.
    """
    touched = 0
    for row in ids:
        found = connection.execute("SELECT seq FROM attempts WHERE id = ?", (row,)).fetchone()
        if not found:
            continue
        touched += 1
        [seq] = found
        search.forget(connection, seq)
        connection.execute(
            "UPDATE attempts SET prompt = NULL, system = NULL, answer = NULL, reasoning = NULL,"
            " options = '{}', error = CASE WHEN error IS NULL THEN NULL ELSE 'removed' END,"
            " keeps_content = 0 WHERE seq = ?",
            (seq,),
        )
        connection.execute("DELETE FROM raw WHERE attempt = ?", (seq,))
        connection.execute("UPDATE attempt_media SET name = '' WHERE attempt = ?", (seq,))
    if touched:
        _drop_unused_texts(connection)
        # Words that were deleted stay in the index's older pieces until these are merged.
        connection.execute("INSERT INTO search (search) VALUES ('optimize')")
    return touched


def _drop_unused_texts(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM texts WHERE id NOT IN ("
        " SELECT prompt FROM attempts WHERE prompt IS NOT NULL"
        " UNION ALL SELECT system FROM attempts WHERE system IS NOT NULL"
        " UNION ALL SELECT answer FROM attempts WHERE answer IS NOT NULL"
        " UNION ALL SELECT reasoning FROM attempts WHERE reasoning IS NOT NULL"
        " UNION ALL SELECT price FROM attempts WHERE price IS NOT NULL)"
    )
