"""One answer of each kind, its cost worked out by hand: the sum stands beside the usage it is of.

The usage blocks are those of real exchanges, named by their id in the collection of recordings;
the few that nobody recorded are marked as made from the documentation. Rates are written out, USD
per million tokens, so that a reader can add up without looking anything up.
"""

import json
from decimal import Decimal as D
from typing import Any

import pytest

from reckon.catalogue.load import load
from reckon.price.cost import cost, why_unknown
from reckon.providers import registry
from reckon.run.collect import Collector
from reckon.vocabulary.money import to_usd
from reckon.vocabulary.price import Price, Rate, Tier
from reckon.vocabulary.usage import Usage

MILLION = 1_000_000

Json = dict[str, Any]


def usage_of(wire: str, answer: Json) -> Usage:
    """What an answer in one piece says that it used."""
    decoder = registry.wire_format(wire).decoder(stream=False)
    collector = Collector()
    for event in (*decoder.feed(json.dumps(answer).encode()), *decoder.close()):
        collector.add(event)
    return collector.response().usage


def chat(usage: Json) -> Usage:
    """Of a chat completion."""
    choice = {"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}
    return usage_of("openai_chat", {"choices": [choice], "usage": usage})


def claude(usage: Json) -> Usage:
    """Of one of Anthropic's messages."""
    content = [{"type": "text", "text": "x"}]
    return usage_of(
        "anthropic",
        {
            "type": "message",
            "role": "assistant",
            "content": content,
            "stop_reason": "end_turn",
            "usage": usage,
        },
    )


def gemini(usage: Json, **more: Any) -> Usage:
    """Of Gemini."""
    candidate = {"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"} | more
    return usage_of("gemini", {"candidates": [candidate], "usageMetadata": usage})


def price(**rates: str) -> Price:
    """A price of these rates."""
    return Price(rate=Rate(**{name: D(rate) for name, rate in rates.items()}))


def dollars(usage: Usage, at: Price, *, batch: bool = False) -> D:
    """The cost, which is known."""
    found = cost(usage, at, batch=batch)
    assert found is not None
    return to_usd(found.total_pico)


SONNET = price(input="3", output="15", cached_input="0.3", cache_write="3.75", cache_write_1h="6")


def test_anthropic_with_its_short_cache() -> None:
    """w-322685f7da3f, Claude Sonnet 4.6: reads and writes are counted beside the input."""
    usage = claude(
        {
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 219},
            "cache_creation_input_tokens": 219,
            "cache_read_input_tokens": 9116,
            "input_tokens": 4,
            "output_tokens": 156,
        }
    )
    # 4 x 3 + 9,116 x 0.30 + 219 x 3.75 + 156 x 15
    # = 12 + 2,734.8 + 821.25 + 2,340 = 5,908.05 millionths of a dollar
    assert dollars(usage, SONNET) == D("5908.05") / MILLION


def test_anthropic_with_both_caches() -> None:
    """Made from the documentation: 100 tokens kept for five minutes, 2,000 for an hour."""
    usage = claude(
        {
            "cache_creation": {"ephemeral_1h_input_tokens": 2000, "ephemeral_5m_input_tokens": 100},
            "cache_creation_input_tokens": 2100,
            "cache_read_input_tokens": 500,
            "input_tokens": 10,
            "output_tokens": 20,
        }
    )
    # 10 x 3 + 500 x 0.30 + 100 x 3.75 + 2,000 x 6 + 20 x 15
    # = 30 + 150 + 375 + 12,000 + 300 = 12,855
    assert dollars(usage, SONNET) == D(12_855) / MILLION


def test_anthropic_that_asked_an_advisor() -> None:
    """w-014ed610de63: 2,518 and 22 tokens of another model are billed besides, at its own price."""
    usage = claude(
        {
            "input_tokens": 2390,
            "output_tokens": 121,
            "iterations": [
                {"type": "message", "input_tokens": 1128, "output_tokens": 110},
                {
                    "type": "advisor_message",
                    "model": "claude-opus-4-8",
                    "input_tokens": 2518,
                    "output_tokens": 22,
                },
                {"type": "message", "input_tokens": 1262, "output_tokens": 11},
            ],
        }
    )
    assert cost(usage, SONNET) is None
    assert why_unknown(usage, SONNET) == (
        "Billed besides, at a price of its own: advice of claude-opus-4-8."
    )


