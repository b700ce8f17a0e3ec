"""Doubt and certainty: who may close a row, and whose rows are lost."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_values import attempt, closing

from reckon.errors import LedgerError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Closing, RunRow


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(tmp_path / "reckon.db") as opened:
        yield opened


def doubt(row: str) -> Closing:
    """Nobody knows whether it was billed."""
    return closing(row, status="in_doubt", response=None, cost_pico=None, cost_kind=None)


def test_a_doubt_is_settled_when_the_answer_turns_up(ledger: Ledger) -> None:
    """The cost replaces the reservation, and the search index holds the row once."""
    run = ledger.new_run(RunRow(id="", created=None, status="running", job={}, tag=None))
    [row] = ledger.begin([attempt(run_id=run)])
    ledger.finish([doubt(row)])
    assert [found.id for found in ledger.search("photo")] == [row]
    assert ledger.run_totals(run).reserved_pico == 500
    ledger.finish([closing(row)])
    assert ledger.run_totals(run).reserved_pico == 0
    assert ledger.run_totals(run).spent_pico == 99
    assert [found.id for found in ledger.search("photo boat")] == [row]
    assert ledger.verify() == []
    ledger.remove([row])
    assert ledger.search("photo") == []
    assert ledger.verify() == []


def test_a_late_doubt_does_not_unsettle_a_row(ledger: Ledger) -> None:
    """A resume that took a slow process for dead must not undo its answer."""
    [row] = ledger.begin([attempt()])
    ledger.finish([closing(row)])
    ledger.finish([doubt(row)])
    assert (ledger.show(row).status, ledger.show(row).cost_pico) == ("done", 99)


def test_a_settled_row_is_not_closed_again(ledger: Ledger) -> None:
    """Money in the books is never overwritten, nor a row that does not exist passed over."""
    [row] = ledger.begin([attempt()])
    ledger.finish([closing(row)])
    with pytest.raises(LedgerError, match="settled already"):
        ledger.finish([closing(row, status="failed", cost_pico=0)])
    with pytest.raises(LedgerError, match="no row NOPE"):
        ledger.finish([closing("NOPE")])
    assert ledger.show(row).cost_pico == 99


def test_removing_a_row_that_is_under_way_leaves_the_index_whole(ledger: Ledger) -> None:
    """Its answer is not kept when it comes; its cost is."""
    [row] = ledger.begin([attempt()])
    assert ledger.remove([row]) == 1
    ledger.finish([closing(row)])
    assert ledger.remove([row, row, "NOPE"]) == 2
    kept = ledger.show(row)
    assert (kept.status, kept.answer, kept.cost_pico) == ("done", None, 99)
    assert ledger.search("boat") == []
    assert ledger.verify() == []


def test_what_was_removed_is_gone_from_the_files(tmp_path: Path) -> None:
    """Not only unlinked: the bytes are overwritten, in the log beside the file too."""
    secret = "xylophonequartz"
    with Ledger.open(tmp_path / "reckon.db") as ledger:
        [row, other] = ledger.begin([attempt(prompt_text=f"my {secret}"), attempt()])
        ledger.finish([closing(row), closing(other)])
        ledger.search("boat")
        ledger.remove([row])
        for file in tmp_path.iterdir():
            assert secret.encode() not in file.read_bytes(), file.name
        assert [found.id for found in ledger.search("boat")] == [other]


DIES_UNDER_WAY = """
import os, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from ledger_values import attempt
from reckon.ledger.ledger import Ledger
with Ledger.open(Path(sys.argv[1])) as ledger:
    ledger.begin([attempt(run_id=sys.argv[2])])
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_rows_of_another_process_are_lost_only_when_it_is_dead(tmp_path: Path) -> None:
    """Alive: under way. Killed, even where its parent has not asked how it ended: lost."""
    path = tmp_path / "reckon.db"
    with Ledger.open(path) as ledger:
        run = ledger.new_run(RunRow(id="", created=None, status="running", job={}, tag=None))
        code = DIES_UNDER_WAY.format(tests=str(Path(__file__).parent))
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path), run],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            assert ledger.open_attempts(run) == []
            assert ledger.is_running(run)
            child.kill()
            # End of file: it has let go of everything, but nobody has waited for it yet.
            assert child.stdout.read() == b""
            deadline = time.monotonic() + 30
            while ledger.is_running(run) and time.monotonic() < deadline:
                os.sched_yield()
            assert child.returncode is None
            assert len(ledger.open_attempts(run)) == 1


def test_finished_keys_are_those_with_an_answer(ledger: Ledger) -> None:
    """Failed, doubtful and open rows are not finished, nor are those of other runs."""
    runs = [
        ledger.new_run(RunRow(id="", created=None, status="running", job={}, tag=None))
        for _ in range(2)
    ]
    done, failed, doubted, _, elsewhere = ledger.begin(
        [
            attempt(run_id=runs[0], key="done"),
            attempt(run_id=runs[0], key="failed"),
            attempt(run_id=runs[0], key="doubted"),
            attempt(run_id=runs[0], key="open"),
            attempt(run_id=runs[1], key="elsewhere"),
        ]
    )
    ledger.finish([closing(done), closing(failed, status="failed"), doubt(doubted)])
    ledger.finish([closing(elsewhere)])
    assert list(ledger.finished_keys(runs[0])) == ["done"]
    assert list(ledger.finished_keys(runs[1])) == ["elsewhere"]
    assert list(ledger.finished_keys("no such run")) == []


def test_results_are_the_best_attempt_of_each_row_in_the_order_of_the_source(
    ledger: Ledger,
) -> None:
    """An answer before a doubt before a failure, the later one first; ids are not needed."""
    run = ledger.new_run(RunRow(id="", created=None, status="running", job={}, tag=None))
    rows = [(2, "c"), (1, "b"), (1, "b"), (0, None), (3, None)]
    ids = ledger.begin(
        [attempt(run_id=run, item_index=n, item_id=item, key=f"key{n}") for n, item in rows]
    )
    ledger.finish([closing(ids[0]), closing(ids[1]), doubt(ids[2]), closing(ids[3])])
    assert [row.id for row in ledger.results(run)] == [ids[3], ids[1], ids[0], ids[4]]
    totals = ledger.run_totals(run)
    assert (totals.done, totals.in_doubt) == (3, 1)
