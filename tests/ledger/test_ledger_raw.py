"""Answers are kept as they came, packed, and go with the content when that is removed."""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_values import attempt, closing

from reckon.errors import LedgerDamaged, LedgerTooOld
from reckon.ledger import schema
from reckon.ledger.ledger import Ledger
from reckon.ledger.raw import is_as_written
from reckon.vocabulary.response import Raw, Response
from reckon.vocabulary.usage import Usage

BODY = b'{"id": "x", "choices": [{"message": {"content": "blue boat"}}], "new_field": 7}' * 20
COUNTS = st.integers(0, 2**40)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger will be."""
    return tmp_path / "reckon.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(path) as opened:
        yield opened


def kept(ledger: Ledger, raw: Raw | None, **changes: object) -> str:
    """A finished row with an answer as it came."""
    [row] = ledger.begin([attempt(**changes)])
    ledger.finish([closing(row, response=Response(text="a blue boat", raw=raw))])
    return row


def whole(body: bytes) -> Raw:
    """An answer of these bytes."""
    return Raw(body=body, size=len(body), content_type="application/json")


@given(body=st.binary(max_size=300) | st.binary(min_size=1, max_size=9).map(lambda b: b * 500))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_byte_of_an_answer_comes_back(ledger: Ledger, body: bytes) -> None:
    """Packed where that is shorter, plain where not; the reader sees no difference."""
    assert ledger.raw(kept(ledger, whole(body))) == whole(body)
    assert ledger.verify() == []


def test_an_answer_that_packs_to_its_own_length_comes_back(ledger: Ledger) -> None:
    """Length alone tells a packed answer from a plain one."""
    body = next(
        each
        for each in (b"ab" * times for times in range(1, 20))
        if len(zlib.compress(each, 6)) == len(each)
    )
    assert ledger.raw(kept(ledger, whole(body))) == whole(body)
    assert ledger.verify() == []


def test_an_answer_that_repeats_itself_takes_little_room(ledger: Ledger, path: Path) -> None:
    """JSON is packed."""
    kept(ledger, whole(BODY))
    with sqlite3.connect(path) as raw:
        [size, stored] = raw.execute("SELECT bytes, length(body) FROM raw").fetchone()
    raw.close()
    assert size == len(BODY)
    assert stored * 8 < size


def test_of_an_answer_that_was_too_long_its_size_is_known(ledger: Ledger) -> None:
    """Left out is not the same as never there."""
    left_out = Raw(body=None, size=17 << 20, content_type="text/event-stream")
    assert ledger.raw(kept(ledger, left_out)) == left_out
    assert ledger.raw(kept(ledger, None)) is None
    assert ledger.verify() == []


def test_without_content_no_answer_is_kept(ledger: Ledger) -> None:
    """`-n` keeps tokens and money, and no byte of the answer."""
    assert ledger.raw(kept(ledger, whole(BODY), log_content=False)) is None


def test_removing_content_overwrites_the_answer_in_the_file(ledger: Ledger, path: Path) -> None:
    """Neither the table nor a free page of the file holds it any longer."""
    body = b"\x00\xff" + hashlib.sha256(b"not to be packed").digest()
    row = kept(ledger, whole(body))
    assert body in path.read_bytes() + path.with_name("reckon.db-wal").read_bytes()
    ledger.remove([row])
    assert ledger.raw(row) is None
    assert ledger.verify() == []
    ledger.close()
    assert body not in path.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        "body = zeroblob(40)",
        "bytes = bytes + 1",
        "digest = zeroblob(32)",
        "body = NULL",
        "body = 7",
    ],
)
def test_a_changed_answer_is_found(ledger: Ledger, path: Path, change: str) -> None:
    """`verify` names the row whose answer does not match its digest."""
    kept(ledger, whole(BODY))
    with sqlite3.connect(path) as raw:
        raw.execute(f"UPDATE raw SET {change}")
    raw.close()
    [problem] = ledger.verify()
    assert problem == (
        "The answer of row 1 as it came does not match its digest:"
        " it was changed after it was written."
    )


def test_an_answer_that_cannot_be_unpacked_says_so(ledger: Ledger, path: Path) -> None:
    """Reading it is an error of ours with a way on, and never fills the memory."""
    row = kept(ledger, whole(BODY))
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE raw SET body = zeroblob(40)")
    raw.close()
    with pytest.raises(LedgerDamaged, match=f"The answer of row {row} as it came") as damaged:
        ledger.raw(row)
    assert "was changed after it was written" in damaged.value.why
    assert "logs verify" in damaged.value.do


def test_a_packed_answer_that_grows_beyond_its_size_is_not_unpacked() -> None:
    """A few bytes can be packed gigabytes."""
    import zlib

    bomb = zlib.compress(bytes(100_000))
    assert not is_as_written(99_999, hashlib.sha256(bytes(99_999)).digest(), bomb)


def test_content_that_was_to_be_left_out_is_found(ledger: Ledger, path: Path) -> None:
    """`verify` looks at answers as they came, too."""
    kept(ledger, whole(BODY))
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE attempts SET keeps_content = 0, prompt = NULL, answer = NULL")
    raw.close()
    assert "1 rows hold an answer as it came that was to be left out." in ledger.verify()


def test_a_doubt_that_is_settled_takes_the_answer_of_the_settlement(ledger: Ledger) -> None:
    """The later one stands; a settlement without any leaves what came before."""
    for later, stands in ((whole(b"second"), b"second"), (None, b"first")):
        [row] = ledger.begin([attempt()])
        half = Response(text="", raw=whole(b"first"))
        ledger.finish([closing(row, status="in_doubt", response=half, cost_pico=None)])
        ledger.finish([closing(row, response=Response(text="t", raw=later))])
        found = ledger.raw(row)
        assert found is not None
        assert found.body == stands


@given(
    usage=st.builds(
        Usage,
        **dict.fromkeys(
            (
                "input_tokens output_tokens cached_input_tokens cache_write_tokens"
                " cache_write_1h_tokens audio_input_tokens image_input_tokens video_input_tokens"
                " reasoning_tokens audio_output_tokens image_output_tokens web_searches"
            ).split(),
            COUNTS,
        ),
        service_tier=st.sampled_from(["", "flex", "priority"]),
        billed_besides=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        reported_cost_pico=st.none() | st.integers(0, 10**18),
    )
    | st.just(Usage())
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_row_gives_back_the_usage_it_was_closed_with(ledger: Ledger, usage: Usage) -> None:
    """Every field, unknown ones as unknown."""
    [row] = ledger.begin([attempt()])
    ledger.finish([closing(row, response=Response(text="", usage=usage))])
    assert ledger.show(row).usage == usage


def test_every_field_of_usage_has_its_column() -> None:
    """A field that is added to `Usage` must be added to the ledger."""
    from reckon.ledger.rows import LogRow

    assert set(Usage.__struct_fields__) <= set(LogRow.__struct_fields__)


def first_layout(path: Path) -> None:
    """A ledger as the first reckon wrote it, with a row."""
    with sqlite3.connect(path) as old:
        for statement in schema.MIGRATIONS[0].split(";"):
            old.execute(statement)
        old.execute(
            "INSERT INTO attempts (id, started, finished, status, owner, row_key, model_asked,"
            " options, input_tokens, output_tokens, cost_pico)"
            " VALUES ('A1', 1, 2, 'done', 'o', 'k', 'openai/m', '{}', 10, 20, 30)"
        )
        old.execute("INSERT INTO search_queue VALUES (1)")
        old.execute("PRAGMA user_version = 1")
    old.close()


def test_a_ledger_of_the_first_layout_is_brought_up_to_date(path: Path) -> None:
    """Its rows read as before; what was not counted then is zero, what is unknown is unknown."""
    first_layout(path)
    with Ledger.look(path) as ledger:
        row = ledger.show("A1")
        assert row.usage == Usage(input_tokens=10, output_tokens=20)
        assert (row.cost_pico, ledger.raw("A1"), ledger.verify()) == (30, None, [])
    with Ledger.open(path) as ledger:
        assert ledger.raw(kept(ledger, whole(BODY))) == whole(BODY)


def test_a_ledger_of_the_first_layout_is_not_changed_by_a_reader(path: Path) -> None:
    """A foreign file is opened for reading only: it stays as it is, and says what to do."""
    first_layout(path)
    before = path.read_bytes()
    with pytest.raises(LedgerTooOld, match="was written by an older reckon") as old:
        Ledger.open(path, read_only=True)
    assert "It has layout 1" in old.value.why
    assert "Make a copy that can be written" in old.value.do
    assert path.read_bytes() == before
