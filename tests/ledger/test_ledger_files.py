"""The file itself: read-only, foreign, broken, with odd names, read while it is written."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_values import attempt, closing

from reckon.errors import LedgerDamaged, LedgerError, LedgerTooNew
from reckon.ledger import schema
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import RunRow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger will be."""
    return tmp_path / "reckon.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(path) as opened:
        yield opened


def with_rows(ledger: Ledger, count: int) -> list[str]:
    """Finished rows."""
    rows = ledger.begin([attempt(item_id=f"{n}.jpg") for n in range(count)])
    ledger.finish([closing(row) for row in rows])
    return rows


def test_reading_works_on_a_ledger_opened_for_reading(ledger: Ledger, path: Path) -> None:
    """Search too, both for what was indexed and for what still waits for it."""
    [early] = with_rows(ledger, 1)
    ledger.search("boat")
    [late] = with_rows(ledger, 1)
    with Ledger.open(path, read_only=True) as reader:
        assert [row.id for row in reader.search("boat")] == [late, early]
        assert [row.id for row in reader.search("boat", limit=1, model="gpt-4o-mini")] == [late]
        assert [row.id for row in reader.logs()] == [late, early]
        assert reader.spend("model")[0].cost_pico == 198
        assert reader.verify() == []


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from reckon.errors import LedgerError
from reckon.ledger import search, verify
from reckon.ledger.ledger import Ledger
import concurrent.futures.thread, encodings.idna
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
path = Path(sys.argv[1])
with Ledger.open(path, read_only=True) as ledger:
    print(ledger.last()[0].answer, len(ledger.search("boat")))
try:
    Ledger.open(path)
except LedgerError as error:
    print(error.do)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders have no such modes there")
def test_a_ledger_in_a_folder_that_cannot_be_written_can_be_read() -> None:
    """And writing to it says what to do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Ledger.open(folder / "reckon.db") as ledger:
            with_rows(ledger, 1)
        (folder / "reckon.db").chmod(0o444)
        folder.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-c", READ_AS_NOBODY, str(folder / "reckon.db")],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        finally:
            folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "A blue boat on a lake. 1"
    assert "Make the folder writable, or set RECKON_HOME" in second


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    """No tables are put into it."""
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE turns (id)")
    raw.commit()
    for read_only in (False, True):
        with pytest.raises(LedgerDamaged, match="not a ledger of reckon"):
            Ledger.open(path, read_only=read_only)
    assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("turns",)]
    raw.close()


def test_a_process_that_waited_for_a_newer_one_does_not_lower_the_version(path: Path) -> None:
    """The version is read again under the lock."""
    Ledger.open(path).close()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(LedgerTooNew):
        schema.migrate(raw)
    assert raw.execute("PRAGMA user_version").fetchone() == (schema.VERSION + 1,)
    assert not raw.in_transaction
    raw.close()


def test_a_ledger_with_broken_pages_is_said_to_be_damaged(path: Path) -> None:
    """`verify` names it in sentences; reading says how to save what is there."""
    with Ledger.open(path) as ledger:
        with_rows(ledger, 300)
    size = path.stat().st_size
    # The first pages hold the names of the tables, without which there is nothing to read.
    with path.open("r+b") as file:
        file.seek(32 * 4096)
        file.write(os.urandom(size - 33 * 4096))
    with Ledger.open(path) as ledger:
        assert ledger.verify() != []
        with pytest.raises(LedgerDamaged, match="is damaged") as damaged:
            list(ledger.logs())
        assert ".recover" in damaged.value.do


def test_names_of_any_bytes_are_kept_apart(ledger: Ledger) -> None:
    """A file name that is no UTF-8 costs no row, and a run over such a folder can be resumed."""
    job = {"sources": ["caf\udce9"]}
    run = ledger.new_run(RunRow(id="", created=None, status="running", job=job, tag=None))
    assert ledger.find_run(run).job == job
    names = ["caf\udce9.jpg", "caf\udce8.jpg"]
    rows = ledger.begin([attempt(run_id=run, item_id=n, prompt_text=n, tag=n) for n in names])
    ledger.finish([closing(rows[0])])
    assert ledger.is_settled(run, names[0], "k1")
    assert not ledger.is_settled(run, names[1], "k1")
    assert len({ledger.show(row).item_id for row in rows}) == 2
    assert [found.id for found in ledger.search("\udce9 boat")] == [rows[0]]
    assert ledger.verify() == []


def test_rows_can_be_changed_while_they_are_listed(ledger: Ledger, path: Path) -> None:
    """A listing holds no lock between its pages, whoever writes meanwhile."""
    rows = with_rows(ledger, 1_200)
    seen: list[str] = []
    with Ledger.open(path) as other:
        for row in ledger.logs():
            seen.append(row.id)
            if len(seen) in (1, 700):
                with_rows(other, 1)
                ledger.remove([row.id])
    assert seen == rows[::-1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"limit": 0}, []),
        ({"limit": 3}, [1199, 1198, 1197]),
        ({"limit": 2, "offset": 600}, [599, 598]),
        ({"limit": 2, "oldest_first": True}, [0, 1]),
        ({"offset": 1197, "oldest_first": True}, [1197, 1198, 1199]),
    ],
)
def test_listings_page_through_limit_and_offset(
    ledger: Ledger, options: dict[str, int], expected: list[int]
) -> None:
    """Whatever the size of a page."""
    rows = with_rows(ledger, 1_200)
    assert [row.id for row in ledger.logs(**options)] == [rows[n] for n in expected]  # pyright: ignore[reportArgumentType]
    assert [row.id for row in ledger.last(2)] == [rows[-1], rows[-2]]


def test_threads_may_search_at_once(ledger: Ledger) -> None:
    """Whoever comes first fills the index."""
    with_rows(ledger, 2_000)
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(len(ledger.search("boat", limit=None))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [2_000] * 8


def test_search_works_on_a_full_disk(ledger: Ledger) -> None:
    """What waits for the index is found without writing to it."""
    raw = ledger._connection  # pyright: ignore[reportPrivateUsage]
    rows = with_rows(ledger, 2_000)
    raw.execute(f"PRAGMA main.max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0]}")
    assert [row.id for row in ledger.search("boat", limit=2)] == [rows[-1], rows[-2]]


def test_verify_finds_rows_that_the_search_index_lost(ledger: Ledger) -> None:
    """The watermark is proved: every row that ended is indexed or waits."""
    with_rows(ledger, 2)
    raw = ledger._connection  # pyright: ignore[reportPrivateUsage]
    raw.execute("DELETE FROM search_queue WHERE attempt = 1")
    assert ledger.verify() == ["1 rows are neither in the search index nor waiting for it."]


def test_verify_finds_money_that_was_changed_into_something_else(ledger: Ledger) -> None:
    """Floating dollars and negative amounts have no place in the books."""
    with_rows(ledger, 2)
    raw = ledger._connection  # pyright: ignore[reportPrivateUsage]
    raw.execute("UPDATE attempts SET cost_pico = 1.5 WHERE seq = 1")
    raw.execute("UPDATE attempts SET reserved_pico = -1 WHERE seq = 2")
    found = " ".join(ledger.verify())
    assert "not whole numbers" in found
    assert "negative amount" in found


def test_a_ledger_cannot_be_where_a_folder_is(tmp_path: Path) -> None:
    """SQLite's "unable to open" becomes a sentence with a way out."""
    (tmp_path / "reckon.db").mkdir()
    with pytest.raises(LedgerError, match="cannot be opened") as refused:
        Ledger.open(tmp_path / "reckon.db")
    assert "RECKON_HOME" in refused.value.do
