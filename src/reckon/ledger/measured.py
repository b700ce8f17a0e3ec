"""What calls were billed for in tokens: values from which estimates are calibrated.

Only the latest calls are looked at: a ledger of a million rows is not scanned for a price, and
what a provider counted long ago says little of today.
"""

import sqlite3
from collections.abc import Sequence

from reckon.ledger.rows import Measured, OutputSums

LATEST = 20_000
"""Attempts that are looked at."""

# A call is of use where its prompt is still there, the provider counted, and its media are counted.
_OF_USE = """
a.seq > (SELECT coalesce(max(seq), 0) FROM attempts) - ?
AND a.status = 'done' AND a.input_tokens > 0 AND a.prompt IS NOT NULL
AND (a.media_tokens IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM attempt_media m WHERE m.attempt = a.seq))
"""

_MODELS = f"SELECT DISTINCT a.model_asked FROM attempts a WHERE {_OF_USE}"  # noqa: S608 - a constant

_CALLS = f"""
SELECT p.body, s.body, coalesce(a.media_tokens, 0), a.input_tokens, a.run_id
FROM attempts a JOIN texts p ON p.id = a.prompt LEFT JOIN texts s ON s.id = a.system
WHERE {_OF_USE} AND a.model_asked = ? ORDER BY a.seq DESC LIMIT ?
"""  # noqa: S608 - as above


def models(connection: sqlite3.Connection) -> list[str]:
    """`provider/id` of the models with calls that are of use."""
    return [model for (model,) in connection.execute(_MODELS, (LATEST,))]


def calls(connection: sqlite3.Connection, model: str, limit: int) -> list[Measured]:
    """The latest calls of a model that are of use, newest first."""
    found = connection.execute(_CALLS, (LATEST, model, limit)).fetchall()
    return [Measured(*row) for row in found]


def outputs(connection: sqlite3.Connection, run_ids: Sequence[str]) -> OutputSums:
    """Sums over the output tokens of the rows of runs that are done."""
    marks = ", ".join("?" * len(run_ids))
    count, total, squares = connection.execute(
        "SELECT count(*), coalesce(sum(output_tokens), 0),"  # noqa: S608 - marks alone
        " coalesce(sum(output_tokens * output_tokens), 0) FROM attempts"
        f" WHERE run_id IN ({marks}) AND status = 'done' AND output_tokens IS NOT NULL",
        tuple(run_ids),
    ).fetchone()
    return OutputSums(count, total, squares)
