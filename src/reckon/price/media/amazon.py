"""Amazon's pictures. Neither rule is published: both are fits to bills and to one table."""

from math import floor

from reckon.price.media.qwen import grid
from reckon.vocabulary.price import Interval

SHORT_SIDE = 896
"""Pixels; by the documentation a picture is scaled to it."""
MOST_OF_TABLE = 2_600
"""Tokens of the largest picture in the documentation's table."""
BUDGET = 2_560
"""Patches of 28 pixels."""


def nova(width: float, height: float) -> Interval:
    """Nova 1: about a token for 660 square pixels, once the short side is scaled to 896.

    So two bills of Nova Pro have it: 1,820 tokens for 540 x 360 and for 3008 x 2000 pixels alike.
    The table of five sizes in the documentation fits for three, and has much less for a smaller
    and much more for a larger picture: both are inside the interval.
    """
    likely = width * height * (SHORT_SIDE / min(width, height)) ** 2 / 660
    scale = max(1.0, SHORT_SIDE / max(width, height))
    table = min(MOST_OF_TABLE, width * scale * height * scale / 650)
    return Interval(floor(min(likely, table) * 0.8), floor(likely), floor(max(likely, table) * 1.2))


def nova2(width: float, height: float) -> Interval:
    """Nova 2: patches of 28 pixels, 2,560 at most, and one token at each row's end.

    Bills of Nova 2 Lite for two pictures and for pages of two sizes agree with it to the few
    tokens of text that nobody can tell apart.
    """
    columns, lines = grid(width, height, 28, 4, BUDGET)
    likely = (columns + 1) * lines
    return Interval(floor(likely * 0.95), likely, floor(likely * 1.05) + 1)
