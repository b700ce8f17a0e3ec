"""A file with boards on its way in: its text, its table, its day, and the cells of its rows.

Whatever is wrong ends in an error that names the file, the line and the cell; nothing is repaired.
"""

import csv
import datetime as dt
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from reckon.errors import SourceError

MOST_BYTES = 64 << 20
FIRST_ARENA = dt.date(2023, 4, 24)
"""Before this day there was no arena, and a date is a mistake."""

TELL_DATE = "Say which day it is of: --board-date 2024-12-31."
CORRECT = "Correct the file, or take the row out."


class Scale(NamedTuple):
    """Where the figures of a method can lie; a figure beyond it is of another unit."""

    least: float
    most: float
    unit: str


Row = tuple[int, Mapping[str, str]]
"""The number of its line, and its fields."""


class _Twice(ValueError):
    """An object of JSON has a name twice."""


class BoardFile:
    """One file: its path, the day that was given, the day it is read on."""

    def __init__(self, path: Path, date: dt.date | None, today: dt.date) -> None:
        self.path = path
        self.given = date
        self.today = today

    def error(self, what: str, *, why: str = "", do: str = CORRECT) -> SourceError:
        return SourceError(f"{self.path} {what}", why=why, do=do)

    def fail(self, what: str, *, why: str = "", do: str = CORRECT) -> NoReturn:
        raise self.error(what, why=why, do=do)

    def fail_at(self, line: int | str, why: str) -> NoReturn:
        where = f"line {line}" if isinstance(line, int) else line
        self.fail(f"is malformed, {where}.", why=why)

    def text(self) -> str:
        try:
            size = self.path.stat().st_size
            if size > MOST_BYTES:
                self.fail(
                    "is too large for a board.",
                    why=f"It has {size:,} bytes; at most {MOST_BYTES:,} are read.",
                    do="Give a file of boards, one table or one JSON.",
                )
            text = self.path.read_text(encoding="utf-8-sig")
        except OSError as error:
            self.fail("cannot be read.", why=error.strerror or str(error), do="Check the path.")
        except UnicodeDecodeError as error:
            self.fail("is not text in UTF-8.", why=str(error), do="Save it as UTF-8.")
        if not text.strip():
            self.fail("is empty.", do="Give a file with a board.")
        return text

    def table(self, text: str) -> tuple[set[str], list[Row]]:
        """Names of the columns, and the rows with the numbers of their lines."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows: list[Row] = []
        header: list[str] = []
        try:
            for fields in reader:
                if not header:
                    header = [name.strip() for name in fields]
                    continue
                if not fields:
                    continue
                if len(fields) != len(header):
                    self.fail_at(
                        reader.line_num, f"It has {len(fields)} fields, the header {len(header)}."
                    )
                row = dict(zip(header, (field.strip() for field in fields), strict=True))
                rows.append((reader.line_num, row))
        except csv.Error as error:
            self.fail_at(reader.line_num, f"{error}.")
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            self.fail(f"has the column {twice[0]} twice.", do="Take one of them out.")
        return set(header), rows

    def json(self, text: str) -> Any:
        """The file as JSON, in which no object has a name twice."""
        try:
            return json.loads(text, object_pairs_hook=_once)
        except _Twice as error:
            self.fail(f"is malformed, {short(str(error))}.", why="It stands there twice.")
        except RecursionError:
            self.fail("is no board that is known here.", why="Its JSON is nested too deeply.")
        except ValueError as error:
            self.fail("is not JSON.", why=f"{error}.", do="Fetch the file again, whole.")

    def check_columns(self, needed: Iterable[str], columns: set[str]) -> None:
        missing = [name for name in needed if name not in columns]
        if missing:
            self.fail(
                "has no column " + ", ".join(missing) + ".",
                why=f"It has {', '.join(sorted(columns))}.",
                do=f"Give a table with {', '.join(needed)}.",
            )

    def day(self) -> dt.date:
        """The day of a file that holds one board: as given, else as in its name."""
        if self.given:
            return self._checked(self.given, "--board-date")
        found = set(re.findall(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)", self.path.name))
        if len(found) != 1:
            self.fail(
                "does not say of which day it is.",
                why="Its name holds several dates."
                if found
                else "Neither its rows nor its name hold a date.",
                do=TELL_DATE,
            )
        return self.day_of(found.pop(), "its name")

    def day_of(self, parts: Sequence[str], where: str) -> dt.date:
        """The date of year, month and day."""
        try:
            date = dt.date(*map(int, parts))
        except ValueError:
            self.fail(
                "does not say of which day it is.",
                why=f"{'-'.join(parts)} in {where} is no date.",
                do=TELL_DATE,
            )
        return self._checked(date, where)

    def _checked(self, date: dt.date, where: str) -> dt.date:
        if not FIRST_ARENA <= date <= self.today:
            self.fail(
                f"cannot be a board of {date}.",
                why=f"{where[0].upper()}{where[1:]} says so; boards are from {FIRST_ARENA} to "
                f"{self.today}.",
                do=TELL_DATE,
            )
        return date

    def number(self, raw: Any, scale: Scale, where: int | str, field: str) -> float:
        try:
            # JSON has numbers; a table has text, in which Python would also take `1_000`.
            value = float(raw) if "_" not in str(raw) and raw is not True else math.nan
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            comma = re.fullmatch(r"-?\d+,\d+", str(raw))
            self.fail_at(
                where,
                f"`{field}` is {short(raw)}, not a number."
                + (" Write a decimal point." if comma else ""),
            )
        if not scale.least <= value <= scale.most:
            self.fail_at(where, f"`{field}` is {value:g}; other units? Here it is {scale.unit}.")
        return value

    def interval(self, raw: str, score: float, line: int) -> tuple[float | None, float | None]:
        """Bounds from `+4/-5`; none where the cell is empty."""
        if not raw:
            return None, None
        found = re.fullmatch(r"\+(\d+(?:\.\d+)?)/-(\d+(?:\.\d+)?)", raw)
        if not found:
            self.fail_at(line, f"`95_pct_ci` is {short(raw)}, not an interval like +4/-5.")
        above, below = map(float, found.groups())
        return score - below, score + above

    def count(self, raw: str, line: int, field: str, *, least: int = 0) -> int | None:
        """A whole number; None where the cell is empty."""
        if not raw:
            return None
        if not (raw.isascii() and raw.isdigit() and len(raw) < 12 and int(raw) >= least):
            self.fail_at(
                line, f"`{field}` is {short(raw)}, not a whole number of at least {least}."
            )
        return int(raw)


def short(raw: Any) -> str:
    """A cell as an error shows it."""
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return made