def test_anthropic_that_searched() -> None:
    """w-6180e80b85d0, Claude Opus 4.1: one search at $10 a thousand."""
    usage = claude(
        {
            "input_tokens": 10_423,
            "output_tokens": 341,
            "server_tool_use": {"web_search_requests": 1},
        }
    )
    opus = load().find("claude-opus-4-1-20250805").prices[-1]
    # 10,423 x 15 + 341 x 75 = 156,345 + 25,575 = 181,920 millionths, and one cent
    assert dollars(usage, opus) == D(181_920) / MILLION + D("0.01")


def test_openai_chat_from_its_cache() -> None:
    """w-f58145272f2d, GPT-5.6: cached tokens are part of the prompt."""
    usage = chat(
        {
            "completion_tokens": 4,
            "prompt_tokens": 4020,
            "prompt_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 4012},
            "total_tokens": 4024,
        }
    )
    # (4,020 - 4,012) x 4 + 4,012 x 0.40 + 4 x 20 = 32 + 1,604.8 + 80 = 1,716.8
    at = price(input="4", output="20", cached_input="0.4", cache_write="5")
    assert dollars(usage, at) == D("1716.8") / MILLION


def test_openai_chat_that_reasoned() -> None:
    """w-45da2357093e, o3-mini: reasoning is part of the completion, and costs the same."""
    usage = chat(
        {
            "completion_tokens": 467,
            "completion_tokens_details": {"reasoning_tokens": 448},
            "prompt_tokens": 31,
            "total_tokens": 498,
        }
    )
    assert usage.reasoning_tokens == 448
    # 31 x 1.1 + 467 x 4.4 = 34.1 + 2,054.8 = 2,088.9
    assert dollars(usage, price(input="1.1", output="4.4")) == D("2088.9") / MILLION


def test_openai_with_sound_in_and_out() -> None:
    """w-9133606c45d1 with 69 tokens of sound sent, and 50 of its 72 tokens made up to be spoken."""
    usage = chat(
        {
            "completion_tokens": 72,
            "completion_tokens_details": {"audio_tokens": 50, "text_tokens": 22},
            "prompt_tokens": 81,
            "prompt_tokens_details": {"audio_tokens": 69, "text_tokens": 12},
            "total_tokens": 153,
        }
    )
    sound = load().find("gpt-4o-audio-preview-2024-12-17").prices[-1]
    # 12 x 2.50 + 69 x 40 + 22 x 10 + 50 x 80 = 30 + 2,760 + 220 + 4,000 = 7,010
    assert dollars(usage, sound) == D(7_010) / MILLION


def test_openai_responses_that_searched() -> None:
    """w-cbdefda43fbb, GPT-5.2: one search at $10 a thousand; opening a page costs nothing."""
    calls = [
        {
            "type": "web_search_call",
            "id": f"ws_{number}",
            "status": "completed",
            "action": {"type": kind},
        }
        for number, kind in enumerate(("search", "open_page"))
    ]
    usage = usage_of(
        "openai_responses",
        {
            "object": "response",
            "status": "completed",
            "output": calls,
            "usage": {
                "input_tokens": 8234,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 79,
                "output_tokens_details": {"reasoning_tokens": 34},
                "total_tokens": 8313,
            },
        },
    )
    # 8,234 x 1.75 + 79 x 14 = 14,409.5 + 1,106 = 15,515.5 millionths, and one cent
    listed = load().find("gpt-5.2-2025-12-11").prices[-1]
    assert dollars(usage, listed) == D("15515.5") / MILLION + D("0.01")


FLASH = price(input="0.3", output="2.5", cached_input="0.03", audio_input="1")


def test_gemini_with_thoughts_and_a_cached_picture() -> None:
    """w-8dc6d9b203d7, Gemini 2.5 Flash: thoughts are beside the candidates, both are output."""
    usage = gemini(
        {
            "cachedContentTokenCount": 204,
            "candidatesTokenCount": 89,
            "promptTokenCount": 373,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 115},
                {"modality": "IMAGE", "tokenCount": 258},
            ],
            "thoughtsTokenCount": 167,
            "totalTokenCount": 629,
        }
    )
    # (373 - 204) x 0.30 + 204 x 0.03 + (89 + 167) x 2.50 = 50.7 + 6.12 + 640 = 696.82
    assert dollars(usage, FLASH) == D("696.82") / MILLION


