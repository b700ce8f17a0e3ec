"""Reads the files in which others publish boards.

Four formats, told apart by what is in the file:

* a table as the arena's site showed it on one day: `rank,model,arena_score,95_pct_ci,votes,...`;
* a table of the ratings of all models on many days: `key,Model,rating,License,Organization,date`;
* results in JSON, one object for each category: `{"full": {"gpt-4o": {"rating": 1300.1, ...}}}`;
* a table of what is known of models: `key,Model,MT-bench (score),MMLU,License,Organization,...`.

A file is read whole and checked whole: a board comes out of it, or an error that says where it
breaks. Figures are never repaired.
"""

import csv
import datetime as dt
import io
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

import msgspec

from reckon.catalogue.boards import SERIES, Board
from reckon.catalogue.organizations import canonical, maker_of
from reckon.errors import SourceError
from reckon.vocabulary.score import Score

MOST_BYTES = 64 << 20
FIRST_ARENA = dt.date(2023, 4, 24)
"""Before this day there was no arena, and a date is a mistake."""

SHOWN = ("rank", "model", "95_pct_ci", "votes", "organization", "license")
"""Columns of a table as it was shown; beside them `arena_score`, or `arena_elo` before 2024-07."""
RATINGS = ("key", "Model", "rating", "License", "Organization", "date")
FACTS = ("key", "Model", "MT-bench (score)", "MMLU", "License", "Organization")

BRADLEY_TERRY = dt.date(2024, 3, 27)
"""From this day on the all-time table has ratings fitted at once: its anchor stands at 1114."""
CLOSED_FORM = dt.date(2025, 7, 23)
"""From this day on the arena's intervals are computed and not resampled, and votes weighted."""

VOTES = "Chatbot Arena, votes of people on anonymous answers"
ALL_QUESTIONS = f"{VOTES}, all questions"

TELL_DATE = "Say which day it is of: --board-date 2024-12-31."
CORRECT = "Correct the file, or take the row out."


class Scale(NamedTuple):
    """Where the figures of a method can lie; a figure beyond it is of another unit."""

    least: float
    most: float
    unit: str


ELO = Scale(300, 3000, "points of an arena, 300 to 3000")
MT_BENCH = Scale(1, 10, "points of MT-bench, 1 to 10")
MMLU = Scale(0, 1, "a share of right answers, 0 to 1")


class Read(NamedTuple):
    """What a file held."""

    boards: list[Board]
    repeated: int
    """Rows that stood there twice with the same figures, and were taken once."""


def read_file(path: Path, *, date: dt.date | None = None, today: dt.date) -> Read:
    """The boards of a file.

    Args:
        path: A file in one of the four formats.
        date: The day of the board; None: as its rows or its name say.
        today: A board cannot be of a later day.

    Raises:
        SourceError: The file cannot be read, is of no known format, has no day, or is malformed;
            names the row.
    """
    file = _File(path, date, today)
    text = file.text()
    if text.lstrip()[:1] in ("{", "["):
        return file.results(text)
    columns, rows = file.table(text)
    if set(RATINGS) <= columns:
        return file.ratings(rows)
    if {"arena_score", "arena_elo"} & columns:
        file.check_columns(SHOWN, columns)
        return file.shown(rows, "arena_score" if "arena_score" in columns else "arena_elo")
    if set(FACTS) <= columns:
        return file.facts(rows)
    file.fail(
        "is no board that is known here.",
        why=f"Its first line is {_short(text.splitlines()[0])}."
        + (" A semicolon is no comma." if ";" in text.splitlines()[0] else ""),
        do="Give a CSV with rank, model, arena_score, 95_pct_ci, votes, organization, license; or "
        "with key, Model, rating, License, Organization, date; or the arena's JSON.",
    )


Row = tuple[int, Mapping[str, str]]
"""The number of its line, and its fields."""


