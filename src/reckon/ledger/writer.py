"""The group-commit writer: one thread, one connection, one transaction for all that waits.

It commits whenever it is idle and something waits. A fixed rhythm would cap the throughput of a
run, for no call leaves before its row is committed.
"""

import atexit
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from reckon.errors import LedgerError
from reckon.ledger import store
from reckon.ledger.connect import connect, explained, is_busy
from reckon.ledger.rows import Attempt, Closing

MOST_PER_COMMIT = 1_000


class _Work(NamedTuple):
    write: Callable[[sqlite3.Connection], Any]
    future: "Future[Any]"
    opens: bool
    """Whether it opens an attempt: its result is then the id."""


class Writer:
    """Writes attempts from any thread; each future is done when its row is on disk.

    A write that fails sets its error on its own future and on no other; later writes are tried
    anew, so that a disk that was full for a while does not end a run. It is a context manager.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._connection = connect(path)
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="reckon-ledger", daemon=True)
        self._thread.start()
        # The thread ends with the interpreter; what waits then must be on disk first.
        atexit.register(self.close)

    def begin(self, attempt: Attempt) -> "Future[str]":
        """Open an attempt; the future gives its id once it is committed.

        Where the future was cancelled in the meantime nobody knows the id and nothing was sent:
        the row is closed as cancelled and its reservation is free again.
        """
        return self._submit(partial(store.insert_attempt, attempt=attempt), opens=True)

    def finish(self, closing: Closing) -> "Future[None]":
        """Close an attempt. It is written even where the future is cancelled."""
        return self._submit(partial(store.close_attempt, closing=closing), opens=False)

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._lock:
            first = not self._closed
            self._closed = True
            if first:
                self._queue.put(None)
        self._thread.join()
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _submit(self, write: Callable[[sqlite3.Connection], Any], *, opens: bool) -> "Future[Any]":
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise LedgerError("The writer of the ledger is closed; nothing more is written.")
            self._queue.put(_Work(write, future, opens))
        return future

    def _work(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._take()
            self._commit(batch)
        self._connection.close()

    def _take(self) -> tuple[list[_Work], bool]:
        """All that waits, at least one; False with it where it is the last."""
        batch: list[_Work] = []
        while not batch or (len(batch) < MOST_PER_COMMIT and not self._queue.empty()):
            work = self._queue.get()
            if work is None:
                return batch, False
            batch.append(work)
        return batch, True

    def _commit(self, batch: Sequence[_Work]) -> None:
        try:
            results = self._write([work.write for work in batch])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the row
            if len(batch) == 1 or is_busy(error):
                for work in batch:
                    _fail(work.future, error)
                return
            # One row that cannot be written must not take an answer with it that was paid for.
            for work in batch:
                self._commit([work])
            return
        unclaimed: list[str] = []
        for work, result in zip(batch, results, strict=True):
            if not _succeed(work.future, result) and work.opens:
                unclaimed.append(result)
        self._cancel(unclaimed)

    def _write(self, writes: Sequence[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
        if not writes:
            return []
        with explained(self._path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                results = [write(self._connection) for write in writes]
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return results

    def _cancel(self, ids: Sequence[str]) -> None:
        for row in ids:
            closing = Closing(
                id=row,
                status="cancelled",
                response=None,
                cost_pico=0,
                cost_kind=None,
                error="Cancelled before it was sent.",
            )
            close = partial(store.close_attempt, closing=closing)
            self._commit([_Work(close, Future(), opens=False)])


def _succeed(future: "Future[Any]", result: object) -> bool:
    """Hand over a result; False where nobody waits for it any more."""
    if not future.set_running_or_notify_cancel():
        return False
    future.set_result(result)
    return True


def _fail(future: "Future[Any]", error: Exception) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
