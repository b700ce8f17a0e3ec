"""The library's front door beside `ask`: the commands as functions, plain arguments in.

Every function has an `_async` form for code that runs in an event loop.
"""

import asyncio
import html
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from reckon import net
from reckon.catalogue.load import load, price_on
from reckon.catalogue.standing import By, listing
from reckon.errors import UsageError
from reckon.run import plan
from reckon.run.bridge import described_by
from reckon.run.bulk import start
from reckon.run.bulk.engine import InDoubt, OnProgress
from reckon.run.bulk.report import RunReport
from reckon.run.clock import today
from reckon.run.plan import Quote
from reckon.run.source import STDIN
from reckon.vocabulary.job import Job
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.score import Score, figure

Source = str | Path
Sources = Source | Sequence[Source]


def _paths(sources: Sources) -> tuple[str, ...]:
    if isinstance(sources, str | Path):
        return (str(sources),)
    return tuple(str(source) for source in sources)


def price(
    sources: Sources,
    prompt: str,
    *,
    models: Iterable[str] = (),
    output_tokens: int | None = None,
    max_output_tokens: int = 1024,
    system: str | None = None,
    on: date | None = None,
    batch: bool = False,
    limit: int | None = None,
    attach: Sequence[str] = (),
    cached_tokens: int = 0,
    schema: dict[str, Any] | None = None,
) -> Quote:
    """What a job will cost, before it runs.

    Args:
        sources: A folder, a glob, a CSV, JSON Lines or text file, or several of them.
        prompt: The template; `{{column}}` is filled from each row.
        models: Names; empty: every model in the catalogue that can do it.
        output_tokens: Tokens of one answer, where they are known.
        max_output_tokens: Cap on one answer, in tokens.
        system: System message.
        on: The day whose prices are used; None: today, UTC.
        batch: Prices of the providers' batch APIs.
        limit: Only the first rows.
        attach: Columns of a table that name pictures, relative to the table.
        cached_tokens: Input tokens of each request that the provider has in its cache.
        schema: JSON schema of the answers, which bounds their length.

    Returns:
        A `Quote` with one `Estimate` per model; it shows as a table in a notebook.

    Raises:
        SourceError: A source cannot be read.
        UnknownModel: A name is not in the catalogue.
        UnsupportedInput: A named model does not take what the rows hold.
        TemplateError: The prompt names a column that the rows do not have.
    """
    return plan.price(
        _paths(sources),
        prompt,
        models=tuple(models),
        output_tokens=output_tokens,
        max_output=max_output_tokens,
        system=system,
        on=on,
        batch=batch,
        limit=limit,
        attach_columns=tuple(attach),
        cached_tokens=cached_tokens,
        schema=schema,
    )


async def price_async(
    sources: Sources,
    prompt: str,
    *,
    models: Iterable[str] = (),
    output_tokens: int | None = None,
    max_output_tokens: int = 1024,
    system: str | None = None,
    on: date | None = None,
    batch: bool = False,
    limit: int | None = None,
    attach: Sequence[str] = (),
    cached_tokens: int = 0,
    schema: dict[str, Any] | None = None,
) -> Quote:
    """`price` in a thread: reading headers touches the disk."""
    return await asyncio.to_thread(
        price,
        sources,
        prompt,
        models=models,
        output_tokens=output_tokens,
        max_output_tokens=max_output_tokens,
        system=system,
        on=on,
        batch=batch,
        limit=limit,
        attach=attach,
        cached_tokens=cached_tokens,
        schema=schema,
    )


