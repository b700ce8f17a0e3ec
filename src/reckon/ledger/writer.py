"""The group-commit writer: one thread, one connection, one transaction for all that waits.

It commits whenever it is idle and something waits. A fixed rhythm would cap the throughput of a
run, for no call leaves before its row is committed.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from reckon.errors import ReckonError
from reckon.ledger import store
from reckon.ledger.connect import connect, explained
from reckon.ledger.rows import Attempt, Closing

MOST_PER_COMMIT = 1_000

_Work = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


class Writer:
    """Writes attempts from any thread; each future is done when its row is on disk.

    A write that fails sets its error on the futures that it concerns; later writes are tried
    anew, so that a disk that was full for a while does not end a run.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._connection = connect(path)
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="reckon-ledger", daemon=True)
        self._thread.start()

    def begin(self, attempt: Attempt) -> "Future[str]":
        """Open an attempt; the future gives its id once it is committed."""
        return self._submit(lambda connection: store.insert_attempt(connection, attempt))

    def finish(self, closing: Closing) -> "Future[None]":
        """Close an attempt."""
        return self._submit(lambda connection: store.close_attempt(connection, closing))

    def close(self) -> None:
        """Write what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _submit(self, work: Callable[[sqlite3.Connection], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        self._queue.put((work, future))
        return future

    def _work(self) -> None:
        open_ = True
        while open_:
            batch: list[_Work] = []
            first = self._queue.get()
            if first is None:
                break
            batch.append(first)
            while len(batch) < MOST_PER_COMMIT and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    open_ = False
                    break
                batch.append(more)
            self._commit(batch)
        self._connection.close()

    def _commit(self, batch: list[_Work]) -> None:
        results: list[Any] = []
        try:
            with explained(self._path):
                self._connection.execute("BEGIN IMMEDIATE")
                results = [work(self._connection) for work, _ in batch]
                self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the row
            self._roll_back()
            for _, future in batch:
                _fail(future, error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            _succeed(future, result)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _succeed(future: "Future[Any]", result: object) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def _fail(future: "Future[Any]", error: Exception) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error if isinstance(error, ReckonError) else _unexpected(error))


def _unexpected(error: Exception) -> Exception:
    error.add_note("raised while writing the ledger")
    return error
