"""The bulk engine: one prompt over many rows, within a budget, stopped and resumed at will.

Items stream from the source through a bounded queue to workers. Each attempt is committed to the
ledger before its bytes leave and closed after; a row that is done is never sent again.
"""

import asyncio
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from itertools import islice
from typing import Any, Literal

import msgspec

from reckon.errors import (
    AuthError,
    LedgerError,
    ModelNotServed,
    NotSent,
    ProviderError,
    RateLimited,
    ReckonError,
)
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Attempt, Closing
from reckon.ledger.writer import Writer
from reckon.net import Client
from reckon.providers.call import respond
from reckon.run import attach, retry
from reckon.run.answer import (
    POSSIBLY_BILLED,
    check_bound,
    check_takes,
    cost_of,
    media_tokens,
    price_text,
    row_key,
    upper_bound_pico,
)
from reckon.run.ask import media_refs
from reckon.run.bulk.admission import BudgetGate, Pacer
from reckon.run.bulk.counts import Counts
from reckon.run.bulk.report import Progress
from reckon.run.choose import Access, Choice
from reckon.run.collect import Collector
from reckon.run.template import render
from reckon.vocabulary.job import Item, Job, Skipped, Status
from reckon.vocabulary.price import Price
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Response

FEED_CHUNK = 64
PROGRESS_PERIOD_S = 0.25
PATIENCE_S = 20.0
"""How long an answer that was paid for waits for a ledger that cannot be written."""
PATIENCE_STEP_S = 0.5

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

