"""The one reader of sources: rows as a stream, and every bad file named."""

import io
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import SourceError
from reckon.run.source import items
from reckon.vocabulary.job import Item, Skipped


def rows(*sources: object, **more: object) -> list[Item]:
    """The rows of sources."""
    found = items([str(source) for source in sources], **more)  # type: ignore[arg-type]
    return [entry for entry in found if isinstance(entry, Item)]


def skipped(*sources: object) -> dict[str, str]:
    """What was skipped, with its reason."""
    found = items([str(source) for source in sources])
    return {entry.id: entry.reason for entry in found if isinstance(entry, Skipped)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, sub-folders, and what is no picture."""
    root = tmp_path / "photos"
    (root / "b" / "deep").mkdir(parents=True)
    for name in ("z.jpg", "a.PNG", "b/m.webp", "b/deep/x.jpeg", ".hidden.jpg"):
        (root / name).write_bytes(b"x")
    (root / "notes.txt").write_text("words")
    (root / "empty.dat").touch()
    (root / "song.mp3").write_bytes(b"x")
    (root / "thing.xyz").write_bytes(b"x")
    return root


def test_a_folder_gives_its_pictures_in_a_fixed_order(folder: Path) -> None:
    """Files of a folder by name, then its sub-folders; hidden files are left."""
    found = rows(folder)
    assert [item.id for item in found] == ["a.PNG", "z.jpg", "b/m.webp", "b/deep/x.jpeg"]
    assert [item.index for item in found] == [0, 1, 2, 3]
    assert found[2].fields == {"name": "m.webp", "path": "b/m.webp"}
    assert found[2].files == (f"{folder}/b/m.webp",)
    assert found[2].modality == "image"


def test_what_is_no_picture_is_skipped_with_its_reason(folder: Path) -> None:
    """The same words for the same cause, so that they can be counted."""
    assert skipped(folder) == {
        "notes.txt": "text file",
        "empty.dat": "empty file",
        "song.mp3": "sound, not sent yet",
        "thing.xyz": "not a picture",
    }


def test_links_that_lead_round_end(folder: Path) -> None:
    """A link to the folder's own parent is not walked for ever."""
    os.symlink(folder, folder / "b" / "round")
    assert len(rows(folder)) == 4


def test_a_picture_that_is_a_link_is_a_row(folder: Path) -> None:
    """And a link that leads nowhere is still named by whoever opens it."""
    os.symlink(folder / "z.jpg", folder / "link.jpg")
    assert "link.jpg" in [item.id for item in rows(folder)]


def test_a_glob_gives_what_matches(folder: Path) -> None:
    """Sorted; ** goes deep."""
    found = rows(f"{folder}/**/*.jp*g")
    assert [os.path.basename(item.id) for item in found] == ["x.jpeg", "z.jpg"]


def test_a_glob_that_matches_nothing_is_an_error(folder: Path) -> None:
    """A silent job of no rows helps nobody."""
    with pytest.raises(SourceError, match="Nothing matches"):
        rows(f"{folder}/*.nothing")


def test_one_picture_is_a_source(folder: Path) -> None:
    """A row of its own."""
    assert rows(folder / "z.jpg")[0].fields["name"] == "z.jpg"


def test_several_sources_have_ids_of_their_own(folder: Path, tmp_path: Path) -> None:
    """Rows are told apart by their id."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "z.jpg").write_bytes(b"x")
    found = rows(folder, other)
    assert len({item.id for item in found}) == len(found) == 5
    assert [item.index for item in found] == list(range(5))


def test_a_text_file_gives_its_lines(tmp_path: Path) -> None:
    """Blank lines are left, line ends and a byte-order mark are not part of the text."""
    path = tmp_path / "lines.txt"
    path.write_bytes("\ufeffone\r\n\n  \ntwo\n".encode())
    assert [item.fields for item in rows(path)] == [{"line": "one"}, {"line": "two"}]
    assert [item.id for item in rows(path)] == ["1", "4"]


def test_standard_input_gives_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is a source."""
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n"))
    assert [item.fields["line"] for item in rows("-")] == ["one", "two"]


def test_a_csv_gives_its_columns(tmp_path: Path) -> None:
    """Quotes, line breaks in a value, a byte-order mark."""
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeffname,note\nAda,"first, and\nbest"\n\nBob,x\n'.encode())
    assert [item.fields for item in rows(path)] == [
        {"name": "Ada", "note": "first, and\nbest"},
        {"name": "Bob", "note": "x"},
    ]


@pytest.mark.parametrize(("mark", "name"), [(";", "t.csv"), ("\t", "t.tsv"), ("|", "t.csv")])
def test_other_separators_are_recognised(mark: str, name: str, tmp_path: Path) -> None:
    """Spreadsheets in other countries write semicolons."""
    path = tmp_path / name
    path.write_text(f"a{mark}b\n1,5{mark}2\n")
    assert rows(path)[0].fields == {"a": "1,5", "b": "2"}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,2\n3\n", "line 3: 1 values, but the header has 2"),
        (b"a,b\n1,2,3\n", "line 2: 3 values, but the header has 2"),
        (b"a,a\n1,2\n", "column 'a' more than once"),
        (b'a\n"open\n', "no valid CSV"),
        (b"a\n\xe9t\xe9\n", "not UTF-8"),
    ],
)
def test_a_broken_csv_names_the_line(content: bytes, what: str, tmp_path: Path) -> None:
    """Ragged rows, doubled columns, open quotes, another encoding."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=what):
        rows(path)


def test_json_lines_give_their_fields(tmp_path: Path) -> None:
    """Values of any type; blank lines are left."""
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": ["x"]}\n\n{"a": null}\n')
    assert [item.fields for item in rows(path)] == [{"a": 1, "b": ["x"]}, {"a": None}]


@pytest.mark.parametrize("line", ["{oops", "[1]", '"text"', "\xff"])
def test_a_broken_json_line_names_its_number(line: str, tmp_path: Path) -> None:
    """Invalid JSON, and JSON that is no object."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line.encode("latin-1") + b"\n")
    with pytest.raises(SourceError, match="line 2"):
        rows(path)


