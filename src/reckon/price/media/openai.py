"""OpenAI's pictures: tiles until 2025 and in the larger models, patches since."""

from math import ceil, floor, sqrt

from reckon.vocabulary.price import Interval


def openai_tiles(
    width: float, height: float, base: float, tile: float, short: float = 768
) -> float:
    """High detail: fit 2048 x 2048, short side to 768, tiles of 512.

    A small picture is never enlarged; measured bills show it. Source: OpenAI, Images and vision.
    """
    width, height = _shrink(width, height, 2048 / max(width, height))
    width, height = _shrink(width, height, short / min(width, height))
    # Rounded first: the noise of floats must not add a tile.
    return base + tile * ceil(round(width, 6) / 512) * ceil(round(height, 6) / 512)


def openai_patches(  # noqa: PLR0917 - arguments come from a catalogue row by position
    width: float,
    height: float,
    billed: float,
    documented: float,
    budget: float = 1536,
    max_side: float = 2048,
) -> float | Interval:
    """Patches of 32 pixels up to a budget, times a multiplier.

    Bills and documentation disagree on the multiplier of some models: the bill is likely, and both
    are inside the interval. Sources: OpenAI, Images and vision; bills as the catalogue says.
    """
    patches = _patches(width, height, budget, max_side)
    likely, other = (ceil(patches * each - 1e-9) for each in (billed, documented))
    return Interval(min(likely, other), likely, max(likely, other))


def _patches(width: float, height: float, budget: float, max_side: float) -> int:
    width, height = _shrink(width, height, max_side / max(width, height))
    width, height = max(1, round(width)), max(1, round(height))
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


def _shrink(width: float, height: float, scale: float) -> tuple[float, float]:
    scale = min(1.0, scale)
    return width * scale, height * scale
