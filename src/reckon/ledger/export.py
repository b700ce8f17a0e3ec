"""Rows of the ledger as plain values, under the names that JSON and CSV use.

Money is a decimal string in dollars, times are ISO 8601 in UTC, unknown is None.
"""

import datetime as dt

import msgspec

from reckon.ledger.rows import LogRow, RunRow, SpendRow
from reckon.vocabulary.money import to_usd, usd_text

Plain = dict[str, object]


def log_as_dict(row: LogRow) -> Plain:
    """An attempt; `model` is the one that was asked."""
    return {
        "id": row.id,
        "started": _time(row.started),
        "finished": _time(row.finished),
        "status": row.status,
        "run": row.run_id,
        "tag": row.tag,
        "item": row.item_id,
        "item_index": row.item_index,
        "key": row.key,
        "model": row.model_asked,
        "model_answered": row.model_answered,
        "prompt": row.prompt,
        "system": row.system,
        "answer": row.answer,
        "reasoning": row.reasoning,
        "error": row.error,
        "stop_reason": row.stop_reason,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cached_input_tokens": row.cached_input_tokens,
        "cache_write_tokens": row.cache_write_tokens,
        "cache_write_1h_tokens": row.cache_write_1h_tokens,
        "audio_input_tokens": row.audio_input_tokens,
        "image_input_tokens": row.image_input_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "audio_output_tokens": row.audio_output_tokens,
        "cost_usd": _usd(row.cost_pico),
        "cost_kind": row.cost_kind,
        "reserved_usd": _usd(row.reserved_pico),
        "price_start": row.price_start.isoformat() if row.price_start else None,
        "first_token_s": row.first_token_s,
        "duration_s": row.duration_s,
        "request_id": row.request_id,
        "options": row.options,
        "media": [msgspec.to_builtins(media) for media in row.media],
    }


def run_as_dict(row: RunRow) -> Plain:
    """A run with what it was started with."""
    return {
        "id": row.id,
        "created": _time(row.created),
        "status": row.status,
        "tag": row.tag,
        "job": row.job,
    }


def spend_as_dict(row: SpendRow, by: str) -> Plain:
    """One line of spending; the group stands under the name of what it is grouped by."""
    return {
        by: row.group,
        "calls": row.calls,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": _usd(row.cost_pico),
        "unknown_calls": row.unknown_calls,
        "in_doubt_usd": _usd(row.in_doubt_pico),
    }


def as_cells(row: Plain) -> Plain:
    """The same for CSV: what is nested becomes JSON text."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
        for name, value in row.items()
    }


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _usd(pico: int | None) -> str | None:
    return None if pico is None else usd_text(to_usd(pico))
