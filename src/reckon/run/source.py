"""The one reader of sources: folder, glob, tables, lines, standard input. Streams."""

import csv
import glob
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, TextIO

import msgspec

from reckon.errors import SourceError
from reckon.run.tables import SQLITE, check_names, parquet_rows, sqlite_file, sqlite_rows
from reckon.vocabulary.job import EMPTY_FILE, Item, Skipped
from reckon.vocabulary.model import Modality

STDIN = "-"
LONGEST_FIELD = 1 << 30

PICTURES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"}
)
_TEXTS = frozenset(
    {".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html", ".log", ".yaml", ".yml"}
)
_MEDIA: dict[Modality, frozenset[str]] = {
    "audio": frozenset({".mp3", ".wav", ".flac", ".ogg", ".m4a", ".aac", ".opus"}),
    "video": frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".3gp"}),
    "pdf": frozenset({".pdf"}),
}
_MODALITIES: dict[str, Modality] = {
    suffix: kind for kind, suffixes in _MEDIA.items() for suffix in suffixes
}
_NOT_SENT: dict[Modality, str] = {
    "audio": "sound, not sent yet",
    "video": "film, not sent yet",
    "pdf": "PDF, not sent yet",
}
MOST_HELD = 10_000
"""Files of other media that may come before the first picture of a folder."""
_PARQUET = frozenset({".parquet", ".pq"})
_TABLES = frozenset({".csv", ".tsv"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_GLOB = frozenset("*?[")

Entry = Item | Skipped
_Row = tuple[str, dict[str, Any], tuple[str, ...]]
"""Id, fields, files."""


def items(
    sources: Sequence[str],
    *,
    limit: int | None = None,
    attach: Sequence[str] = (),
    any_kind: bool = False,
) -> Iterator[Entry]:
    """The rows of the sources, in their order, and what was skipped among them.

    Args:
        sources: Folders (walked, sorted by name), globs, `.csv`, `.tsv`, `.jsonl`, `.parquet`,
            `sqlite:FILE?QUERY`, pictures, text files of lines, `-` for lines of standard input.
        limit: Rows at most; what is skipped does not count.
        attach: Columns of a table that name media files, relative to the table.
        any_kind: Take sound, films and PDFs as rows too, where a folder holds no pictures: they can
            be priced, and are not sent yet.

    Raises:
        SourceError: A source is not there, or a row cannot be read; names file and line.
        UsageError: A query would write, or there is none.
        MissingExtra: A Parquet file is given and what reads it is not installed.
    """
    rows = _rows(sources, tuple(attach))
    rows = _one_kind(rows) if any_kind else _only_sent(rows)
    return _limited(rows, limit) if limit is not None else rows


def _only_sent(rows: Iterator[Entry]) -> Iterator[Entry]:
    """Files of other media than pictures left out: they are named, and not sent yet."""
    index = 0
    for row in rows:
        if isinstance(row, Item):
            if row.is_file and row.modality in _NOT_SENT:
                yield Skipped(id=row.id, reason=_NOT_SENT[row.modality])
                continue
            yield row if row.index == index else msgspec.structs.replace(row, index=index)
            index += 1
        else:
            yield row


def _one_kind(rows: Iterator[Entry]) -> Iterator[Entry]:
    """As `_only_sent` where there are pictures or lines of text; else the other media are rows.

    Nearly every folder of photos has a film or two in it, and a job is of one kind.
    """
    held: list[Entry] = []
    for row in rows:
        if isinstance(row, Item) and not (row.is_file and row.modality in _NOT_SENT):
            yield from _only_sent(_chained([*held, row], rows))
            return
        held.append(row)
        if len(held) > MOST_HELD:
            break
    yield from held
    yield from rows


def _chained(first: Iterable[Entry], rest: Iterable[Entry]) -> Iterator[Entry]:
    yield from first
    yield from rest


def _limited(rows: Iterator[Entry], limit: int) -> Iterator[Entry]:
    left = limit
    for row in rows:
        if isinstance(row, Item):
            if left <= 0:
                return
            left -= 1
        yield row


def _rows(sources: Sequence[str], attach: tuple[str, ...]) -> Iterator[Entry]:
    index = 0
    several = len(sources) > 1
    for source in sources:
        from_table = _is_table(source)
        for entry in _entries(source, attach):
            if isinstance(entry, Skipped):
                yield entry
                continue
            row_id, fields, files = entry
            modality: Modality = _modality(files[0]) if files else "text"
            yield Item(
                index=index,
                # The id must be unique in a run: rows are told apart by it.
                id=f"{source}:{row_id}" if several else row_id,
                fields=fields,
                files=files,
                modality=modality,
                is_file=bool(files) and not from_table,
            )
            index += 1


def _is_table(source: str) -> bool:
    return source.startswith(SQLITE) or _suffix(source) in _TABLES | _JSON_LINES | _PARQUET


def _entries(source: str, attach: tuple[str, ...]) -> Iterator[_Row | Skipped]:
    if source == STDIN:
        return _lines(sys.stdin, "standard input")
    if source.startswith(SQLITE):
        return _with_files(sqlite_file(source), sqlite_rows(source), attach)
    if os.path.isdir(source):  # noqa: PTH112
        return _folder(source)
    if os.path.isfile(source):  # noqa: PTH113
        return _file(source, attach)
    if _GLOB & set(source):
        return _glob(source)
    raise SourceError(
        f"There is no file or folder {source}.",
        why="A source is a folder, a glob, a CSV, JSON Lines, Parquet or text file, a picture, "
        "sqlite:FILE?QUERY, or -.",
        do="Check the path.",
    )


def _file(path: str, attach: tuple[str, ...]) -> Iterator[_Row | Skipped]:
    suffix = _suffix(path)
    if suffix in _TABLES:
        return _table(path, attach)
    if suffix in _JSON_LINES:
        return _json_lines(path, attach)
    if suffix in _PARQUET:
        return _with_files(path, parquet_rows(path), attach)
    if suffix in PICTURES or _modality(path) != "image":
        name = os.path.basename(path)  # noqa: PTH119
        return iter([(path, {"name": name, "path": path}, (path,))])
    return _text_file(path)


# --- files ---


def _folder(root: str) -> Iterator[_Row | Skipped]:
    root = root.rstrip("/") or "/"
    seen: set[tuple[int, int]] = set()
    return _walk(root, "", seen)


def _walk(folder: str, inside: str, seen: set[tuple[int, int]]) -> Iterator[_Row | Skipped]:
    """The files of a folder, then of each sub-folder; links that lead round are left."""
    try:
        at = os.stat(folder)  # noqa: PTH116
        if (at.st_dev, at.st_ino) in seen:
            return
        seen.add((at.st_dev, at.st_ino))
        with os.scandir(folder) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        yield Skipped(id=inside or folder, reason=f"folder not readable ({error.strerror})")
        return
    folders: list[str] = []
    for entry in found:
        name = entry.name
        if name.startswith("."):
            continue
        try:
            is_folder = entry.is_dir()
        except OSError:
            is_folder = False
        if is_folder:
            folders.append(name)
        else:
            yield _classified(entry.path, f"{inside}{name}", name, entry)
    for name in folders:
        yield from _walk(f"{folder}/{name}", f"{inside}{name}/", seen)


def _classified(
    path: str, row_id: str, name: str, entry: "os.DirEntry[str] | None"
) -> _Row | Skipped:
    """A medium as a row; anything else with the reason why it is none.

    A medium is not looked at here: whoever prices or sends it opens it anyway.
    """
    suffix = _suffix(name)
    if suffix in PICTURES or _modality(name) != "image":
        return (row_id, {"name": name, "path": row_id}, (path,))
    try:
        size = (entry.stat() if entry else os.stat(path)).st_size  # noqa: PTH116
    except OSError as error:
        return Skipped(id=row_id, reason=f"not readable ({error.strerror})")
    if size == 0:
        return Skipped(id=row_id, reason=EMPTY_FILE)
    return Skipped(id=row_id, reason="text file" if suffix in _TEXTS else "not a picture")


def _glob(pattern: str) -> Iterator[_Row | Skipped]:
    found = False
    for path in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - the user's own pattern
        if os.path.isfile(path):  # noqa: PTH113
            found = True
            yield _classified(path, path, os.path.basename(path), None)  # noqa: PTH119
    if not found:
        raise SourceError(
            f"Nothing matches {pattern}.",
            do="Check the pattern; quote it, so that the shell leaves it alone.",
        )


# --- rows of text ---


@contextmanager
def _opened(path: str) -> Generator[TextIO]:
    """A text file, with errors that name it."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123
            yield file
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.", why=error.strerror or str(error), do="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is not UTF-8 text.",
            why=f"Byte {error.object[error.start]:#04x} fits no character.",
            do=f"Convert it: iconv -f LATIN1 -t UTF-8 {path}",
        ) from error


def _text_file(path: str) -> Iterator[_Row]:
    with _opened(path) as file:
        yield from _lines(file, path)


def _lines(file: Iterable[str], name: str) -> Iterator[_Row]:
    """A row for each line that is not blank."""
    try:
        for number, line in enumerate(file, start=1):
            text = line.rstrip("\r\n")
            if "\0" in text:
                raise SourceError(
                    f"{name} is no text file.",
                    why=f"Line {number} holds a zero byte.",
                    do="Give a folder, a picture, or a file of lines.",
                )
            if text.strip():
                yield (str(number), {"line": text}, ())
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name} is not UTF-8 text.",
            why=str(error.reason),
            do="Convert it: iconv -f LATIN1 -t UTF-8",
        ) from error


def _table(path: str, attach: tuple[str, ...]) -> Iterator[_Row]:
    csv.field_size_limit(LONGEST_FIELD)
    with _opened(path) as file:
        head = file.readline()
        reader = csv.reader(chain([head], file), delimiter=_delimiter(path, head), strict=True)
        try:
            names = next(reader, None)
            if names is None:
                return
            _check_names(path, names, attach)
            for values in reader:
                if not values:
                    continue
                if len(values) != len(names):
                    raise SourceError(
                        f"{path}, line {reader.line_num}: {len(values)} values, but the header "
                        f"has {len(names)}.",
                        why="Every row must have a value for every column.",
                        do="Correct the row; a value that holds the separator needs quotes.",
                    )
                if "\0" in "".join(values):
                    raise SourceError(
                        f"{path}, line {reader.line_num}: a value holds a zero byte.",
                        why="A table is text; this file is something else.",
                        do="Give a CSV file.",
                    )
                fields: dict[str, Any] = dict(zip(names, values, strict=True))
                files = _files(path, fields, attach) if attach else ()
                yield (str(reader.line_num), fields, files)
        except csv.Error as error:
            raise SourceError(
                f"{path}, line {reader.line_num}: this is no valid CSV.",
                why=str(error),
                do="Correct the line; a value that holds a quote needs it doubled.",
            ) from error


def _delimiter(path: str, head: str) -> str:
    if _suffix(path) == ".tsv":
        return "\t"
    counts = {mark: head.count(mark) for mark in ",;\t|"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _check_names(path: str, names: list[str], attach: tuple[str, ...]) -> None:
    check_names(path, names)
    _check_attached(path, names, attach)


def _json_lines(path: str, attach: tuple[str, ...]) -> Iterator[_Row]:
    decode: Callable[[bytes], Any] = msgspec.json.decode
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    fields = decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise SourceError(
                        f"{path}, line {number}: this is no valid JSON.",
                        why=str(error),
                        do="Correct the line: one JSON object on each.",
                    ) from error
                if not isinstance(fields, dict):
                    raise SourceError(
                        f"{path}, line {number}: a row must be a JSON object.",
                        why=f"It is {type(fields).__name__}.",
                        do='Write each row as an object, such as {"name": ...}.',
                    )
                files = _files(path, fields, attach) if attach else ()  # pyright: ignore[reportUnknownArgumentType]
                yield (str(number), fields, files)  # pyright: ignore[reportUnknownArgumentType]
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.", why=error.strerror or str(error), do="Check the path."
        ) from error


def _check_attached(path: str, names: Iterable[str], attach: tuple[str, ...]) -> None:
    missing = [column for column in attach if column not in names]
    if missing:
        raise SourceError(
            f"{path} has no column {missing[0]!r} to attach.",
            why=f"It has {', '.join(names)}.",
            do="Correct --attach.",
        )


def _with_files(
    path: str, rows: Iterator[tuple[str, dict[str, Any]]], attach: tuple[str, ...]
) -> Iterator[_Row]:
    for number, fields in rows:
        if attach:
            _check_attached(path, fields, attach)
        yield (number, fields, _files(path, fields, attach) if attach else ())


def _files(table: str, fields: dict[str, Any], attach: tuple[str, ...]) -> tuple[str, ...]:
    """Media that the user named as columns; paths are relative to the table."""
    folder = os.path.dirname(table)  # noqa: PTH120
    named = (fields.get(column) for column in attach)
    return tuple(os.path.join(folder, str(path)) for path in named if path)  # noqa: PTH118


def _modality(path: str) -> Modality:
    """By the end of its name; whoever opens it sees what it is."""
    return _MODALITIES.get(_suffix(path), "image")


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem and "/" not in suffix else ""
