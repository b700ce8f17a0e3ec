"""Boards: what was measured of many models on one day, by one method.

A board is a file `DATE.SERIES.jsonl`: a head that says how the scores were made and where they were
read, then a row for each model, in the order of the board. Some come with reckon, more are in the
user's folder; a file is read when somebody asks for its scores, never before.
"""

import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

import msgspec

from reckon import settings
from reckon.catalogue.block import DATA
from reckon.catalogue.organizations import canonical, maker_of
from reckon.errors import CatalogueError, UsageError
from reckon.vocabulary.score import Score

SHIPPED = DATA / "scores"

ARENA = ("shown", "text", "all")
"""Series that are comparable votes on all questions, best known first: the board as its site showed
it, its results unrounded, every model that ever was on it."""

COLUMNS = ("model", "key", "organization", "score", "low", "high", "rank", "votes", "licence")

SERIES = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FILE = re.compile(rf"\d{{4}}-\d\d-\d\d\.{SERIES.pattern}\.jsonl")
NEAREST = 3
READ_MORE = "`reckon models refresh --board FILE` reads more."


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a file."""

    date: dt.date
    series: str
    method: str
    source: str
    columns: tuple[str, ...] = COLUMNS


_Row = tuple[
    str,
    str | None,
    str,
    float,
    float | None,
    float | None,
    int | None,
    int | None,
    str | None,
]


class Board(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One day's scores by one method, in the order of the board."""

    date: dt.date
    series: str
    """What is measured: `shown`, `text`, `all`, or a category: `coding`."""
    method: str
    source: str
    scores: tuple[Score, ...]

    @property
    def name(self) -> str:
        """As `--board` takes it; the day alone where its series is an arena's."""
        return board_name(self.date, self.series)

    @property
    def has_ranks(self) -> bool:
        """Whether the board ranks its models."""
        return any(score.rank is not None for score in self.scores)

    @property
    def has_intervals(self) -> bool:
        """Whether scores have intervals."""
        return any(score.low is not None for score in self.scores)

    @cached_property
    def places(self) -> dict[str, Score]:
        """Each model's score, by its names as `spelled` gives them."""
        places: dict[str, Score] = {}
        for names in ((each.model for each in self.scores), (each.key for each in self.scores)):
            for name, score in zip(names, self.scores, strict=True):
                if name:
                    places.setdefault(spelled(name), score)
        return places

    def find(self, *names: str) -> Score | None:
        """The score under the first of these names that the board has; None: under none."""
        return next(
            (score for name in names if (score := self.places.get(spelled(name)))),
            None,
        )

    def between(self, first: str, last: str) -> tuple[Score, ...]:
        """The rows from one model to another, both included, in the order of the board.

        Raises:
            UsageError: A model is not on the board, or they stand the other way round.
        """
        ends = [self.find(name) for name in (first, last)]
        for name, score in zip((first, last), ends, strict=True):
            if score is None:
                raise not_on(self, name)
        places = [place for place, score in enumerate(self.scores) if score in ends]
        found = self.scores[places[0] : places[-1] + 1]
        if found[0] is not ends[0]:
            raise UsageError(
                f"{first} stands below {last} on the board of {self.name}.",
                do="Name the upper one first.",
            )
        return found


def spelled(name: str) -> str:
    """A name without what varies in how it is written: capitals, spaces, underscores."""
    return name.casefold().replace(" ", "-").replace("_", "-")


def not_on(board: Board, name: str) -> UsageError:
    """The error of a model that a board does not have."""
    # Imported here: only a mistake needs it.
    import difflib

    by_spelling = {spelled(score.model): score.model for score in board.scores}
    near = [
        by_spelling[found]
        for found in difflib.get_close_matches(spelled(name), list(by_spelling), n=NEAREST)
    ]
    others = [each for each in known() if read(known()[each]).find(name)]
    return UsageError(
        f"{name} is not on the board of {board.name}.",
        why=f"The nearest there are {', '.join(near)}." if near else "",
        do=f"Boards that have it: {', '.join(others)}."
        if others
        else f"Name it as the board does, for instance {board.scores[0].model}.",
    )


def board_name(date: dt.date, series: str) -> str:
    """The day, and the series where it has to be told."""
    return f"{date}" if series == ARENA[0] else f"{date}:{series}"


def user_folder() -> Path:
    """Where the boards are kept that the user has read in."""
    return settings.home() / "scores"


def known() -> dict[str, Path]:
    """Every board by its name, oldest first. A board of the user's hides ours of that name."""
    found: dict[tuple[str, int, str], Path] = {}
    for folder in (SHIPPED, user_folder()):
        for path in folder.glob("*.jsonl"):
            if not FILE.fullmatch(path.name):
                continue
            date, _, series = path.stem.partition(".")
            rank = ARENA.index(series) if series in ARENA else len(ARENA)
            found[date, -rank, series] = path
    return {
        f"{date}" if series == ARENA[0] else f"{date}:{series}": found[date, rank, series]
        for date, rank, series in sorted(found)
    }


