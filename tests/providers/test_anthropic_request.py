"""Anthropic's messages: what goes out. Anthropic's own types judge each body."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from anthropic_wire import (
    PDF,
    PICTURE,
    PICTURE_BLOCK,
    WEATHER,
    assistant,
    body_of,
    content_of,
    encoded,
    system,
    turns_of,
    user,
)

from reckon.errors import UnsupportedInput
from reckon.vocabulary.model import Model, Provider
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


def test_a_prompt_becomes_a_post_with_key_and_version_in_its_headers() -> None:
    """Address, headers, model, system, limit and messages."""
    call, body = encoded(Prompt.of("hello", system="be brief", max_output_tokens=9))
    assert call.url == "http://x/v1/messages"
    assert call.headers == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": "sk-1",
    }
    assert body == {
        "model": "claude-x",
        "max_tokens": 9,
        "system": "be brief",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
    }
    assert "sk-1" not in repr(call)


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/", "https://api.anthropic.com/v1/messages"),
        ("http://[::1]:8080/anthropic", "http://[::1]:8080/anthropic/v1/messages"),
        ("https://x/v1?region=eu&a=b", "https://x/v1/messages?region=eu&a=b"),
        ("https://x/llm?region=eu", "https://x/llm/v1/messages?region=eu"),
    ],
)
def test_a_base_url_may_end_before_v1_and_keeps_its_query(base_url: str, address: str) -> None:
    """Users' ANTHROPIC_BASE_URL has no /v1."""
    assert encoded(Prompt.of("x"), base_url=base_url)[0].url == address


def test_key_header_and_constant_headers_are_the_providers() -> None:
    """And without a key none is sent."""
    own = Provider(
        id="p", name="P", wire="anthropic", key_header="authorization", headers={"x-a": "b"}
    )
    headers = encoded(Prompt.of("x"), provider=own)[0].headers
    assert (headers["authorization"], headers["x-a"]) == ("sk-1", "b")
    assert "x-api-key" not in headers
    assert "x-api-key" not in encoded(Prompt.of("x"), key=None)[0].headers


@pytest.mark.parametrize(
    ("wished", "of_model", "reasoning", "sent"),
    [
        (7, 9000, None, 7),
        (0, 9000, None, 0),
        (None, 9000, None, 9000),
        (None, None, None, 4096),
        (None, None, 5000, 9096),
    ],
)
def test_the_limit_that_the_format_demands_is_always_sent(
    wished: int | None, of_model: int | None, reasoning: int | None, sent: int
) -> None:
    """The prompt's, else the model's, else 4096 beside the reasoning."""
    model = Model(id="m", provider="p", organization="o", max_output_tokens=of_model)
    prompt = Prompt(
        messages=(user(Text("x")),), max_output_tokens=wished, reasoning_tokens=reasoning
    )
    assert encoded(prompt, model=model)[1]["max_tokens"] == sent


def test_sampling_stop_words_and_streaming_have_their_fields() -> None:
    """Temperature, top_p, stop_sequences, stream."""
    prompt = Prompt(
        messages=(user(Text("x")),), temperature=Decimal("0.5"), top_p=Decimal("0.25"), stop=("Z",)
    )
    body = encoded(prompt, stream=True)[1]
    assert (body["temperature"], body["top_p"]) == (0.5, 0.25)
    assert (body["stop_sequences"], body["stream"]) == (["Z"], True)


def test_options_go_out_as_they_are_and_win() -> None:
    """What the user sets wins."""
    body = body_of(max_output_tokens=3, options={"max_tokens": 5, "service_tier": "auto"})
    assert (body["max_tokens"], body["service_tier"]) == (5, "auto")


