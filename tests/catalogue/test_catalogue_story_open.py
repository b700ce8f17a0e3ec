"""The open-weight and remaining organisations: dates, licences, shapes, and prices by the day."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest

from reckon.catalogue import overlay
from reckon.catalogue.block import own_files
from reckon.catalogue.load import price_on
from reckon.price.encodings import CARRIED
from reckon.price.media.rules import IMAGES
from reckon.price.text import RATIOS
from reckon.vocabulary.model import Model, Weights

OURS = frozenset(
    "01-ai ai21 allenai databricks deepseek gemma gpt-oss huggingface ibm meta microsoft minimax "
    "mistral moonshot nexusflow nvidia princeton qwen reka stepfun tencent zhipu".split()
)
"""The files this test answers for, by name."""

PLAIN = {"together/microsoft/phi-2": 2, "huggingface/nvidia/Nemotron-4-340B-Instruct": 2}
"""Dense models whose layers have two matrices and no gate, so that another sum holds."""


@pytest.fixture(scope="module")
def rows() -> list[Model]:
    """Every row of those files as it is written, before anything is merged."""
    return [
        model for path in own_files() if path.stem in OURS for model in overlay.read_models(path)
    ]


def day(text: str) -> dt.date:
    """A date as it is written."""
    return dt.date.fromisoformat(text)


def rates(catalogue, name: str, on: str) -> tuple[Decimal, Decimal] | None:
    """Input and output of a model on a day; None where it is not known."""
    price = price_on(catalogue.find(name), day(on))
    return None if price is None else (price.rate.input, price.rate.output)


def shape_of(weights: Weights) -> tuple[int | None, ...]:
    """Layers, width, width of the feed-forward, heads, key and value heads, head, vocabulary."""
    return (
        weights.layers,
        weights.hidden_size,
        weights.feed_forward_size,
        weights.heads,
        weights.kv_heads,
        weights.head_size,
        weights.vocabulary_size,
    )


def counted(weights: Weights) -> int | None:
    """Parameters of a gated dense transformer of that shape; None where a number is missing."""
    shape = shape_of(weights)
    if None in (*shape, weights.tied_embeddings, weights.attention_bias):
        return None
    layers, width, inner, heads, kv_heads, head, words = (number or 0 for number in shape)
    attention = 2 * width * heads * head + 2 * width * kv_heads * head
    bias = (heads + 2 * kv_heads) * head if weights.attention_bias else 0
    layer = attention + bias + 3 * width * inner + 2 * width
    return words * width * (1 if weights.tied_embeddings else 2) + layers * layer + width


@pytest.mark.parametrize(
    ("name", "shape", "tied", "bias"),
    [
        (
            "openrouter/meta-llama/llama-3.2-3b-instruct",
            (28, 3072, 8192, 24, 8, 128, 128256),
            True,
            False,
        ),
        (
            "openrouter/meta-llama/llama-3.3-70b-instruct",
            (80, 8192, 28672, 64, 8, 128, 128256),
            False,
            False,
        ),
        (
            "groq/llama-3.3-70b-versatile",
            (80, 8192, 28672, 64, 8, 128, 128256),
            False,
            False,
        ),
        (
            "openrouter/qwen/qwen-2.5-coder-32b-instruct",
            (64, 5120, 27648, 40, 8, 128, 152064),
            False,
            True,
        ),
        (
            "openrouter/meta-llama/llama-3.1-8b-instruct",
            (32, 4096, 14336, 32, 8, 128, 128256),
            False,
            False,
        ),
    ],
)
def test_the_shapes_that_memory_is_computed_from(catalogue, name, shape, tied, bias):
    """Those of the models whose quantised files have a published size."""
    weights = catalogue.find(name).weights
    assert shape_of(weights) == shape
    assert (weights.tied_embeddings, weights.attention_bias) == (tied, bias)


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("openrouter/meta-llama/llama-3.2-3b-instruct", 3.213),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", 70.554),
        ("openrouter/qwen/qwen-2.5-coder-32b-instruct", 32.764),
        ("openrouter/meta-llama/llama-3.1-8b-instruct", 8.030),
        ("openrouter/meta-llama/llama-3.1-405b-instruct", 405.853),
        ("openrouter/meta-llama/llama-3.2-1b-instruct", 1.236),
        ("mistral/open-mistral-7b", 7.248),
        ("mistral/open-mistral-nemo", 12.247),
        ("openrouter/qwen/qwen-2.5-72b-instruct", 72.706),
        ("openrouter/google/gemma-2-27b-it", 27.227),
        ("openrouter/google/gemma-2-9b-it", 9.242),
        ("huggingface/HuggingFaceTB/SmolLM2-1.7B-Instruct", 1.711),
        ("huggingface/microsoft/Phi-3-mini-4k-instruct", 3.821),
    ],
)
def test_sizes_that_were_published(catalogue, name, billions):
    """Within a thousandth of the count that the publisher's own files have."""
    assert catalogue.find(name).weights.parameters / 1e9 == pytest.approx(billions, rel=1e-3)


