"""Anthropic's pictures."""

from math import ceil

PATCH = 28
"""Pixels of a side."""


def claude(width: float, height: float, edge: float = 1568, cap: float = 1568) -> float:
    """Patches of 28 pixels of the largest size that fits edge and cap.

    Source: platform.claude.com, Vision.
    """

    def fits(a: float, b: float) -> bool:
        columns, lines = ceil(a / PATCH), ceil(b / PATCH)
        return columns * PATCH <= edge and lines * PATCH <= edge and columns * lines <= cap

    if fits(width, height):
        return ceil(width / PATCH) * ceil(height / PATCH)
    long, short = max(width, height), min(width, height)
    low, high = 1, int(long)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle, max(1, round(middle * short / long))):
            low = middle
        else:
            high = middle - 1
    return ceil(low / PATCH) * ceil(max(1, round(low * short / long)) / PATCH)
