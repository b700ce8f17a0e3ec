"""Light, sharpness and flatness of a picture, measured on its pixels."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from PIL import Image

_TILES = 4


class Light(msgspec.Struct, frozen=True):
    """Luma is Rec. 601, 0 to 255."""

    mean: float
    low: int
    """5th percentile."""
    high: int
    """95th percentile."""
    burnt: float
    """Share of pixels at 253 and above."""
    lost: float
    """Share of pixels at 2 and below."""
    brightest: str
    """`top`, `bottom right`, `centre`, ...; empty where no part stands out."""
    darkest: str


class Detail(msgspec.Struct, frozen=True):
    """Variance of the Laplacian (Pech-Pacheco et al., 2000), tile by tile of a 4 x 4 grid."""

    sharpest: float
    """Of the second most detailed tile: one tile alone may be a date stamp."""
    median: float
    flattest: float
    sharp_places: tuple[tuple[int, int], ...]
    """(column, row) of tiles with at least a third of `sharpest`."""


def measure_light(grey: "Image.Image") -> Light:
    """Light of a picture of mode L."""
    from PIL import Image

    histogram = grey.histogram()
    total = sum(histogram)
    nine = list(grey.resize((3, 3), Image.Resampling.BOX).tobytes())
    return Light(
        mean=sum(value * count for value, count in enumerate(histogram)) / total,
        low=_percentile(histogram, 0.05),
        high=_percentile(histogram, 0.95),
        burnt=sum(histogram[253:]) / total,
        lost=sum(histogram[:3]) / total,
        brightest=_stands_out(nine),
        darkest=_stands_out([-value for value in nine]),
    )


def _stands_out(nine: list[int]) -> str:
    """The side, corner or centre with the highest value, where it is clearly higher."""
    around = [value for index, value in enumerate(nine) if index != 4]
    if nine[4] - max(around) >= 20:
        return "centre"
    rows = [sum(nine[row * 3 : row * 3 + 3]) / 3 for row in range(3)]
    columns = [sum(nine[column::3]) / 3 for column in range(3)]
    # The middle of an axis is no side, and a difference of a tenth is seen at a glance.
    down = _end(rows, "top", "bottom")
    across = _end(columns, "left", "right")
    return f"{down} {across}".strip()


def _end(three: list[float], first: str, last: str) -> str:
    if max(three[0], three[2]) < three[1] or abs(three[0] - three[2]) < 25:
        return ""
    return first if three[0] > three[2] else last


def _percentile(histogram: list[int], part: float) -> int:
    below, target = 0, part * sum(histogram)
    for value, count in enumerate(histogram):
        below += count
        if below >= target:
            return value
    return 255


def measure_detail(grey: "Image.Image") -> Detail:
    """Fine detail of a picture of mode L at the size given."""
    from PIL import ImageFilter

    kernel = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
    edges = grey.filter(kernel)
    width, height = edges.size
    tiles: dict[tuple[int, int], float] = {}
    for row in range(_TILES):
        for column in range(_TILES):
            # The outermost pixels are not filtered, and would look like an edge.
            box = (
                max(1, width * column // _TILES),
                max(1, height * row // _TILES),
                min(width - 1, width * (column + 1) // _TILES),
                min(height - 1, height * (row + 1) // _TILES),
            )
            if box[2] > box[0] and box[3] > box[1]:
                tiles[column, row] = _variance(edges.crop(box).histogram())
    ordered = sorted(tiles.values(), reverse=True) or [0.0]
    sharpest = ordered[min(1, len(ordered) - 1)]
    return Detail(
        sharpest=sharpest,
        median=ordered[len(ordered) // 2],
        flattest=ordered[-1],
        sharp_places=tuple(at for at, value in tiles.items() if value >= sharpest / 3),
    )


def _variance(histogram: list[int]) -> float:
    total = sum(histogram)
    mean = sum(value * count for value, count in enumerate(histogram)) / total
    return sum(value * value * count for value, count in enumerate(histogram)) / total - mean**2


def flatness(image: "Image.Image") -> tuple[float, float]:
    """Signs of a drawing, chart or screenshot: two shares from 0 to 1.

    Returns:
        The share of pixels that equal their right neighbour within 1 of 255, and the share that
        the 6 most frequent colours (of 4,096) cover.
    """
    from PIL import ImageChops

    grey = image.convert("L")
    width, height = grey.size
    if width < 2:
        return 0.0, 0.0
    pair = grey.crop((0, 0, width - 1, height)), grey.crop((1, 0, width, height))
    steps = ImageChops.difference(*pair).histogram()
    sample = image.convert("RGB").resize((128, 128), 0).point([v & 0xF0 for v in range(256)] * 3)
    counts = sorted((count for count, _ in sample.getcolors(1 << 14) or ()), reverse=True)
    return sum(steps[:2]) / sum(steps), sum(counts[:6]) / (128 * 128)