def test_a_dense_shape_adds_up_to_its_parameters(rows):
    """Wherever a text model that is dense has its whole shape, the sum is within 1%."""
    checked = 0
    for model in rows:
        weights = model.weights
        if weights is None or weights.active_parameters or model.modalities != ("text",):
            continue
        total = counted(weights)
        if total is None or weights.latent_size or model.key in PLAIN:
            continue
        assert weights.parameters == pytest.approx(total, rel=0.01), model.key
        checked += 1
    assert checked >= 60


def test_a_mixture_uses_a_part_of_its_parameters(rows):
    """Active parameters are fewer than all of them, and no shape is half a number."""
    for model in rows:
        weights = model.weights
        if weights is None:
            continue
        assert weights.repository and weights.repository.count("/") == 1, model.key
        if weights.active_parameters and weights.parameters:
            assert weights.active_parameters < weights.parameters, model.key
        if weights.heads and weights.kv_heads:
            assert weights.heads % weights.kv_heads == 0, model.key
        assert (weights.global_every is None) or weights.sliding_window, model.key


def test_deepseek_v3_keeps_576_numbers_for_a_token_and_layer(catalogue):
    """Latent attention: 61 layers of 512 + 64 numbers of two bytes are 70,272 bytes a token."""
    weights = catalogue.find("openrouter/deepseek/deepseek-chat").weights
    assert (weights.layers, weights.latent_size) == (61, 512 + 64)
    assert weights.layers * weights.latent_size * 2 == 70_272
    assert (weights.parameters, weights.active_parameters) == (671e9, 37e9)


def test_windows_of_gemma(catalogue):
    """Every second layer of Gemma 2 sees everything, every sixth of Gemma 3."""
    second = catalogue.find("openrouter/google/gemma-2-27b-it").weights
    third = catalogue.find("openrouter/google/gemma-3-27b-it").weights
    assert (second.sliding_window, second.global_every) == (4096, 2)
    assert (third.sliding_window, third.global_every) == (1024, 6)


