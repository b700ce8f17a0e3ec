"""Meta's pictures, wherever they are served."""

from functools import cache

TILE = 336
"""Pixels of a side, Llama 4."""
MOST_TILES = 16
PATCHES = 144
"""Tokens of a tile."""


def llama32(width: float, height: float) -> float:
    """Llama 3.2 Vision: 1,601 a tile of 560 pixels, four at most. Source: AWS documentation."""
    lines = min(2, max(height // 560, 1))
    columns = min(2, max(width // 560, 1))
    return lines * columns * 1601


def llama4(width: float, height: float) -> float:
    """Llama 4: 144 tokens a tile of 336 pixels, as many for the whole, and marks between them.

    The canvas of up to 16 tiles is the one that enlarges the picture least, or shrinks it least
    where none is large enough. Source: its processor in the package transformers.
    """
    scales = {
        canvas: min(canvas[0] * TILE / width, canvas[1] * TILE / height) for canvas in _canvases()
    }
    larger = [scale for scale in scales.values() if scale >= 1]
    best = min(larger) if larger else max(scales.values())
    columns, lines = min(
        (canvas for canvas, scale in scales.items() if scale == best),
        key=lambda canvas: canvas[0] * canvas[1],
    )
    whole = PATCHES + 3  # between the marks of start, whole and end
    if columns * lines == 1:
        return whole
    # A mark ends each tile: within a row one, at its end another.
    return columns * lines * (PATCHES + 1) + whole


@cache
def _canvases() -> tuple[tuple[int, int], ...]:
    """Columns and lines of each canvas."""
    sides = range(1, MOST_TILES + 1)
    return tuple((a, b) for a in sides for b in sides if a * b <= MOST_TILES)
