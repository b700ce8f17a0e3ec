"""Reads the files in which others publish boards.

Four formats, told apart by what is in the file:

* a table as the arena's site showed it on one day: `rank,model,arena_score,95_pct_ci,votes,...`;
* a table of the ratings of all models on many days: `key,Model,rating,License,Organization,date`;
* results in JSON, one object for each category: `{"full": {"gpt-4o": {"rating": 1300.1, ...}}}`;
* a table of what is known of models: `key,Model,MT-bench (score),MMLU,License,Organization,...`.

A file is read whole and checked whole: a board comes out of it, or an error.
"""

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from reckon.catalogue.board_file import BoardFile, Row, Scale, short
from reckon.catalogue.boards import SERIES, Board
from reckon.catalogue.organizations import canonical, maker_of
from reckon.vocabulary.score import Score

SHOWN = ("rank", "model", "95_pct_ci", "votes", "organization", "license")
"""Columns of a table as it was shown; beside them `arena_score`, or `arena_elo` before 2024-07."""
RATINGS = ("key", "Model", "rating", "License", "Organization", "date")
FACTS = ("key", "Model", "MT-bench (score)", "MMLU", "License", "Organization")

BRADLEY_TERRY = dt.date(2024, 3, 27)
"""From this day on the all-time table has ratings fitted at once: its anchor stands at 1114."""
CLOSED_FORM = dt.date(2025, 7, 23)
"""From this day on the arena's intervals are computed and not resampled, and votes weighted."""

VOTES = "votes of people on anonymous answers"
ALL_QUESTIONS = f"Chatbot Arena, {VOTES}, all questions"

OTHER_ARENAS = ("vision", "image", "webdev", "search", "video", "copilot")
"""Arenas whose boards look like that of text; the name of the file tells them apart."""

ELO = Scale(300, 3000, "points of an arena, 300 to 3000")
MT_BENCH = Scale(1, 10, "points of MT-bench, 1 to 10")
MMLU = Scale(0, 1, "a share of right answers, 0 to 1")

TESTS = (
    ("mt-bench", "MT-bench (score)", "MT-bench, GPT-4 as judge, 1 to 10", MT_BENCH),
    ("mmlu", "MMLU", "MMLU, share of right answers", MMLU),
)
"""Series, column, method and scale of each test in a table of what is known of models."""


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
    file = BoardFile(path, date, today)
    text = file.text()
    if text.lstrip()[:1] in ("{", "["):
        return _results(file, file.json(text))
    columns, rows = file.table(text)
    if "rating" in columns:
        file.check_columns(RATINGS, columns)
        return _ratings(file, rows)
    if "arena_score" in columns or "arena_elo" in columns:
        file.check_columns(SHOWN, columns)
        return _shown(file, rows, "arena_score" if "arena_score" in columns else "arena_elo")
    if "MMLU" in columns:
        file.check_columns(FACTS, columns)
        return _facts(file, rows)
    first = text.strip().splitlines()[0]
    raise file.error(
        "is no board that is known here.",
        why=f"Its first line is {short(first)}."
        + (" Fields are parted by commas." if ";" in first else ""),
        do="Give a CSV with rank, model, arena_score, 95_pct_ci, votes, organization, license; or "
        "with key, Model, rating, License, Organization, date; or the arena's JSON.",
    )


class _Line(NamedTuple):
    """One row: where it stands in the file, and what it says."""

    where: int | str
    model: str
    organization: str
    score: float
    key: str | None = None
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    votes: int | None = None
    licence: str | None = None


def _question(file: BoardFile, series: str, about: str = "all questions") -> tuple[str, str]:
    """Series and method of a board, by the arena and the style control that its file names."""
    name = file.path.name.lower()
    arena = next((word for word in OTHER_ARENAS if word in name), "")
    style = "style" in name
    parts = [arena or ("text" if style else ""), "style-control" if style else ""]
    if series not in ("shown", "text") or not any(parts):
        parts.append(series)
    where = f"Chatbot Arena of {arena}" if arena else "Chatbot Arena"
    control = "style control" if style else "no style control"
    method = f"{where}, {VOTES}, {about}; Bradley-Terry, {control}; 95% interval"
    return "-".join(filter(None, parts)), method


def _shown(file: BoardFile, rows: list[Row], column: str) -> Read:
    """A table as the site showed it."""
    date = file.day()
    # Some tables number their rows. That is no rank: where intervals overlap, ranks are shared.
    numbered = [row["rank"] for _, row in rows] == [str(n + 1) for n in range(len(rows))]
    ranks = len(rows) > 1 and not numbered
    lines: list[_Line] = []
    for line, row in rows:
        score = file.number(row[column], ELO, line, column)
        low, high = file.interval(row["95_pct_ci"], score, line)
        lines.append(
            _Line(
                line,
                row["model"],
                row["organization"],
                score,
                low=low,
                high=high,
                rank=file.count(row["rank"], line, "rank", least=1) if ranks else None,
                votes=file.count(row["votes"], line, "votes"),
                licence=row["license"] or None,
            )
        )
    series, method = _question(file, "shown")
    method += " computed, votes weighted" if date >= CLOSED_FORM else " by bootstrap"
    method += "; rank by upper bound, as shown" if ranks else "; not ranked"
    return _read(file, [(series, date, method, lines)])