@pytest.mark.parametrize(
    ("name", "on", "input_", "output"),
    [
        ("deepseek-chat", "2025-02-07", "0.14", "0.28"),
        ("deepseek-chat", "2025-02-08", "0.27", "1.10"),
        ("deepseek-chat", "2025-09-04", "0.27", "1.10"),
        ("deepseek-chat", "2025-09-05", "0.56", "1.68"),
        ("deepseek-chat", "2025-09-29", "0.28", "0.42"),
        ("deepseek-chat", "2026-05-01", "0.14", "0.28"),
        ("deepseek-reasoner", "2025-01-20", "0.55", "2.19"),
        ("deepseek-reasoner", "2025-09-05", "0.56", "1.68"),
        ("deepseek-reasoner", "2025-12-01", "0.28", "0.42"),
        ("deepseek-v4-flash", "2026-05-01", "0.14", "0.28"),
        ("deepseek-v4-pro", "2026-06-01", "0.435", "0.87"),
        ("mistral-large-latest", "2024-02-26", "8", "24"),
        ("mistral-large-latest", "2025-06-01", "2", "6"),
        ("mistral-large-latest", "2025-12-02", "0.5", "1.5"),
        ("mistral-large-2402", "2024-03-01", "8", "24"),
        ("mistral-large-2407", "2024-12-31", "2", "6"),
        ("mistral-medium-2312", "2024-06-01", "2.7", "8.1"),
        ("mistral-small-latest", "2026-03-15", "0.1", "0.3"),
        ("mistral-small-latest", "2026-03-16", "0.15", "0.6"),
        ("pixtral-12b", "2024-12-31", "0.15", "0.15"),
        ("stepfun/step-3.5-flash", "2026-06-15", "0.096", "0.288"),
        ("stepfun/step-3.5-flash", "2026-06-16", "0.1", "0.3"),
    ],
)
def test_a_price_is_that_of_the_day(catalogue, name, on, input_, output):
    """Before and after each change that a dated source tells of."""
    assert rates(catalogue, name, on) == (Decimal(input_), Decimal(output))


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("deepseek-reasoner", "2025-01-19"),
        ("deepseek-v4-flash", "2026-11-23"),
        ("deepseek-v4-pro", "2026-08-17"),
        ("deepseek-flash", "2026-11-23"),
        ("mistral-large-latest", "2024-06-01"),
        ("mistral-large-2407", "2024-09-16"),
        ("mistral-small-2409", "2024-10-01"),
        ("alibaba/qwen3-max", "2026-06-01"),
    ],
)
def test_a_day_that_no_source_speaks_of_has_no_price(catalogue, name, on):
    """A gap between two copies, prices by the hour, steps that were not found: unknown."""
    assert rates(catalogue, name, on) is None


def test_mistral_large_became_sixteen_times_cheaper_to_read(catalogue):
    """8 in February 2024 against 0.5 in December 2025."""
    first, last = (
        rates(catalogue, "mistral-large-latest", on) for on in ("2024-02-26", "2025-12-02")
    )
    assert first[0] / last[0] == 16


def test_a_cached_token_of_deepseek_costs_a_tenth_then_a_fiftieth(catalogue):
    """The reduction of 2026 lowered cached input alone."""
    flash = catalogue.find("deepseek-v4-flash")
    before, after = (price_on(flash, day(on)).rate for on in ("2026-05-23", "2026-05-24"))
    assert before.input == after.input
    assert before.cached_input / before.input == Decimal("0.2")
    assert after.cached_input / after.input == Decimal("0.02")


@pytest.mark.parametrize(
    ("name", "released", "retired", "licence"),
    [
        ("openrouter/meta-llama/llama-3.3-70b-instruct", "2024-12-06", None, "Llama 3.3 Community"),
        ("openrouter/meta-llama/llama-3.2-3b-instruct", "2024-09-25", None, "Llama 3.2 Community"),
        ("openrouter/meta-llama/llama-2-70b-chat", "2023-07-18", None, "Llama 2 Community"),
        ("pixtral-12b", "2024-09-11", "2025-12-31", "Apache-2.0"),
        ("mistral-large-2407", "2024-07-24", "2025-03-30", "Mistral Research License"),
        ("mistral-medium-2312", "2023-12-11", "2025-06-16", "proprietary"),
        ("openrouter/deepseek/deepseek-r1", "2025-01-20", None, "MIT"),
        ("deepseek-chat", None, "2026-07-24", None),
        ("openrouter/qwen/qwen-2.5-72b-instruct", "2024-09-19", None, "Qwen Licence"),
        ("openrouter/qwen/qwq-32b-preview", "2024-11-28", None, "Apache-2.0"),
        ("openrouter/microsoft/phi-4", None, None, "MIT"),
        ("openrouter/google/gemma-2-9b-it", None, None, "Gemma"),
        ("zai/glm-4.6", "2025-09-30", None, "MIT"),
        ("moonshotai/kimi-k2-0711-preview", "2025-07-14", None, "Modified MIT"),
    ],
)
def test_dates_and_licences(catalogue, name, released, retired, licence):
    """What is not known stays absent."""
    model = catalogue.find(name)
    assert model.released == (released and day(released))
    assert model.retired == (retired and day(retired))
    assert model.licence == licence


