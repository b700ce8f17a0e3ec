"""Prices over time: the periods of models within some days, and how many times cheaper each became.

A ratio is of two prices of the same kind, input or output, and exact.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from reckon.catalogue.load import is_known
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

Side = Literal["input", "output"]

NEARLY = Fraction(19, 20)
"""A ratio below ten that lacks less than a twentieth of the next whole number is nearly that."""


PERCENT_BELOW = Fraction(11, 10)
"""A change that is less than this many times is said in percent."""


class Period(NamedTuple):
    """One price of a model, and the days within those asked for on which it holds."""

    model: Model
    price: Price
    start: dt.date | None
    """None: since a day that is not known."""
    end: dt.date | None
    """The last day; None: it still holds."""

    def rate(self, side: Side) -> Decimal:
        """USD per million tokens."""
        return self.price.rate.input if side == "input" else self.price.rate.output


class Step(NamedTuple):
    """A price against another one that was there before it."""

    now: Period
    than: Period

    def times_cheaper(self, side: Side) -> Fraction | None:
        """The older price over the newer one, exact; None where one of them is free."""
        old, new = self.than.rate(side), self.now.rate(side)
        return Fraction(old) / Fraction(new) if old and new else None


def periods(
    model: Model, since: dt.date | None = None, until: dt.date | None = None
) -> list[Period]:
    """The price periods of a model that touch some days, oldest first.

    Args:
        model: Its periods are cut at the ends of those days, at its release and its retirement.
        since: First day; None: from the beginning.
        until: Last day; None: until now.
    """
    found: list[Period] = []
    gone = model.retired - dt.timedelta(days=1) if model.retired else None
    last = min((day for day in (until, gone) if day), default=None)
    for price in model.prices:
        ended = price.end - dt.timedelta(days=1) if price.end else None
        began = price.start or model.released
        start = began and max(began, since or began)
        end = min((day for day in (ended, last) if day), default=None)
        if (start is None or end is None or start <= end) and is_known(price):
            found.append(Period(model, price, start, end))
    return found


def steps(history: Sequence[Sequence[Period]]) -> list[Step]:
    """What is worth holding against each other: in time, never backwards.

    Each model's last price against its own first one, and against the first price of every model
    that had one no later.

    Args:
        history: The periods of each model.
    """
    known = [each for each in history if each]
    firsts = sorted(
        (each[0] for each in known), key=lambda period: (_day(period), known_place(known, period))
    )
    found: list[Step] = []
    for place, first in enumerate(firsts):
        last = known[known_place(known, first)][-1]
        found += [Step(last, than) for than in firsts[:place]]
        if last is not first:
            found.append(Step(last, first))
    return found


def known_place(history: Sequence[Sequence[Period]], first: Period) -> int:
    """Whose first period that is."""
    return next(place for place, each in enumerate(history) if each[0] is first)


def _day(period: Period) -> dt.date:
    return period.start or dt.date.min


def said(ratio: Fraction | None) -> str:
    """A ratio as people say it: `12x cheaper`, `nearly 7x cheaper`, `2.5x dearer`, `6% cheaper`."""
    if ratio is None:
        return "unknown"
    if ratio == 1:
        return "the same"
    times, word = (ratio, "cheaper") if ratio > 1 else (1 / ratio, "dearer")
    if times < PERCENT_BELOW:
        # A share of the price before.
        return f"{float(abs(1 / ratio - 1)) * 100:.2g}% {word}"
    return f"{_times(times)} {word}"


def _times(ratio: Fraction) -> str:
    if ratio.denominator == 1:
        return f"{ratio.numerator:,}x"
    if ratio >= 10:
        return f"{round(ratio):,}x"
    above = ratio.numerator // ratio.denominator + 1
    if ratio / above >= NEARLY:
        return f"nearly {above}x"
    return f"{float(ratio):.2g}x"
