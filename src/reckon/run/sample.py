"""Some rows of a job counted by the providers themselves, for free: how well do we count?

Only what `--sample` asks for is sent, and only to the providers of the models that were named.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence

import msgspec

from reckon.catalogue.load import load
from reckon.errors import ReckonError, UsageError
from reckon.net import Client, run
from reckon.price.ratio import RatioSums
from reckon.providers import registry, token_count
from reckon.run import attach
from reckon.run.answer import likely_input_tokens
from reckon.run.choose import Access, access
from reckon.run.source import STDIN, items
from reckon.run.template import render
from reckon.vocabulary.job import Item
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.price import Calibration, Interval
from reckon.vocabulary.prompt import Prompt

AT_ONCE = 8
"""Counts that are under way at once: the counters have rate limits of their own."""


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """What the counters said."""

    measured: dict[str, Calibration]
    """By model key."""
    notes: tuple[str, ...]
    """Sentences about what was sent and what could not be measured."""


def sample(
    sources: Sequence[str],
    prompt: str,
    *,
    models: Sequence[str],
    rows: int,
    system: str | None = None,
    limit: int | None = None,
    attach_columns: Sequence[str] = (),
    key: str | None = None,
) -> Sampled:
    """Have the providers of the named models count a random sample of the rows.

    Args:
        sources: See `reckon.run.source.items`.
        prompt: Template of the prompt.
        models: Names; at least one.
        rows: Rows that are drawn.
        system: Template of the system message.
        limit: Rows at most that are drawn from.
        attach_columns: Columns that name media.
        key: A stored key's name, or a key.

    Raises:
        UsageError: No model is named, or none has a provider that counts.
        MissingKey: A provider's key is not set.
        ProviderError: A counter answered with an error.
        NetError: It could not be reached.
    """
    if not models or STDIN in sources:
        raise UsageError(
            "--sample needs a model, and a source that can be read twice.",
            why="The rows are sent to the provider of each model, and to no other.",
            do="Name the models with -m, and give a file in place of standard input.",
        )
    catalogue = load()
    named = [catalogue.find(name) for name in dict.fromkeys(models)]
    able = [model for model in named if token_count.counts(catalogue.provider(model.provider))]
    unable = [model.key for model in named if model not in able]
    if not able:
        raise UsageError(
            f"No provider of {', '.join(unable)} counts tokens for free.",
            do="Leave --sample out; your own calls narrow the estimate, once there are some.",
        )
    drawn, total = _drawn(items(sources, limit=limit, attach=attach_columns), rows)
    measured: dict[str, Calibration] = {}
    notes = [f"{name} has no counter of tokens: its estimate is as before." for name in unable]
    for model in able:
        provider = catalogue.provider(model.provider)
        reach = access(provider, key)
        prompts = [_prompt(item, prompt, system, provider) for item in drawn]
        sums = run(_counted([p for p in prompts if p], model, provider, reach))
        ratio = _ratio(sums, total)
        notes.append(f"{sums.count} of {total:,} rows were counted by {provider.name}, for free.")
        if ratio is None:
            notes.append(f"Too few rows to measure {model.key} by.")
            continue
        measured[model.key] = Calibration(
            model=model.key,
            rows=sums.count,
            input_ratio=ratio,
            source=f"the counter of {provider.name} on a sample of rows",
        )
    return Sampled(measured=measured, notes=tuple(notes))


def _drawn(entries: Iterable[object], rows: int) -> tuple[list[Item], int]:
    """So many rows, each with the same chance, and how many there are; only these are held."""
    chance = random.Random(0)  # noqa: S311 - draws a sample, guards nothing
    drawn: list[Item] = []
    total = 0
    for entry in entries:
        if not isinstance(entry, Item):
            continue
        total += 1
        if len(drawn) < rows:
            drawn.append(entry)
        elif (place := chance.randrange(total)) < rows:
            drawn[place] = entry
    return drawn, total


def _prompt(item: Item, prompt: str, system: str | None, provider: Provider) -> Prompt | None:
    """The request of a row; None for a file that is passed over."""
    try:
        return Prompt.of(
            render(prompt, item.fields),
            system=render(system, item.fields) if system else None,
            attachments=tuple([attach.load_for(provider, path) for path in item.files]),
        )
    except ReckonError as error:
        if attach.skip_reason(item, error):
            return None
        raise


async def _counted(
    prompts: Sequence[Prompt], model: Model, provider: Provider, reach: Access
) -> RatioSums:
    """Sums over what we predict and what the provider counts."""
    sums = RatioSums()
    turn = asyncio.Semaphore(AT_ONCE)

    async def count(prompt: Prompt) -> int:
        async with turn:
            return await _count(client, prompt, model, provider, reach)

    async with Client(max_connections=AT_ONCE) as client:
        counted = await asyncio.gather(*map(count, prompts))
    for prompt, tokens in zip(prompts, counted, strict=True):
        predicted = likely_input_tokens(prompt, model)
        if predicted is not None:
            sums.add(predicted, tokens)
    return sums


async def _count(
    client: Client, prompt: Prompt, model: Model, provider: Provider, reach: Access
) -> int:
    call = token_count.count_call(prompt, model, provider, base_url=reach.base_url, key=reach.key)
    async with client.stream(call) as answer:
        body = await answer.read()
    if not 200 <= answer.status < 300:
        wire = registry.wire_format(provider.wire)
        raise wire.error(answer.status, answer.headers, body, model, provider)
    return token_count.read_count(body, provider)


def _ratio(sums: RatioSums, total: int) -> Interval | None:
    """The ratio over all rows: where all of them were counted there is nothing to guess."""
    if sums.ratio is not None and sums.count == total:
        return Interval.exactly(sums.ratio)
    return sums.interval()
