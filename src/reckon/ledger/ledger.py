"""The ledger: every attempt, answer, token and cost, in one SQLite file."""

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from reckon.errors import LedgerDamaged, LedgerError, LedgerTooOld, UsageError
from reckon.ledger import measured, observations, raw, read, search, store, verify
from reckon.ledger.connect import connect, explained, in_memory
from reckon.ledger.owner import is_alive
from reckon.ledger.rows import (
    Attempt,
    Closing,
    LogRow,
    Measured,
    Observed,
    OutputSums,
    RunRow,
    RunTotals,
    SeenPrice,
    SpendDay,
    SpendRow,
)
from reckon.ledger.text import storable
from reckon.ledger.writer import Writer
from reckon.vocabulary.response import Raw

SpendBy = Literal["model", "day", "run", "tag"]

_KEYS_AT_ONCE = 10_000

# The plus keeps SQLite from the index of the whole run: the one of open attempts is tiny.
_OWNERS = "SELECT DISTINCT owner FROM attempts WHERE +run_id IS ? AND status = 'sent'"


class Ledger:
    """An open ledger. Writing methods have committed when they return.

    Open with `Ledger.open`; it is a context manager. One ledger may be used from several threads.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, read_only: bool = False
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._connection = connection
        self._lock = threading.RLock()

    @staticmethod
    def open(path: Path, *, read_only: bool = False) -> "Ledger":
        """Open, and without `read_only` create or migrate, the ledger at `path`.

        Raises:
            LedgerTooNew: A newer reckon wrote it.
            LedgerTooOld: An older reckon wrote it; without `read_only` it is brought up to date.
            LedgerDamaged: The file is not a healthy ledger.
            LedgerError: It cannot be opened; or, read-only, there is none.
        """
        return Ledger(path, connect(path, read_only=read_only), read_only=read_only)

    @staticmethod
    def look(path: Path) -> "Ledger":
        """Open for reading; an empty ledger in memory where nothing was written yet.

        A ledger of an older reckon is brought up to date first.

        Raises:
            LedgerTooNew: A newer reckon wrote it.
            LedgerDamaged: The file is not a healthy ledger.
        """
        if path.exists():
            try:
                return Ledger.open(path, read_only=True)
            except LedgerTooOld:
                Ledger.open(path).close()
                return Ledger.open(path, read_only=True)
        return Ledger(path, in_memory())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- attempts ---

    def begin(self, attempts: Sequence[Attempt]) -> list[str]:
        """Open attempts before their bytes leave; gives their ids."""
        return self._transaction(lambda c: [store.insert_attempt(c, each) for each in attempts])

    def finish(self, closings: Sequence[Closing]) -> None:
        """Close attempts, all or none.

        Raises:
            LedgerError: One of them does not exist or is settled already. A doubt about a row
                that was settled in the meantime is no error and changes nothing.
        """
        if closings:
            self._transaction(lambda c: [store.close_attempt(c, each) for each in closings])

    def writer(self) -> Writer:
        """A group-commit writer on a connection of its own, for many calls at once."""
        return Writer(self.path)

    # --- runs ---

    def new_run(self, run: RunRow) -> str:
        """Store a run; gives its id."""
        return self._transaction(lambda c: store.insert_run(c, run))

    def update_run(self, run_id: str, *, status: str) -> None:
        """Set the status of a run."""
        self._transaction(
            lambda c: c.execute("UPDATE runs SET status = ? WHERE id = ?", (status, run_id))
        )

    def runs(self, *, limit: int | None = None) -> list[RunRow]:
        """Runs, newest first."""
        with self._reading():
            return read.run_rows(self._connection, limit=limit)

    def find_run(self, prefix: str | None = None) -> RunRow:
        """The run whose id begins like that; None: the latest.

        Raises:
            UsageError: There is none, or more than one.
        """
        begins = (prefix or "").upper()
        with self._reading():
            found = read.run_rows(
                self._connection,
                "id >= ? AND id < ? || '~'",
                (begins, begins),
                limit=1 if prefix is None else 2,
            )
        if not found:
            raise UsageError(
                f"There is no run {prefix!r}." if prefix else "There is no run yet.",
                do="`reckon runs list` shows all runs.",
            )
        if len(found) > 1 and found[0].id != begins:
            raise UsageError(
                f"More than one run begins with {prefix!r}.",
                why=f"For instance {found[0].id} and {found[1].id}.",
                do="Give more letters of the id.",
            )
        return found[0]

    def run_totals(self, run_id: str) -> RunTotals:
        """Sums over the rows of a run."""
        with self._reading():
            return read.run_totals(self._connection, run_id)

    def finished_keys(self, run_id: str) -> Iterator[str]:
        """Row keys of a run that have their answer; streams, in the order they were sent."""
        after = 0
        while True:
            with self._reading():
                found = read.done_keys(self._connection, run_id, after, _KEYS_AT_ONCE)
            if not found:
                return
            yield from (key for _, key in found)
            after = found[-1][0]

    def is_settled(
        self, run_id: str, item_id: str, key: str, *, in_doubt_counts: bool = True
    ) -> bool:
        """Whether that row of the run has its answer, or, if that counts, is in doubt."""
        wanted = ("done", "in_doubt") if in_doubt_counts else ("done", "done")
        with self._reading():
            return (
                self._connection.execute(
                    "SELECT 1 FROM attempts WHERE run_id = ? AND item_id = ? AND row_key = ?"
                    " AND status IN (?, ?) LIMIT 1",
                    (run_id, storable(item_id), key, *wanted),
                ).fetchone()
                is not None
            )

    def answer_for_key(self, key: str) -> LogRow | None:
        """The latest finished attempt with that row key whose answer is still there."""
        where = "a.row_key = ? AND a.status = 'done' AND a.answer IS NOT NULL"
        with self._reading():
            found = read.rows(self._connection, where, (key,), limit=1)
        return found[0] if found else None

    def open_attempts(self, run_id: str | None) -> list[LogRow]:
        """Attempts of a run, or with None of single asks, left open by a process that is gone."""
        with self._reading():
            owners = self._connection.execute(_OWNERS, (run_id,)).fetchall()
            gone = [owner for (owner,) in owners if not is_alive(owner)]
            where = "+a.run_id IS ? AND a.status = 'sent' AND a.owner = ?"
            return [
                row for owner in gone for row in read.rows(self._connection, where, (run_id, owner))
            ]

    def doubt_what_was_left(self, run_id: str | None) -> None:
        """Put `open_attempts` in doubt: nobody knows whether the calls were billed."""
        error = "The process ended before the answer came; the call may have been billed."
        self.finish(
            [
                Closing(
                    id=row.id,
                    status="in_doubt",
                    response=None,
                    cost_pico=None,
                    cost_kind=None,
                    error=error,
                )
                for row in self.open_attempts(run_id)
            ]
        )

    def is_running(self, run_id: str) -> bool:
        """Whether a process that lives has calls of that run under way."""
        with self._reading():
            owners = self._connection.execute(_OWNERS, (run_id,)).fetchall()
        return any(is_alive(owner) for (owner,) in owners)

    # --- prices as lists stated them ---

    def observe_prices(self, rows: Iterable[SeenPrice], seen: dt.datetime) -> int:
        """Note what lists state now; a price that changed is a new row. Gives how many are new."""
        return self._transaction(lambda c: observations.append(c, rows, seen))

    def observed_prices(self) -> list[Observed]:
        """All that lists stated, by source and model, oldest first."""
        with self._reading():
            return list(observations.read(self._connection))

    # --- reading ---

    def logs(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        model: str | None = None,
        run: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        since: dt.datetime | None = None,
        oldest_first: bool = False,
    ) -> Iterator[LogRow]:
        """Attempts, newest first; streams."""
        where, values = read.conditions(model=model, run=run, status=status, tag=tag, since=since)
        after: int | None = None
        left = limit
        while left is None or left > 0:
            size = read.PAGE if left is None else min(read.PAGE, left)
            with self._reading():
                page, after = read.page(
                    self._connection,
                    where,
                    values,
                    after=after,
                    oldest_first=oldest_first,
                    limit=size,
                    offset=offset,
                )
            yield from page
            if len(page) < size:
                return
            offset = 0
            left = None if left is None else left - size

    def last(self, count: int = 1) -> list[LogRow]:
        """The latest attempts, newest first."""
        return list(self.logs(limit=count))

    def results(self, run_id: str) -> Iterator[LogRow]:
        """The best attempt of each row of a run, in the order of the source; streams."""
        with self._reading():
            numbers = read.result_numbers(self._connection, run_id)
        for start in range(0, len(numbers), read.PAGE):
            with self._reading():
                page = read.numbered(self._connection, numbers[start : start + read.PAGE])
            yield from page

    def show(self, prefix: str | None = None) -> LogRow:
        """The attempt whose id begins like that; None: the latest.

        Raises:
            UsageError: There is none, or more than one.
        """
        begins = (prefix or "").upper()
        with self._reading():
            found = (
                read.rows(self._connection, "1", (), limit=1)
                if prefix is None
                else read.rows(
                    self._connection, "a.id >= ? AND a.id < ? || '~'", (begins, begins), limit=2
                )
            )
        if not found:
            raise UsageError(
                f"There is no row {prefix!r}." if prefix else "The ledger has no rows yet.",
                do="`reckon logs list` shows the latest.",
            )
        if len(found) > 1 and found[0].id != begins:
            raise UsageError(
                f"More than one row begins with {prefix!r}.", do="Give more letters of the id."
            )
        return found[0]

    def raw(self, row: str) -> Raw | None:
        """The answer of the attempt with that id as its bytes came; None where none was kept.

        Raises:
            LedgerDamaged: What is stored is not what was written.
        """
        try:
            with self._reading():
                return raw.read(self._connection, row)
        except ValueError as error:
            raise LedgerDamaged(
                f"The answer of row {row} as it came cannot be read.",
                why=f"What is stored was changed after it was written: {error}.",
                do="`reckon logs verify` names all that is damaged; the rest can be read.",
            ) from error

    def search(
        self,
        text: str,
        *,
        limit: int | None = 20,
        model: str | None = None,
        run: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        since: dt.datetime | None = None,
    ) -> list[LogRow]:
        """Attempts whose prompt, answer or file name holds all the words, newest first.

        Args:
            text: Words; `"two words"` in quotes is a phrase.
            limit: Rows at most.
            model: Only of this model; and so on for the other filters.
            run: Id of a run.
            status: Status of the attempt.
            tag: Tag of the attempt.
            since: Not before.

        Raises:
            UsageError: There is no word to look for.
        """
        expression = search.match_expression(text)
        if not expression:
            raise UsageError(
                f"There is no word to search for in {text!r}.", do="Give a word of the answer."
            )
        where, values = read.conditions(model=model, run=run, status=status, tag=tag, since=since)
        with self._reading():
            source = search.prepare(self._connection)
            return read.rows(
                self._connection,
                f"{source.matches} AND {where}",
                (expression, *values),
                join=source.join,
                order=source.order,
                limit=limit,
            )

    def spend(self, by: SpendBy = "model", since: dt.datetime | None = None) -> list[SpendRow]:
        """What was spent, by model, day, run or tag."""
        with self._reading():
            return read.spend(self._connection, by, since)

    def spend_days(self, by: SpendBy = "model", since: dt.datetime | None = None) -> list[SpendDay]:
        """What was spent on each day, by model, run or tag; by day gives each day once."""
        with self._reading():
            return read.spend_days(self._connection, by, since)

    def measured_models(self) -> list[str]:
        """`provider/id` of the models whose latest calls can tell how well we count."""
        with self._reading():
            return measured.models(self._connection)

    def measured_calls(self, model: str, *, limit: int) -> list[Measured]:
        """The latest such calls of a model, newest first."""
        with self._reading():
            return measured.calls(self._connection, model, limit)

    def output_sums(self, run_ids: Sequence[str]) -> OutputSums:
        """Sums over the output tokens of the answers of these runs."""
        with self._reading():
            return measured.outputs(self._connection, run_ids)

    def remove(self, ids: Sequence[str]) -> int:
        """Take the content of rows away; tokens and money stay. Gives the number of rows.

        What was removed is overwritten in the file, not merely unlinked.
        """
        with self._lock, explained(self.path):
            self._connection.execute("PRAGMA secure_delete = ON")
            removed = self._transaction(lambda c: store.remove_content(c, ids))
            # The log still holds the old pages; where a reader keeps it busy the next one does it.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.execute("PRAGMA secure_delete = OFF")
        return removed

    def verify(self) -> list[str]:
        """What is wrong with the ledger, a sentence each; empty where it is whole."""
        with self._reading():
            return list(verify.problems(self._connection, read_only=self._read_only))

    @contextmanager
    def _reading(self) -> Generator[None]:
        with self._lock, explained(self.path):
            yield

    def _transaction(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        with self._lock, explained(self.path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                result = work(self._connection)
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._roll_back()
                if self._read_only:
                    raise LedgerError(
                        "The ledger was opened for reading only.",
                        why="This would have written to it.",
                    ) from error
                raise
            except BaseException:
                self._roll_back()
                raise
        return result

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