InDoubt = Literal["retry", "skip"]
OnProgress = Callable[[Progress], None]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is ready to be sent."""

    item: Item
    prompt: Prompt
    text: str
    key: str
    bound_pico: int | None
    bound_tokens: float


class Engine:
    """Works one job off.

    Args:
        run_id: The run in the ledger.
        job: What to do.
        choice: The model and who serves it.
        access: Address and key.
        price: Price of the day; None: unknown.
        ledger: For reading; all writing goes through `writer`.
        writer: The group-commit writer.
        gate: The budget.
        pacer: The rate limits.
        concurrency: Calls in flight at once.
        total: Rows of the source, where they were counted.
        tag: For every row.
        in_doubt: Whether a call that may have been billed is sent again.
        resumed: Whether rows of this run may already be done.
        on_progress: Called a few times a second.
    """

    def __init__(
        self,
        *,
        run_id: str,
        job: Job,
        choice: Choice,
        access: Access,
        price: Price | None,
        ledger: Ledger,
        writer: Writer,
        gate: BudgetGate,
        pacer: Pacer,
        concurrency: int,
        total: int | None,
        tag: str | None,
        in_doubt: InDoubt,
        resumed: bool,
        on_progress: OnProgress | None,
    ) -> None:
        self.counts = Counts()
        self.stop_reason: Literal["interrupted", "budget", None] = None
        self.halted: ReckonError | None = None
        self._run_id = run_id
        self._job = job
        self._choice = choice
        self._access = access
        self._price = price
        self._price_text = price_text(price)
        self._ledger = ledger
        self._writer = writer
        self._gate = gate
        self._pacer = pacer
        self._concurrency = concurrency
        self._total = total
        self._tag = tag
        self._in_doubt: InDoubt = in_doubt
        self._resumed = resumed
        self._on_progress = on_progress
        self._stopping = asyncio.Event()
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue(2 * concurrency)
        self._sending: dict[str, asyncio.Future[Response | None]] = {}
        self._client = Client(max_connections=max(concurrency, 16))
        self._began = time.monotonic()
        self._spent_before_pico = gate.spent_pico
        self._in_flight = 0
        self._retrying: dict[str, ReckonError] = {}

    async def work(self, items: Iterator[Item | Skipped]) -> None:
        """Work until the source is empty, the budget is reached, or somebody stops it."""
        ticker = asyncio.create_task(self._tick())
        feeder = asyncio.create_task(self._feed(items))
        workers = [asyncio.create_task(self._worker()) for _ in range(self._concurrency)]
        remove_handlers = self._handle_signals(workers)
        try:
            async with self._client:
                await asyncio.gather(feeder, *workers)
        except asyncio.CancelledError:
            if self.stop_reason != "interrupted":
                raise
        finally:
            remove_handlers()
            unfinished = [task for task in (ticker, feeder, *workers) if not task.done()]
            for task in unfinished:
                task.cancel()
            await asyncio.gather(ticker, feeder, *workers, return_exceptions=True)
            self._show_progress()

    def stop(self, reason: Literal["interrupted", "budget"]) -> None:
        """Admit nothing more; calls in flight finish."""
        self.stop_reason = self.stop_reason or reason
        self._stopping.set()

    def _halt(self, error: ReckonError) -> None:
        self.halted = self.halted or error
        self.stop("interrupted")

    def _handle_signals(self, workers: list[asyncio.Task[None]]) -> Callable[[], None]:
        """Once: finish what is in flight. Twice: cancel it and keep the record."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        loop = asyncio.get_running_loop()

        def on_signal() -> None:
            if self._stopping.is_set():
                for worker in workers:
                    worker.cancel()
            self.stop("interrupted")

        try:
            for number in STOP_SIGNALS:
                loop.add_signal_handler(number, on_signal)
        except NotImplementedError:  # Windows has no such handlers: Ctrl-C raises as usual there
            return lambda: None

        def remove() -> None:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

        return remove

    async def _feed(self, items: Iterator[Item | Skipped]) -> None:
        try:
            while not self._stopping.is_set():
                # Reading may touch a slow disk: never in the event loop.
                chunk = await asyncio.to_thread(lambda: list(islice(items, FEED_CHUNK)))
                if not chunk:
                    break
                await self._enqueue(chunk)
        except ReckonError as error:
            self._halt(error)
        for _ in range(self._concurrency):
            await self._queue.put(None)

    async def _enqueue(self, chunk: list[Item | Skipped]) -> None:
        for entry in chunk:
            if isinstance(entry, Skipped):
                self.counts.skipped[entry.reason] += 1
            elif not self._stopping.is_set():
                await self._queue.put(entry)

    async def _worker(self) -> None:
        while (item := await self._queue.get()) is not None:
            if self._stopping.is_set():
                continue
            try:
                await self._work_off(item)
            except LedgerError as error:
                # What cannot be recorded is not sent; calls in flight still bring their answers.
                self._halt(error)

    async def _work_off(self, item: Item) -> None:
        try:
            row = await self._prepare(item)
        except ReckonError as error:
            reason = attach.skip_reason(item, error)
            if reason:
                self.counts.skipped[reason] += 1
            else:
                await self._record_unsendable(item, error)
            return
        if self._resumed and self._ledger.is_settled(
            self._run_id, item.id, row.key, in_doubt_counts=self._in_doubt == "skip"
        ):
            self.counts.already += 1
            return
        if await self._reuse(row):
            return
        await self._send_until_settled(row)

    async def _prepare(self, item: Item) -> Row:
        if item.files:
            # Decoding a picture takes tens of milliseconds and releases the GIL.
            return await asyncio.to_thread(self._build, item)
        return self._build(item)

    def _build(self, item: Item) -> Row:
        model = self._choice.model
        text = render(self._job.prompt, item.fields)
        pictures = tuple(attach.load_for(self._choice.provider, path) for path in item.files)
        prompt = Prompt.of(
            text,
            system=render(self._job.system, item.fields) if self._job.system else None,
            attachments=pictures,
            max_output_tokens=self._job.max_output_tokens,
            options=self._job.options,
        )
        check_takes(prompt, model)
        bound_pico = upper_bound_pico(prompt, model, self._price)
        if self._gate.cap_pico is not None:
            check_bound(bound_pico, model)
        return Row(
            item=item,
            prompt=prompt,
            text=text,
            key=row_key(prompt, model),
            bound_pico=bound_pico,
            bound_tokens=len(text) / 4 + self._job.max_output_tokens,
        )

    async def _reuse(self, row: Row) -> bool:
        """Answer from the ledger, or from the same row in flight, without a call."""
        flying = self._sending.get(row.key)
        if flying is not None:
            response = await flying
            if response is not None:
                await self._record_reuse(row, response)
                return True
        known = self._ledger.answer_for_key(row.key)
        if known is None or known.answer is None:
            return False
        answer = Response(
            text=known.answer,
            model=known.model_answered,
            stop_reason=known.stop_reason or "unknown",
        )
        await self._record_reuse(row, answer)
        return True

    async def _record_reuse(self, row: Row, answer: Response) -> None:
        # Usage stays empty: the tokens are in the books once, with the call that brought them.
        free = Response(text=answer.text, model=answer.model, stop_reason=answer.stop_reason)
        attempt = await self._begin(row, reserved_pico=0)
        await self._close(attempt, "done", free, cost_pico=0)
        self.counts.reused += 1
        self.counts.done += 1

    async def _send_until_settled(self, row: Row) -> None:
        settled: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._sending.setdefault(row.key, settled)
        response: Response | None = None
        try:
            for retries in range(retry.BULK.retries + 1):
                wait_s, response = await self._send_once(row, retries)
                if wait_s is None:
                    return
                if await self._stopped_within(wait_s):
                    self._give_up(row)
                    return
        finally:
            if self._sending.get(row.key) is settled:
                del self._sending[row.key]
            settled.set_result(response)

    def _give_up(self, row: Row) -> None:
        """Count a row that would have been tried again, had the run not been stopped."""
        error = self._retrying.pop(row.item.id, None)
        if error is not None:
            self.counts.failed += 1
            self.counts.add_error(row.item, error)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _send_once(self, row: Row, retries: int) -> tuple[float | None, Response | None]:
        """One attempt, after so many retries. Gives the seconds to wait before another, or None
        where the row is settled, and the response where there is one."""
        self._retrying.pop(row.item.id, None)
        await self._pacer.turn(row.bound_tokens)
        bound = row.bound_pico or 0
        if self._stopping.is_set():
            return None, None
        if not await self._gate.reserve(bound):
            self.stop("budget")
            return None, None
        try:
            attempt = await self._begin(row, reserved_pico=row.bound_pico)
        except BaseException:
            self._gate.settle(bound, 0)
            raise
        collector = Collector()
        self._in_flight += 1
        try:
            response = await self._call(row, collector)
        except POSSIBLY_BILLED as error:
            return await self._settle_in_doubt(row, attempt, collector, error, retries), None
        except ReckonError as error:
            return await self._settle_failed(row, attempt, collector, error, retries), None
        except asyncio.CancelledError:
            self._gate.settle(bound, None)
            self.counts.in_doubt += 1
            # Not awaited: this task is being cancelled; closing the writer waits for it.
            self._writer.finish(
                _closing(attempt, "in_doubt", collector.response(), error="interrupted")
            )
            raise
        finally:
            self._in_flight -= 1
        cost = cost_of(response, self._price)
        # Unknown usage: keep the bound in the books, for the bill may be as high.
        self._gate.settle(bound, cost.total_pico if cost else (None if self._price else 0))
        await self._close(
            attempt,
            "done",
            response,
            cost_pico=cost.total_pico if cost else None,
            cost_kind=cost.kind if cost else None,
        )
        self.counts.done += 1
        self.counts.unknown += cost is None
        if self._gate.overshoot_pico:
            self.stop("budget")
        return None, response

    async def _call(self, row: Row, collector: Collector) -> Response:
        events = respond(
            row.prompt,
            self._choice.model,
            self._choice.provider,
            base_url=self._access.base_url,
            key=self._access.key,
            client=self._client,
            stream=False,
        )
        async with aclosing(events):
            return await collector.drain(events)

    async def _settle_in_doubt(
        self, row: Row, attempt: str, collector: Collector, error: ReckonError, retries: int
    ) -> float | None:
        self._gate.settle(row.bound_pico or 0, None)
        await self._close(attempt, "in_doubt", collector.response(), error=error)
        if self._in_doubt == "retry" and retries < retry.BULK.retries:
            return retry.own_wait_s(retries, patience=retry.BULK, chance=_chance())
        self.counts.in_doubt += 1
        self.counts.add_error(row.item, error)
        return None

    async def _settle_failed(
        self, row: Row, attempt: str, collector: Collector, error: ReckonError, retries: int
    ) -> float | None:
        self._gate.settle(row.bound_pico or 0, 0)
        await self._close(attempt, "failed", collector.response(), error=error)
        wait_s = retry.wait_s(
            error, retries, has_output=False, patience=retry.BULK, chance=_chance()
        )
        if wait_s is not None:
            self._retrying[row.item.id] = error
            if isinstance(error, ProviderError) and error.retry_after_s:
                self._pacer.pause(wait_s)  # what the server asks of one row holds for all
            return wait_s
        self.counts.failed += 1
        self.counts.add_error(row.item, error)
        if _ends_the_run(error):
            self._halt(error)
        return None

    async def _record_unsendable(self, item: Item, error: ReckonError) -> None:
        """A row that never left: it fails with its reason and costs nothing."""
        attempt = await asyncio.wrap_future(
            self._writer.begin(
                self._attempt(item, key="", text=self._job.prompt, prompt=None, reserved_pico=0)
            )
        )
        await self._close(attempt, "failed", None, cost_pico=0, error=error)
        self.counts.failed += 1
        self.counts.add_error(item, error)

    async def _begin(self, row: Row, *, reserved_pico: int | None) -> str:
        attempt = self._attempt(
            row.item, key=row.key, text=row.text, prompt=row.prompt, reserved_pico=reserved_pico
        )
        return await asyncio.wrap_future(self._writer.begin(attempt))

    def _attempt(
        self, item: Item, *, key: str, text: str, prompt: Prompt | None, reserved_pico: int | None
    ) -> Attempt:
        return Attempt(
            run_id=self._run_id,
            key=key,
            item_id=item.id,
            item_index=item.index,
            model_asked=self._choice.model.key,
            prompt_text=text,
            system=self._job.system,
            options=self._job.options,
            media=media_refs(prompt) if prompt else (),
            media_tokens=media_tokens(prompt, self._choice.model) if prompt else None,
            reserved_pico=reserved_pico,
            price=self._price_text,
            tag=self._tag,
        )

    async def _close(
        self,
        attempt: str,
        status: Status,
        response: Response | None,
        *,
        cost_pico: int | None = None,
        cost_kind: Any = None,
        error: ReckonError | None = None,
    ) -> None:
        closing = _closing(
            attempt,
            status,
            response,
            cost_pico=cost_pico,
            cost_kind=cost_kind,
            error=" ".join(error.lines()) if error else None,
        )
        await self._finish(closing)

    async def _finish(self, closing: Closing) -> None:
        """Write what a call brought; a disk that is full for a while loses no answer."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await asyncio.wrap_future(self._writer.finish(closing))
            except LedgerError as error:
                self._halt(error)
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PATIENCE_STEP_S)

    def _forecast_pico(self, left: int | None) -> int | None:
        """The bill at the end, if the rows that are left cost what this process's rows did."""
        paid = self.counts.done - self.counts.reused
        if left is None or paid <= 0 or self.counts.unknown:
            return None
        spent = self._gate.spent_pico - self._spent_before_pico
        return self._gate.spent_pico + spent * left // paid

    async def _tick(self) -> None:
        while True:
            self._show_progress()
            await asyncio.sleep(PROGRESS_PERIOD_S)

    def _show_progress(self) -> None:
        if not self._on_progress:
            return
        counts = self.counts
        worked = counts.done + counts.failed + counts.in_doubt
        elapsed = time.monotonic() - self._began
        rate = worked / elapsed if elapsed > 0 else 0.0
        left = max(0, self._total - worked - counts.already) if self._total is not None else None
        self._on_progress(
            Progress(
                done=counts.done + counts.already,
                failed=counts.failed,
                in_doubt=counts.in_doubt,
                total=self._total,
                rate_per_s=rate,
                eta_s=left / rate if left is not None and rate > 0 else None,
                spent_pico=self._gate.spent_pico,
                forecast_pico=self._forecast_pico(left),
                cap_pico=self._gate.cap_pico,
                left=left,
                unknown_calls=counts.unknown,
                stopping=self._in_flight if self._stopping.is_set() else None,
            )
        )


def _closing(
    attempt: str,
    status: Status,
    response: Response | None,
    *,
    cost_pico: int | None = None,
    cost_kind: Any = None,
    error: str | None = None,
) -> Closing:
    return Closing(
        id=attempt,
        status=status,
        response=response,
        cost_pico=cost_pico,
        cost_kind=cost_kind,
        error=error,
    )


def _chance() -> float:
    return random.random()  # noqa: S311 - spreads waits, guards nothing


def _ends_the_run(error: ReckonError) -> bool:
    """Whether every further row would meet the same end: no server, no access, no quota."""
    out_of_quota = isinstance(error, RateLimited) and (
        not error.retryable or retry.asks_too_long(error, retry.BULK)
    )
    return out_of_quota or isinstance(error, AuthError | ModelNotServed | NotSent)