def test_a_column_names_media_only_when_it_was_said(tmp_path: Path) -> None:
    """A string that names a file is not permission to read it."""
    path = tmp_path / "t.csv"
    path.write_text("photo,note\nimg/a.jpg,x\n")
    assert rows(path)[0].files == ()
    [item] = rows(path, attach=("photo",))
    assert item.files == (f"{tmp_path}/img/a.jpg",)
    with pytest.raises(SourceError, match="no column 'picture'"):
        rows(path, attach=("picture",))


def test_a_source_that_is_none_is_said() -> None:
    """With what a source can be."""
    with pytest.raises(SourceError, match="no file or folder") as error:
        rows("nowhere/at/all")
    assert "sqlite:FILE?QUERY" in error.value.why


def test_a_binary_file_is_no_file_of_lines(tmp_path: Path) -> None:
    """Zero bytes are no text."""
    (tmp_path / "thing").write_bytes(b"ab\0cd\n")
    with pytest.raises(SourceError, match="no text file"):
        rows(tmp_path / "thing")


def test_a_limit_counts_rows_and_not_what_is_skipped(folder: Path) -> None:
    """The first rows, in order."""
    assert [item.id for item in rows(folder, limit=2)] == ["a.PNG", "z.jpg"]


def test_rows_are_a_stream(tmp_path: Path) -> None:
    """The first row is there before the last was read: the second line here is broken."""
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n{broken\n')
    stream: Iterator[Item | Skipped] = items([str(path)])
    [first] = islice(stream, 1)
    assert isinstance(first, Item)
    with pytest.raises(SourceError):
        next(stream)


@given(
    table=st.lists(
        st.fixed_dictionaries({"a": st.text(max_size=20), "b": st.text(max_size=20)}), max_size=8
    )
)
def test_any_json_lines_come_back(table: list[dict[str, str]]) -> None:
    """Round trip of any text."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in table))
        assert [item.fields for item in rows(path)] == table
