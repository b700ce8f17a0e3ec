"""The group-commit writer: what fails fails alone, and nothing is lost in silence."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from ledger_values import attempt, closing

from reckon.errors import LedgerError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import RunRow
from reckon.ledger.writer import Writer


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(tmp_path / "reckon.db") as opened:
        yield opened


class Held:
    """Holds the writer back, so that what is handed over meanwhile lands in one commit."""

    def __init__(self, writer: Writer) -> None:
        self._go = threading.Event()
        self._holding: Future[Any] = writer._submit(  # pyright: ignore[reportPrivateUsage]
            lambda _: self._go.wait(30), opens=False
        )

    def release(self) -> None:
        """Let it write."""
        self._go.set()
        assert self._holding.result(30)


def test_a_row_that_cannot_be_written_fails_alone(ledger: Ledger) -> None:
    """An answer that was paid for is kept, whatever stands beside it in the commit."""
    with ledger.writer() as writer:
        paid = writer.begin(attempt()).result(30)
        held = Held(writer)
        bad = writer.begin(attempt(options={"x": object()}))
        kept = writer.finish(closing(paid))
        unknown = writer.finish(closing("NO SUCH ROW"))
        good = writer.begin(attempt(item_id="good"))
        held.release()
        assert kept.result(30) is None
        assert good.result(30)
        with pytest.raises(TypeError):
            bad.result(30)
        with pytest.raises(LedgerError, match="no row NO SUCH ROW"):
            unknown.result(30)
    assert ledger.show(paid).status == "done"
    assert sum(1 for _ in ledger.logs()) == 2


def test_a_call_that_was_cancelled_before_it_left_frees_its_reservation(ledger: Ledger) -> None:
    """Nobody learned its id, so nothing was sent: it is neither in doubt nor failed."""
    run = ledger.new_run(RunRow(id="", created=None, status="running", job={}, tag=None))
    with ledger.writer() as writer:
        held = Held(writer)
        given_up = writer.begin(attempt(run_id=run))
        assert given_up.cancel()
        held.release()
    [row] = ledger.last(5)
    assert (row.status, row.cost_pico) == ("cancelled", 0)
    totals = ledger.run_totals(run)
    assert (totals.done, totals.failed, totals.in_doubt, totals.reserved_pico) == (0, 0, 0, 0)


def test_an_answer_is_written_even_where_nobody_waits_for_it(ledger: Ledger) -> None:
    """Cancelling the wait for `finish` does not lose what was paid for."""
    with ledger.writer() as writer:
        row = writer.begin(attempt()).result(30)
        held = Held(writer)
        assert writer.finish(closing(row)).cancel()
        held.release()
    assert ledger.show(row).status == "done"


def test_a_closed_writer_refuses(ledger: Ledger) -> None:
    """A future that would never be done is worse than an error."""
    writer = ledger.writer()
    writer.close()
    writer.close()
    with pytest.raises(LedgerError, match="is closed"):
        writer.begin(attempt())


def test_a_program_that_forgets_to_close_the_writer_loses_nothing(tmp_path: Path) -> None:
    """What waits is written before the interpreter ends."""
    path = tmp_path / "reckon.db"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from ledger_values import attempt\n"
        "from reckon.ledger.writer import Writer\n"
        "writer = Writer(Path(sys.argv[1]))\n"
        "for n in range(500): writer.begin(attempt(item_id=str(n)))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    with Ledger.open(path) as ledger:
        assert sum(1 for _ in ledger.logs()) == 500


def test_a_ledger_that_stays_locked_is_said_and_can_be_tried_again(ledger: Ledger) -> None:
    """Another program that holds the lock costs those that wait an error, not the run."""
    with ledger.writer() as writer:
        raw = writer._connection  # pyright: ignore[reportPrivateUsage]
        raw.execute("PRAGMA busy_timeout = 1")
        blocker = ledger._connection  # pyright: ignore[reportPrivateUsage]
        blocker.execute("BEGIN IMMEDIATE")
        waiting = [writer.begin(attempt()) for _ in range(20)]
        for future in waiting:
            with pytest.raises(LedgerError, match="locked by another program") as error:
                future.result(30)
            assert "nothing was lost" in error.value.do
        blocker.execute("ROLLBACK")
        assert writer.begin(attempt()).result(30)
    assert sum(1 for _ in ledger.logs()) == 1