def _ratings(file: BoardFile, rows: list[Row]) -> Read:
    """A table of all models on many days."""
    if file.given:
        file.fail(
            "says of each row which day it is of.",
            why="It holds boards of many days.",
            do="Leave --board-date out.",
        )
    days: dict[str, dt.date] = {}
    by_day: dict[dt.date, list[_Line]] = {}
    for line, row in rows:
        text = row["date"]
        if text not in days:
            parts = re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", text)
            if not parts:
                file.fail_at(line, f"The date is {short(text)}, not a day like 20241231.")
            days[text] = file.day_of(parts.groups(), f"line {line}")
        by_day.setdefault(days[text], []).append(
            _Line(
                line,
                row["Model"],
                row["Organization"],
                file.number(row["rating"], ELO, line, "rating"),
                key=row["key"] or None,
                licence=row["License"] or None,
            )
        )
    drafts: list[_Draft] = []
    for date, lines in sorted(by_day.items()):
        rated = "Bradley-Terry" if date >= BRADLEY_TERRY else "Elo, moved by one vote after another"
        method = f"{ALL_QUESTIONS}; {rated}; retired models included; no intervals"
        drafts.append(("all", date, method, _by_score(lines)))
    return _read(file, drafts)


def _facts(file: BoardFile, rows: list[Row]) -> Read:
    """A table of what is known of models, where two columns are scores of other tests."""
    date = file.day()
    drafts: list[_Draft] = []
    for series, column, method, scale in TESTS:
        lines = [
            _Line(
                line,
                row["Model"],
                row["Organization"],
                file.number(row[column], scale, line, column),
                key=row["key"] or None,
                licence=row["License"] or None,
            )
            for line, row in rows
            if row[column] not in ("", "-")
        ]
        if lines:
            drafts.append((series, date, method, _by_score(lines)))
    return _read(file, drafts)


def _results(file: BoardFile, found: Any) -> Read:
    """Results in JSON, one board for each category."""
    if not isinstance(found, dict):
        file.fail("is no board that is known here.", why="Its JSON is no object of categories.")
    date = file.day()
    drafts: list[_Draft] = []
    for category, models in cast("dict[str, Any]", found).items():
        series = "text" if category == "full" else category.replace("_", "-").lower()
        if not SERIES.fullmatch(series) or series in ("shown", "all"):
            file.fail_at(f"category {short(category)}", "That is no name of a category.")
        if not isinstance(models, dict):
            file.fail_at(f"category {short(category)}", "It is no object of models.")
        lines = [
            _result(file, f"{category}, {short(model)}", model, raw)
            for model, raw in cast("dict[str, Any]", models).items()
        ]
        about = "all questions" if category == "full" else f"questions of {category}"
        series, method = _question(file, series, about)
        method += "; rank by upper bound, from the unrounded bounds"
        drafts.append((series, date, method, _by_score(lines)))
    boards, repeated = _read(file, drafts)
    return Read([ranked(board) for board in boards], repeated)


def _result(file: BoardFile, where: str, model: str, raw: Any) -> _Line:
    if not isinstance(raw, dict):
        file.fail_at(where, "It is no object with a rating.")
    fields = cast("dict[str, Any]", raw)
    rating, low, high = (
        file.number(fields.get(field), ELO, where, field)
        for field in ("rating", "rating_q025", "rating_q975")
    )
    if not low <= rating <= high:
        file.fail_at(where, f"The rating {rating} is not within its bounds, {low} to {high}.")
    return _Line(where, model, "", rating, low=low, high=high)


def _by_score(lines: list[_Line]) -> list[_Line]:
    return sorted(lines, key=lambda line: -line.score)


_Draft = tuple[str, dt.date, str, list[_Line]]
"""Series, day, method and rows of a board."""


def _read(file: BoardFile, drafts: list[_Draft]) -> Read:
    """The boards, each model once."""
    if not any(lines for *_, lines in drafts):
        file.fail("has no scores.", do="Give a file with a board.")
    boards = [_board(file, *draft) for draft in drafts]
    repeated = sum(len(lines) for *_, lines in drafts) - sum(len(each.scores) for each in boards)
    return Read(boards, repeated)


def _board(file: BoardFile, series: str, date: dt.date, method: str, lines: list[_Line]) -> Board:
    once: dict[str, _Line] = {}
    for line in lines:
        before = once.setdefault(line.model, line)
        # A name that two models with keys of their own are shown under stands for the upper one.
        if line.key == before.key and line[2:] != before[2:]:
            file.fail_at(line.where, f"{line.model} stands there twice, with different figures.")
        if not line.model.strip() or not line.model.isprintable():
            file.fail_at(line.where, f"The model's name is {short(line.model)}.")
    source = f"file {file.path.name}"
    return Board(
        date=date,
        series=series,
        method=method,
        source=source,
        scores=tuple(
            Score(
                model=line.model,
                key=line.key,
                organization=canonical(line.organization) or maker_of(line.model),
                organization_written=line.organization,
                board=date,
                method=method,
                source=source,
                score=line.score,
                low=line.low,
                high=line.high,
                rank=line.rank,
                votes=line.votes,
                licence=line.licence,
            )
            for line in once.values()
        ),
    )


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
