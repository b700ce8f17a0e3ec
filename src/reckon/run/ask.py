"""One prompt, one answer, one row in the ledger."""

import asyncio
import random
from contextlib import aclosing
from typing import Any

import msgspec

from reckon import settings
from reckon.catalogue.load import price_on
from reckon.errors import LedgerError, ReckonError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Attempt, Closing, MediaRef
from reckon.net import Client, run
from reckon.price.cost import why_unknown
from reckon.providers.call import respond
from reckon.run import attach, retry
from reckon.run.answer import (
    POSSIBLY_BILLED,
    check_takes,
    cost_of,
    media_tokens,
    partial_cost,
    price_text,
    row_key,
    upper_bound_pico,
)
from reckon.run.bridge import described_by
from reckon.run.choose import Choice, access, choose_model
from reckon.run.clock import today
from reckon.run.collect import Collector, OnEvent
from reckon.run.retry import OnWait, Wait
from reckon.vocabulary.job import Status
from reckon.vocabulary.price import Cost, Price
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Response, StopReason
from reckon.vocabulary.usage import Usage


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one prompt brought back.

    `cost` is None where the price or the usage is unknown; durations are seconds.
    """

    text: str
    model: str
    """`provider/id` that was asked."""
    model_answered: str | None
    usage: Usage
    cost: Cost | None
    id: str
    """The row in the ledger."""
    stop_reason: StopReason
    first_token_s: float | None
    duration_s: float | None
    note: str = ""
    """Set where the model was not named by the caller."""
    why_no_cost: str = ""
    """Why the cost is unknown, as a sentence; empty where it is known."""
    unrecorded: tuple[str, ...] = ()
    """Why the answer is not in the ledger, in the lines of an error; empty where it is."""

    def __str__(self) -> str:
        return self.text


async def ask_async(
    text: str,
    *,
    model: str | None = None,
    attachments: tuple[str, ...] = (),
    system: str | None = None,
    options: dict[str, Any] | None = None,
    max_output_tokens: int | None = None,
    stream: bool = True,
    log: bool = True,
    tag: str | None = None,
    key: str | None = None,
    on_event: OnEvent | None = None,
    retries: int = retry.ASKING.retries,
    on_wait: OnWait | None = None,
) -> Answer:
    """Ask one prompt.

    Args:
        text: The prompt.
        model: `provider/model` or a plain id; None: the default.
        attachments: Paths of pictures to send along.
        system: System message.
        options: Further parameters for the provider.
        max_output_tokens: Cap on the answer, in tokens.
        stream: Ask the provider to stream.
        log: False keeps content out of the ledger; the row of tokens and money stays.
        tag: A word to find and sum rows by.
        key: A stored key's name, or a key.
        on_event: Called with every event as it arrives.
        retries: Further tries after a failure that may pass, none once a piece of the answer came.
        on_wait: Called before each wait for another try.

    Returns:
        An `Answer`; its cost is in pico-dollars, its durations are in seconds.

    Raises:
        ReckonError: See `reckon.errors`; the ledger keeps a row of every call that was tried.
    """
    choice = choose_model(model)
    media = tuple(
        [await asyncio.to_thread(attach.load_for, choice.provider, path) for path in attachments]
    )
    prompt = Prompt.of(
        text,
        system=system,
        attachments=media,
        max_output_tokens=max_output_tokens,
        options=options,
    )
    check_takes(prompt, choice.model)
    reach = access(choice.provider, key)
    price = price_on(choice.model, today())
    patience = msgspec.structs.replace(retry.ASKING, retries=retries)
    attempt = _attempt(prompt, choice, price, text, system, tag=tag, log=log)
    with Ledger.open(settings.ledger_path()) as ledger:
        ledger.doubt_what_was_left(None)
        async with Client() as client:
            made = 0
            while True:
                collector = Collector(on_event)
                [row] = ledger.begin([attempt])
                events = respond(
                    prompt,
                    choice.model,
                    choice.provider,
                    base_url=reach.base_url,
                    key=reach.key,
                    client=client,
                    stream=stream and choice.provider.streams,
                )
                try:
                    async with aclosing(events):
                        response = await collector.drain(events)
                    break
                except (ReckonError, asyncio.CancelledError, KeyboardInterrupt) as error:
                    part = collector.response()
                    bill = partial_cost(prompt, choice.model, part, price)
                    ledger.finish([_failure(row, error, part, bill)])
                    wait = _next_try(error, made, patience, has_output=collector.has_text)
                    if wait is None:
                        raise
                if on_wait:
                    on_wait(wait)
                await asyncio.sleep(wait.seconds)
                made += 1
        cost = cost_of(response, price)
        unrecorded = _record(ledger, _closing(row, "done", response, cost))
    return Answer(
        text=response.text,
        model=choice.model.key,
        model_answered=response.model,
        usage=response.usage,
        cost=cost,
        id=row,
        stop_reason=response.stop_reason,
        first_token_s=response.first_token_s,
        duration_s=response.duration_s,
        note=choice.note,
        why_no_cost=why_unknown(response.usage, price),
        unrecorded=unrecorded,
    )


def _record(ledger: Ledger, closing: Closing) -> tuple[str, ...]:
    """Close the row; where that fails, the lines of the error: the answer was paid for."""
    try:
        ledger.finish([closing])
    except LedgerError as error:
        return tuple(error.lines())
    return ()


@described_by(ask_async)
def ask(
    text: str,
    *,
    model: str | None = None,
    attachments: tuple[str, ...] = (),
    system: str | None = None,
    options: dict[str, Any] | None = None,
    max_output_tokens: int | None = None,
    stream: bool = True,
    log: bool = True,
    tag: str | None = None,
    key: str | None = None,
    on_event: OnEvent | None = None,
    retries: int = retry.ASKING.retries,
    on_wait: OnWait | None = None,
) -> Answer:
    return run(
        ask_async(
            text,
            model=model,
            attachments=attachments,
            system=system,
            options=options,
            max_output_tokens=max_output_tokens,
            stream=stream,
            log=log,
            tag=tag,
            key=key,
            on_event=on_event,
            retries=retries,
            on_wait=on_wait,
        ),
        single=True,
    )


def _attempt(
    prompt: Prompt,
    choice: Choice,
    price: Price | None,
    text: str,
    system: str | None,
    *,
    tag: str | None,
    log: bool,
) -> Attempt:
    return Attempt(
        run_id=None,
        key=row_key(prompt, choice.model),
        item_id=None,
        item_index=None,
        model_asked=choice.model.key,
        prompt_text=text,
        system=system,
        options=prompt.options,
        media=media_refs(prompt),
        media_tokens=media_tokens(prompt, choice.model),
        reserved_pico=upper_bound_pico(prompt, choice.model, price),
        price=price_text(price),
        tag=tag,
        log_content=log,
    )


def media_refs(prompt: Prompt) -> tuple[MediaRef, ...]:
    """What the ledger keeps of media: digests and names, no bytes."""
    return tuple(
        MediaRef(digest=a.digest, media_type=a.media_type, name=a.name, bytes=len(a.content))
        for message in prompt.messages
        for a in message.attachments
    )


def _closing(row: str, status: Status, response: Response, cost: Cost | None) -> Closing:
    return Closing(
        id=row,
        status=status,
        response=response,
        cost_pico=cost.total_pico if cost else None,
        cost_kind=cost.kind if cost else None,
        error=None,
    )


def _failure(row: str, error: BaseException, part: Response, cost: Cost | None) -> Closing:
    """How an attempt that did not end well is closed: nothing that arrived is lost."""
    if not isinstance(error, ReckonError):
        status, message = "cancelled", "interrupted"
    else:
        status: Status = "in_doubt" if isinstance(error, POSSIBLY_BILLED) else "failed"
        message = " ".join(error.lines())
    if status == "failed":
        cost = None
    return Closing(
        id=row,
        status=status,
        response=part,
        cost_pico=cost.total_pico if cost else None,
        cost_kind=cost.kind if cost else None,
        error=message,
    )


def _next_try(
    error: BaseException, made: int, patience: retry.Patience, *, has_output: bool
) -> Wait | None:
    """The wait before another try; None where there is none."""
    if not isinstance(error, ReckonError):
        return None
    seconds = retry.wait_s(
        error,
        made,
        has_output=has_output,
        patience=patience,
        chance=random.random(),  # noqa: S311 - spreads waits, guards nothing
    )
    if seconds is None:
        return None
    return Wait(error=error, seconds=seconds, retry=made + 1, of=patience.retries)
