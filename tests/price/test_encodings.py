"""Exact tokenizers: carried, of an extra, or the user's own; each against its own library."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon import settings
from reckon.errors import MissingExtra, SourceError
from reckon.price.encodings import counter, encoding, exact_for, is_exact
from reckon.price.estimate import RowSize, estimate
from reckon.price.text import count_text, framing
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Interval

TEXTS = (
    "The quick brown fox jumps over the lazy dog. " * 9,
    "def f(x):\n    return [y ** 2 for y in range(x)]\n\n\n",
    "東京は日本の首都です。 Ünïcödé 🎉🎉 1234567 -- \t\t x",
)


def model(tokenizer: str | None, key: str = "p/m") -> Model:
    """A model with that tokenizer."""
    provider, _, name = key.partition("/")
    return Model(id=name, provider=provider, organization="o", tokenizer=tokenizer)


def test_r50k_is_p50k_without_its_runs_of_spaces() -> None:
    """GPT-3 counts each space of an indentation, Codex takes them together."""
    text = "if x:\n        return 1"
    assert count_text("hello world", "r50k") == count_text("hello world", "p50k")
    assert count_text(text, "r50k").likely > count_text(text, "p50k").likely


def test_a_rank_without_a_token_stays_free() -> None:
    """p50k leaves out 50256, which is the end of a text."""
    ranks = encoding("p50k")._mergeable_ranks
    assert len(ranks) == 50_280
    assert max(ranks.values()) == 50_280
    assert 50_256 not in ranks.values()


def test_models_that_complete_text_frame_nothing() -> None:
    """They know no messages."""
    assert framing("p50k", 1) == Interval.exactly(0)


@given(text=st.text(max_size=200))
def test_broken_text_is_counted_as_its_replacement(text: str) -> None:
    """A lone surrogate is no reason to fail."""
    assert counter("cl100k")("\ud800" + text) == counter("cl100k")("?" + text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("family", ["tekken", "mistral_spm"])
def test_mistral_is_counted_as_its_own_library_does(family: str, text: str) -> None:
    """With the extra; its package is read, and not imported."""
    pytest.importorskip("mistral_common", reason="the extra `mistral` is not installed")
    pytest.importorskip("sentencepiece", reason="the extra `mistral` is not installed")
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    own = MistralTokenizer.v3(is_tekken=family == "tekken").instruct_tokenizer.tokenizer
    assert counter(family)(text) == len(own.encode(text, bos=False, eos=False))
    assert count_text(text, family).is_exact
    assert exact_for(model(family)) == family


def test_the_ratio_of_a_family_holds_what_its_tokenizer_counts() -> None:
    """The interval that is shown without the extra is right on prose and code."""
    pytest.importorskip("mistral_common", reason="the extra `mistral` is not installed")
    pytest.importorskip("sentencepiece", reason="the extra `mistral` is not installed")
    from reckon.price.text import scaled

    prose = " ".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    for family in ("tekken", "mistral_spm"):
        guess = scaled(counter("o200k")(prose), family)
        assert guess.low <= counter(family)(prose) <= guess.high


@pytest.fixture
def own_file() -> Path:
    """A tokenizer of words, in the user's folder under the name of a family."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra `tokenizers` is not installed")
    path = settings.tokenizers_path() / "qwen.json"
    path.parent.mkdir(parents=True)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "[UNK]": 1}, "[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(path))
    return path


def test_a_file_of_the_user_is_counted_with(own_file: Path) -> None:
    """For each model of the family that it is named after."""
    assert exact_for(model("qwen")) == str(own_file)
    found = estimate(
        model("qwen"), [RowSize(text="a b c d")], price=None, output_tokens=Interval.exactly(1)
    )
    assert found.input_tokens.low == 4
    assert exact_for(model("llama3")) is None


def test_a_file_named_after_a_model_goes_before_that_of_its_family(own_file: Path) -> None:
    """`ollama/qwen3.json` is for `ollama/qwen3` alone."""
    special = own_file.parent / "ollama" / "qwen3.json"
    special.parent.mkdir()
    special.write_bytes(own_file.read_bytes())
    from reckon.price import encodings

    encodings._own_files.cache_clear()
    assert exact_for(model("qwen", "ollama/qwen3")) == str(special)
    assert exact_for(model("qwen", "ollama/qwen2")) == str(own_file)


def test_a_file_that_is_no_tokenizer_is_said(own_file: Path) -> None:
    """With the way out."""
    own_file.write_text('{"model": 1}')
    with pytest.raises(SourceError, match="is no tokenizer") as error:
        counter(str(own_file))
    assert "tokenizer.json of the model" in error.value.do


def test_a_file_without_its_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a silent fall back to a guess."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match="not installed") as error:
        counter(str(tmp_path / "mine.json"))
    assert "'reckon-llm[tokenizers]'" in error.value.do


def test_without_an_extra_a_family_is_not_exact() -> None:
    """Only what is at hand is."""
    assert is_exact("o200k")
    assert not is_exact("claude")
    assert exact_for(model(None)) is None
