"""The ledger: a row before every call, closed after; nothing lost, the books balance."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_values import attempt, closing

from reckon.errors import LedgerDamaged, LedgerError, LedgerTooNew, UsageError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import RunRow
from reckon.ledger.store import new_id
from reckon.vocabulary.response import Response


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger will be."""
    return tmp_path / "home" / "reckon.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(path) as opened:
        yield opened


def new_run(ledger: Ledger) -> str:
    """A run of its own."""
    return ledger.new_run(
        RunRow(id="", created=None, status="running", job={"prompt": "p"}, tag="t")
    )


def test_a_row_stands_before_the_call_and_is_closed_after(ledger: Ledger) -> None:
    """`begin` commits a row with status sent; `finish` fills it in."""
    [row] = ledger.begin([attempt()])
    assert ledger.show(row).status == "sent"
    ledger.finish([closing(row)])
    done = ledger.show(row)
    assert (done.status, done.answer) == ("done", "A blue boat on a lake.")
    assert (done.prompt, done.media[0].name) == ("describe this photo", "a.jpg")
    assert (done.input_tokens, done.output_tokens, done.cost_pico) == (260, 100, 99)
    assert done.model_answered == "gpt-4o-mini-2024-07-18"


def test_another_connection_sees_what_was_begun(ledger: Ledger, path: Path) -> None:
    """The row is committed, not merely written."""
    [row] = ledger.begin([attempt()])
    with Ledger.open(path, read_only=True) as other:
        assert other.show(row).status == "sent"


def test_a_prompt_is_stored_once_however_often_it_is_used(ledger: Ledger, path: Path) -> None:
    """Texts are addressed by their content."""
    ledger.begin([attempt(item_id=str(n)) for n in range(50)])
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM texts").fetchone() == (1,)
    raw.close()


def test_without_content_the_row_of_tokens_and_money_stays(ledger: Ledger) -> None:
    """`log_content=False` keeps prompt, answer and file names out, and nothing else."""
    [row] = ledger.begin([attempt(log_content=False, system="secret system")])
    ledger.finish([closing(row)])
    kept = ledger.show(row)
    assert (kept.prompt, kept.system, kept.answer, kept.media[0].name) == (None, None, None, "")
    assert (kept.cost_pico, kept.input_tokens) == (99, 260)
    assert ledger.search("boat") == []


def test_removing_content_keeps_the_books(ledger: Ledger, path: Path) -> None:
    """`remove` takes prompt and answer out of the file; spending does not change."""
    [row, other] = ledger.begin([attempt(), attempt(prompt_text="another")])
    ledger.finish([closing(row), closing(other, response=Response(text="red barn"))])
    assert len(ledger.search("boat")) == 1
    before = ledger.spend("model")
    assert ledger.remove([row]) == 1
    assert ledger.spend("model") == before
    assert ledger.show(row).answer is None
    assert ledger.search("boat") == []
    assert [found.id for found in ledger.search("barn")] == [other]
    assert ledger.verify() == []
    ledger.close()
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT count(*) FROM texts WHERE body LIKE '%boat%'").fetchone() == (0,)
    raw.close()


def test_search_finds_words_phrases_and_file_names_newest_first(ledger: Ledger) -> None:
    """All words must be there; quotes make a phrase."""
    rows = ledger.begin([attempt(item_id=f"{n}.jpg") for n in range(3)])
    texts = ["a blue boat", "a boat that is blue", "a red barn"]
    ledger.finish(
        [closing(row, response=Response(text=text)) for row, text in zip(rows, texts, strict=True)]
    )
    assert [found.answer for found in ledger.search("blue boat")] == [texts[1], texts[0]]
    assert [found.answer for found in ledger.search('"blue boat"')] == [texts[0]]
    assert [found.item_id for found in ledger.search("2.jpg")] == ["2.jpg"]


@given(text=st.text(max_size=40))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_a_valid_search(tmp_path: Path, text: str) -> None:
    """Operators, quotes and odd characters of a query never reach the query language."""
    with Ledger.open(tmp_path / "search.db") as ledger:
        try:
            ledger.search(text)
        except UsageError as error:
            assert "no word to search for" in error.what


def test_a_search_finds_what_ended_after_an_earlier_search(ledger: Ledger) -> None:
    """A row that was still open at the first search is indexed when it ends."""
    [row] = ledger.begin([attempt()])
    assert ledger.search("boat") == []
    ledger.finish([closing(row)])
    assert [found.id for found in ledger.search("boat")] == [row]


