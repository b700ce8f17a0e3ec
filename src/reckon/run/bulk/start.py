"""Start a run, or take one up again where it stopped."""

import math
import os
import time
from contextlib import suppress
from decimal import Decimal

import msgspec

from reckon import net, settings
from reckon.catalogue.load import price_on
from reckon.errors import LedgerError, PriceUnknown, ReckonError, UsageError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import RunRow, RunTotals
from reckon.run.bridge import described_by
from reckon.run.bulk.admission import BudgetGate, Pacer
from reckon.run.bulk.engine import Engine, InDoubt, OnProgress
from reckon.run.bulk.report import Foreseen, RunReport
from reckon.run.choose import Choice, access, choose_model
from reckon.run.clock import today
from reckon.run.plan import Quote
from reckon.run.source import items
from reckon.vocabulary.job import Job
from reckon.vocabulary.money import MOST_USD, to_pico

HOSTED_CONCURRENCY = 32


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was started with, kept in the ledger so that it can be resumed alike."""

    job: Job
    cap_pico: int | None = None
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    tag: str | None = None
    allow_unknown_price: bool = False
    total: int | None = None
    """Rows of the source when the run started."""
    estimate: Foreseen | None = None
    """What it was expected to cost when it started."""


async def run_async(
    job: Job,
    *,
    budget_usd: Decimal | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    tag: str | None = None,
    key: str | None = None,
    quote: Quote | None = None,
    allow_unknown_price: bool = False,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Run a job over every row of its sources.

    Args:
        job: Sources, prompt template, model, cap on each answer.
        budget_usd: Hard cap in dollars; nothing is sent that could pass it.
        concurrency: Calls in flight at once; None: 32, or the number of cores for local engines.
        rpm: Requests per minute at most.
        tpm: Tokens per minute at most.
        tag: A word to find and sum rows by.
        key: A stored key's name, or a key.
        quote: The price that was shown beforehand, for the total and the report.
        allow_unknown_price: Run although the model's price is unknown.
        in_doubt: Whether a call that may already have been billed is sent again.
        on_progress: Called a few times a second.

    Raises:
        PriceUnknown: The price is unknown and that was not allowed.
        UsageError: The job or its numbers make no sense.
        LedgerError: The ledger cannot be written; nothing is sent without it.
    """
    _check_numbers(budget_usd, concurrency, rpm, tpm)
    choice = choose_model(job.model)
    run_settings = RunSettings(
        job=msgspec.structs.replace(job, model=choice.model.key),
        cap_pico=to_pico(budget_usd) if budget_usd is not None else None,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        tag=tag,
        allow_unknown_price=allow_unknown_price,
        total=quote.items if quote else None,
        estimate=Foreseen.of(quote.estimates[0]) if quote and quote.estimates else None,
    )
    with Ledger.open(settings.ledger_path()) as ledger:
        _check_price(choice, run_settings)
        access(choice.provider, key)
        run_id = ledger.new_run(
            RunRow(
                id="",
                created=None,
                status="running",
                job=msgspec.to_builtins(run_settings),
                tag=tag,
            )
        )
        return await _work(
            ledger,
            run_id,
            run_settings,
            choice,
            key=key,
            in_doubt=in_doubt,
            on_progress=on_progress,
            resumed=False,
        )


