"""Tokens of pictures: one pure function per published rule.

A rule is named by a catalogue row with its arguments, `openai_tiles 85 170`. Sizes are pixels as
displayed. Where documentation and measured bills disagree the answer is an interval.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil, floor, sqrt

from reckon.errors import BadMedia, CatalogueError
from reckon.vocabulary.price import Interval

LARGEST_SIDE = 1_000_000
"""Pixels. No picture has more; a header that says so is broken."""

UNKNOWN_RULE = Interval(64, 1_500, 10_000)
"""Tokens of a picture where no rule is known: below the smallest and above the largest result
of the rules here on ordinary photographs, which is all that can be said."""


@lru_cache(maxsize=65_536)
def image_tokens(rule: str | None, width: int, height: int) -> Interval:
    """Tokens of one picture.

    Args:
        rule: Name and arguments; None: not known.
        width: Pixels as displayed.
        height: Pixels as displayed.

    Raises:
        BadMedia: The size makes no sense.
        CatalogueError: There is no such rule.
    """
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise BadMedia(f"A picture of {width} x {height} pixels makes no sense.")
    if rule is None:
        return UNKNOWN_RULE
    name, *arguments = rule.split()
    function = RULES.get(name)
    if function is None:
        raise CatalogueError(
            f"There is no image rule {name!r}.", why=f"Known are {', '.join(RULES)}."
        )
    try:
        found = function(width, height, *(float(argument) for argument in arguments))
    except (TypeError, ValueError) as error:
        raise CatalogueError(
            f"The arguments of the image rule {rule!r} do not fit.", why=str(error)
        ) from error
    return found if isinstance(found, Interval) else Interval.exactly(found)


def openai_tiles(
    width: float, height: float, base: float, tile: float, short: float = 768
) -> float:
    """OpenAI, tile models, high detail: fit 2048 x 2048, short side to 768, tiles of 512.

    A small picture is never enlarged; measured bills show it. Source: OpenAI, Images and vision.
    """
    width, height = _shrink(width, height, 2048 / max(width, height))
    width, height = _shrink(width, height, short / min(width, height))
    # Rounded first: the noise of floats must not add a tile.
    return base + tile * ceil(round(width, 6) / 512) * ceil(round(height, 6) / 512)


def openai_patches(  # noqa: PLR0917 - arguments come from a catalogue row by position
    width: float,
    height: float,
    multiplier_low: float,
    multiplier_high: float,
    budget: float = 1536,
    max_side: float = 2048,
) -> Interval:
    """OpenAI, patch models: patches of 32 pixels up to a budget, times a multiplier.

    Documentation and bills disagree on the multiplier of some models: both ends are given.
    """
    patches = _patches(width, height, budget, max_side)
    ends = sorted((multiplier_low, multiplier_high))
    low, high = (ceil(patches * each - 1e-9) for each in ends)
    return Interval(low, (low + high) / 2, high)


def _patches(width: float, height: float, budget: float, max_side: float) -> int:
    scale = min(1.0, max_side / max(width, height))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    patches = ceil(width / 32) * ceil(height / 32)
    if patches <= budget:
        return patches
    ratio = sqrt(32 * 32 * budget / (width * height))
    ratio *= min(
        floor(width * ratio / 32) / (width * ratio / 32),
        floor(height * ratio / 32) / (height * ratio / 32),
    )
    width, height = int(width * ratio + 1e-9), int(height * ratio + 1e-9)
    return min(int(budget), ceil(width / 32) * ceil(height / 32))


def claude(width: float, height: float, edge: float = 1568, cap: float = 1568) -> float:
    """Anthropic: patches of 28 pixels of the largest size that fits edge and cap.

    Source: platform.claude.com, Vision.
    """

    def fits(a: float, b: float) -> bool:
        columns, lines = ceil(a / 28), ceil(b / 28)
        return columns * 28 <= edge and lines * 28 <= edge and columns * lines <= cap

    if fits(width, height):
        return ceil(width / 28) * ceil(height / 28)
    long, short = max(width, height), min(width, height)
    low, high = 1, int(long)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle, max(1, round(middle * short / long))):
            low = middle
        else:
            high = middle - 1
    return ceil(low / 28) * ceil(max(1, round(low * short / long)) / 28)


def flat(width: float, height: float, tokens: float) -> float:
    """One number for every picture."""
    del width, height
    return tokens


def gemini_flat(width: float, height: float, tokens: float = 258) -> float:
    """Gemini 1.5: one number for every picture."""
    del width, height
    return tokens


def gemini_tiles(width: float, height: float) -> Interval:
    """Gemini 2.x: 258 for a small picture, else 258 a tile.

    Documentation counts tiles. Recorded bills of 2.0 show one tile more, and those of 2.5 a flat
    258 for pictures of 400 to 600 pixels. The interval holds all three.
    """
    if width <= 384 and height <= 384:
        return Interval.exactly(258)
    unit = min(768, max(256, floor(min(width, height) / 1.5)))
    tiles = ceil(width / unit) * ceil(height / unit)
    return Interval(258, 258 * tiles, 258 * (tiles + 1))


def gemini3(width: float, height: float) -> Interval:
    """Gemini 3: 1,120 at the default resolution, whatever the size; bills show 1,064 to 1,120."""
    del width, height
    return Interval(1064, 1100, 1120)


def pixtral(
    width: float, height: float, longest: float = 1024, patch: float = 16, merge: float = 1
) -> float:
    """Mistral: patches of the picture scaled to `longest`, and one token at each row's end.

    Source: mistral_common, image.py.
    """
    ratio = max(width / longest, height / longest)
    if ratio > 1:
        width, height = max(round(width / ratio), 1), max(round(height / ratio), 1)
    size = patch * merge
    return (ceil(width / size) + 1) * ceil(height / size)


def nova(width: float, height: float) -> Interval:
    """Amazon Nova: about a token for 650 square pixels, after scaling a side up to 896.

    A fit to the table of five sizes in Amazon's documentation, good to about a fifth there.
    """
    scale = max(1.0, 896 / max(width, height))
    likely = width * scale * height * scale / 650
    return Interval(floor(likely * 0.8), likely, ceil(likely * 1.3))


def llama32(width: float, height: float) -> float:
    """Llama 3.2 Vision: 1,601 a tile of 560 pixels, four at most. Source: AWS documentation."""
    lines = min(2, max(height // 560, 1))
    columns = min(2, max(width // 560, 1))
    return lines * columns * 1601


def qwen(
    width: float, height: float, factor: float = 28, least: float = 4, most: float = 16_384
) -> float:
    """Qwen-VL: sides rounded to the factor, within bounds on the patches; 2 tokens around.

    Source: qwen_vl_utils, smart_resize.
    """
    high = max(factor, round(height / factor) * factor)
    wide = max(factor, round(width / factor) * factor)
    area = factor * factor
    if high * wide > most * area:
        ratio = sqrt(height * width / (most * area))
        high = floor(height / ratio / factor) * factor
        wide = floor(width / ratio / factor) * factor
    elif high * wide < least * area:
        ratio = sqrt(least * area / (height * width))
        high = ceil(height * ratio / factor) * factor
        wide = ceil(width * ratio / factor) * factor
    return high * wide / area + 2


def _shrink(width: float, height: float, scale: float) -> tuple[float, float]:
    scale = min(1.0, scale)
    return width * scale, height * scale


RULES: dict[str, Callable[..., float | Interval]] = {
    "openai_tiles": openai_tiles,
    "openai_patches": openai_patches,
    "claude": claude,
    "flat": flat,
    "gemini_flat": gemini_flat,
    "gemini_tiles": gemini_tiles,
    "gemini3": gemini3,
    "pixtral": pixtral,
    "nova": nova,
    "llama32": llama32,
    "qwen": qwen,
}
"""Every rule by its name in the catalogue."""
