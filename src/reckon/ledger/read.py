"""Reading rows back as values."""

import datetime as dt
import sqlite3
from array import array
from collections.abc import Sequence

from reckon.ledger.rows import LogRow, MediaRef, RunRow, RunTotals, SpendDay, SpendRow
from reckon.ledger.store import from_micros
from reckon.ledger.text import from_json

_COLUMNS = """
a.seq, a.id, a.started, a.finished, a.status, a.run_id, a.tag, a.row_key, a.item_id, a.item_index,
a.model_asked, a.model_answered, p.body, s.body, r.body, t.body, a.error, a.options,
a.input_tokens, a.output_tokens, a.cached_input_tokens, a.cache_write_tokens,
a.cache_write_1h_tokens, a.audio_input_tokens, a.image_input_tokens, a.video_input_tokens,
a.reasoning_tokens, a.audio_output_tokens, a.image_output_tokens, a.web_searches,
a.service_tier, a.billed_besides, a.reported_cost_pico, a.cost_pico, a.cost_kind,
a.reserved_pico, c.body, a.first_token_s, a.duration_s, a.stop_reason, a.request_id
"""

_FROM = """
FROM attempts a
LEFT JOIN texts p ON p.id = a.prompt
LEFT JOIN texts s ON s.id = a.system
LEFT JOIN texts r ON r.id = a.answer
LEFT JOIN texts t ON t.id = a.reasoning
LEFT JOIN texts c ON c.id = a.price
"""

_MEDIA = """
SELECT m.digest, d.media_type, m.name, m.bytes
FROM attempt_media m JOIN media d ON d.digest = m.digest
WHERE m.attempt = ? ORDER BY m.position
"""

_RANK = """
CASE status WHEN 'done' THEN 0 WHEN 'sent' THEN 1 WHEN 'in_doubt' THEN 1 WHEN 'failed' THEN 2
    ELSE 3 END
"""

# A row of the source is told by its id; without one, by its key.
_ROW = "item_id, CASE WHEN item_id IS NULL THEN row_key END"

_TOTALS_BY_ROW = f"""
SELECT best, count(*) FROM (
    SELECT min({_RANK}) AS best FROM attempts WHERE run_id = ? GROUP BY {_ROW}
) GROUP BY best
"""  # noqa: S608 - constants of this file

_BEST_BY_ROW = f"""
SELECT seq FROM (
    SELECT seq, item_index,
        row_number() OVER (PARTITION BY {_ROW} ORDER BY {_RANK}, seq DESC) AS place
    FROM attempts WHERE run_id = ?
) WHERE place = 1 ORDER BY item_index, seq
"""  # noqa: S608 - as above

# A call that ended and whose cost is unknown may cost as much as its bound.
_TOTALS_OF_MONEY = """
SELECT
    coalesce(sum(cost_pico), 0),
    coalesce(sum(CASE WHEN cost_pico IS NULL AND status != 'failed' THEN reserved_pico END), 0),
    coalesce(sum(cost_pico IS NULL AND status IN ('done', 'cancelled')), 0),
    coalesce(sum(input_tokens), 0),
    coalesce(sum(output_tokens), 0)
FROM attempts WHERE run_id = ?
"""

_GROUPS = {
    "model": "model_asked",
    "day": "date(started / 1000000, 'unixepoch')",
    "run": "run_id",
    "tag": "tag",
}

PAGE = 500


def rows(
    connection: sqlite3.Connection,
    where: str,
    parameters: Sequence[object],
    *,
    order: str = "a.seq DESC",
    limit: int | None = None,
    offset: int = 0,
    join: str = "",
) -> list[LogRow]:
    """Log rows that meet a condition."""
    return [
        row
        for _, row in _numbered(
            connection, where, parameters, order=order, limit=limit, offset=offset, join=join
        )
    ]


def page(
    connection: sqlite3.Connection,
    where: str,
    parameters: Sequence[object],
    *,
    after: int | None,
    oldest_first: bool,
    limit: int,
    offset: int,
) -> tuple[list[LogRow], int | None]:
    """The rows that follow the row numbered `after`, and the number of the last of them.

    A listing is read page by page, for an open query would hold back writers of the same
    connection and the clearing of the write-ahead log for as long as the reader takes.
    """
    order, beyond = ("a.seq", ">") if oldest_first else ("a.seq DESC", "<")
    if after is not None:
        where, parameters = f"{where} AND a.seq {beyond} ?", (*parameters, after)
    found = _numbered(connection, where, parameters, order=order, limit=limit, offset=offset)
    return [row for _, row in found], found[-1][0] if found else None


def _numbered(
    connection: sqlite3.Connection,
    where: str,
    parameters: Sequence[object],
    *,
    order: str,
    limit: int | None,
    offset: int,
    join: str = "",
) -> list[tuple[int, LogRow]]:
    found = connection.execute(
        f"SELECT {_COLUMNS} {_FROM} {join} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
        (*parameters, -1 if limit is None else limit, offset),
    ).fetchall()
    return [(raw[0], _log_row(raw, _media(connection, raw[0]))) for raw in found]


def _media(connection: sqlite3.Connection, seq: int) -> tuple[MediaRef, ...]:
    return tuple(
        MediaRef(digest=digest, media_type=media_type, name=name, bytes=size)
        for digest, media_type, name, size in connection.execute(_MEDIA, (seq,))
    )


