"""What a model could hold and what a good one cost, over the months. Pure: rows in, rows out."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from reckon.catalogue.load import price_on
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

_VERSION = re.compile(r"(.+)-(?:\d{3,4}|\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{4})")
"""A name, and the version or day behind it."""


class Record(NamedTuple):
    """A model whose context window was larger than that of every model before it."""

    day: dt.date
    model: Model
    context_tokens: int


class Cheapest(NamedTuple):
    """The cheapest model of a month among those at or above a score."""

    month: dt.date
    """Its first day."""
    model: Model
    score: float
    price: Price
    candidates: int
    """Models at or above the score that could be had that month, at a known price."""

    def times_cheaper(self, than: "Cheapest") -> Fraction:
        """The price of input of another month over the one of this month, exact."""
        return Fraction(than.price.rate.input) / Fraction(self.price.rate.input)


def context_records(models: Iterable[Model]) -> list[Record]:
    """The largest context window of its day, each time that it grew, oldest first.

    Args:
        models: Those without a day of release or a known window are passed over, and names that
            moved on: `gpt-3.5-turbo` holds 16,385 tokens today, and as `gpt-3.5-turbo-0301` held
            4,096 on the day of its release. Of two of one day, the larger counts.
    """
    dated = [
        Record(model.released, model, model.context_tokens)
        for model in fixed_names(models)
        if model.released is not None and model.context_tokens is not None
    ]
    dated.sort(key=lambda each: (each.day, -each.context_tokens, each.model.key))
    records: list[Record] = []
    for each in dated:
        if not records or each.context_tokens > records[-1].context_tokens:
            records.append(each)
    return records


def fixed_names(models: Iterable[Model]) -> list[Model]:
    """The models without names that moved on, where the version of their first day is known."""
    known = list(models)
    versions = {
        (model.provider, version[1], model.released)
        for model in known
        if (version := _VERSION.fullmatch(model.id)) and model.context_tokens
    }
    return [model for model in known if (model.provider, model.id, model.released) not in versions]


def months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The first day of each month from that of one day to that of another."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + dt.timedelta(days=31)).replace(day=1)


def cheapest_above(
    scored: Iterable[tuple[Model, float]], score: float, since: dt.date, until: dt.date
) -> list[Cheapest]:
    """Month by month, the cheapest model that is at or above a score, by its price of input.

    A month counts by its last day, or by `until` where that is earlier. A score is that of the
    model, not of the month: boards have a day, and a model keeps its place.

    Args:
        scored: Models with their score; those without a day of release are passed over.
        score: The least.
        since: A day of the first month.
        until: A day of the last month.
    """
    good = [(model, each) for model, each in scored if each >= score and model.released]
    found: list[Cheapest] = []
    for month in months(since, until):
        day = min((month + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1), until)
        priced = [
            (price.rate.input, price.rate.output, -each, model.key, model, each, price)
            for model, each in good
            if model.released is not None
            and model.released <= day
            and not model.retired_on(day)
            and (price := price_on(model, day)) is not None
            and not price.free
        ]
        if priced:
            *_, model, each, price = min(priced, key=lambda row: row[:4])
            found.append(Cheapest(month, model, each, price, len(priced)))
    return found