def test_gemini_that_saw_a_film_with_sound() -> None:
    """w-377a1c03e647, Gemini 2.0 Flash: sound has a rate of its own, pictures have not."""
    usage = gemini(
        {
            "candidatesTokenCount": 101,
            "promptTokenCount": 4610,
            "promptTokensDetails": [
                {"modality": "VIDEO", "tokenCount": 3096},
                {"modality": "TEXT", "tokenCount": 14},
                {"modality": "AUDIO", "tokenCount": 1500},
            ],
            "totalTokenCount": 4711,
        }
    )
    # (3,096 + 14) x 0.10 + 1,500 x 0.70 + 101 x 0.40 = 311 + 1,050 + 40.4 = 1,401.4
    at = price(input="0.1", output="0.4", audio_input="0.7")
    assert dollars(usage, at) == D("1401.4") / MILLION


def test_gemini_beyond_200_000_tokens() -> None:
    """Made from the documentation: the whole request has the rates of its tier."""
    pro = Price(
        rate=Rate(input=D("1.25"), output=D(10)),
        tiers=(Tier(above_input_tokens=200_000, rate=Rate(input=D("2.5"), output=D(15))),),
    )
    told = {"promptTokenCount": 200_001, "candidatesTokenCount": 500, "thoughtsTokenCount": 500}
    # 200,001 x 2.50 + 1,000 x 15 = 500,002.5 + 15,000 = 515,002.5
    assert dollars(gemini(told), pro) == D("515002.5") / MILLION
    # 200,000 x 1.25 + 1,000 x 10 = 250,000 + 10,000 = 260,000
    assert dollars(gemini(told | {"promptTokenCount": 200_000}), pro) == D("0.26")


def test_gemini_that_drew_a_picture() -> None:
    """Made from the documentation: 1,290 tokens a picture at $30 a million are $0.0387."""
    usage = gemini(
        {
            "promptTokenCount": 10,
            "candidatesTokenCount": 1300,
            "candidatesTokensDetails": [
                {"modality": "TEXT", "tokenCount": 10},
                {"modality": "IMAGE", "tokenCount": 1290},
            ],
        }
    )
    # 10 x 0.30 + 10 x 2.50 + 1,290 x 30 = 3 + 25 + 38,700 = 38,728
    drawing = load().find("gemini-2.5-flash-image").prices[-1]
    assert dollars(usage, drawing) == D(38_728) / MILLION


@pytest.mark.parametrize(
    ("model", "fee"),
    # Gemini 2.5: $35 a thousand requests that searched. Gemini 3: $14 a thousand searches.
    [("gemini-2.5-flash", D("0.035")), ("gemini-3-flash-preview", 2 * D("0.014"))],
)
def test_gemini_that_searched_twice(model: str, fee: D) -> None:
    """Made from the documentation: the same two searches are billed in two ways."""
    told = {"promptTokenCount": 1_000_000, "candidatesTokenCount": 0}
    searched = gemini(told, groundingMetadata={"webSearchQueries": ["boats", "lakes"]})
    at = load().find(model).prices[-1]
    assert dollars(searched, at) - dollars(gemini(told), at) == fee


def test_groq() -> None:
    """w-0c4ea7895bea, gpt-oss-120b: times are told beside the counts."""
    usage = chat(
        {
            "completion_time": 0.574329735,
            "completion_tokens": 96,
            "completion_tokens_details": {"reasoning_tokens": 59},
            "prompt_tokens": 336,
            "prompt_tokens_details": {"cached_tokens": 256},
            "total_tokens": 432,
        }
    )
    # (336 - 256) x 0.15 + 256 x 0.075 + 96 x 0.60 = 12 + 19.2 + 57.6 = 88.8
    at = price(input="0.15", output="0.6", cached_input="0.075")
    assert dollars(usage, at) == D("88.8") / MILLION


def test_mistral_from_its_cache() -> None:
    """w-9cae05e6c468, Mistral Medium: `num_cached_tokens` is part of the prompt."""
    usage = chat(
        {
            "completion_tokens": 155,
            "num_cached_tokens": 976,
            "prompt_tokens": 997,
            "total_tokens": 1152,
        }
    )
    # (997 - 976) x 0.40 + 976 x 0.04 + 155 x 2 = 8.4 + 39.04 + 310 = 357.44
    at = price(input="0.4", output="2", cached_input="0.04")
    assert dollars(usage, at) == D("357.44") / MILLION


