"""Values that a plot is given: which have a place on an axis, and what is said of the others."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

Value = float | int | Decimal | None
"""None: unknown."""
Series = Mapping[str, Sequence[tuple[dt.date, Value]]]
"""By name, values with their day."""

LARGEST = 1e300
SMALLEST = 1e-300
"""On a logarithmic axis."""


class Tally:
    """Turns values into places on an axis, and counts those that have none."""

    def __init__(self) -> None:
        self._left_out: dict[str, int] = {}

    def number(self, value: Value, *, log: bool = False, least: float = -math.inf) -> float | None:
        """The value as a float; None where it has no place on the axis, and it is counted."""
        if value is None:
            return self._without("not known")
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if not abs(found) < LARGEST:  # as NaN is not
            return self._without("no number that an axis can show")
        if log and found < SMALLEST:
            return self._without("zero or less, which a logarithmic axis cannot show")
        if found < least:
            return self._without(f"less than {least:g}")
        return found

    def notes(self) -> list[str]:
        """A sentence for each reason."""
        return [
            f"Left out: {many(count, 'value')} {'is' if count == 1 else 'are'} {why}."
            for why, count in self._left_out.items()
        ]

    def _without(self, why: str) -> None:
        self._left_out[why] = self._left_out.get(why, 0) + 1


def many(count: int, noun: str) -> str:
    """`1 line`, `1,200 lines`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def some(names: Sequence[str], most: int) -> str:
    """Names in one sentence, the first so many of them."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
