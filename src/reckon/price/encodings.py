"""Exact tokenizers: those that are carried along, those of an extra, and the user's own files.

Nothing is downloaded. OpenAI's vocabularies are carried; Mistral's come with the extra `mistral`;
and a `tokenizer.json` in the user folder's `tokenizers/`, named after a family (`qwen.json`) or a
model (`ollama/llama3.2.json`), is counted with by the extra `tokenizers`.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reckon import settings
from reckon.errors import MissingExtra, SourceError
from reckon.price.vocabulary_file import unpack
from reckon.vocabulary.model import Model

if TYPE_CHECKING:
    from tiktoken import Encoding

Count = Callable[[str], int]
"""Tokens of a text, without any framing."""

CARRIED = frozenset({"o200k", "cl100k", "p50k", "r50k"})

R50K_TOKENS = 50_256
"""`r50k` is the beginning of `p50k`, which adds runs of spaces."""

_TEKKEN = "tekken_240911.json"
_SPM = "mistral_instruct_tokenizer_240323.model.v3"
_MISTRAL = {"tekken": _TEKKEN, "mistral_spm": _SPM}

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
_GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
PATTERNS = {
    "o200k": "|".join(_WORDS),
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"""
    r"""| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    "p50k": _GPT2,
    "r50k": _GPT2,
}
"""How an encoding cuts text before it merges bytes; published with tiktoken."""


def exact_for(model: Model) -> str | None:
    """What counts a model's text exactly here, as a name for `counter`; None: nothing does.

    The user's own file for the model goes first, then that for its family.
    """
    family = model.tokenizer or ""
    own = _own_files(settings.tokenizers_path())
    for name in (model.key, family):
        if name in own:
            return own[name]
    return family if is_exact(family) else None


def is_exact(name: str) -> bool:
    """Whether a family is counted exactly here."""
    return name in CARRIED or (name in _MISTRAL and _mistral_data() is not None)


def counter(name: str) -> Count:
    """The tokens of a text, as a function for a loop over many texts.

    Args:
        name: What `exact_for` gave.

    Raises:
        MissingExtra: What reads the user's file is not installed.
        SourceError: The user's file is no tokenizer.
    """
    count = _counter(name)

    def count_text(text: str) -> int:
        # A lone surrogate comes from broken input; a provider would see its replacement.
        return count(text if text.isascii() else text.encode("utf-8", "replace").decode())

    return count_text


@cache
def encoding(name: str) -> "Encoding":
    """A carried encoding; unpacking takes a third of a second."""
    from tiktoken import Encoding

    file = "p50k" if name == "r50k" else name
    ranks = unpack((Path(__file__).parent / "vocabularies" / f"{file}.xz").read_bytes())
    if name == "r50k":
        ranks = {token: rank for token, rank in ranks.items() if rank < R50K_TOKENS}
    return Encoding(name=name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})


@cache
def _counter(name: str) -> Count:
    if name in CARRIED:
        encode = encoding(name).encode_ordinary
        return lambda text: len(encode(text))
    data = _mistral_data()
    if name in _MISTRAL and data:
        return _tekken(data / _TEKKEN) if name == "tekken" else _spm(data / _SPM)
    return _own(Path(name))


@cache
def _mistral_data() -> Path | None:
    """The vocabularies in the package of the extra; it is not imported, which takes seconds."""
    from importlib.util import find_spec

    found = find_spec("mistral_common")
    folder = Path(found.origin).parent / "data" if found and found.origin else None
    return folder if folder and (folder / _TEKKEN).exists() and find_spec("sentencepiece") else None


class _Token(msgspec.Struct):
    rank: int
    token_bytes: bytes
    """Base64 in the file."""


class _TekkenConfig(msgspec.Struct):
    pattern: str
    default_vocab_size: int
    default_num_special_tokens: int


class _Tekken(msgspec.Struct):
    config: _TekkenConfig
    vocab: list[_Token]


def _tekken(file: Path) -> Count:
    from tiktoken import Encoding

    data = msgspec.json.decode(file.read_bytes(), type=_Tekken)
    config = data.config
    size = config.default_vocab_size - config.default_num_special_tokens
    ranks = {token.token_bytes: token.rank for token in data.vocab[:size]}
    encode = Encoding(
        name="tekken", pat_str=config.pattern, mergeable_ranks=ranks, special_tokens={}
    ).encode_ordinary
    return lambda text: len(encode(text))


def _spm(file: Path) -> Count:
    encode = import_module("sentencepiece").SentencePieceProcessor(model_file=str(file)).encode
    return lambda text: len(encode(text))


@cache
def _own_files(folder: Path) -> dict[str, str]:
    """The user's files by the family or model that they are named after."""
    return {
        file.relative_to(folder).as_posix().removesuffix(".json"): str(file)
        for file in folder.rglob("*.json")
    }


def _own(file: Path) -> Count:
    try:
        tokenizers = import_module("tokenizers")
    except ImportError as error:
        raise MissingExtra(
            f"{file} is a tokenizer, and what reads it is not installed.",
            do="pip install 'reckon-llm[tokenizers]', or move the file away.",
        ) from error
    try:
        encode = tokenizers.Tokenizer.from_file(str(file)).encode
    except Exception as error:
        raise SourceError(
            f"{file} is no tokenizer.",
            why=f"It cannot be read: {error}.",
            do="Give the tokenizer.json of the model, or move the file away.",
        ) from error
    return lambda text: len(encode(text, add_special_tokens=False))