def done_keys(
    connection: sqlite3.Connection, run_id: str, after: int, limit: int
) -> list[tuple[int, str]]:
    """Number and row key of the attempts of a run that are done, beyond the number `after`."""
    return connection.execute(
        "SELECT seq, row_key FROM attempts"
        " WHERE run_id = ? AND status = 'done' AND seq > ? ORDER BY seq LIMIT ?",
        (run_id, after, limit),
    ).fetchall()


def conditions(
    *,
    model: str | None = None,
    run: str | None = None,
    status: str | None = None,
    tag: str | None = None,
    since: dt.datetime | None = None,
) -> tuple[str, list[object]]:
    """The filters that every listing has, as SQL and its values."""
    clauses: list[str] = []
    values: list[object] = []
    if model is not None:
        clauses.append("(a.model_asked = ? OR a.model_asked LIKE '%/' || ?)")
        values += [model, model]
    for column, value in (("run_id", run), ("status", status), ("tag", tag)):
        if value is not None:
            clauses.append(f"a.{column} = ?")
            values.append(value)
    if since is not None:
        clauses.append("a.started >= ?")
        values.append(int(since.timestamp() * 1_000_000))
    return " AND ".join(clauses) or "1", values


def run_totals(connection: sqlite3.Connection, run_id: str) -> RunTotals:
    """Sums over a run, from its rows: they survive every crash."""
    counts = dict(connection.execute(_TOTALS_BY_ROW, (run_id,)).fetchall())
    spent, reserved, unknown, input_tokens, output_tokens = connection.execute(
        _TOTALS_OF_MONEY, (run_id,)
    ).fetchone()
    return RunTotals(
        done=counts.get(0, 0),
        in_doubt=counts.get(1, 0),
        failed=counts.get(2, 0),
        spent_pico=spent,
        reserved_pico=reserved,
        unknown_calls=unknown,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )


def result_numbers(connection: sqlite3.Connection, run_id: str) -> "array[int]":
    """Numbers of the best attempts, one of each row of a run, in the order of the source.

    An answer goes before a doubt, a doubt before a failure. Eight bytes a row are all that is
    held of a run of any length.
    """
    return array("q", (seq for (seq,) in connection.execute(_BEST_BY_ROW, (run_id,))))


def numbered(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[LogRow]:
    """The rows of these numbers, at most a page, in this order."""
    where = f"a.seq IN ({', '.join('?' * len(numbers))})"
    found = dict(_numbered(connection, where, numbers, order="a.seq", limit=None, offset=0))
    return [found[number] for number in numbers if number in found]


def run_rows(
    connection: sqlite3.Connection,
    where: str = "1",
    values: Sequence[object] = (),
    *,
    limit: int | None = None,
) -> list[RunRow]:
    """Runs that meet a condition, newest first."""
    cursor = connection.execute(
        f"SELECT id, created, status, job, tag FROM runs WHERE {where}"  # noqa: S608 - as above
        " ORDER BY id DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    )
    return [
        RunRow(
            id=run_id,
            created=from_micros(created),
            status=status,
            job=from_json(job),
            tag=tag,
        )
        for run_id, created, status, job, tag in cursor
    ]


def spend(connection: sqlite3.Connection, by: str, since: dt.datetime | None) -> list[SpendRow]:
    """Spending by model, day, run or tag; the dearest first, days in their order."""
    where, values = conditions(since=since)
    order = "1" if by == "day" else "5 DESC, 1"
    cursor = connection.execute(
        f"SELECT {_GROUPS[by]}, count(*), coalesce(sum(input_tokens), 0),"  # noqa: S608 - as above
        " coalesce(sum(output_tokens), 0), coalesce(sum(cost_pico), 0),"
        " sum(status IN ('done', 'cancelled') AND cost_pico IS NULL),"
        " coalesce(sum(CASE WHEN status IN ('sent', 'in_doubt') AND cost_pico IS NULL"
        " THEN reserved_pico END), 0)"
        f" FROM attempts a WHERE {where} GROUP BY 1 ORDER BY {order}",
        values,
    )
    return [
        SpendRow(
            group=group,
            calls=calls,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_pico=cost,
            unknown_calls=unknown,
            in_doubt_pico=in_doubt,
        )
        for group, calls, input_tokens, output_tokens, cost, unknown, in_doubt in cursor
    ]


def spend_days(
    connection: sqlite3.Connection, by: str, since: dt.datetime | None
) -> list[SpendDay]:
    """Spending by day, UTC, and by model, run or tag, in the order of days."""
    where, values = conditions(since=since)
    cursor = connection.execute(
        f"SELECT {_GROUPS['day']}, {_GROUPS[by]}, sum(cost_pico),"  # noqa: S608 - as above
        " sum(status IN ('done', 'cancelled') AND cost_pico IS NULL)"
        f" FROM attempts a WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2",
        values,
    )
    return [
        SpendDay(
            day=dt.date.fromisoformat(day),
            group=group,
            cost_pico=None if cost is None and unknown else cost or 0,
        )
        for day, group, cost, unknown in cursor
    ]


def _log_row(raw: tuple[object, ...], media: tuple[MediaRef, ...]) -> LogRow:
    names = LogRow.__struct_fields__
    values = dict(zip((name for name in names if name != "media"), raw[1:], strict=True))
    values["started"] = from_micros(raw[2])  # pyright: ignore[reportArgumentType]
    values["finished"] = from_micros(raw[3]) if raw[3] else None  # pyright: ignore[reportArgumentType]
    values["options"] = from_json(str(values["options"]))
    return LogRow(**values, media=media)  # pyright: ignore[reportArgumentType]
