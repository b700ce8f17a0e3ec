"""Tokens of text: exact where the vocabulary is public, an interval elsewhere."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.price.encodings import encoding
from reckon.price.text import byte_bound, count_text, framing
from reckon.price.vocabulary_file import pack, unpack

# The hashes that tiktoken itself expects of the published files.
PUBLISHED = {
    "o200k": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "p50k": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_carried_vocabulary_is_the_published_one(name: str) -> None:
    """Written out as OpenAI publishes it, the file has the hash that tiktoken expects."""
    ranks = encoding(name)._mergeable_ranks
    lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())
    assert hashlib.sha256(b"".join(lines)).hexdigest() == PUBLISHED[name]


@pytest.mark.parametrize(
    ("text", "tokenizer", "tokens"),
    [
        ("hello world", "o200k", 2),
        ("hello world", "cl100k", 2),
        ("tiktoken is great!", "cl100k", 6),
        ("antidisestablishmentarianism", "cl100k", 6),
        ("", "o200k", 0),
    ],
)
def test_openai_counts_are_exact(text: str, tokenizer: str, tokens: int) -> None:
    """Counts published in OpenAI's cookbook."""
    found = count_text(text, tokenizer)
    assert found.is_exact
    assert found.likely == tokens


def test_special_tokens_are_the_plain_text_that_they_are() -> None:
    """A user may write about them."""
    assert count_text("<|endoftext|>", "o200k").likely > 1


def test_families_without_a_public_tokenizer_give_an_interval() -> None:
    """Around their ratio to o200k, rounded outwards."""
    found = count_text("The quick brown fox jumps over the lazy dog. " * 20, "claude")
    assert found.low < found.likely < found.high


def test_an_unknown_tokenizer_gives_the_widest_interval() -> None:
    """It holds the families' own."""
    text = "The quick brown fox jumps over the lazy dog. " * 20
    unknown, claude = count_text(text, None), count_text(text, "claude47")
    assert unknown.low <= claude.low
    assert unknown.high >= claude.high


def test_framing_is_exact_for_openai_and_an_interval_elsewhere() -> None:
    """Three tokens a message and three for the reply."""
    assert framing("o200k", 2).likely == 3 * 2 + 3
    assert not framing("claude", 1).is_exact


@given(text=st.text(max_size=300))
def test_no_count_passes_the_bound_by_bytes(text: str) -> None:
    """The bound that budgets rest on needs no tokenizer."""
    assert count_text(text, "o200k").likely <= byte_bound(text)
    assert count_text(text, "cl100k").likely <= byte_bound(text)


@given(tokens=st.lists(st.binary(min_size=1, max_size=600), unique=True, max_size=30))
def test_a_vocabulary_survives_packing(tokens: list[bytes]) -> None:
    """Tokens of any length come back with their ranks."""
    assert unpack(pack(tokens)) == {token: rank for rank, token in enumerate(tokens)}