def read(path: Path) -> Board:
    """A board in our own format.

    Raises:
        CatalogueError: The file is damaged; names the line.
    """
    try:
        first, *lines = path.read_bytes().splitlines() or [b""]
    except OSError as error:
        raise CatalogueError(
            f"The board {path} cannot be read.", why=error.strerror or str(error)
        ) from error
    try:
        head = msgspec.json.decode(first, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _fail(path, 1, str(error))
    if head.columns != COLUMNS:
        _fail(path, 1, f"the columns are not {', '.join(COLUMNS)}")
    if path.name != file_name(head.date, head.series):
        _fail(path, 1, f"it says that it is {file_name(head.date, head.series)}")
    try:
        rows = msgspec.json.decode(b"[" + b",".join(lines) + b"]", type=tuple[_Row, ...])
    except (msgspec.DecodeError, UnicodeDecodeError):
        rows = tuple(_row(line, path, number) for number, line in enumerate(lines, start=2))
    return Board(
        date=head.date,
        series=head.series,
        method=head.method,
        source=head.source,
        scores=tuple(_score(row, head) for row in rows),
    )


def _row(line: bytes, path: Path, number: int) -> _Row:
    try:
        return msgspec.json.decode(line, type=_Row)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _fail(path, number, str(error))


def _fail(path: Path, line: int, why: str) -> NoReturn:
    raise CatalogueError(
        f"The board {path}, line {line}, is malformed.",
        why=why,
        do="Move the file away, then `reckon models refresh --board FILE` reads it anew.",
    )


def _score(row: _Row, head: Head) -> Score:
    model, key, organization, score, low, high, rank, votes, licence = row
    return Score(
        model=model,
        key=key,
        organization=canonical(organization) or maker_of(model),
        organization_written=organization,
        board=head.date,
        method=head.method,
        source=head.source,
        score=score,
        low=low,
        high=high,
        rank=rank,
        votes=votes,
        licence=licence,
    )


def file_name(date: dt.date, series: str) -> str:
    """The file of a board."""
    return f"{date}.{series}.jsonl"


def encode(board: Board) -> bytes:
    """A board as its file holds it."""
    head = Head(date=board.date, series=board.series, method=board.method, source=board.source)
    rows = [
        (
            each.model,
            each.key,
            each.organization_written,
            each.score,
            each.low,
            each.high,
            each.rank,
            each.votes,
            each.licence,
        )
        for each in board.scores
    ]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in (head, *rows))


Change = Literal["new", "known", "replaced"]


class Kept(NamedTuple):
    """What became of a board that was read in."""

    board: Board
    change: Change


def keep(boards: Sequence[Board], *, force: bool = False) -> list[Kept]:
    """Keep boards in the user's folder: all of them, or none.

    Args:
        boards: What was read.
        force: Replace a board of the same day and series whose figures differ.

    Raises:
        CatalogueError: Such a board is known with other figures; or the folder cannot be written.
    """
    there = known()
    kept: list[Kept] = []
    for board in boards:
        before = read(there[board.name]) if board.name in there else None
        differ = _differing(before, board) if before else []
        if differ and not force:
            raise CatalogueError(
                f"The board of {board.name} is known with other figures.",
                why=f"Models that differ: {_some(differ)}. It is known from {there[board.name]}.",
                do="Give the day it is of with --board-date, or --force to replace it.",
            )
        kept.append(Kept(board, "replaced" if differ else "known" if before else "new"))
    _write([each.board for each in kept if each.change != "known"])
    return kept


def _differing(before: Board, after: Board) -> list[str]:
    old, new = (
        {each.model: (each.score, each.low, each.high, each.rank, each.votes) for each in of.scores}
        for of in (before, after)
    )
    return [model for model in {**old, **new} if old.get(model) != new.get(model)]


def _some(names: Sequence[str]) -> str:
    more = len(names) - NEAREST
    return ", ".join(names[:NEAREST]) + (f" and {more} more" if more > 0 else "")


def _write(boards: Iterable[Board]) -> None:
    """Every file whole and beside its place, before the first one takes it."""
    folder = settings.ensure_folder(user_folder())
    ready: list[tuple[Path, Path]] = []
    try:
        for board in boards:
            path = folder / file_name(board.date, board.series)
            temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            ready.append((temporary, path))
            temporary.write_bytes(encode(board))
        for temporary, path in ready:
            temporary.replace(path)
    except OSError as error:
        for temporary, _ in ready:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise CatalogueError(
            f"The boards cannot be written to {folder}.",
            why=error.strerror or str(error),
            do="Set RECKON_HOME to a folder you can write to.",
        ) from error


def newest_first() -> Iterator[Board]:
    """The boards of arenas, read one after another."""
    for name, path in reversed(known().items()):
        if name[11:] in ("", *ARENA):
            yield read(path)


def pick(asked: str | None) -> Board:
    """The board that is meant.

    Args:
        asked: `2024-12-31`: the arena's board of that day, else the latest one before it;
            `2024-12-31:coding`: that series. None: the arena's newest.

    Raises:
        UsageError: No such board; names those there are.
    """
    if asked is None:
        return next(newest_first())
    there = known()
    day, colon, series = asked.strip().partition(":")
    try:
        date = dt.date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(
            f"{asked!r} is no board.",
            why="A board is named by its day: 2024-12-31, or 2024-12-31:SERIES.",
            do=f"The boards at hand: {', '.join(there)}.",
        ) from error
    if colon:
        named = board_name(date, series)
        if named in there:
            return read(there[named])
    else:
        before = [
            name for name in there if name[:10] <= date.isoformat() and name[11:] in ("", *ARENA)
        ]
        if before:
            return read(there[before[-1]])
    raise UsageError(
        f"There is no board {asked.strip()}." if colon else f"There is no board up to {date}.",
        do=f"The boards at hand: {', '.join(there)}. {READ_MORE}",
    )
