"""Tokens of text: exact where a tokenizer is at hand, an interval for the others.

Where a tokenizer is not public, the count is a family's ratio to o200k with an interval. The
ratios are measured where the source says so and judgement elsewhere; they are `estimated`.
"""

from functools import lru_cache
from math import ceil, floor

from reckon.price.encodings import counter, exact_for, is_exact
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Interval

RATIOS: dict[str, Interval] = {
    "claude": Interval(1.05, 1.15, 1.35),
    "claude47": Interval(1.3, 1.5, 1.75),
    "gemini": Interval(0.95, 1.05, 1.2),
    "llama3": Interval(0.95, 1.03, 1.15),
    "tekken": Interval(1.0, 1.055, 1.15),
    "mistral_spm": Interval(1.15, 1.27, 1.4),
    "deepseek": Interval(1.0, 1.07, 1.2),
    "qwen": Interval(1.0, 1.07, 1.25),
    "nova": Interval(0.95, 1.1, 1.4),
}
"""Tokens over o200k tokens on ordinary prose and code; other scripts are wider."""

UNKNOWN_RATIO = Interval(0.9, 1.1, 1.75)
"""Where the tokenizer is not known: the union of the families above."""

MESSAGE_OVERHEAD = {"o200k": 3, "cl100k": 3}
"""Framing tokens per message. Source: OpenAI cookbook."""
NO_FRAMING = frozenset({"p50k", "r50k"})
"""Encodings of models that complete text: they know no messages."""
REPLY_PRIMER = 3

OTHER_OVERHEAD = Interval(0, 5, 20)
"""Framing of a message where the template is not published."""


def count_text(text: str, tokenizer: str | None) -> Interval:
    """Tokens of a text, without any framing.

    Args:
        text: Special tokens in it count as the plain text that they are.
        tokenizer: A family that `is_exact` for an exact count, one of `RATIOS`, None: unknown.
    """
    if tokenizer and is_exact(tokenizer):
        return Interval.exactly(_count(text, tokenizer))
    return scaled(_count(text, "o200k"), tokenizer)


def likely_tokens(text: str, model: Model) -> float:
    """Tokens of a text on a model, without any framing, as exactly as they can be told here."""
    exact = exact_for(model)
    return counter(exact)(text) if exact else count_text(text, model.tokenizer).likely


def scaled(o200k_tokens: int, tokenizer: str | None) -> Interval:
    """A count of o200k tokens as tokens of a family, by its ratio."""
    ratio = RATIOS.get(tokenizer or "", UNKNOWN_RATIO)
    # Rounded outwards: a share of a token is none.
    return Interval(
        floor(o200k_tokens * ratio.low),
        o200k_tokens * ratio.likely,
        ceil(o200k_tokens * ratio.high),
    )


def framing(tokenizer: str | None, messages: int) -> Interval:
    """Tokens that a chat adds around so many messages."""
    if tokenizer in NO_FRAMING:
        return Interval.exactly(0)
    if tokenizer in MESSAGE_OVERHEAD:
        return Interval.exactly(MESSAGE_OVERHEAD[tokenizer] * messages + REPLY_PRIMER)
    return OTHER_OVERHEAD.times(messages)


def byte_bound(text: str) -> int:
    """Tokens of a text at most, without a tokenizer: no token is shorter than a byte."""
    return len(text.encode("utf-8", "replace"))


@lru_cache(maxsize=1024)
def _count(text: str, name: str) -> int:
    return counter(name)(text)