def test_a_system_text_with_a_cache_marker_becomes_blocks() -> None:
    """So do several texts."""
    body = encoded(Prompt(messages=(system(Text("long", cache="1h")), user(Text("x")))))[1]
    assert body["system"] == [
        {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    body = encoded(Prompt(messages=(system(Text("a"), Text("b")), user(Text("x")))))[1]
    assert [block["text"] for block in body["system"]] == ["a", "b"]


def test_a_system_turn_in_mid_conversation_keeps_its_place() -> None:
    """Newer models take it there; to move it would change what it says."""
    turns = turns_of(user(Text("x")), assistant(Text("y")), user(Text("z")), system(Text("s")))
    assert turns[-1] == {"role": "system", "content": [{"type": "text", "text": "s"}]}


def test_a_picture_in_a_system_turn_is_refused() -> None:
    """The system says text only."""
    with pytest.raises(UnsupportedInput, match="system turn"):
        encoded(Prompt(messages=(system(Media(PICTURE)), user(Text("x")))))


def test_pictures_and_pdf_go_inline_or_by_address() -> None:
    """A PDF has its name as title."""
    pdf = base64.b64encode(PDF.content).decode()
    assert content_of(
        Media(PICTURE),
        Media(PDF),
        MediaLink("https://x/a.png", "image"),
        MediaLink("https://x/a.pdf", "pdf"),
        Text(""),
        Text("what is this"),
    ) == [
        PICTURE_BLOCK,
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": pdf},
            "title": "a.pdf",
        },
        {"type": "image", "source": {"type": "url", "url": "https://x/a.png"}},
        {"type": "document", "source": {"type": "url", "url": "https://x/a.pdf"}},
        {"type": "text", "text": "what is this"},
    ]


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment(media_type="video/mp4", modality="video", content=b"", digest="d", name="a.x"),
        Attachment(media_type="audio/wav", modality="audio", content=b"", digest="d", name="a.x"),
        Attachment(media_type="image/tiff", modality="image", content=b"", digest="d", name="a.x"),
    ],
)
def test_media_that_the_format_cannot_carry_are_refused(attachment: Attachment) -> None:
    """With the name of the file, also inside a result."""
    with pytest.raises(UnsupportedInput, match=r"a\.x .* cannot be sent"):
        body_of(Media(attachment))
    with pytest.raises(UnsupportedInput, match=r"a\.x .* cannot be sent"):
        body_of(ToolResult("c", (Media(attachment),)))


def test_an_address_of_sound_is_refused() -> None:
    """Pictures and PDF only."""
    with pytest.raises(UnsupportedInput, match=r"https://x/a\.mp3"):
        body_of(MediaLink("https://x/a.mp3", "audio"))


def test_cache_markers_go_on_every_kind_of_part() -> None:
    """Five minutes are the default and have no ttl."""
    blocks = content_of(
        ToolResult("c", (Text("r"),), cache="5m"),
        Text("a", cache="5m"),
        Media(PICTURE, cache="1h"),
        MediaLink("https://x/a.png", "image", cache="1h"),
    )
    short, long = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
    assert [block["cache_control"] for block in blocks] == [short, short, long, long]


def test_tools_have_schema_strictness_and_cache_marker() -> None:
    """Tools that Anthropic runs pass through."""
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    strict = Tool(name="f", strict=True, cache="5m")
    body = body_of(tools=(WEATHER, strict, ProviderTool(wire="anthropic", data=search)))
    assert body["tools"] == [
        {
            "name": "weather",
            "description": "Tells the weather.",
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        {
            "name": "f",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        },
        search,
    ]
    assert "tool_choice" not in body


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("weather", None, {"type": "tool", "name": "weather"}),
        ("weather", False, {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", True, {"type": "any", "disable_parallel_tool_use": False}),
    ],
)
def test_the_choice_of_tools_is_said_in_the_formats_words(
    choice: str | None, parallel: bool | None, sent: dict[str, Any]
) -> None:
    """Required is any; one call at a time is a word of the choice."""
    body = body_of(tools=(WEATHER,), tool_choice=choice, parallel_tool_calls=parallel)
    assert body["tool_choice"] == sent


def test_without_tools_nothing_is_said_about_parallel_calls() -> None:
    """The format refuses a choice without tools."""
    assert "tool_choice" not in body_of(parallel_tool_calls=False)


def test_calls_and_results_travel_with_results_first() -> None:
    """Media inside, errors marked, neighbours of one role merged."""
    turns = turns_of(
        user(Text("go")),
        assistant(Text("I look."), ToolCall("c1", "weather", '{"city":"Paris"}')),
        assistant(ToolCall("c2", "weather", "")),
        user(Text("by the way"), ToolResult("c1", (Text("rain"), Media(PICTURE)))),
        user(ToolResult("c2", (), is_error=True), Text("go on")),
    )
    assert turns == [
        {"role": "user", "content": [{"type": "text", "text": "go"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "c2", "name": "weather", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "rain"}, PICTURE_BLOCK],
                },
                {"type": "tool_result", "tool_use_id": "c2", "is_error": True},
                {"type": "text", "text": "by the way"},
                {"type": "text", "text": "go on"},
            ],
        },
    ]