async def run_async(
    sources: Sources,
    prompt: str,
    *,
    model: str,
    budget_usd: Decimal | int | str | None = None,
    system: str | None = None,
    max_output_tokens: int = 1024,
    options: dict[str, Any] | None = None,
    limit: int | None = None,
    attach: Sequence[str] = (),
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    tag: str | None = None,
    key: str | None = None,
    allow_unknown_price: bool = False,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Run a prompt over every row of the sources; the answers are in the ledger.

    Args:
        sources: A folder, a glob, a CSV, JSON Lines or text file, or several of them.
        prompt: The template; `{{column}}` is filled from each row.
        model: `provider/model` or a plain id.
        budget_usd: Hard cap in dollars; nothing is sent that could pass it.
        system: System message.
        max_output_tokens: Cap on one answer, in tokens.
        options: Further parameters for the provider.
        limit: Only the first rows.
        attach: Columns of a table that name pictures, relative to the table.
        concurrency: Calls in flight at once.
        rpm: Requests per minute at most.
        tpm: Tokens per minute at most.
        tag: A word to find and sum rows by.
        key: A stored key's name, or a key.
        allow_unknown_price: Run although the model's price is unknown.
        in_doubt: `retry` sends rows again that may already have been billed.
        on_progress: Called a few times a second.

    Returns:
        A `RunReport`; rows that failed are counted there and kept in the ledger.

    Raises:
        PriceUnknown: The price is unknown and that was not allowed.
        UsageError: The job or its numbers make no sense.
        LedgerError: The ledger cannot be written; nothing is sent without it.
    """
    job = Job(
        sources=_paths(sources),
        prompt=prompt,
        model=model,
        system=system,
        max_output_tokens=max_output_tokens,
        options=options or {},
        limit=limit,
        attach=tuple(attach),
    )
    return await start.run_async(
        job,
        budget_usd=_dollars(budget_usd),
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        tag=tag,
        key=key,
        quote=await asyncio.to_thread(_quote, job),
        allow_unknown_price=allow_unknown_price,
        in_doubt=in_doubt,
        on_progress=on_progress,
    )


def _dollars(amount: Decimal | int | str | None) -> Decimal | None:
    """An amount as it is meant; a float is refused, for it is rarely what was written."""
    if amount is None:
        return None
    try:
        if isinstance(amount, bool | float):
            raise InvalidOperation
        return Decimal(amount)
    except InvalidOperation as error:
        raise UsageError(
            f"A budget of {amount!r} is no amount of dollars.",
            do='Give a string or a Decimal: budget_usd="2.50"',
        ) from error


def _quote(job: Job) -> Quote | None:
    """The price of a job, for its total and forecast; None where the source is read only once."""
    if STDIN in job.sources:
        return None
    return plan.price(
        job.sources,
        job.prompt,
        models=(job.model,),
        max_output=job.max_output_tokens,
        system=job.system,
        limit=job.limit,
        attach_columns=job.attach,
        to_run=True,
    )


@described_by(run_async)
def run(
    sources: Sources,
    prompt: str,
    *,
    model: str,
    budget_usd: Decimal | int | str | None = None,
    system: str | None = None,
    max_output_tokens: int = 1024,
    options: dict[str, Any] | None = None,
    limit: int | None = None,
    attach: Sequence[str] = (),
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    tag: str | None = None,
    key: str | None = None,
    allow_unknown_price: bool = False,
    in_doubt: InDoubt = "skip",
    on_progress: OnProgress | None = None,
) -> RunReport:
    return net.run(
        run_async(
            sources,
            prompt,
            model=model,
            budget_usd=budget_usd,
            system=system,
            max_output_tokens=max_output_tokens,
            options=options,
            limit=limit,
            attach=attach,
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            tag=tag,
            key=key,
            allow_unknown_price=allow_unknown_price,
            in_doubt=in_doubt,
            on_progress=on_progress,
        )
    )


resume = start.resume
resume_async = start.resume_async


class Models(list[Model]):
    """Models of the catalogue; a list that shows as a table in a notebook."""

    scores: tuple[Score | None, ...] = ()
    """Each model's score on the board that was asked, in the same order; None: it has none."""
    answer: str = ""
    """With `beats`: the question and its answer in words, with board, method and source."""

    def _repr_html_(self) -> str:
        day = today()
        scores = self.scores if len(self.scores) == len(self) else (None,) * len(self)
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _cells(*each, day))}</tr>"
            for each in zip(self, scores, strict=True)
        )
        names = ("model", "$/M in", "$/M out", "context", "takes", "score", "released")
        head = "".join(f"<th>{name}</th>" for name in names)
        return f"<table><tr>{head}</tr>{rows}</table>"


def _cells(model: Model, score: Score | None, day: date) -> tuple[str, ...]:
    price_now = price_on(model, day)
    return (
        model.key,
        f"{price_now.rate.input:f}" if price_now else "unknown",
        f"{price_now.rate.output:f}" if price_now else "unknown",
        f"{model.context_tokens:,}" if model.context_tokens else "unknown",
        ", ".join(model.modalities) if model.modalities else "unknown",
        figure(score.score) if score else "",
        str(model.released or ""),
    )


def models(
    query: str = "",
    *,
    provider: str | None = None,
    modality: Modality | None = None,
    min_context: int | None = None,
    open_weights: bool = False,
    free_tier: bool = False,
    max_price: Decimal | None = None,
    beats: str | None = None,
    by: By = "score",
    board: str | date | None = None,
) -> Models:
    """Models of the catalogue, with their scores on a board.

    Args:
        query: Words that the id or name must hold.
        provider: Only of this provider.
        modality: Only those that take this input.
        min_context: Context window of at least so many tokens.
        open_weights: Only those whose weights can be had.
        free_tier: Only those that cost nothing within limits.
        max_price: USD per million input tokens at most, today.
        beats: Only models above this one on the board, best first. Without another condition than
            `query`, those that no provider here serves are among them: their provider is empty.
        by: What above means: a higher score, a better rank, or more than 95% probability that the
            true score is higher.
        board: A day, whose board or the latest before it is taken; None: the newest that can tell.

    Raises:
        UsageError: No such provider or board; the model to beat is not on it, or it cannot tell.
    """
    found = listing(
        load(),
        query,
        beats=beats,
        by=by,
        board=None if board is None else str(board),
        provider=provider,
        modality=modality,
        min_context=min_context,
        open_weights=open_weights,
        free_tier=free_tier,
        max_price=max_price,
    )
    made = Models(each.model for each in found.rows)
    made.scores = tuple(each.score for each in found.rows)
    made.answer = found.beaten.sentence() if found.beaten else ""
    return made


async def models_async(
    query: str = "",
    *,
    provider: str | None = None,
    modality: Modality | None = None,
    min_context: int | None = None,
    open_weights: bool = False,
    free_tier: bool = False,
    max_price: Decimal | None = None,
    beats: str | None = None,
    by: By = "score",
    board: str | date | None = None,
) -> Models:
    """`models` in a thread: the first call of all compiles the catalogue."""
    return await asyncio.to_thread(
        models,
        query,
        provider=provider,
        modality=modality,
        min_context=min_context,
        open_weights=open_weights,
        free_tier=free_tier,
        max_price=max_price,
        beats=beats,
        by=by,
        board=board,
    )