def test_totals_count_every_row_once_by_its_best_attempt(ledger: Ledger) -> None:
    """A row that failed and then succeeded is done; a bound that may have been billed stays."""
    run = new_run(ledger)
    first, again, broken, lost, flying = ledger.begin(
        [
            attempt(run_id=run, item_id="a"),
            attempt(run_id=run, item_id="a"),
            attempt(run_id=run, item_id="b"),
            attempt(run_id=run, item_id="c", reserved_pico=70),
            attempt(run_id=run, item_id="d", reserved_pico=30),
        ]
    )
    assert flying
    ledger.finish(
        [
            closing(first, status="failed", response=None, cost_pico=None, error="429"),
            closing(again),
            closing(broken, status="failed", response=None, cost_pico=0, error="broken"),
            closing(lost, status="in_doubt", response=None, cost_pico=None, error="cut"),
        ]
    )
    totals = ledger.run_totals(run)
    assert (totals.done, totals.failed, totals.in_doubt) == (1, 1, 2)
    assert (totals.spent_pico, totals.reserved_pico) == (99, 100)


def test_a_done_call_of_unknown_cost_keeps_its_bound_in_the_books(ledger: Ledger) -> None:
    """No usage came back: the bill may be as high as the bound."""
    run = new_run(ledger)
    [row] = ledger.begin([attempt(run_id=run)])
    ledger.finish([closing(row, cost_pico=None, cost_kind=None)])
    assert ledger.run_totals(run).reserved_pico == 500


def test_rows_of_this_process_are_not_called_lost(ledger: Ledger) -> None:
    """Open rows of a process that lives are under way, not in doubt."""
    run = new_run(ledger)
    ledger.begin([attempt(run_id=run)])
    assert ledger.open_attempts(run) == []
    assert ledger.is_running(run)


CRASH = """
import os, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from ledger_values import attempt, closing
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import RunRow
from reckon.ledger.store import new_id
ledger = Ledger.open(Path(sys.argv[1]))
run = ledger.new_run(RunRow(id="", created=None, status="running", job={{}}, tag=None))
writer = ledger.writer()
rows = [writer.begin(attempt(run_id=run, item_id=str(n))).result() for n in range(8)]
for row in rows[:5]:
    writer.finish(closing(row)).result()
print(run, flush=True)
os.kill(os.getpid(), 9)
"""


def test_after_kill_9_the_open_rows_are_found_and_nothing_finished_is_lost(path: Path) -> None:
    """A process that dies in mid-write leaves a whole ledger."""
    code = CRASH.format(tests=str(Path(__file__).parent))
    died = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert died.returncode == -9, died.stderr
    with Ledger.open(path) as ledger:
        run = died.stdout.strip()
        assert ledger.verify() == []
        assert len(ledger.open_attempts(run)) == 3
        assert ledger.run_totals(run).done == 5
        assert not ledger.is_running(run)


def test_eight_processes_at_once_on_an_empty_folder_all_succeed(path: Path) -> None:
    """The first use is no race: nobody crashes and no row is lost."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from ledger_values import attempt, closing\n"
        "from reckon.ledger.ledger import Ledger\n"
        "with Ledger.open(Path(sys.argv[1])) as ledger:\n"
        "    [row] = ledger.begin([attempt()])\n"
        "    ledger.finish([closing(row)])\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    with Ledger.open(path) as ledger:
        assert len(list(ledger.logs())) == 8
        assert ledger.verify() == []


def test_sixty_four_threads_share_one_writer(ledger: Ledger) -> None:
    """Every future comes true and every row is there."""
    writer = ledger.writer()

    def work(number: int) -> None:
        row = writer.begin(attempt(item_id=str(number))).result()
        writer.finish(closing(row)).result()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sum(row.status == "done" for row in ledger.logs()) == 64


def test_closing_the_writer_writes_what_waits(ledger: Ledger) -> None:
    """Nothing that was handed over is lost."""
    writer = ledger.writer()
    futures = [writer.begin(attempt(item_id=str(n))) for n in range(2_500)]
    writer.close()
    assert len({future.result() for future in futures}) == 2_500
    assert sum(1 for _ in ledger.logs()) == 2_500


def test_a_full_disk_is_said_and_loses_nothing(path: Path) -> None:
    """SQLite's FULL becomes our error; what was committed stays, and later writes work again."""
    with Ledger.open(path) as ledger:
        [row] = ledger.begin([attempt()])
        raw = ledger._connection  # pyright: ignore[reportPrivateUsage]
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerError, match="cannot be written") as full:
            ledger.begin([attempt(prompt_text="x" * 1_000_000)])
        assert "Free some space" in full.value.do
        raw.execute("PRAGMA max_page_count = 1000000")
        ledger.finish([closing(row)])
        assert ledger.show(row).status == "done"
        assert ledger.verify() == []


