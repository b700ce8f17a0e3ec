"""Price lists that others publish, in their own shapes and units."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from reckon.catalogue import genai, price_files
from reckon.errors import CatalogueError
from reckon.vocabulary.model import Model

LITELLM = {
    "sample_spec": {"mode": "one of: chat, embedding", "litellm_provider": "one of"},
    "gpt-4o": {
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-06,
        "input_cost_per_token_batches": 1.25e-06,
        "output_cost_per_token_batches": 5e-06,
        "litellm_provider": "openai",
        "max_input_tokens": 128000,
        "max_output_tokens": 16384,
        "mode": "chat",
    },
    "gemini/gemini-2.5-pro": {
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "litellm_provider": "gemini",
        "mode": "chat",
    },
    "gemini/gemini-1.5-flash-8b": {
        "input_cost_per_token": 0,
        "output_cost_per_token": 0,
        "litellm_provider": "gemini",
        "mode": "chat",
    },
    "bedrock/us-east-1/anthropic.claude-v1": {
        "input_cost_per_token": 8e-06,
        "output_cost_per_token": 2.4e-05,
        "litellm_provider": "bedrock",
        "mode": "chat",
    },
    "text-embedding-3-small": {
        "input_cost_per_token": 2e-08,
        "output_cost_per_token": 0,
        "litellm_provider": "openai",
        "mode": "embedding",
    },
}
MODELS_DEV = {
    "google": {
        "id": "google",
        "models": {
            "gemini-2.5-pro": {
                "name": "Gemini 2.5 Pro",
                "release_date": "2025-06-17",
                "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                "limit": {"context": 1048576, "output": 65536},
                "cost": {
                    "input": 1.25,
                    "output": 10,
                    "cache_read": 0.125,
                    "cache_write": 0,
                    "tiers": [{"tier": {"size": 200000}, "input": 2.5, "output": 15}],
                },
            },
            "month-only": {"release_date": "2025-06", "cost": {"input": 1, "output": 2}},
            "no-price": {"limit": {"context": 8192}},
        },
    },
    "togetherai": {"id": "togetherai", "models": {"m": {"cost": {"input": 1, "output": 2}}}},
}
GENAI = [
    {
        "id": "x-ai",
        "name": "xAI",
        "models": [
            {
                "id": "grok-9",
                "match": {"or": [{"equals": "grok-9-latest"}, {"equals": "grok-9-mini"}]},
                "context_window": 1000,
                "prices": {"input_mtok": 3, "output_mtok": {"base": 15, "tiers": []}},
            },
            {
                "id": "dated",
                "match": {"starts_with": "dated"},
                "prices": [
                    {"prices": {"input_mtok": 2, "output_mtok": 4}},
                    {
                        "constraint": {"start_date": "2026-01-01"},
                        "prices": {"input_mtok": 1, "output_mtok": 2},
                    },
                ],
            },
            {
                "id": "hole",
                "match": {"equals": "hole"},
                "prices": {"input_mtok": 0, "output_mtok": 0},
            },
        ],
    }
]


def read(data: Any) -> dict[str, Model]:
    """The models of a file, by `provider/id`."""
    decoded = price_files.decode(json.dumps(data).encode(), "prices.json")
    kind = price_files.kind_of(decoded)
    assert kind is not None
    return {m.key: m for m in price_files.read(decoded, kind, "prices.json", "here").models}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (LITELLM, "LiteLLM"),
        (MODELS_DEV, "models.dev"),
        (GENAI, "genai-prices"),
        ({"data": [{"id": "a/b", "pricing": {"prompt": "0.1"}}]}, "OpenRouter"),
        ([{"id": "a/b", "pricing": {"prompt": "0.1"}}], "OpenRouter"),
        ({"data": [{"id": "a/b"}]}, None),
        ({"a": 1}, None),
        ({}, None),
        ([], None),
        ("text", None),
        (3, None),
    ],
)
def test_a_format_is_told_by_its_shape(data, kind):
    """Not by the name of the file; what is none of them is none."""
    assert price_files.kind_of(data) == kind


def test_litellm_states_dollars_per_token():
    """2.5e-06 is $2.50 per million, exactly; the batch price is a factor."""
    (price,) = read(LITELLM)["openai/gpt-4o"].prices
    assert (price.rate.input, price.rate.output) == (Decimal("2.5"), 10)
    assert price.rate.cached_input == Decimal("1.25")
    assert price.batch_multiplier == Decimal("0.5")
    assert read(LITELLM)["openai/gpt-4o"].context_tokens == 128_000


def test_litellms_price_of_long_prompts_is_a_tier():
    """A rate that has no other above the threshold stays what it is."""
    (price,) = read(LITELLM)["google/gemini-2.5-pro"].prices
    (tier,) = price.tiers
    assert tier.above_input_tokens == 200_000
    assert (tier.rate.input, tier.rate.output) == (Decimal("2.5"), 15)
    assert tier.rate.cached_input == Decimal("0.125")


def test_a_zero_counts_as_unknown_and_is_counted():
    """LiteLLM listed gemini-1.5-flash-8b at $0 for years."""
    file = price_files.read(LITELLM_DECODED, "LiteLLM", "prices.json", "here")
    assert file.zeros == ("google/gemini-1.5-flash-8b",)
    found = {m.key: m for m in file.models}
    assert found["google/gemini-1.5-flash-8b"].prices == ()


LITELLM_DECODED = price_files.decode(json.dumps(LITELLM).encode(), "prices.json")


def test_what_does_not_chat_or_is_one_region_is_left_out():
    """Neither embeddings, nor one data centre's price, nor the row that explains the format."""
    assert sorted(read(LITELLM)) == [
        "google/gemini-1.5-flash-8b",
        "google/gemini-2.5-pro",
        "openai/gpt-4o",
    ]


