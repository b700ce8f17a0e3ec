"""Sound: so many tokens a second."""

from math import ceil, floor

from reckon.vocabulary.price import Interval


def up(seconds: float, rate: float, most: float = 0) -> float | Interval:
    """Rounded up, as Google bills it: 32 a second for Gemini 2.5, 25 for Gemini 3.

    Args:
        seconds: Length of the recording.
        rate: Tokens of a second.
        most: Tokens of a second by another count of the same provider, where there is one.
    """
    tokens = ceil(round(seconds * rate, 6))
    return Interval(tokens, tokens, ceil(round(seconds * most, 6))) if most > rate else tokens


def down(seconds: float, rate: float) -> float:
    """Rounded down, as OpenAI bills it: one token for each whole tenth of a second."""
    return max(1, floor(round(seconds * rate, 6)))


def whole_seconds(seconds: float, rate: float) -> float:
    """Whole seconds alone, as Gemini 2.0 is billed: 25 for each."""
    return max(1, floor(seconds)) * rate
