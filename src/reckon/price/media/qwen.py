"""Qwen's pictures, and those of models that cut them in the same way."""

from math import ceil, floor, sqrt


def qwen(
    width: float, height: float, factor: float = 28, least: float = 4, most: float = 16_384
) -> float:
    """Sides rounded to the factor, within bounds on the patches; 2 tokens around.

    Source: qwen_vl_utils, smart_resize.
    """
    columns, lines = grid(width, height, factor, least, most)
    return columns * lines + 2


def grid(width: float, height: float, factor: float, least: float, most: float) -> tuple[int, int]:
    """Columns and lines of patches."""
    lines = max(1, round(height / factor))
    columns = max(1, round(width / factor))
    if columns * lines > most:
        ratio = sqrt(height * width / most) / factor
        lines = max(1, floor(height / ratio / factor))
        columns = max(1, floor(width / ratio / factor))
    elif columns * lines < least:
        ratio = sqrt(least / (height * width)) * factor
        lines = ceil(height * ratio / factor)
        columns = ceil(width * ratio / factor)
    return columns, lines
