"""Tokens of text: exact for OpenAI's encodings, an interval for the others.

Where a tokenizer is not public, the count is a family's ratio to o200k with an interval. The
ratios are measured where the source says so and judgement elsewhere; they are `estimated`.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING

from reckon.price.vocabulary_file import unpack
from reckon.vocabulary.price import Interval

if TYPE_CHECKING:
    from tiktoken import Encoding

EXACT = frozenset({"o200k", "cl100k"})

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
    "p50k": Interval(1.0, 1.25, 1.45),
}
"""Tokens over o200k tokens on ordinary prose and code; other scripts are wider."""

UNKNOWN_RATIO = Interval(0.9, 1.1, 1.75)
"""Where the tokenizer is not known: the union of the families above."""

MESSAGE_OVERHEAD = {"o200k": 3, "cl100k": 3}
"""Framing tokens per message. Source: OpenAI cookbook."""
REPLY_PRIMER = 3

OTHER_OVERHEAD = Interval(0, 5, 20)
"""Framing of a message where the template is not published."""

_WORDS = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
)
PATTERNS = {
    "o200k": "|".join(_WORDS),
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"""
    r"""| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
}
"""How an encoding cuts text before it merges bytes; published with tiktoken."""


def count_text(text: str, tokenizer: str | None) -> Interval:
    """Tokens of a text, without any framing.

    Args:
        text: Special tokens in it count as the plain text that they are.
        tokenizer: `o200k` or `cl100k` for an exact count, a family of `RATIOS`, None: unknown.
    """
    if tokenizer in EXACT:
        return Interval.exactly(_count(text, tokenizer))
    return scaled(_count(text, "o200k"), tokenizer)


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
    if tokenizer in MESSAGE_OVERHEAD:
        return Interval.exactly(MESSAGE_OVERHEAD[tokenizer] * messages + REPLY_PRIMER)
    return OTHER_OVERHEAD.times(messages)


def byte_bound(text: str) -> int:
    """Tokens of a text at most, without a tokenizer: no token is shorter than a byte."""
    return len(text.encode("utf-8", "replace"))


def counter(name: str) -> Callable[[str], int]:
    """The tokens of a text in an exact encoding, as a function for a loop over many texts."""
    encode = encoding(name).encode_ordinary

    def count(text: str) -> int:
        # A lone surrogate comes from broken input; a provider would see its replacement.
        return len(encode(text if text.isascii() else text.encode("utf-8", "replace").decode()))

    return count


@lru_cache(maxsize=1024)
def _count(text: str, name: str) -> int:
    return counter(name)(text)


@cache
def encoding(name: str) -> "Encoding":
    """An exact encoding from the vocabulary that is carried along; takes a third of a second."""
    from tiktoken import Encoding

    packed = (Path(__file__).parent / "vocabularies" / f"{name}.xz").read_bytes()
    return Encoding(
        name=name, pat_str=PATTERNS[name], mergeable_ranks=unpack(packed), special_tokens={}
    )