def test_a_full_disk_reaches_whoever_waits_for_the_writer(ledger: Ledger) -> None:
    """The future of a row that could not be written fails; the writer goes on."""
    writer = ledger.writer()
    raw = writer._connection  # pyright: ignore[reportPrivateUsage]
    pages = raw.execute("PRAGMA page_count").fetchone()[0]
    raw.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="cannot be written"):
        writer.begin(attempt(prompt_text="x" * 1_000_000)).result()
    raw.execute("PRAGMA max_page_count = 1000000")
    assert writer.begin(attempt()).result()
    writer.close()


def test_a_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    """It is not touched, and the error says what to do."""
    Ledger.open(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 999")
    raw.close()
    for read_only in (False, True):
        with pytest.raises(LedgerTooNew, match="newer reckon") as refused:
            Ledger.open(path, read_only=read_only)
        assert "pip install -U reckon-llm" in refused.value.do


def test_a_file_that_is_no_database_is_said_to_be_damaged(path: Path) -> None:
    """And it stays as it is."""
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(LedgerDamaged, match="is damaged") as refused:
        Ledger.open(path)
    assert ".recover" in refused.value.do
    assert path.read_bytes().startswith(b"this is no database")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LedgerError, match="cannot be made") as refused:
        Ledger.open(tmp_path / "home" / "sub" / "reckon.db")
    assert "RECKON_HOME" in refused.value.do


def test_reading_where_nothing_was_written_says_so(path: Path) -> None:
    """A read-only open makes no file."""
    with pytest.raises(LedgerError, match="There is no ledger"):
        Ledger.open(path, read_only=True)
    assert not path.parent.exists()


def test_writing_to_a_ledger_opened_for_reading_is_refused(path: Path) -> None:
    """A foreign file is never changed by looking at it."""
    Ledger.open(path).close()
    with (
        Ledger.open(path, read_only=True) as ledger,
        pytest.raises(LedgerError, match="reading only"),
    ):
        ledger.begin([attempt()])


def test_verify_finds_a_text_that_was_changed(path: Path) -> None:
    """The ledger proves itself: texts re-derive their digests."""
    with Ledger.open(path) as ledger:
        ledger.begin([attempt()])
        raw = sqlite3.connect(path)
        raw.execute("UPDATE texts SET body = 'forged'")
        raw.commit()
        raw.close()
        assert any("does not match its digest" in line for line in ledger.verify())


def test_runs_are_found_by_the_beginning_of_their_id(ledger: Ledger) -> None:
    """Nothing means the latest; what fits two runs is refused."""
    with pytest.raises(UsageError, match="no run yet"):
        ledger.find_run()
    first, second = new_run(ledger), new_run(ledger)
    assert ledger.find_run(first.lower()).id == first
    assert ledger.find_run().id == max(first, second)
    with pytest.raises(UsageError, match="More than one run"):
        ledger.find_run(first[:4])
    with pytest.raises(UsageError, match="There is no run 'ZZ'"):
        ledger.find_run("ZZ")


def test_a_finished_answer_is_found_by_its_key(ledger: Ledger) -> None:
    """The same row is free the second time; an answer that was removed is not used."""
    [row] = ledger.begin([attempt(key="same")])
    assert ledger.answer_for_key("same") is None
    ledger.finish([closing(row)])
    found = ledger.answer_for_key("same")
    assert found is not None
    assert found.answer == "A blue boat on a lake."
    ledger.remove([row])
    assert ledger.answer_for_key("same") is None


def test_spending_is_summed_by_day_model_run_and_tag(ledger: Ledger) -> None:
    """Unknown costs are counted apart, and what is in doubt is named."""
    rows = ledger.begin([attempt(tag="x"), attempt(tag="y"), attempt(tag="y")])
    ledger.finish(
        [
            closing(rows[0]),
            closing(rows[1], cost_pico=None, cost_kind=None),
            closing(rows[2], status="in_doubt", response=None, cost_pico=None, error="cut"),
        ]
    )
    [x, y] = ledger.spend("tag")
    assert (x.group, x.calls, x.cost_pico, x.unknown_calls) == ("x", 1, 99, 0)
    assert (y.group, y.calls, y.cost_pico, y.unknown_calls, y.in_doubt_pico) == ("y", 2, 0, 1, 500)
    assert len(ledger.spend("day")) == len(ledger.spend("model")) == 1


@given(
    text=st.text(max_size=200),
    cost=st.integers(0, 2**62),
)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_row_comes_back_as_it_was_written(tmp_path: Path, text: str, cost: int) -> None:
    """Round trip over all texts and all amounts of money."""
    with Ledger.open(tmp_path / f"{new_id()}.db") as ledger:
        [row] = ledger.begin([attempt(prompt_text=text, reserved_pico=cost)])
        ledger.finish([closing(row, response=Response(text=text), cost_pico=cost)])
        back = ledger.show(row)
        assert (back.prompt or "", back.answer or "") == (text, text)
        assert (back.cost_pico, back.reserved_pico) == (cost, cost)
        assert ledger.verify() == []