@pytest.mark.parametrize("arguments", ['{"city": "Par', "[1]", '"x"', "nonsense"])
def test_arguments_that_are_no_object_go_back_whole_and_named_as_such(arguments: str) -> None:
    """An empty object would tell the model that it had called without arguments."""
    [_, turn] = turns_of(user(Text("x")), assistant(ToolCall("c", "f", arguments)))
    assert turn["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_reasoning_goes_back_in_its_place_with_its_seal() -> None:
    """Thinking, redacted thinking, and thinking that only has a seal."""
    [_, turn] = turns_of(
        user(Text("x")),
        assistant(
            Reasoning("hm", signature="s1"),
            Reasoning(encrypted="e"),
            Text("so"),
            Reasoning("", signature="s2"),
        ),
    )
    assert turn["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s1"},
        {"type": "redacted_thinking", "data": "e"},
        {"type": "text", "text": "so"},
        {"type": "thinking", "thinking": "", "signature": "s2"},
    ]


def test_reasoning_of_other_providers_stays_out() -> None:
    """The format refuses it; a server that wants it unsealed says so in its row."""
    foreign = (
        Reasoning("hm"),
        Reasoning(encrypted="e", id="rs_1", sealed_by="openai_responses"),
        Text("so"),
    )
    [_, turn] = turns_of(user(Text("x")), assistant(*foreign))
    assert turn["content"] == [{"type": "text", "text": "so"}]
    lenient = Provider(id="p", name="P", wire="anthropic", reasoning_field="thinking")
    [_, turn] = turns_of(user(Text("x")), assistant(*foreign), provider=lenient)
    assert turn["content"][0] == {"type": "thinking", "thinking": "hm", "signature": ""}


def test_parts_of_other_formats_are_refused() -> None:
    """Opaque items and tools name the format that understands them."""
    with pytest.raises(UnsupportedInput, match="part of the conversation"):
        turns_of(user(Text("x")), assistant(Opaque("openai_responses", {"type": "x"})))
    with pytest.raises(UnsupportedInput, match="tool that the provider runs"):
        body_of(tools=(ProviderTool(wire="openai_responses", data={"type": "x"}),))


@pytest.mark.parametrize(
    ("effort", "sent"),
    [
        ("minimal", "low"),
        ("low", "low"),
        ("medium", "medium"),
        ("high", "high"),
        ("xhigh", "xhigh"),
    ],
)
def test_effort_has_the_nearest_word(effort: Any, sent: str) -> None:
    """In output_config; a row may add adaptive thinking."""
    body = body_of(effort=effort)
    assert body["output_config"] == {"effort": sent}
    assert "thinking" not in body
    adaptive = Provider(id="p", name="P", wire="anthropic", effort_style="thinking")
    prompt = Prompt(messages=(user(Text("x")),), effort=effort)
    assert encoded(prompt, provider=adaptive)[1]["thinking"] == {"type": "adaptive"}


def test_no_effort_turns_reasoning_off_and_a_cap_turns_it_on() -> None:
    """Both at once contradict each other."""
    assert body_of(effort="none")["thinking"] == {"type": "disabled"}
    assert "output_config" not in body_of(effort="none")
    assert body_of(reasoning_tokens=0)["thinking"] == {"type": "disabled"}
    body = body_of(reasoning_tokens=2000, effort="low")
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert body["output_config"] == {"effort": "low"}
    with pytest.raises(UnsupportedInput, match="cannot both"):
        body_of(effort="none", reasoning_tokens=2000)


def test_a_schema_is_the_outputs_format() -> None:
    """Beside the effort."""
    schema: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    body = body_of(schema=Schema(schema=schema), json=True, effort="low")
    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": schema},
    }


@pytest.mark.parametrize(
    "wish", [{"choices": 2}, {"seed": 1}, {"logprobs": 0}, {"json": True}, {"effort": "low"}]
)
def test_what_the_format_cannot_say_is_refused(wish: dict[str, Any]) -> None:
    """With a sentence; effort where the provider's row says that it is unknown there."""
    prompt = Prompt(messages=(user(Text("x")),), **wish)
    deaf = Provider(id="p", name="P", wire="anthropic", effort_style="")
    with pytest.raises(UnsupportedInput, match="cannot be sent") as refused:
        encoded(prompt, provider=deaf)
    assert refused.value.why
    assert refused.value.do
