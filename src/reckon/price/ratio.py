"""How many times larger what was counted is than what was predicted, and how sure that is.

The ratio estimator of survey sampling: the sum of one over the sum of the other, with the standard
error of its residuals. It holds for sums over many rows that are like those it was measured on.
"""

from math import sqrt

from reckon.vocabulary.price import Interval

LEAST_ROWS = 5
"""With fewer rows their spread says too little about that of the others."""

_NORMAL = 1.959964
"""97.5% of a normal distribution lies below."""


class RatioSums:
    """Running sums over pairs; eight numbers, however many pairs there are."""

    __slots__ = ("count", "x", "xx", "xy", "y", "yy")

    def __init__(self) -> None:
        self.count = 0
        self.x = self.y = self.xx = self.xy = self.yy = 0.0

    def add(self, x: float, y: float) -> None:
        """One row: what was predicted, or its size, and what was counted."""
        self.count += 1
        self.x += x
        self.y += y
        self.xx += x * x
        self.xy += x * y
        self.yy += y * y

    @property
    def ratio(self) -> float | None:
        """Sum over sum; None where nothing was predicted."""
        return self.y / self.x if self.x > 0 else None

    def half_width(self) -> float | None:
        """Half of the ratio's 95% interval; None with too few rows."""
        ratio = self.ratio
        if ratio is None or self.count < LEAST_ROWS:
            return None
        freedom = self.count - 1
        residuals = self.yy - 2 * ratio * self.xy + ratio * ratio * self.xx
        # The residuals of an exact ratio are zero but for rounding, which may be below it.
        error = sqrt(max(residuals, 0.0) / freedom / self.count) / (self.x / self.count)
        return student(freedom) * error

    def interval(self) -> Interval | None:
        """The ratio with its 95% interval; None with too few rows."""
        ratio, half = self.ratio, self.half_width()
        if ratio is None or half is None:
            return None
        return Interval(max(0.0, ratio - half), ratio, ratio + half)


def student(freedom: int) -> float:
    """The two-sided 95% point of Student's t distribution, by the Cornish-Fisher expansion.

    Within 0.3% from 4 degrees of freedom on, which are those of `LEAST_ROWS`.
    """
    z = _NORMAL
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