def test_models_dev_states_dollars_per_million_and_knows_days_and_windows():
    """A zero beside a price says that there is no such rate; a month alone is no day."""
    found = read(MODELS_DEV)
    model = found["google/gemini-2.5-pro"]
    (price,) = model.prices
    assert (price.rate.input, price.rate.cached_input) == (Decimal("1.25"), Decimal("0.125"))
    assert price.rate.cache_write is None
    assert price.tiers[0].rate.output == 15
    assert model.released == dt.date(2025, 6, 17)
    assert (model.context_tokens, model.max_output_tokens) == (1_048_576, 65_536)
    assert model.modalities == ("text", "image", "pdf")
    assert found["google/month-only"].released is None
    assert found["google/no-price"].prices == ()


def test_a_provider_has_our_name():
    """Together is togetherai there, xAI is x-ai at genai-prices."""
    assert "together/m" in read(MODELS_DEV)
    assert "xai/grok-9" in read(GENAI)


def test_a_file_of_genai_prices_is_read_as_its_package_is():
    """Equal names are models; dated prices are periods; a zero is no price."""
    found = read(GENAI)
    assert found["xai/grok-9-latest"].prices[0].rate.output == 15
    first, second = found["xai/dated"].prices
    assert (first.end, second.start, second.rate.input) == (
        dt.date(2026, 1, 1),
        dt.date(2026, 1, 1),
        1,
    )
    assert found["xai/hole"].prices == ()
    assert price_files.read(GENAI, "genai-prices", "p", "s").zeros == ("xai/hole",)


def test_a_size_that_disappears_makes_the_price_unknown():
    """grok-9-mini is not priced as grok-9, though the file says they are equal."""
    mini = read(GENAI)["xai/grok-9-mini"]
    assert mini.prices == ()
    assert mini.limitations == (
        "genai-prices prices it as grok-9, which is another size; the price is unknown.",
    )


@pytest.mark.parametrize(
    ("name", "base", "loses"),
    [
        ("gemini-1.5-flash-8b", "gemini-1.5-flash", True),
        ("gpt-4o-mini", "gpt-4o", True),
        ("gpt-5-nano-2025", "gpt-5", True),
        ("nova-lite-v1:0", "nova", True),
        ("gpt-6-sol-pro", "gpt-6-sol", True),
        ("gemini-1.5-flash-8b-001", "gemini-flash-1.5-8b", False),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", False),
        ("gpt-4o-2024-11-20", "gpt-4o", False),
        ("gemini-1.5-flash", "gemini-1.5-flash-8b", False),
    ],
)
def test_sizes_in_names(name, base, loses):
    """A size is a word of its own: mini in `gpt-4o-mini`, not in `gemini`."""
    assert genai.loses_size(name, base) is loses


def test_no_model_of_the_package_keeps_a_price_of_another_size():
    """Every row whose name says a size that its base does not say has no price."""
    for model, _ in genai.compile_models("x"):
        if any("another size" in note for note in model.limitations):
            assert model.prices == (), model.key


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!doctype html><p>404</p>", "It is a web page."),
        (b'{"a": ', "truncated"),
        (b"\xff\xfe", "JSON"),
    ],
)
def test_what_is_not_json_is_named(body, why):
    """With what it looks like."""
    with pytest.raises(CatalogueError, match=r"prices\.json is not JSON") as caught:
        price_files.decode(body, "prices.json")
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (
            {"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": "0,15"}},
            "prices.json, openai/m: the row cannot be read.",
            "`input_cost_per_token` is '0,15', not a number of dollars; write 0.15, with a point.",
        ),
        (
            {"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1}},
            "prices.json, openai/m: the row cannot be read.",
            "`input_cost_per_token` is -1, not a number of dollars.",
        ),
        (
            {"openai": {"models": {"m": {"cost": {"input": "cheap", "output": 1}}}}},
            "prices.json, openai/m: the row cannot be read.",
            "`input` is 'cheap', not a number of dollars.",
        ),
        (
            [{"id": "p", "name": "P", "models": [{"id": "m", "match": {}}]}],
            "prices.json, p: the row cannot be read.",
            "`prices` is missing.",
        ),
        (
            [
                {
                    "id": "p",
                    "name": "P",
                    "models": [
                        {
                            "id": "m",
                            "match": {"equals": "m"},
                            "prices": {"input_mtok": "1,5", "output_mtok": 2},
                        }
                    ],
                }
            ],
            "prices.json, p: the row cannot be read.",
            "`input_mtok` is '1,5', not a number of dollars; write 1.5, with a point.",
        ),
    ],
)
def test_a_malformed_row_is_named_with_its_field(data, where, why):
    """And nothing is guessed: 0,15 may be fifteen hundredths or two numbers."""
    with pytest.raises(CatalogueError) as caught:
        read(data)
    assert (caught.value.what, caught.value.why) == (where, why)
    assert "nothing was changed" in caught.value.do
