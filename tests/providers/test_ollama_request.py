"""Ollama's native chat: what goes out, and answers that go back in the next turn."""

import json
from decimal import Decimal
from typing import Any

import pytest
from ollama_wire import PICTURE, STREAM, WEATHER, asked, encoded, fed, lines, turns
from wire_helpers import collected

from reckon.errors import UnsupportedInput
from reckon.vocabulary.model import Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Opaque,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)


def test_a_prompt_becomes_a_post_to_the_native_side() -> None:
    """The /v1 of the OpenAI-compatible side is dropped; whether to stream is always said."""
    call, body = encoded(Prompt.of("hello", system="be brief", max_output_tokens=9))
    assert call.url == "http://127.0.0.1:11434/api/chat"
    assert "authorization" not in call.headers
    assert body == {
        "model": "qwen3",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello"},
        ],
        "stream": False,
        "options": {"num_predict": 9},
    }
    call, body = encoded(Prompt.of("x"), stream=True, base_url="https://x/ollama/?a=b", key="k-1")
    assert call.url == "https://x/ollama/api/chat?a=b"
    assert call.headers["authorization"] == "Bearer k-1"
    assert body["stream"] is True


def test_the_key_goes_in_the_providers_own_header() -> None:
    """A data row decides."""
    other = Provider(id="o", name="O", wire="ollama", key_header="x-key")
    call, _ = encoded(Prompt.of("x"), provider=other, key="k-1")
    assert call.headers == {"content-type": "application/json", "x-key": "k-1"}


def test_pictures_stand_beside_the_text() -> None:
    """As base64 alone."""
    body = turns(("user", (Text("see "), Media(PICTURE), Text("this"))))
    assert body["messages"] == [{"role": "user", "content": "see this", "images": ["iVBORw=="]}]


def test_a_conversation_with_tools_names_each_result() -> None:
    """An id goes back only where Ollama gave it."""
    body = turns(
        ("user", (Text("weather?"),)),
        (
            "assistant",
            (
                Reasoning("hm"),
                ToolCall("rk0123abc", "weather", '{"place":"Ulm"}'),
                ToolCall("call_7", "clock", ""),
            ),
        ),
        (
            "user",
            (
                ToolResult("rk0123abc", (Text("blue"), Media(PICTURE))),
                ToolResult("call_7", (Text("broken"),), name="clock", is_error=True),
                Text("go on"),
            ),
        ),
    )
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": "weather", "arguments": {"place": "Ulm"}}},
                {"id": "call_7", "function": {"name": "clock", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "blue", "tool_name": "weather", "images": ["iVBORw=="]},
        {
            "role": "tool",
            "content": '{"error":"broken"}',
            "tool_name": "clock",
            "tool_call_id": "call_7",
        },
        {"role": "user", "content": "go on"},
    ]


def test_tools_are_declared_as_functions() -> None:
    """And left out where none may be called."""
    function = {"name": "weather", "description": "The weather.", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    assert asked(tools=(WEATHER,), tool_choice="auto") == {"tools": tools}
    assert asked(tools=(WEATHER,), tool_choice="none") == {}


@pytest.mark.parametrize(
    ("effort", "think"),
    [("none", False), ("minimal", "low"), ("medium", "medium"), ("xhigh", "high")],
)
def test_effort_is_how_much_to_think(effort: Any, think: Any) -> None:
    """In Ollama's nearest word."""
    assert asked(effort=effort) == {"think": think}


def test_sampling_goes_to_the_options_and_form_to_the_top() -> None:
    """Each under Ollama's name."""
    assert asked(
        max_output_tokens=9,
        temperature=Decimal("0.5"),
        top_p=Decimal("0.9"),
        stop=("END",),
        seed=7,
        logprobs=3,
        schema=Schema(schema={"type": "object"}),
    ) == {
        "format": {"type": "object"},
        "logprobs": True,
        "top_logprobs": 3,
        "options": {
            "num_predict": 9,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END"],
            "seed": 7,
        },
    }
    assert asked(json=True, logprobs=0) == {"format": "json", "logprobs": True}


def test_options_find_their_place_and_win() -> None:
    """Fields of the request on top, all others in its options."""
    options = {"keep_alive": "5m", "num_ctx": 8192, "options": {"top_k": 5}, "num_predict": 3}
    assert asked(options=options, max_output_tokens=9) == {
        "keep_alive": "5m",
        "options": {"num_predict": 3, "num_ctx": 8192, "top_k": 5},
    }


@pytest.mark.parametrize(
    ("parts", "more", "what"),
    [
        ((MediaLink("https://x/a.png", "image"),), {}, "part of the conversation"),
        ((Opaque("anthropic", {}),), {}, "part of the conversation"),
        ((ToolCall("a", "weather", "{broken"),), {}, "call of weather"),
        ((Text("x"),), {"choices": 2}, "Several answers"),
        ((Text("x"),), {"reasoning_tokens": 5}, "cap on reasoning"),
        ((Text("x"),), {"tool_choice": "weather"}, "tool choice 'weather'"),
        ((Text("x"),), {"parallel_tool_calls": False}, "One tool call"),
        ((Text("x"),), {"tools": (ProviderTool(wire="ollama", data={}),)}, "provider runs"),
        ((Text("x"),), {"tools": (Tool(name="t", strict=True),)}, "strict tool"),
    ],
)
def test_what_the_format_cannot_say_is_refused(parts: Any, more: Any, what: str) -> None:
    """With a sentence, before anything is sent."""
    with pytest.raises(UnsupportedInput, match=what):
        turns(("user", parts), **more)


def test_other_media_are_refused_with_their_name() -> None:
    """Ollama takes pictures alone."""
    sound = Attachment(
        media_type="audio/wav", modality="audio", content=b"", digest="d", name="a.wav"
    )
    with pytest.raises(UnsupportedInput, match=r"a\.wav \(audio/wav\) cannot be sent"):
        turns(("user", (Media(sound),)))


def test_the_request_fits_the_official_types() -> None:
    """A request with everything in it."""
    types = pytest.importorskip("ollama._types")
    body = turns(
        ("system", (Text("be brief"),)),
        ("user", (Text("x"), Media(PICTURE))),
        ("assistant", (Reasoning("hm"), ToolCall("rk0123abc", "weather", "{}"))),
        ("user", (ToolResult("rk0123abc", (Text("blue"),)),)),
        tools=(WEATHER,),
        effort="high",
        schema=Schema(schema={"type": "object"}),
        logprobs=2,
        seed=7,
        stop=("END",),
    )
    read = types.ChatRequest.model_validate(body)
    back = json.loads(read.model_dump_json(exclude_none=True))
    assert back["messages"][2]["tool_calls"] == body["messages"][2]["tool_calls"]
    assert {name: back[name] for name in ("think", "format", "logprobs", "options")} == {
        name: body[name] for name in ("think", "format", "logprobs", "options")
    }


def test_an_answer_goes_back_as_it_came() -> None:
    """Thoughts, text and calls, with the ids that Ollama gave."""
    response = collected(fed(lines(*STREAM), stream=True))
    [back] = turns(("assistant", response.parts))["messages"]
    assert back == {
        "role": "assistant",
        "thinking": "Hm…",
        "content": "Grüße 😀",
        "tool_calls": [
            {"function": {"name": "weather", "arguments": {"place": "Zürich"}}},
            {"id": "call_7", "function": {"name": "clock", "arguments": {}}},
        ],
    }