class _File:
    """One file on its way in: its name, and the day that was given."""

    def __init__(self, path: Path, date: dt.date | None, today: dt.date) -> None:
        self.path = path
        self.given = date
        self.today = today
        self.repeated = 0

    def fail(self, what: str, *, why: str = "", do: str = CORRECT) -> NoReturn:
        raise SourceError(f"{self.path} {what}", why=why, do=do)

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
        return set(header), rows

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
        found = re.search(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)", self.path.name)
        if not found:
            self.fail(
                "does not say of which day it is.",
                why="Neither its rows nor its name hold a date.",
                do=TELL_DATE,
            )
        return self._day_of(found.groups(), "its name")

    def _day_of(self, parts: Sequence[str], where: str) -> dt.date:
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

    def shown(self, rows: list[Row], column: str) -> Read:
        """A table as the site showed it."""
        date = self.day()
        interval = "computed" if date >= CLOSED_FORM else "by bootstrap"
        method = f"{ALL_QUESTIONS}; Bradley-Terry, no style control; 95% interval {interval}"
        # Some tables number their rows: a board with intervals has equals, and equals share a rank.
        numbered = [row["rank"] for _, row in rows] == [str(n + 1) for n in range(len(rows))]
        ranked = len(rows) > 1 and not numbered
        method += "; rank by upper bound, as shown" if ranked else "; not ranked"
        scores: list[tuple[int | str, Score]] = []
        for line, row in rows:
            score = self.number(row[column], ELO, line, column)
            low, high = self.interval(row["95_pct_ci"], score, line)
            scores.append(
                (
                    line,
                    self.score(
                        row["model"],
                        line,
                        date=date,
                        method=method,
                        organization=row["organization"],
                        score=score,
                        low=low,
                        high=high,
                        rank=self.count(row["rank"], line, "rank", least=1) if ranked else None,
                        votes=self.count(row["votes"], line, "votes"),
                        licence=row["license"] or None,
                    ),
                )
            )
        return Read([self.board("shown", date, method, scores)], self.repeated)

    def ratings(self, rows: list[Row]) -> Read:
        """A table of all models on many days."""
        if self.given:
            self.fail(
                "says of each row which day it is of.",
                why="It holds boards of many days.",
                do="Leave --board-date out.",
            )
        by_day: dict[str, list[Row]] = {}
        for line, row in rows:
            by_day.setdefault(row["date"], []).append((line, row))
        boards: list[Board] = []
        for text, of_day in sorted(by_day.items()):
            line = of_day[0][0]
            parts = re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", text)
            if not parts:
                self.fail_at(line, f"The date is {text!r}, not a day like 20241231.")
            date = self._day_of(parts.groups(), f"line {line}")
            rated = (
                "Bradley-Terry" if date >= BRADLEY_TERRY else "Elo, moved by one vote after another"
            )
            method = f"{ALL_QUESTIONS}; {rated}; retired models included; no intervals"
            scores = [
                (
                    line,
                    self.score(
                        row["Model"],
                        line,
                        key=row["key"],
                        date=date,
                        method=method,
                        organization=row["Organization"],
                        score=self.number(row["rating"], ELO, line, "rating"),
                        licence=row["License"] or None,
                    ),
                )
                for line, row in of_day
            ]
            scores.sort(key=lambda pair: -pair[1].score)
            boards.append(self.board("all", date, method, scores))
        if not boards:
            self.fail("has no rows.", do="Give a file with a board.")
        return Read(boards, self.repeated)

    def facts(self, rows: list[Row]) -> Read:
        """A table of what is known of models, where two columns are scores of other tests."""
        date = self.day()
        boards: list[Board] = []
        for series, column, method, scale in (
            ("mt-bench", "MT-bench (score)", "MT-bench, 80 questions, GPT-4 as judge", MT_BENCH),
            ("mmlu", "MMLU", "MMLU, share of right answers", MMLU),
        ):
            scores = [
                (
                    line,
                    self.score(
                        row["Model"],
                        line,
                        key=row["key"],
                        date=date,
                        method=method,
                        organization=row["Organization"],
                        score=self.number(row[column], scale, line, column),
                        licence=row["License"] or None,
                    ),
                )
                for line, row in rows
                if row[column] not in ("", "-")
            ]
            scores.sort(key=lambda pair: -pair[1].score)
            if scores:
                boards.append(self.board(series, date, method, scores))
        if not boards:
            self.fail("has no scores.", do="Give a table with a score in a row.")
        return Read(boards, self.repeated)

    def results(self, text: str) -> Read:
        """Results in JSON, one board for each category."""
        try:
            found: Any = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            self.fail("is not JSON.", why=str(error), do="Fetch the file again, whole.")
        if not isinstance(found, dict) or not found:
            self.fail("is no board that is known here.", why="Its JSON is no object of categories.")
        date = self.day()
        boards: list[Board] = []
        for category, models in cast("dict[str, Any]", found).items():
            series = "text" if category == "full" else category.replace("_", "-").lower()
            if not SERIES.fullmatch(series) or series in ("shown", "all"):
                self.fail_at(f"category {_short(category)}", "That is no name of a category.")
            about = "all questions" if series == "text" else f"questions of {category}"
            method = f"{VOTES}, {about}; Bradley-Terry, no style control; 95% interval; rank by "
            method += "upper bound, from the unrounded bounds"
            if not isinstance(models, dict) or not models:
                self.fail_at(f"category {category}", "It is no object of models.")
            scores = [
                self._result(name, raw, category, date, method)
                for name, raw in cast("dict[str, Any]", models).items()
            ]
            scores.sort(key=lambda pair: -pair[1].score)
            boards.append(ranked(self.board(series, date, method, scores)))
        return Read(boards, self.repeated)

    def _result(
        self, name: str, raw: Any, category: str, date: dt.date, method: str
    ) -> tuple[int | str, Score]:
        where = f"{category}, {_short(name)}"
        if not isinstance(raw, dict):
            self.fail_at(where, "It is no object with a rating.")
        fields = cast("dict[str, Any]", raw)
        rating, low, high = (
            self.number(fields.get(field), ELO, where, field)
            for field in ("rating", "rating_q025", "rating_q975")
        )
        if not low <= rating <= high:
            self.fail_at(where, f"The rating {rating} is not within its bounds, {low} to {high}.")
        score = self.score(
            name, where, date=date, method=method, organization="", score=rating, low=low, high=high
        )
        return where, score

    def score(
        self,
        model: str,
        where: int | str,
        *,
        date: dt.date,
        method: str,
        organization: str,
        score: float,
        key: str | None = None,
        low: float | None = None,
        high: float | None = None,
        rank: int | None = None,
        votes: int | None = None,
        licence: str | None = None,
    ) -> Score:
        if not model.strip() or not model.isprintable():
            self.fail_at(where, f"The model's name is {_short(model)}.")
        return Score(
            model=model,
            key=key or None,
            organization=canonical(organization) if organization else maker_of(model),
            organization_written=organization,
            board=date,
            method=method,
            source=f"file {self.path.name}",
            score=score,
            low=low,
            high=high,
            rank=rank,
            votes=votes,
            licence=licence,
        )

    def board(
        self, series: str, date: dt.date, method: str, scores: Sequence[tuple[int | str, Score]]
    ) -> Board:
        """The board of these rows, each model once."""
        once: dict[str, Score] = {}
        for where, score in scores:
            before = once.get(score.model)
            if before is None:
                once[score.model] = score
                continue
            figures = [
                (each.score, each.low, each.high, each.votes, each.organization)
                for each in (before, score)
            ]
            if figures[0] != figures[1] and not _two_keys(before, score):
                self.fail_at(where, f"{score.model} stands there twice, with different figures.")
            self.repeated += 1
        if not once:
            self.fail("has no rows.", do="Give a file with a board.")
        return Board(
            date=date,
            series=series,
            method=method,
            source=f"file {self.path.name}",
            scores=tuple(once.values()),
        )

    def number(self, raw: Any, scale: Scale, where: int | str, field: str) -> float:
        try:
            # JSON has numbers; a table has text, in which Python would also take `1_000`.
            value = float(raw) if "_" not in str(raw) and raw is not True else math.nan
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            comma = re.fullmatch(r"-?\d+,\d+", str(raw))
            self.fail_at(
                where,
                f"`{field}` is {_short(raw)}, not a number."
                + (" Write a decimal point." if comma else ""),
            )
        if not scale.least <= value <= scale.most:
            self.fail_at(
                where, f"`{field}` is {value:g}; other units? Here it is {scale.unit}."
            )
        return value

    def interval(self, raw: str, score: float, line: int) -> tuple[float | None, float | None]:
        """Bounds from `+4/-5`; none where the cell is empty."""
        if not raw:
            return None, None
        found = re.fullmatch(r"\+(\d+(?:\.\d+)?)/-(\d+(?:\.\d+)?)", raw)
        if not found:
            self.fail_at(line, f"`95_pct_ci` is {_short(raw)}, not an interval like +4/-5.")
        above, below = map(float, found.groups())
        return score - below, score + above

    def count(self, raw: str, line: int, field: str, *, least: int = 0) -> int | None:
        """A whole number; None where the cell is empty."""
        if not raw:
            return None
        if not (raw.isascii() and raw.isdigit() and len(raw) < 12 and int(raw) >= least):
            self.fail_at(line, f"`{field}` is {_short(raw)}, not a whole number of at least {least}.")
        return int(raw)


def _two_keys(one: Score, other: Score) -> bool:
    """Whether they are one name that two models are shown under; the upper one stands for both."""
    return one.key is not None and one.key != other.key


def ranked(board: Board) -> Board:
    """The board with ranks: 1, and one for each model whose lower bound is above the upper one."""
    lower = sorted(each.low for each in board.scores if each.low is not None)
    return msgspec.structs.replace(
        board,
        scores=tuple(
            msgspec.structs.replace(each, rank=1 + len(lower) - bisect_right(lower, each.high))
            if each.high is not None
            else each
            for each in board.scores
        ),
    )


def with_keys(board: Board, others: Iterable[Board]) -> Board:
    """The board with the second names that other boards have for the models it shows."""
    keys = dict(_shown_and_key(others))
    return msgspec.structs.replace(
        board,
        scores=tuple(
            each if each.key else msgspec.structs.replace(each, key=keys.get(each.model))
            for each in board.scores
        ),
    )


def _shown_and_key(boards: Iterable[Board]) -> Iterator[tuple[str, str]]:
    for board in boards:
        for score in board.scores:
            if score.key and score.key != score.model:
                yield score.model, score.key


def _short(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."
