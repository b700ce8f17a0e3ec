"""Which tier served an answer, and what it was billed for besides its tokens.

Bodies are built from the documentation where no recording shows the case.
"""

import json
from typing import Any

import pytest

from reckon.providers import registry
from reckon.run.collect import Collector
from reckon.vocabulary.usage import Usage


def used(wire: str, *pieces: Any, stream: bool = False) -> Usage:
    """The usage of an answer: one object, or the events of a stream."""
    decoder = registry.wire_format(wire).decoder(stream=stream)
    if stream:
        data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in pieces)
    else:
        [data] = (json.dumps(each).encode() for each in pieces)
    collector = Collector()
    for event in (*decoder.feed(data), *decoder.close()):
        collector.add(event)
    return collector.response().usage


def chat(**more: Any) -> dict[str, Any]:
    """A whole chat completion."""
    message = {"role": "assistant", "content": "x", **more.pop("message", {})}
    return {
        "id": "1",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        **more,
    }


def response(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole answer of Responses."""
    return {
        "id": "1",
        "status": "completed",
        "model": "m",
        "output": list(items),
        "usage": {"input_tokens": 1, "output_tokens": 1},
        **more,
    }


def message(**more: Any) -> dict[str, Any]:
    """A whole message of Anthropic."""
    usage = {"input_tokens": 1, "output_tokens": 1, **more.pop("usage", {})}
    text = {"type": "text", "text": "x"}
    return {
        "id": "1",
        "model": "m",
        "content": [text],
        "stop_reason": "end_turn",
        "usage": usage,
        **more,
    }


def gemini(candidate: dict[str, Any], **usage: Any) -> dict[str, Any]:
    """A whole answer of Gemini."""
    said = {"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP", **candidate}
    counts = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [said], "usageMetadata": counts | usage}


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        (None, ""),
        ("default", ""),
        ("auto", ""),
        ("on_demand", ""),
        ("flex", "flex"),
        ("priority", "priority"),
        ("scale", "scale"),
        ("performance", "performance"),
        ("p" * 500, "p" * 40),
        (5, ""),
    ],
)
def test_openais_formats_name_the_tier_beside_the_usage(told: Any, tier: str) -> None:
    """Chat completions, as Groq speaks them too, and Responses."""
    assert used("openai_chat", chat(service_tier=told)).service_tier == tier
    assert used("openai_responses", response(service_tier=told)).service_tier == tier


def test_the_tier_of_a_stream_may_stand_in_any_piece() -> None:
    """Also in one of words alone, which is read the short way."""
    delta = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "x"}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    pieces = [delta, delta | {"service_tier": "flex"}, delta | {"service_tier": "default"}, end]
    assert used("openai_chat", *pieces, usage, stream=True).service_tier == "flex"


@pytest.mark.parametrize(
    ("told", "tier"), [("standard", ""), ("batch", "batch"), ("priority", "priority")]
)
def test_anthropic_names_the_tier_in_the_usage(told: str, tier: str) -> None:
    """It is no part of the counts."""
    assert used("anthropic", message(usage={"service_tier": told})).service_tier == tier


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"serviceTier": "standard"}, ""),
        ({"serviceTier": "flex"}, "flex"),
        ({"serviceTier": "priority"}, "priority"),
        ({"trafficType": "ON_DEMAND"}, ""),
        ({"trafficType": 1}, ""),
        ({"trafficType": 2}, "provisioned"),
        ({"trafficType": 9}, "number 9"),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned"),
    ],
)
def test_google_names_the_tier_in_two_ways(told: dict[str, Any], tier: str) -> None:
    """The Gemini API and Vertex AI."""
    assert used("gemini", gemini({}, **told)).service_tier == tier


@pytest.mark.parametrize(
    ("usage", "besides"),
    [
        ({"inference_geo": "global", "speed": "standard"}, ""),
        ({"inference_geo": "not_available"}, ""),
        ({"inference_geo": "us"}, "inference kept in us"),
        ({"speed": "fast"}, "fast mode"),
        ({"inference_geo": "us", "speed": "fast"}, "inference kept in us, fast mode"),
    ],
)
def test_what_makes_anthropics_tokens_dearer_is_named(usage: Any, besides: str) -> None:
    """Neither has a price here."""
    assert used("anthropic", message(usage=usage)).billed_besides == besides


def test_a_container_of_anthropics_is_named_whole_and_streamed() -> None:
    """A stream names it at its end."""
    container = {"id": "c", "expires_at": "2026-06-30T23:59:50Z"}
    words = "a container in which code ran"
    assert used("anthropic", message(container=container)).billed_besides == words
    assert used("anthropic", message(container=None)).billed_besides == ""
    end = {"stop_reason": "end_turn", "container": container}
    pieces = [
        {"type": "message_start", "message": message(content=[], stop_reason=None)},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    assert used("anthropic", *pieces, stream=True).billed_besides == words


@pytest.mark.parametrize(
    ("kinds", "besides"),
    [
        (["code_interpreter_call"], "a container in which code ran"),
        (["file_search_call", "file_search_call"], "searches of stored files"),
        (
            ["image_generation_call", "code_interpreter_call"],
            "a container in which code ran, pictures that another model made",
        ),
        (["computer_call"], ""),
        (["mcp_call"], ""),
    ],
)
def test_tools_of_openai_that_have_a_price_are_named(kinds: list[str], besides: str) -> None:
    """Others cost only the tokens that they bring."""
    items = [{"type": kind, "id": f"i{n}", "status": "completed"} for n, kind in enumerate(kinds)]
    assert used("openai_responses", response(*items)).billed_besides == besides


def test_tools_and_other_models_that_groq_ran_are_named() -> None:
    """A model that answered in its own name is in the usage already."""
    same = chat(usage_breakdown={"models": [{"model": "m", "usage": {}}]})
    assert used("openai_chat", same).billed_besides == ""
    rows = [{"model": "b"}, {"model": "a"}, {"model": "b"}]
    ran = chat(
        message={"executed_tools": [{"type": "search"}, {"type": "python"}, {"type": "search"}]},
        usage_breakdown={"models": rows},
    )
    assert used("openai_chat", ran).billed_besides == "tools (python, search), models (a, b)"


def test_grounding_with_google_maps_is_named() -> None:
    """Billed by the request; a search of the web is counted instead."""
    for kind, besides in (("maps", "grounding with Google Maps"), ("web", "")):
        metadata = {"groundingChunks": [{kind: {"uri": "https://x", "title": "X"}}]}
        found = used("gemini", gemini({"groundingMetadata": metadata}))
        assert found.billed_besides == besides
