"""Rows as text: aligned table, JSON, CSV, JSON Lines."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

Row = Mapping[str, Any]


def printable(text: str) -> str:
    """Text that cannot drive a terminal: control characters are shown, not obeyed.

    Answers of models are untrusted: an escape sequence in one could retitle a window, move the
    cursor or hide what stands before it.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter in "\n\t" or not _is_control(letter) else _shown(letter) for letter in text
    )


def one_line(text: str, width: int) -> str:
    """Text on one line, cut with an ellipsis."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= width else flat[: max(0, width - 1)] + "…"


def table(
    rows: Sequence[Sequence[str]], header: Sequence[str], *, right: Sequence[int] = ()
) -> str:
    """Aligned columns under a header.

    Args:
        rows: Cells as text.
        header: Names of the columns.
        right: Numbers of columns that are aligned to the right.
    """
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            _padded(cell, widths[column], to_right=column in right)
            for column, cell in enumerate(row)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def as_json(rows: object) -> bytes:
    """JSON for people and programs, in the order of the fields; UTF-8."""
    try:
        return msgspec.json.format(msgspec.json.encode(rows), indent=2)
    except (UnicodeEncodeError, OverflowError):
        # Half a character, a number beyond 64 bits: the slow writer takes them.
        return json.dumps(rows, indent=2).encode()


def as_json_line(row: Row) -> str:
    """One JSON object on one line."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def as_csv_lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    """CSV, a line at a time; missing values are empty.

    A text that a spreadsheet would take for a formula is prefixed with an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_cell(row.get(column)) for column in columns])
    yield _taken(buffer)


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and value[1:2]:
        return "'" + value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _padded(cell: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if to_right else cell + space


def _width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _is_control(letter: str) -> bool:
    # Cf holds the marks that turn text around, which can make one line read as another.
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co")


def _shown(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"
