"""Databases and Parquet files as sources: read as streams, and never written to."""

import datetime as dt
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from reckon.errors import MissingExtra, ReckonError, SourceError, UsageError
from reckon.run.source import items
from reckon.vocabulary.job import Item


def rows(source: object, **more: Any) -> list[Item]:
    """The rows of one source."""
    return [entry for entry in items([str(source)], **more) if isinstance(entry, Item)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three people, one of them with a picture as bytes."""
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (name TEXT, age INTEGER, photo BLOB, file TEXT)")
        connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?)",
            [
                ("Ada", 36, None, "a.jpg"),
                ("Grace", 85, b"\xff\xd8", "g.jpg"),
                ("Mary", None, None, "m.jpg"),
            ],
        )
        connection.commit()
    return path


def test_a_query_gives_rows_with_its_columns(database: Path) -> None:
    """Names and values as the query says; null is None."""
    found = rows(f"sqlite:{database}?SELECT name, age * 2 AS twice FROM people ORDER BY name DESC")
    assert [item.fields for item in found] == [
        {"name": "Mary", "twice": None},
        {"name": "Grace", "twice": 170},
        {"name": "Ada", "twice": 72},
    ]
    assert [item.id for item in found] == ["1", "2", "3"]


def test_a_query_may_hold_question_marks_and_stars(database: Path) -> None:
    """The first question mark ends the file's name; the rest is SQL."""
    found = rows(f"sqlite:{database}?SELECT count(*) AS n FROM people WHERE name <> '?'")
    assert found[0].fields == {"n": 3}


def test_a_column_of_a_query_can_name_pictures(database: Path) -> None:
    """Paths are relative to the database."""
    [item] = rows(f"sqlite:{database}?SELECT file FROM people LIMIT 1", attach=("file",))
    assert item.files == (f"{database.parent}/a.jpg",)
    assert not item.is_file


def test_a_large_result_is_a_stream(tmp_path: Path) -> None:
    """The first rows of a query without an end are there at once."""
    (tmp_path / "empty.db").touch()
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"
    stream = items([f"sqlite:{tmp_path / 'empty.db'}?{endless}"])
    assert [item.fields["n"] for item in islice(stream, 3) if isinstance(item, Item)] == [1, 2, 3]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM people",
        "UPDATE people SET age = 1 RETURNING name",
        "CREATE TABLE more (x)",
        "PRAGMA user_version = 7",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(
    database: Path, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as it was, and none appears beside it."""
    monkeypatch.chdir(database.parent)
    before = database.read_bytes()
    with pytest.raises(UsageError, match="does more than read") as error:
        rows(f"sqlite:{database}?{sql}")
    assert error.value.why == "A source is only read; nothing was changed."
    assert error.value.do == "Write a query that begins with SELECT or WITH."
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["people.db"]


@pytest.mark.parametrize(
    ("sql", "what", "why"),
    [
        ("SELECT nme FROM people", "failed", "no such column: nme"),
        ("SELEC 1", "failed", "syntax error"),
        ("SELECT 1; SELECT 2", "more than one statement", "SELECT 1; SELECT 2"),
        ("", "no query", ""),
        ("-- nothing", "gives no rows", "-- nothing"),
        ("SELECT name, name FROM people", "'name' more than once", ""),
        (
            "SELECT photo FROM people WHERE age = 85",
            "row 1: the column 'photo' holds bytes",
            "text",
        ),
    ],
)
def test_a_query_that_fails_says_why(database: Path, sql: str, what: str, why: str) -> None:
    """In SQLite's words, and with what to do."""
    with pytest.raises(ReckonError, match=what) as error:
        rows(f"sqlite:{database}?{sql}")
    assert why in error.value.why
    assert error.value.do


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    """And one that is not there; nothing is made."""
    (tmp_path / "notes.txt").write_text("These are no tables at all. " * 100)
    with pytest.raises(SourceError, match="no healthy SQLite database"):
        rows(f"sqlite:{tmp_path / 'notes.txt'}?SELECT * FROM people")
    with pytest.raises(SourceError, match="There is no database"):
        rows(f"sqlite:{tmp_path / 'none.db'}?SELECT 1")
    assert not (tmp_path / "none.db").exists()


def test_parquet_without_its_extra_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the way without it."""
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtra, match="is not installed") as error:
        rows(path)
    assert "'reckon-llm[data]'" in error.value.do
    assert "CSV or JSON Lines" in error.value.do


@pytest.fixture
def parquet(tmp_path: Path) -> Iterator[Path]:
    """5,000 rows of several types, in a file whose name looks like a pattern."""
    duckdb = pytest.importorskip("duckdb", reason="the extra `data` is not installed")
    path = tmp_path / "rows [1]*?.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'text ' || i AS line, i AS number, DATE '2024-12-31' AS day,"
            " CASE WHEN i % 2 = 0 THEN i END AS even, [i, i + 1] AS pair"
            f" FROM range(5000) t(i)) TO '{tmp_path}/rows.parquet' (FORMAT parquet)"
        )
    (tmp_path / "rows.parquet").rename(path)
    (tmp_path / "rows 1x.parquet").write_bytes(path.read_bytes())
    yield path


def test_a_parquet_file_gives_its_rows_in_order(parquet: Path) -> None:
    """Its own, not those of files whose names a pattern would match."""
    found = rows(parquet)
    assert len(found) == 5000
    assert [item.fields["number"] for item in found[:3]] == [0, 1, 2]
    assert found[4999].fields == {
        "line": "text 4999",
        "number": 4999,
        "day": dt.date(2024, 12, 31),
        "even": None,
        "pair": [4999, 5000],
    }
    assert found[4999].id == "5000"


def test_a_broken_parquet_file_is_said(parquet: Path) -> None:
    """In one line of the reader's own words."""
    parquet.write_bytes(parquet.read_bytes()[:-20])
    with pytest.raises(SourceError, match="cannot be read as a Parquet file") as error:
        rows(parquet)
    assert error.value.why
    assert "\n" not in error.value.why
