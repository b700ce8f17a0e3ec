"""The tables of the ledger, as an ordered list of migrations.

A migration that was released is never edited; a change is a new entry. Numbers and content are
apart: `attempts` is narrow and holds the books, `texts` holds every text once under its digest,
so that content can be removed and the books still balance. Attempts that ended wait in
`search_queue` until somebody searches: filling the index in the hot path costs 20 times the insert.
"""

import sqlite3

from reckon.errors import LedgerDamaged, LedgerTooNew

MIGRATIONS = (
    """
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        body TEXT NOT NULL
    );
    CREATE TABLE media (
        digest TEXT PRIMARY KEY,
        media_type TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        created INTEGER NOT NULL,
        status TEXT NOT NULL,
        job TEXT NOT NULL,
        tag TEXT
    ) WITHOUT ROWID;
    CREATE TABLE attempts (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        started INTEGER NOT NULL,
        finished INTEGER,
        status TEXT NOT NULL
            CHECK (status IN ('pending', 'sent', 'done', 'failed', 'cancelled', 'in_doubt')),
        owner TEXT NOT NULL,
        run_id TEXT REFERENCES runs (id),
        tag TEXT,
        row_key TEXT NOT NULL,
        item_id TEXT,
        item_index INTEGER,
        model_asked TEXT NOT NULL,
        model_answered TEXT,
        prompt INTEGER REFERENCES texts (id),
        system INTEGER REFERENCES texts (id),
        answer INTEGER REFERENCES texts (id),
        reasoning INTEGER REFERENCES texts (id),
        error TEXT,
        options TEXT NOT NULL,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cached_input_tokens INTEGER NOT NULL DEFAULT 0,
        cache_write_tokens INTEGER NOT NULL DEFAULT 0,
        cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0,
        audio_input_tokens INTEGER NOT NULL DEFAULT 0,
        image_input_tokens INTEGER NOT NULL DEFAULT 0,
        reasoning_tokens INTEGER NOT NULL DEFAULT 0,
        audio_output_tokens INTEGER NOT NULL DEFAULT 0,
        cost_pico INTEGER,
        cost_kind TEXT,
        reserved_pico INTEGER,
        price INTEGER REFERENCES texts (id),
        first_token_s REAL,
        duration_s REAL,
        stop_reason TEXT,
        request_id TEXT,
        keeps_content INTEGER NOT NULL DEFAULT 1
    );
    CREATE INDEX attempts_by_run ON attempts (run_id, item_id, row_key, status)
        WHERE run_id IS NOT NULL;
    CREATE INDEX attempts_of_run ON attempts (run_id) WHERE run_id IS NOT NULL;
    CREATE INDEX attempts_done_by_key ON attempts (row_key) WHERE status = 'done';
    CREATE INDEX attempts_open ON attempts (status) WHERE status IN ('sent', 'in_doubt');
    CREATE TABLE attempt_media (
        attempt INTEGER NOT NULL REFERENCES attempts (seq),
        position INTEGER NOT NULL,
        digest TEXT NOT NULL REFERENCES media (digest),
        name TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (attempt, position)
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE search
        USING fts5 (item, prompt, answer, content = '', tokenize = 'unicode61');
    CREATE TABLE search_queue (attempt INTEGER PRIMARY KEY);
    """,
    """
    ALTER TABLE attempts ADD COLUMN video_input_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN image_output_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN web_searches INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN service_tier TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempts ADD COLUMN billed_besides TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempts ADD COLUMN reported_cost_pico INTEGER;
    CREATE TABLE raw (
        attempt INTEGER PRIMARY KEY REFERENCES attempts (seq),
        content_type TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        digest BLOB,
        body BLOB
    );
    """,
    """
    CREATE TABLE price_observations (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        price TEXT,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL
    );
    CREATE INDEX price_observations_by_model ON price_observations (source, provider, model);
    ALTER TABLE attempts ADD COLUMN media_tokens INTEGER;
    """,
)

VERSION = len(MIGRATIONS)

_TELLING = 3
"""Tables by whose names a ledger is told from any other database."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date; processes that start at once wait for each other.

    Raises:
        LedgerTooNew: A newer reckon wrote the file.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Again under the lock: another process, of another version even, may have been faster.
        version = check(connection)
        for migration in MIGRATIONS[version:]:
            for statement in _statements(migration):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check(connection: sqlite3.Connection) -> int:
    """Refuse what a newer reckon or another program wrote; gives the version, 0 for an empty file.

    Raises:
        LedgerTooNew: A newer reckon wrote it.
        LedgerDamaged: It is a database, but no ledger.
    """
    # One statement, hence one moment: another process may be making the tables just now.
    version, tables, ours = connection.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), count(*),"
        " coalesce(sum(name IN ('attempts', 'texts', 'runs')), 0)"
        " FROM sqlite_master WHERE type = 'table'"
    ).fetchone()
    if version > VERSION and ours:
        raise LedgerTooNew(
            "This ledger was written by a newer reckon.",
            why=f"It has layout {version}; this reckon knows layouts up to {VERSION}.",
            do="Upgrade with `pip install -U reckon-llm`, or set RECKON_HOME to another folder.",
        )
    if ours < _TELLING and (tables or version):
        raise LedgerDamaged(
            "This database is not a ledger of reckon.",
            why="The tables of a ledger are not in it.",
            do="Move the file away, or set RECKON_HOME to another folder.",
        )
    return version


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _statements(script: str) -> list[str]:
    # executescript() would commit the transaction that it stands in.
    return [statement for statement in script.split(";") if statement.strip()]
