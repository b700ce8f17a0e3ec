"""Text and JSON as SQLite can hold them.

A path of a disk may hold bytes that are no UTF-8; Python spells them as lone surrogates, which
SQLite refuses. Such a name must not cost a run its row.
"""

import json
from typing import Any

import msgspec


def storable(text: str) -> str:
    """The text itself; a lone surrogate in it is written out as `\\udcXX`, so names stay apart."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def storable_or_none(text: str | None) -> str | None:
    """The same for what may be absent."""
    return None if text is None else storable(text)


def to_json(value: dict[str, Any]) -> str:
    """JSON with sorted keys; paths of any bytes survive the round trip."""
    if not value:
        return "{}"
    try:
        return msgspec.json.encode(value, order="sorted").decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), sort_keys=True)


def from_json(text: str) -> dict[str, Any]:
    """What `to_json` wrote."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return json.loads(text)
