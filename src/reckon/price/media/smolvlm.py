"""SmolVLM's pictures, and those of Idefics 3."""

from math import ceil


def smolvlm(width: float, height: float, longest: float, tile: float, tokens: float) -> float:
    """Tiles of the picture scaled to `longest`, small ones too, and the whole once more.

    Args:
        width: Pixels.
        height: Pixels.
        longest: Pixels of the longer side, once scaled.
        tile: Pixels of a tile's side.
        tokens: Of one tile.

    Each tile has two marks before it, each row ends in a line break; around the whole there are
    three marks. Source: the processor of Idefics 3 in the package transformers, and the sizes in
    the models' `preprocessor_config.json`.
    """
    short = int(longest * min(width, height) / max(width, height))
    short = max(2, short + short % 2)
    along = ceil(longest / tile)
    # The short side keeps its share of the long one, now a whole number of tiles.
    across = max(1, ceil(int(along * tile * short / longest) / tile))
    if along * across == 1:
        return tokens + 3
    lines = across if width >= height else along
    return along * across * (tokens + 2) + lines + tokens + 3
