"""Axes: where a value stands, which values get a tick, and how a value is written there."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

Unit = Literal["usd", "tokens", "number", "date"]
"""What an axis counts: dollars, tokens, anything else, or days as ordinals."""

Tick = tuple[float, str]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 600, 1200, 6000, 12_000)
_DAY_STEPS = (1, 2, 7, 14)
_DAYS_OF_A_MONTH = 30.44


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From values to places on a drawing."""

    low: float
    """Value at `start`."""
    high: float
    """Value at `stop`; above `low`."""
    start: float
    stop: float
    log: bool = False
    unit: Unit = "number"

    def at(self, value: float) -> float:
        """The place of a value."""
        low, high, here = self.low, self.high, value
        if self.log:
            low, high, here = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (here - low) / (high - low) * (self.stop - self.start)

    def ticks(self, most: int) -> list[Tick]:
        """At most so many values worth a mark, with their words; at least two."""
        if self.unit == "date":
            return date_ticks(self.low, self.high, most)
        values = _log_values(self.low, self.high, most) if self.log else []
        if len(values) < 2:
            values = _even_values(self.low, self.high, most)
        return [(value, written(value, self.unit)) for value in values]


def around(
    values: Sequence[float], *, log: bool, zero: bool = False, room: float = 0.06
) -> tuple[float, float]:
    """The ends of an axis that holds all values with some room beside them.

    Args:
        values: Finite; above zero where `log`.
        log: Whether the axis is logarithmic.
        zero: Whether a plain axis of values that are not negative starts at zero.
        room: Part of the axis that stays free at either end.
    """
    low, high = min(values), max(values)
    if log:
        low_log, high_log = math.log10(low), math.log10(high)
        extra = (high_log - low_log) * room or 0.3
        # The ends of what a float can be stay floats.
        return 10 ** max(low_log - extra, -307.0), 10 ** min(high_log + extra, 308.0)
    extra = high * room - low * room or abs(high) * 0.1 or 1.0
    if zero and low >= 0:
        return 0.0, high + extra
    return low - extra, high + extra


def date_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Days, months or years between two ordinals, whichever are few enough."""
    first, last = _day(math.ceil(low)), _day(math.floor(high))
    days = (last - first).days
    for step in _DAY_STEPS:
        if days / step < most and days < 2 * _DAYS_OF_A_MONTH:
            marked = [first + dt.timedelta(days=n) for n in range(0, days + 1, step)]
            before = [None, *marked[:-1]]
            return [
                (day.toordinal(), _day_word(day, last))
                for day, last in zip(marked, before, strict=True)
            ]
    months = days / _DAYS_OF_A_MONTH
    step = next((step for step in _MONTH_STEPS if months / step < most), _MONTH_STEPS[-1])
    found: list[Tick] = []
    begin = first.year * 12 + first.month - 1
    for month in range(-(-begin // step) * step, last.year * 12 + last.month, step):
        day = dt.date(month // 12, month % 12 + 1, 1)
        if day < first:
            continue
        word = MONTHS[day.month - 1]
        if step >= 12:
            word = str(day.year)
        elif day.month == 1 or not found:
            word = f"{word} {day.year}"
        found.append((day.toordinal(), word))
    return found


def written(value: float, unit: Unit) -> str:
    """A value in few letters: `$0.15`, `$30`, `128k`, `2.1M`, `1,287`, `14 May 2024`."""
    if unit == "date":
        day = _day(round(value))
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    if unit == "tokens":
        return _count(value)
    sign = "-" if value < 0 else ""
    return sign + (_dollars(abs(value)) if unit == "usd" else _plain(abs(value)))


def _dollars(value: float) -> str:
    """Cents, where there are any; below a dollar three digits that count."""
    if 1 <= value < 1000:
        return f"${value:.2f}".removesuffix(".00")
    text = _plain(value)
    _, point, cents = text.partition(".")
    return f"${text}0" if point and len(cents) == 1 else f"${text}"


def _day_word(day: dt.date, before: dt.date | None) -> str:
    """The year stands at the first day, and where it changes."""
    word = f"{day.day} {MONTHS[day.month - 1]}"
    return word if before and before.year == day.year else f"{word} {day.year}"


def _plain(value: float) -> str:
    """Three digits that count, and never fewer than the whole number has."""
    if value and not 1e-9 <= value < 1e15:
        return f"{value:.3g}"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:.3g}'):f}"


def _count(value: float) -> str:
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{_plain(value / size)}{letter}"
    return f"{value:,.0f}"


def _log_values(low: float, high: float, most: int) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    chosen: list[float] = []
    every = max(1, -(-(last - first) // most))
    for mantissas in ((1,), (1, 3), (1, 2, 5)):
        values = [
            float(f"{mantissa}e{power}")
            for power in range(first, last + 1, every)
            for mantissa in (mantissas if every == 1 else (1,))
        ]
        values = [value for value in values if low <= value <= high]
        if len(values) > most:
            break
        chosen = values
    return chosen


def _even_values(low: float, high: float, most: int) -> list[float]:
    raw = (high - low) / most
    size = 10 ** math.floor(math.log10(raw))
    step = next(nice * size for nice in _NICE if nice * size >= raw * 0.999)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _day(ordinal: float) -> dt.date:
    return dt.date.fromordinal(min(max(int(ordinal), 1), dt.date.max.toordinal()))