async def resume_async(
    run: str | None = None,
    *,
    budget_usd: Decimal | None = None,
    key: str | None = None,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Take up a run where it stopped: finished rows are never sent again.

    Args:
        run: An id or its beginning; None: the latest run.
        budget_usd: A new cap over the whole run; None: the cap it was started with.
        key: A stored key's name, or a key.
        in_doubt: Whether rows that may already have been billed are sent again.
        on_progress: Called a few times a second.

    Returns:
        A `RunReport` over the whole run; a run that is over is reported as it ended.

    Raises:
        UsageError: There is no such run, or the budget makes no sense.
        PriceUnknown: The price of its model is not known any more.
        LedgerError: The ledger cannot be written; nothing is sent without it.
    """
    _check_numbers(budget_usd, None, None, None)
    with Ledger.open(settings.ledger_path()) as ledger:
        row = ledger.find_run(run)
        run_settings = msgspec.convert(row.job, RunSettings)
        if budget_usd is not None:
            run_settings = msgspec.structs.replace(run_settings, cap_pico=to_pico(budget_usd))
        if _is_over(ledger, row, in_doubt):
            return _report(ledger, row.id, run_settings, row.status)
        choice = choose_model(run_settings.job.model)
        _check_price(choice, run_settings)
        ledger.doubt_what_was_left(row.id)
        ledger.update_run(row.id, status="running")
        return await _work(
            ledger,
            row.id,
            run_settings,
            choice,
            key=key,
            in_doubt=in_doubt,
            on_progress=on_progress,
            resumed=True,
        )


def run(
    job: Job,
    *,
    budget_usd: Decimal | None = None,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    tag: str | None = None,
    key: str | None = None,
    quote: Quote | None = None,
    allow_unknown_price: bool = False,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    """`run_async` for code without an event loop."""
    return net.run(
        run_async(
            job,
            budget_usd=budget_usd,
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            tag=tag,
            key=key,
            quote=quote,
            allow_unknown_price=allow_unknown_price,
            in_doubt=in_doubt,
            on_progress=on_progress,
        )
    )


@described_by(resume_async)
def resume(
    run: str | None = None,
    *,
    budget_usd: Decimal | None = None,
    key: str | None = None,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    return net.run(
        resume_async(
            run, budget_usd=budget_usd, key=key, in_doubt=in_doubt, on_progress=on_progress
        )
    )


def _check_numbers(
    budget_usd: Decimal | None, concurrency: int | None, rpm: float | None, tpm: float | None
) -> None:
    for name, value in (("rpm", rpm), ("tpm", tpm), ("concurrency", concurrency)):
        if value is not None and not 0 < value < math.inf:
            raise UsageError(
                f"--{name} {value} is not a positive number.", do=f"Leave --{name} out for none."
            )
    if budget_usd is not None and not (budget_usd.is_finite() and 0 <= budget_usd <= MOST_USD):
        raise UsageError(
            f"A budget of {budget_usd} dollars makes no sense.", do="Give dollars: --budget 2.50"
        )


def _check_price(choice: Choice, run_settings: RunSettings) -> None:
    if price_on(choice.model, today()) is not None:
        return
    if run_settings.cap_pico is not None:
        raise PriceUnknown(
            f"The price of {choice.model.key} is not known, so that no budget can be kept.",
            why="A cap holds by what each call may cost, before it is sent.",
            do="Run with --allow-unknown-price and without --budget, or choose another model.",
        )
    if not run_settings.allow_unknown_price:
        raise PriceUnknown(
            f"The price of {choice.model.key} is not known.",
            why="Without a price no budget can be kept.",
            do="Run with --allow-unknown-price, or choose a model that `reckon price` can price.",
        )


def _is_over(ledger: Ledger, row: RunRow, in_doubt: InDoubt) -> bool:
    """Whether nothing is left to do: rows in doubt are, where they are to be sent again."""
    if row.status == "done" and in_doubt == "retry":
        return not ledger.run_totals(row.id).in_doubt
    return row.status in ("done", "cancelled")


async def _work(
    ledger: Ledger,
    run_id: str,
    run_settings: RunSettings,
    choice: Choice,
    *,
    key: str | None,
    in_doubt: InDoubt,
    on_progress: OnProgress | None,
    resumed: bool,
) -> RunReport:
    job = run_settings.job
    totals = ledger.run_totals(run_id)
    writer = ledger.writer()
    engine = Engine(
        run_id=run_id,
        job=job,
        choice=choice,
        access=access(choice.provider, key),
        price=price_on(choice.model, today()),
        ledger=ledger,
        writer=writer,
        gate=BudgetGate(run_settings.cap_pico, totals.spent_pico, totals.reserved_pico),
        pacer=Pacer(run_settings.rpm, run_settings.tpm),
        concurrency=run_settings.concurrency or _default_concurrency(choice),
        total=run_settings.total,
        tag=run_settings.tag,
        in_doubt=in_doubt,
        resumed=resumed,
        on_progress=on_progress,
    )
    began = time.monotonic()
    status = "interrupted"
    try:
        await engine.work(items(job.sources, limit=job.limit, attach=job.attach))
        status = engine.stop_reason or "done"
    finally:
        writer.close()
        _set_status(ledger, run_id, status)
    return _report(
        ledger,
        run_id,
        run_settings,
        status,
        engine=engine,
        duration_s=time.monotonic() - began,
    )


def _set_status(ledger: Ledger, run_id: str, status: str) -> None:
    """Write how the run stands; on a full disk it stays `running`, and is resumed all the same."""
    with suppress(LedgerError):
        ledger.update_run(run_id, status=status)


def _default_concurrency(choice: Choice) -> int:
    if choice.provider.wire == "builtin":
        return max(2, os.cpu_count() or 2)
    return HOSTED_CONCURRENCY


def _report(
    ledger: Ledger,
    run_id: str,
    run_settings: RunSettings,
    status: str,
    *,
    engine: Engine | None = None,
    duration_s: float = 0.0,
) -> RunReport:
    totals: RunTotals = ledger.run_totals(run_id)
    halted: ReckonError | None = engine.halted if engine else None
    return RunReport(
        run_id=run_id,
        model=run_settings.job.model,
        status=status,
        done=totals.done,
        failed=totals.failed,
        in_doubt=totals.in_doubt,
        skipped=dict(engine.counts.skipped) if engine else {},
        reused=engine.counts.reused if engine else 0,
        spent_pico=totals.spent_pico,
        unknown_calls=totals.unknown_calls,
        in_doubt_pico=totals.reserved_pico,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        estimate=run_settings.estimate,
        errors=engine.counts.errors if engine else {},
        duration_s=duration_s,
        halted=tuple(halted.lines()) if halted else (),
    )
