"""Mistral's pictures."""

from math import ceil


def pixtral(
    width: float, height: float, longest: float = 1024, patch: float = 16, merge: float = 1
) -> float:
    """Patches of the picture scaled to `longest`, and one token at each row's end.

    Source: mistral_common, image.py.
    """
    ratio = max(width / longest, height / longest)
    if ratio > 1:
        width, height = max(round(width / ratio), 1), max(round(height / ratio), 1)
    size = patch * merge
    return (ceil(width / size) + 1) * ceil(height / size)