@pytest.mark.parametrize(
    ("arena", "key"),
    [
        ("Meta-Llama-3.1-405B-Instruct-fp8", "openrouter/meta-llama/llama-3.1-405b-instruct"),
        ("Llama-3.3-70B-Instruct", "groq/llama-3.3-70b-versatile"),
        ("DeepSeek-V3", "openrouter/deepseek/deepseek-chat"),
        ("Yi-Lightning", "lingyiwanwu/yi-lightning"),
        ("GLM-4-Plus", "zhipuai/glm-4-plus"),
        ("Qwen2.5-plus-1127", "alibaba/qwen-plus-1127"),
        ("Qwen2.5-Coder-32B-Instruct", "openrouter/qwen/qwen-2.5-coder-32b-instruct"),
        ("Nemotron-4-340B-Instruct", "huggingface/nvidia/Nemotron-4-340B-Instruct"),
        ("Athene-v2-Chat-72B", "huggingface/Nexusflow/Athene-V2-Chat"),
        ("Gemma-2-9B-it-SimPO", "huggingface/princeton-nlp/gemma-2-9b-it-SimPO"),
        ("Hunyuan-Standard-256K", "tencent/hunyuan-standard-256k"),
        ("Jamba-1.5-Large", "openrouter/ai21/jamba-1-5-large"),
        ("Reka-Core-20240904", "reka/reka-core-20240904"),
        ("Mistral-Large-2411", "mistral/mistral-large-2411"),
    ],
)
def test_the_name_on_a_board_leads_to_the_model(catalogue, arena, key):
    """Each organisation of the board of 2024-12-31 that these files answer for."""
    assert arena in catalogue.find(key).arena_names


def test_a_name_on_a_board_means_one_model(rows):
    """Two rows share a name only as the same weights, or one service's names of one model."""
    owners: dict[str, set[str]] = {}
    for model in rows:
        thing = model.weights.repository if model.weights else model.name
        for name in model.arena_names:
            owners.setdefault(name, set()).add(thing or model.key)
    shared = {name: things for name, things in owners.items() if len(things) > 1}
    assert shared == {}


def test_every_price_says_where_and_when_it_was_read(rows):
    """A source, and the day of the copy unless the copy has none and the source says so."""
    for model in rows:
        for price in model.prices:
            assert price.source.strip(), model.key
            assert price.seen or "undated" in price.source, (model.key, price.start)
            assert price.seen is None or price.start is None or price.seen >= price.start
            assert price.seen is None or price.seen <= day("2026-11-25"), model.key


def test_periods_follow_each_other_and_no_zero_is_an_accident(rows):
    """In order, without overlap; what costs nothing is marked so."""
    for model in rows:
        ordered = sorted(model.prices, key=lambda price: price.start or dt.date.min)
        for earlier, later in pairwise(ordered):
            assert earlier.end and later.start and earlier.end <= later.start, model.key
        for price in model.prices:
            zero = price.rate.input == 0 or price.rate.output == 0
            assert zero == price.free, model.key
            assert not price.free or model.free_tier, model.key


def test_nothing_is_sold_before_it_came_out(rows):
    """Dates of a row are in order."""
    for model in rows:
        if model.released and model.retired:
            assert model.released < model.retired, model.key
        for price in model.prices:
            if model.released and price.start:
                assert price.start >= model.released, model.key
            if model.retired and price.start:
                assert price.start < model.retired, model.key


def test_a_row_names_only_what_exists(catalogue, rows):
    """Tokenizers and image rules that can be computed, successors that can be found."""
    for model in rows:
        assert model.tokenizer is None or model.tokenizer in CARRIED | RATIOS.keys(), model.key
        assert model.image_rule is None or model.image_rule.split()[0] in IMAGES, model.key
        assert model.source, model.key
        for name in model.successors:
            assert catalogue.lists(catalogue.find(name).key), (model.key, name)


def test_a_row_without_weights_of_its_own_does_not_claim_to_be_open(rows):
    """A licence of weights stands with the weights, and is the model's own."""
    for model in rows:
        if model.weights and model.weights.licence:
            assert model.licence == model.weights.licence, model.key
        assert not (model.licence == "proprietary" and model.weights), model.key
