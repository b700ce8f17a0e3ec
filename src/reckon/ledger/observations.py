"""Prices as lists stated them, from when to when. A row is never changed but for its last day.

A price is a text here, for the ledger does not know what a price is made of.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator

from reckon.ledger.rows import Observed, SeenPrice
from reckon.ledger.store import from_micros

_LATEST = """
SELECT id, price FROM price_observations
WHERE source = ? AND provider = ? AND model = ? ORDER BY id DESC LIMIT 1
"""
_SEEN_AGAIN = "UPDATE price_observations SET last_seen = max(last_seen, ?) WHERE id = ?"
_NEW = """
INSERT INTO price_observations (source, provider, model, price, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?)
"""
_ALL = """
SELECT source, provider, model, price, first_seen, last_seen
FROM price_observations ORDER BY source, provider, model, id
"""


def append(connection: sqlite3.Connection, rows: Iterable[SeenPrice], moment: dt.datetime) -> int:
    """Note what was stated at a moment; gives how many rows are new."""
    now = int(moment.timestamp() * 1_000_000)
    added = 0
    for row in rows:
        names = (row.source, row.provider, row.model)
        latest = connection.execute(_LATEST, names).fetchone()
        if latest is not None and latest[1] == row.price:
            connection.execute(_SEEN_AGAIN, (now, latest[0]))
        elif latest is not None or row.price is not None:
            # That a list never stated a price is no observation of one.
            connection.execute(_NEW, (*names, row.price, now, now))
            added += 1
    return added


def read(connection: sqlite3.Connection) -> Iterator[Observed]:
    """All observations, by source and model, oldest first."""
    for source, provider, model, price, first, last in connection.execute(_ALL).fetchall():
        yield Observed(
            source=source,
            provider=provider,
            model=model,
            price=price,
            first_seen=from_micros(first),
            last_seen=from_micros(last),
        )