def test_deepseek_hits_and_misses() -> None:
    """w-5ed053333c5a: hits and misses add up to the prompt."""
    usage = chat(
        {
            "completion_tokens": 116,
            "completion_tokens_details": {"reasoning_tokens": 60},
            "prompt_cache_hit_tokens": 512,
            "prompt_cache_miss_tokens": 51,
            "prompt_tokens": 563,
            "total_tokens": 679,
        }
    )
    # 51 x 0.28 + 512 x 0.028 + 116 x 0.42 = 14.28 + 14.336 + 48.72 = 77.336
    at = price(input="0.28", output="0.42", cached_input="0.028")
    assert dollars(usage, at) == D("77.336") / MILLION


def test_xai_counts_its_reasoning_in_the_total_alone() -> None:
    """Made from the documentation: 40 + 9 are told, 349 is the total, 300 are reasoning."""
    usage = chat(
        {
            "prompt_tokens": 40,
            "completion_tokens": 9,
            "total_tokens": 349,
            "completion_tokens_details": {"reasoning_tokens": 300},
        }
    )
    # 40 x 3 + (9 + 300) x 15 = 120 + 4,635 = 4,755
    assert dollars(usage, price(input="3", output="15")) == D(4_755) / MILLION


def test_perplexity_tells_its_bill() -> None:
    """Made from the documentation: tokens and the fee of the request are in the total."""
    usage = chat(
        {
            "prompt_tokens": 8,
            "completion_tokens": 439,
            "total_tokens": 447,
            "cost": {
                "input_tokens_cost": 0.00002,
                "output_tokens_cost": 0.00338,
                "request_cost": 0.006,
                "total_cost": 0.0094,
            },
        }
    )
    assert dollars(usage, price(input="1", output="1")) == D("0.0094")


def test_openrouter_bills_and_its_bill_wins() -> None:
    """w-5a4ded204080: $0.000151 are billed, and the list says the same."""
    usage = chat(
        {
            "completion_tokens": 28,
            "cost": 0.000151,
            "is_byok": False,
            "prompt_tokens": 270,
            "prompt_tokens_details": {"cached_tokens": 0, "video_tokens": 258},
            "total_tokens": 298,
        }
    )
    assert dollars(usage, price(input="99", output="99")) == D("0.000151")
    # 270 x 0.30 + 28 x 2.50 = 81 + 70 = 151
    assert (270 * D("0.3") + 28 * D("2.5")) / MILLION == D("0.000151")


def test_openrouter_with_a_key_of_ones_own() -> None:
    """w-c7c61fbb0817: OpenRouter takes nothing, the provider behind it bills 480 and 33 tokens."""
    usage = chat(
        {
            "completion_tokens": 33,
            "cost": 0,
            "cost_details": {"upstream_inference_cost": 0.0002265},
            "is_byok": True,
            "prompt_tokens": 480,
            "total_tokens": 513,
        }
    )
    # 480 x 0.30 + 33 x 2.50 = 144 + 82.5 = 226.5
    assert dollars(usage, FLASH) == D("226.5") / MILLION


def test_a_local_model_costs_nothing() -> None:
    """w-fce3137bc034: 44 and 113 tokens of Ollama on the user's own machine."""
    told = {"done": True, "done_reason": "stop", "prompt_eval_count": 44, "eval_count": 113}
    usage = usage_of("ollama", told | {"message": {"role": "assistant", "content": "x"}})
    assert (usage.input_tokens, usage.output_tokens) == (44, 113)
    assert dollars(usage, load().find("ollama/llama3.1").prices[-1]) == 0


def test_the_batch_api_takes_half() -> None:
    """w-322685f7da3f once more, as a batch: every token at half its rate."""
    usage = Usage(
        input_tokens=9339, output_tokens=156, cached_input_tokens=9116, cache_write_tokens=219
    )
    half = Price(rate=SONNET.rate, batch_multiplier=D("0.5"))
    # 5,908.05 / 2 = 2,954.025
    assert dollars(usage, half, batch=True) == D("2954.025") / MILLION
