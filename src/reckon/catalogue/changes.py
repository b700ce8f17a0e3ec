"""What changed among models since a day: new, cheaper, dearer, retired. Pure: rows in, rows out."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal

import msgspec

from reckon.catalogue.fetched import FetchedList
from reckon.catalogue.load import is_known
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

Kind = Literal["new", "cheaper", "dearer", "repriced", "retired", "gone"]
"""Repriced: input became cheaper and output dearer, or the other way round. Gone: no longer in its
provider's list, which need not mean retired."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a model."""

    day: dt.date
    model: str
    """`provider/id`."""
    kind: Kind
    source: str
    before: Price | None = None
    now: Price | None = None
    successors: tuple[str, ...] = ()
    """Of a retired model."""


def of_models(models: Iterable[Model], since: dt.date, until: dt.date) -> Iterator[Change]:
    """By days of release and retirement, and by dated price periods.

    Args:
        models: Rows of the catalogue.
        since: The first day that counts.
        until: The last day that counts.
    """
    for model in models:
        if model.released and since <= model.released <= until:
            yield Change(day=model.released, model=model.key, kind="new", source=model.source)
        if model.retired and since <= model.retired <= until:
            yield Change(
                day=model.retired,
                model=model.key,
                kind="retired",
                source=model.source,
                successors=model.successors,
            )
        for before, now in pairwise(model.prices):
            if now.start and since <= now.start <= until:
                yield from repriced(model.key, now.start, before, now)


def of_lists(lists: Iterable[FetchedList], since: dt.date, until: dt.date) -> Iterator[Change]:
    """By what came into a list or went from it, as it was read again and again.

    The first reading of a list brings nothing new: nobody knows how long that stood there.
    """
    for each in lists:
        begun = min((kept.first_seen for kept in each.models), default=each.fetched)
        for kept in each.models:
            source = f"list of models, {each.source}"
            first, last = kept.first_seen.date(), kept.last_seen.date()
            if kept.first_seen > begun and since <= first <= until:
                yield Change(day=first, model=kept.model.key, kind="new", source=source)
            if not each.lists(kept) and since <= last <= until:
                yield Change(day=last, model=kept.model.key, kind="gone", source=source)


def repriced(model: str, day: dt.date, before: Price, now: Price) -> Iterator[Change]:
    """The change from one price to the next, where both are known and they differ.

    Args:
        model: `provider/id`.
        day: Since when the second holds.
        before: The first.
        now: The second.
    """
    if not (is_known(before) and is_known(now)):
        return
    steps = {
        (new > old) - (new < old)
        for old, new in (
            (before.rate.input, now.rate.input),
            (before.rate.output, now.rate.output),
        )
    } - {0}
    if steps:
        kind: Kind = "repriced" if len(steps) == 2 else "dearer" if steps == {1} else "cheaper"
        yield Change(day=day, model=model, kind=kind, source=now.source, before=before, now=now)


def merged(found: Iterable[Change]) -> list[Change]:
    """Each change once, the latest day first: of what two sources say, the first counts."""
    once: dict[tuple[str, str, dt.date | None], Change] = {}
    for each in found:
        # A model is new once, whoever saw it when; its price may change many times.
        day = None if each.kind in ("new", "gone") else each.day
        once.setdefault((each.model, each.kind, day), each)
    return sorted(once.values(), key=lambda each: (-each.day.toordinal(), each.model, each.kind))
