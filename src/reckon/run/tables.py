"""Rows out of databases and Parquet files: the readers that a plain text job never loads."""

from collections.abc import Generator, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from reckon.errors import MissingExtra, SourceError

if TYPE_CHECKING:
    from types import ModuleType

SQLITE = "sqlite:"
AT_ONCE = 1_024
"""Rows that are fetched at once."""

_Fields = tuple[str, dict[str, Any]]
"""Number of the row, and its columns."""


def sqlite_file(source: str) -> str:
    """The file in `sqlite:FILE?QUERY`."""
    return source.removeprefix(SQLITE).partition("?")[0]


def sqlite_rows(source: str) -> Iterator[_Fields]:
    """The rows of `sqlite:FILE?QUERY`.

    Raises:
        UsageError: There is no query, or it would write.
        SourceError: The file cannot be read, the query fails, or a value is bytes.
    """
    from reckon.ledger.foreign import query

    file = sqlite_file(source)
    found = query(file, source.removeprefix(SQLITE).partition("?")[2])
    names = cast("tuple[str, ...]", next(found))
    check_names(file, names)
    return _numbered(file, names, found)


def parquet_rows(path: str) -> Iterator[_Fields]:
    """The rows of a Parquet file.

    Raises:
        MissingExtra: DuckDB is not installed; names the extra.
        SourceError: The file is no Parquet file, or a value is bytes.
    """
    return _numbered(path, *_parquet(path))


def check_names(path: str, names: Sequence[str]) -> None:
    """Refuse a table of which a column's name does not tell the column.

    Raises:
        SourceError: Two columns have one name.
    """
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SourceError(
            f"{path} has the column {doubled[0]!r} more than once.", do="Rename one of them."
        )


def _numbered(
    path: str, names: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> Iterator[_Fields]:
    for number, values in enumerate(rows, start=1):
        for name, value in zip(names, values, strict=True):
            if type(value) is bytes:
                raise SourceError(
                    f"{path}, row {number}: the column {name!r} holds bytes, not text.",
                    why="A prompt is text.",
                    do="Leave that column out, or name a column of paths with --attach.",
                )
        yield str(number), dict(zip(names, values, strict=True))


def _parquet(path: str) -> tuple[tuple[str, ...], Iterator[tuple[object, ...]]]:
    from glob import escape

    duckdb = _duckdb(path)
    try:
        # Nothing is fetched at run time; and one thread keeps the order of the rows.
        connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "threads": 1,
            }
        )
        result = connection.execute("SELECT * FROM read_parquet(?)", [escape(path)])
    except duckdb.Error as error:
        raise _unreadable(path, error) from error
    return tuple(str(column[0]) for column in result.description), _fetched(duckdb, path, result)


def _fetched(duckdb: "ModuleType", path: str, result: Any) -> Generator[tuple[object, ...]]:
    try:
        while rows := result.fetchmany(AT_ONCE):
            yield from rows
    except duckdb.Error as error:
        raise _unreadable(path, error) from error


def _duckdb(path: str) -> "ModuleType":
    try:
        return import_module("duckdb")
    except ImportError as error:
        raise MissingExtra(
            f"{path} is a Parquet file, and DuckDB, which reads it, is not installed.",
            do="pip install 'reckon-llm[data]', or save the file as CSV or JSON Lines.",
        ) from error


def _unreadable(path: str, error: Exception) -> SourceError:
    said = str(error).partition("\n")[0]
    return SourceError(
        f"{path} cannot be read as a Parquet file.", why=said, do="Check that the file is whole."
    )
