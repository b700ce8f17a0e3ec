"""Google's pictures: one number, then tiles, then patches within a budget."""

from math import ceil, floor, sqrt

from reckon.vocabulary.price import Interval

TILE = 258
"""Tokens."""


def gemini_flat(width: float, height: float, tokens: float = TILE) -> float:
    """Gemini 1.5 and 2.5: one number for every picture.

    Documentation counts tiles for 2.5 too; every bill of it that is known, from 5 x 5 to
    3840 x 2160 pixels, is 258.
    """
    del width, height
    return tokens


def gemini_tiles(width: float, height: float) -> float | Interval:
    """Gemini 2.0: 258 for a small picture, else 258 a tile and 258 for the whole.

    Documentation counts the tiles alone; each bill of 2.0 that is known has one more.
    """
    if width <= 384 and height <= 384:
        return TILE
    unit = min(768, max(256, floor(min(width, height) / 1.5)))
    tiles = ceil(width / unit) * ceil(height / unit)
    return Interval(TILE * tiles, TILE * (tiles + 1), TILE * (tiles + 1))


def gemini3(width: float, height: float, budget: float = 1120) -> float:
    """Gemini 3: the largest grid of the picture's shape within a budget, however small it is.

    Documentation gives the budget alone. The grid is that of Gemma 4's image processor, whose
    budgets are the same, and bills and the provider's counter agree with it to the token.
    """
    scale = sqrt(budget / (width * height))
    # As float noise would have it, a square of 33.0 columns may become 32.999.
    columns, lines = floor(width * scale + 1e-9), floor(height * scale + 1e-9)
    if not columns:
        lines = min(floor(height / width), int(budget))
    elif not lines:
        columns = min(floor(width / height), int(budget))
    return max(1, columns) * max(1, lines)
