"""Anthropic's messages: what goes out, what comes back, in pieces of any size."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from anthropic.types import (
    ContentBlockParam,
    TextBlockParam,
    ToolUnionParam,
    WebSearchResultBlockParam,
)
from anthropic.types import message_create_params as sdk
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    ReckonError,
    RequestRefused,
    UnsupportedInput,
)
from reckon.providers.anthropic.wire import AnthropicMessages
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from reckon.vocabulary.response import (
    Event,
    Finished,
    ReasoningDelta,
    ReasoningSealed,
    Response,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

WIRE = AnthropicMessages()
MODEL = Model(id="claude-x", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="anthropic", key_variables=("P_API_KEY",))
PICTURE = Attachment(
    media_type="image/png", modality="image", content=b"\x89PNG...", digest="d", name="a.png"
)
PDF = Attachment(
    media_type="application/pdf", modality="pdf", content=b"%PDF", digest="d", name="a.pdf"
)
WEATHER = Tool(
    name="weather",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
REQUEST: TypeAdapter[Any] = TypeAdapter(sdk.MessageCreateParamsNonStreaming)
STREAMED_REQUEST: TypeAdapter[Any] = TypeAdapter(sdk.MessageCreateParamsStreaming)
BLOCK: TypeAdapter[Any] = TypeAdapter(ContentBlockParam)
TEXT_BLOCK: TypeAdapter[Any] = TypeAdapter(TextBlockParam)
PAGE: TypeAdapter[Any] = TypeAdapter(WebSearchResultBlockParam)
TOOL: TypeAdapter[Any] = TypeAdapter(ToolUnionParam)
PICTURE_BLOCK = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(PICTURE.content).decode(),
    },
}


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body, which Anthropic's own types accept without losing a word."""
    options: dict[str, Any] = {"base_url": "http://x/v1", "key": "sk-1", "stream": False, **more}
    call = WIRE.encode(
        prompt, options.pop("model", MODEL), options.pop("provider", PROVIDER), **options
    )
    body = json.loads(call.body)
    judged(body)
    return call, body


def judged(body: dict[str, Any]) -> None:
    """Check a body against the official types; older models' sampling left them in SDK 2.12.

    Their `Iterable` fields are checked only when they are walked, so each block is judged alone.
    """
    rest = {name: body[name] for name in body if name not in ("temperature", "top_p")}
    for turn in rest.pop("messages"):
        assert set(turn) == {"role", "content"}
        for block in turn["content"]:
            if block["type"] == "web_search_tool_result":
                for page in block["content"]:
                    accepted(PAGE, page)
                accepted(BLOCK, {**block, "content": []})
            else:
                accepted(BLOCK if turn["role"] != "system" else TEXT_BLOCK, block)
    for tool in rest.pop("tools", ()):
        accepted(TOOL, tool)
    if not isinstance(rest.get("system"), str):
        for block in rest.pop("system", ()):
            accepted(TEXT_BLOCK, block)
    accepted(STREAMED_REQUEST if rest.get("stream") else REQUEST, {**rest, "messages": []})


def accepted(judge: TypeAdapter[Any], value: Any) -> None:
    """Whether a type takes a value and knows each of its words."""
    assert json.loads(judge.dump_json(judge.validate_python(value))) == value


def body_of(*parts: Part, **more: Any) -> dict[str, Any]:
    """The body of a prompt of one user's turn."""
    return encoded(Prompt(messages=(user(*parts or (Text("hi"),)),), **more))[1]


def content_of(*parts: Part) -> Any:
    """The blocks of a user's turn."""
    [turn] = body_of(*parts)["messages"]
    return turn["content"]


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(role="user", parts=parts)


def assistant(*parts: Part) -> Message:
    """A model's turn."""
    return Message(role="assistant", parts=parts)


def system(*parts: Part) -> Message:
    """A system's turn."""
    return Message(role="system", parts=parts)


def turns_of(*messages: Message, provider: Provider = PROVIDER) -> list[Any]:
    """The turns of a conversation."""
    return encoded(Prompt(messages=messages), provider=provider)[1]["messages"]


def said_back(response: Response) -> Any:
    """The blocks that say an answer back as the model's turn."""
    [_, turn] = turns_of(user(Text("hi")), assistant(*response.parts))
    return turn["content"]


def decoded(data: bytes, *, stream: bool, cuts: tuple[int, ...] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    decoder = WIRE.decoder(stream=stream)
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    events: list[Event] = []
    start = 0
    for end in ends:
        events += decoder.feed(data[start:end])
        start = end
    return [*events, *decoder.close()]


def collected(events: list[Event]) -> Response:
    """The response that the events make."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.response()


def usage_of(events: list[Event]) -> Usage:
    """The last usage of an answer."""
    return [event.usage for event in events if isinstance(event, UsageSeen)][-1]


# What goes out.


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


# What comes back. The answers are small ones of our own; their shapes are those of recorded ones.

SEARCH = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "wetter köln"},
}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {
            "type": "web_search_result",
            "url": "https://x",
            "title": "X",
            "encrypted_content": "Eo4U",
            "page_age": None,
        }
    ],
}
SOURCE = {
    "type": "web_search_result_location",
    "cited_text": "18 degrees",
    "url": "https://x",
    "title": "X",
    "encrypted_index": "EpMB",
}
CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "They ask for the wéather 🌦.", "signature": "EqQB"},
    {"type": "redacted_thinking", "data": "AbC="},
    {"type": "text", "text": "Let me see. "},
    SEARCH,
    FOUND,
    {"type": "text", "text": "In Köln: "},
    {"type": "text", "text": "18° ☂", "citations": [SOURCE]},
    {"type": "text", "text": " today."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Zürich"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
]
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 50,
    "cache_read_input_tokens": 7,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    "output_tokens": 40,
    "output_tokens_details": {"thinking_tokens": 25},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "standard",
}


def whole(
    content: list[dict[str, Any]], usage: Any = USAGE, reason: str | None = "end_turn"
) -> bytes:
    """An answer as one object."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-1",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }
    return json.dumps(message).encode()


def event(kind: str, **content: Any) -> bytes:
    """One event, padded with spaces as Anthropic pads them."""
    data = json.dumps({"type": kind, **content}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data[:-1]}   }}  \n\n".encode()


def pieces_of(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block begins, and its pieces."""
    kind = block["type"]
    if kind == "text":
        half = len(block["text"]) // 2
        texts = [block["text"][:half], block["text"][half:]]
        start: dict[str, Any] = {"type": "text", "text": ""}
        cited = [
            {"type": "citations_delta", "citation": each} for each in block.get("citations", [])
        ]
        if cited:
            start["citations"] = []
        return start, [*cited, *({"type": "text_delta", "text": each} for each in texts)]
    if kind == "thinking":
        half = len(block["thinking"]) // 2
        texts = [block["thinking"][:half], "", block["thinking"][half:]]
        thoughts = [{"type": "thinking_delta", "thinking": each} for each in texts]
        sealed = {"type": "signature_delta", "signature": block["signature"]}
        return {"type": kind, "thinking": "", "signature": ""}, [*thoughts, sealed]
    if "input" in block:
        given = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
        texts = ["", *(given[start : start + 7] for start in range(0, len(given), 7))]
        pieces = [{"type": "input_json_delta", "partial_json": each} for each in texts]
        return {**block, "input": {}}, pieces
    return block, []


def streamed(
    content: list[dict[str, Any]], usage: dict[str, Any] = USAGE, reason: str = "end_turn"
) -> bytes:
    """An answer as a stream: output tokens are counted anew at the end."""
    begun: dict[str, Any] = {
        "id": "msg_1",
        "model": "claude-x-1",
        "content": [],
        "usage": {**usage, "output_tokens": 1},
    }
    data = event("message_start", message=begun)
    for index, block in enumerate(content):
        start, pieces = pieces_of(block)
        data += event("content_block_start", index=index, content_block=start) + event("ping")
        for piece in pieces:
            data += event("content_block_delta", index=index, delta=piece)
        data += event("content_block_stop", index=index)
    last = {name: usage[name] for name in usage if name != "cache_creation"}
    data += event("message_delta", delta={"stop_reason": reason}, usage=last)
    return data + event("message_stop")


def answer(content: list[dict[str, Any]], *, stream: bool, **more: Any) -> list[Event]:
    """The events of an answer."""
    data = streamed(content, **more) if stream else whole(content, **more)
    return decoded(data, stream=stream)


@pytest.mark.parametrize("stream", [True, False])
def test_every_kind_of_block_is_told(stream: bool) -> None:
    """Streamed and whole say the same: text, reasoning, calls, sources, usage, end."""
    events = answer(CONTENT, stream=stream, reason="tool_use")
    response = collected(events)
    assert events[0] == Started(model="claude-x-1", request_id="msg_1")
    assert response.text == "Let me see. In Köln: 18° ☂ today."
    assert response.reasoning == "They ask for the wéather 🌦."
    assert response.reasoning_parts == (
        Reasoning("They ask for the wéather 🌦.", signature="EqQB", sealed_by="anthropic"),
        Reasoning(encrypted="AbC=", sealed_by="anthropic"),
    )
    first, second = response.tool_calls
    assert (first.id, first.name, json.loads(first.arguments)) == (
        "toolu_1",
        "weather",
        {"city": "Zürich"},
    )
    assert second == ToolCall("toolu_2", "now", "{}")
    assert [part.data for part in response.parts if isinstance(part, Opaque)][:2] == [SEARCH, FOUND]
    assert events[-1] == Finished("tool_calls")


@pytest.mark.parametrize("stream", [True, False])
def test_a_source_is_told_with_the_words_that_it_stands_for(stream: bool) -> None:
    """Start and end count characters of the whole answer's text."""
    response = collected(answer(CONTENT, stream=stream))
    [citation] = response.citations
    assert response.text[citation.start : citation.end] == "18° ☂"
    assert (citation.url, citation.title, citation.quote) == ("https://x", "X", "18 degrees")
    assert citation.raw == SOURCE


@pytest.mark.parametrize("stream", [True, False])
def test_usage_is_added_up_by_hand(stream: bool) -> None:
    """10 fresh, 7 read, 20 + 30 written; the 40 of the end replace the 1 of the beginning."""
    assert usage_of(answer(CONTENT, stream=stream)) == Usage(
        input_tokens=10 + 7 + 20 + 30,
        output_tokens=40,
        cached_input_tokens=7,
        cache_write_tokens=20,
        cache_write_1h_tokens=30,
        reasoning_tokens=25,
        web_searches=2,
    )


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_goes_back_exactly_as_it_came(stream: bool) -> None:
    """Only neighbouring texts without sources may be one."""
    assert said_back(collected(answer(CONTENT, stream=stream))) == CONTENT


def test_a_text_that_somebody_changed_stays_changed() -> None:
    """Its sources no longer fit and stay out."""
    response = collected(answer(CONTENT[5:7], stream=False))
    parts = [Text("In Bonn") if isinstance(part, Text) else part for part in response.parts]
    [_, turn] = turns_of(user(Text("x")), assistant(*parts))
    assert turn["content"] == [{"type": "text", "text": "In Bonn"}]


def test_a_cache_marker_on_a_text_with_sources_stays() -> None:
    """It marks the end of the text."""
    [text, cited] = collected(answer(CONTENT[5:7], stream=False)).parts
    assert isinstance(text, Text)
    [_, turn] = turns_of(user(Text("x")), assistant(Text(text.text, cache="5m"), cited))
    marker = {"cache_control": {"type": "ephemeral"}}
    assert turn["content"] == [CONTENT[5], {**CONTENT[6], **marker}]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "toolset_name": "browser"},
        {
            "type": "tool_use",
            "id": "t",
            "name": "f",
            "input": {"a": 1},
            "caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"},
        },
    ],
)
def test_a_call_that_code_made_goes_back_with_its_caller(
    stream: bool, call: dict[str, Any]
) -> None:
    """Built from the documentation: programmatic tool calling, toolsets."""
    response = collected(answer([call], stream=stream))
    assert [each.name for each in response.tool_calls] == ["f"]
    assert said_back(response) == [call]


@pytest.mark.parametrize("stream", [True, False])
def test_a_direct_caller_needs_no_mention(stream: bool) -> None:
    """It is the default, so the conversation can go on with another provider."""
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}}
    assert collected(answer([call], stream=stream)).parts == (ToolCall("t", "f", "{}"),)


def test_a_summary_that_comes_in_pieces_is_put_together() -> None:
    """Built from the documentation: compaction, whose strings go on and whose rest replaces."""
    data = event("message_start", message={"usage": {"input_tokens": 1}})
    start = {"type": "compaction", "content": None}
    data += event("content_block_start", index=0, content_block=start)
    for piece in ({"content": "They "}, {"content": "spoke.", "encrypted_content": "E"}):
        delta = {"type": "compaction_delta", "encrypted_content": None, **piece}
        data += event("content_block_delta", index=0, delta=delta)
    data += event("content_block_stop", index=0)
    data += event("message_delta", delta={"stop_reason": "compaction"}, usage={"output_tokens": 2})
    response = collected(decoded(data, stream=True))
    whole_block = {"type": "compaction", "content": "They spoke.", "encrypted_content": "E"}
    assert response.parts == (Opaque("anthropic", whole_block),)
    assert response.stop_reason == "pause"


def test_what_compaction_used_is_added_and_what_an_advisor_used_is_not() -> None:
    """The first is billed at this model's price and in no total; the second is another model's,
    so that it is named and the cost is not known."""
    usage = {
        "input_tokens": 229,
        "output_tokens": 5,
        "iterations": [
            {
                "type": "compaction",
                "input_tokens": 100,
                "output_tokens": 131,
                "cache_creation_input_tokens": 55096,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 55000,
                    "ephemeral_1h_input_tokens": 96,
                },
            },
            {"type": "message", "input_tokens": 229, "output_tokens": 5},
            {"type": "advisor_message", "input_tokens": 9, "output_tokens": 9, "model": "m"},
        ],
    }
    assert usage_of(answer([], stream=False, usage=usage)) == Usage(
        input_tokens=229 + 100 + 55096,
        output_tokens=5 + 131,
        cache_write_tokens=55000,
        cache_write_1h_tokens=96,
        billed_besides="advice of m",
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 2}, Usage(input_tokens=3, output_tokens=2)),
        (
            {"output_tokens": 2, "cache_read_input_tokens": 9},
            Usage(output_tokens=2, cached_input_tokens=9),
        ),
        (
            {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 4}},
            Usage(input_tokens=5, cache_write_1h_tokens=4),
        ),
        (
            {
                "input_tokens": 1,
                "cache_creation_input_tokens": 3,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
            },
            Usage(input_tokens=4, cache_write_1h_tokens=3),
        ),
        ({"input_tokens": -1, "output_tokens": True}, Usage()),
        ({"input_tokens": 2**53 - 1, "cache_read_input_tokens": 9}, Usage(cached_input_tokens=9)),
        (
            {"output_tokens": 4, "output_tokens_details": {"thinking_tokens": 99}},
            Usage(output_tokens=4, reasoning_tokens=4),
        ),
    ],
)
def test_usage_that_lacks_or_lies_is_unknown(usage: dict[str, Any], expected: Usage) -> None:
    """An unknown is no zero, and a part is never more than the whole."""
    assert usage_of(answer([], stream=False, usage=usage)) == expected


def test_the_counts_at_the_end_of_a_stream_replace_those_of_its_beginning() -> None:
    """Input grows while server tools run; null says nothing."""
    begun = {"usage": {"input_tokens": 2039, "output_tokens": 1, "cache_read_input_tokens": 5}}
    last = {"input_tokens": 10423, "output_tokens": 341, "cache_read_input_tokens": None}
    data = event("message_start", message=begun)
    data += event("message_delta", delta={"stop_reason": "end_turn"}, usage=last)
    events = decoded(data, stream=True)
    assert usage_of(events[:2]) == Usage(input_tokens=2044, output_tokens=1, cached_input_tokens=5)
    assert usage_of(events) == Usage(input_tokens=10428, output_tokens=341, cached_input_tokens=5)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("something new", "unknown"),
    ],
)
def test_stop_reasons_are_told_in_our_words(stream: bool, reason: str, told: str) -> None:
    """Each reason of the documentation."""
    response = collected(answer([], stream=stream, reason=reason))
    assert response.stop_reason == told
    assert response.refused is (told == "refusal")


def test_input_of_a_server_tool_that_was_cut_is_kept_as_it_is() -> None:
    """The limit may fall into it."""
    start: dict[str, Any] = {
        "type": "server_tool_use",
        "id": "s",
        "name": "web_search",
        "input": {},
    }
    piece = {"type": "input_json_delta", "partial_json": '{"query": "we'}
    data = event("content_block_start", index=0, content_block=start)
    data += event("content_block_delta", index=0, delta=piece)
    data += event("content_block_stop", index=0)
    data += event("message_delta", delta={"stop_reason": "max_tokens"})
    [part] = collected(decoded(data, stream=True)).parts
    assert part == Opaque("anthropic", {**start, "input": {"INVALID_JSON": '{"query": "we'}})


def test_thinking_without_a_seal_is_a_block_of_its_own() -> None:
    """Servers beside Anthropic's send none."""
    block = {"type": "thinking", "thinking": "hm"}
    events = answer([block, {"type": "text", "text": "so"}], stream=False)
    assert events[1:4] == [
        ReasoningDelta("hm"),
        ReasoningSealed(sealed_by="anthropic"),
        TextDelta("so"),
    ]
    assert collected(answer([{"type": "thinking", "thinking": ""}], stream=False)).parts == ()


def test_blocks_that_are_ended_only_with_the_answer_keep_their_order() -> None:
    """llama.cpp ends its thinking after the text, with an empty signature."""
    data = event("message_start", message={})
    for index, (kind, word) in enumerate((("thinking", "hm"), ("text", "so"))):
        data += event("content_block_start", index=index, content_block={"type": kind})
        delta = {"type": f"{kind}_delta", kind: word}
        data += event("content_block_delta", index=index, delta=delta)
    sealed = {"type": "signature_delta", "signature": ""}
    data += event("content_block_delta", index=0, delta=sealed)
    data += event("content_block_stop", index=0) + event("content_block_stop", index=1)
    data += event("message_delta", delta={"stop_reason": "end_turn"})
    assert collected(decoded(data, stream=True)).parts == (
        Reasoning("hm", sealed_by="anthropic"),
        Text("so"),
    )


@given(
    cuts=st.lists(st.integers(0, 10_000), max_size=40).map(tuple),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_split_of_a_stream_gives_the_same_events(cuts: tuple[int, ...], end: str) -> None:
    """Bytes may be cut anywhere, within a character or a line's end too."""
    data = streamed(CONTENT)
    told = decoded(data, stream=True)
    assert decoded(data.replace(b"\n", end.encode()), stream=True, cuts=cuts) == told


@given(size=st.integers(1, 9))
def test_a_whole_answer_may_come_in_pieces_too(size: int) -> None:
    """And with spaces around it."""
    data = b"\n " + whole(CONTENT) + b"   \n"
    cuts = tuple(range(0, len(data), size * 31))
    assert decoded(data, stream=False, cuts=cuts) == decoded(data, stream=False)


@given(length=st.integers(0, 10_000))
def test_a_stream_that_breaks_off_gives_what_came_and_says_so(length: int) -> None:
    """Wherever it breaks before the stop reason."""
    data = streamed(CONTENT)
    data = data[: min(length, data.index(b"event: message_delta"))]
    decoder = WIRE.decoder(stream=True)
    events = [*decoder.feed(data)]
    said = "".join(each.text for each in events if isinstance(each, TextDelta))
    assert "Let me see. In Köln: 18° ☂ today.".startswith(said)
    # A last event that was cut in its middle is no JSON; both are said as what they are.
    with pytest.raises((AnswerTruncated, AnswerInvalid)) as broken:
        decoder.close()
    assert "may have been billed" in broken.value.why


def test_a_stream_without_a_stop_reason_is_truncated() -> None:
    """What came is kept by whoever collects the events."""
    data = streamed([{"type": "text", "text": "hello"}])
    with pytest.raises(AnswerTruncated, match="stopped before its end"):
        decoded(data[: data.index(b"event: message_delta")], stream=True)
    with pytest.raises(AnswerTruncated):
        decoded(b"", stream=True)


def test_a_missing_message_stop_and_a_stray_done_are_no_error() -> None:
    """The stop reason is the end; some gateways add OpenAI's."""
    data = streamed([{"type": "text", "text": "hello"}])
    cut = data[: data.index(b"event: message_stop")].rstrip()
    assert decoded(cut, stream=True)[-1] == Finished("stop")
    assert decoded(data + b"data: [DONE]\n\n", stream=True)[-1] == Finished("stop")
    assert decoded(event("message_stop"), stream=True) == [Finished("unknown")]


def fault(kind: str, message: str) -> dict[str, Any]:
    """An error as Anthropic says it; built from the documentation."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize("kind", ["overloaded_error", "invalid_request_error"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_error_under_http_200_is_an_error(kind: str, stream: bool) -> None:
    """Built from the documentation."""
    error = fault(kind, "Overloaded")
    data = event("error", **error) if stream else json.dumps(error).encode()
    with pytest.raises(AnswerInvalid, match="broke off") as invalid:
        decoded(data, stream=stream)
    assert f"Overloaded ({kind})" in invalid.value.why


def test_an_error_in_mid_stream_comes_after_what_came() -> None:
    """And is not tried again: what came may be billed."""
    data = streamed([{"type": "text", "text": "hello"}])
    decoder = WIRE.decoder(stream=True)
    events = decoder.feed(data[: data.index(b"event: message_delta")])
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "hello"
    with pytest.raises(AnswerInvalid) as invalid:
        decoder.feed(event("error", **fault("overloaded_error", "Overloaded")))
    assert not invalid.value.retryable
    assert "may have been billed" in invalid.value.why


@pytest.mark.parametrize(
    "data",
    [
        b"<html>502 Bad Gateway</html>",
        b"not json",
        b"[1, 2]",
        b'{"id": "msg_1"}',
        b'{"content": {}}',
        b'{"a": 1}{"b": 2}',
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer_is_said(data: bytes) -> None:
    """It came under HTTP 200, so it may have been billed."""
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(data, stream=False)
    assert "may have been billed" in invalid.value.why
    assert invalid.value.do


def test_a_piece_without_its_block_is_said() -> None:
    """To drop it would lose words in silence."""
    with pytest.raises(AnswerInvalid, match="cannot be read"):
        decoded(event("content_block_delta", index=3, delta={"text": "x"}), stream=True)


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400)), stream=st.booleans())
def test_no_bytes_crash_a_decoder(data: bytes, cuts: list[int], stream: bool) -> None:
    """Whatever a server sends, it ends in events or in one of our errors."""
    try:
        decoded(data, stream=stream, cuts=tuple(cuts))
    except ReckonError as error:
        assert error.what


KINDS = st.sampled_from(
    "message_start content_block_start content_block_delta content_block_stop message_delta "
    "text thinking redacted_thinking tool_use server_tool_use compaction direct error".split()
)
NAMES = st.sampled_from(
    "type index message content_block delta usage error content text thinking signature data "
    "partial_json input citations citation id name caller stop_reason iterations "
    "input_tokens output_tokens cache_creation cache_creation_input_tokens".split()
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=14,
)
EVENTS = st.fixed_dictionaries(
    {"type": KINDS},
    optional={
        "index": st.sampled_from([0, 1, None]),
        "content_block": st.dictionaries(NAMES, JSON_VALUES, max_size=4),
        "delta": st.dictionaries(NAMES, JSON_VALUES, max_size=4),
        "message": JSON_VALUES,
        "usage": JSON_VALUES,
        "content": st.lists(st.dictionaries(NAMES, JSON_VALUES, max_size=5), max_size=4),
    },
)


@given(values=st.lists(EVENTS | JSON_VALUES, max_size=6), stream=st.booleans())
def test_no_json_of_any_shape_crashes_a_decoder(values: list[Any], stream: bool) -> None:
    """Known names with values of any type."""
    texts = [json.dumps(value).encode() for value in values]
    data = b"".join(b"data: " + each + b"\n\n" for each in texts) if stream else b"".join(texts)
    try:
        response = collected(decoded(data, stream=stream))
    except ReckonError as error:
        assert error.what
    else:
        assert isinstance(response.text, str)


@pytest.mark.parametrize("depth", [50, *range(850, 1030, 3)])
def test_no_depth_of_an_input_crashes_a_decoder(depth: int) -> None:
    """Reading and writing JSON both have a limit."""
    deep = '{"a":' * depth + "1" + "}" * depth
    data = whole([{"type": "tool_use", "id": "t", "name": "f", "input": "DEEP"}])
    try:
        events = decoded(data.replace(b'"DEEP"', deep.encode()), stream=False)
    except ReckonError as error:
        assert error.what
    else:
        assert ToolCallDelta(index=0, arguments=deep) in events


# Errors with a status; built from the documentation, but for the 404, which is recorded.


def error_of(status: int, body: Any, **headers: str) -> ProviderError:
    """The error for an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WIRE.error(status, named, json.dumps(body).encode(), MODEL, PROVIDER)


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, "invalid_request_error", RequestRefused, False),
        (401, "authentication_error", AuthError, False),
        (402, "billing_error", RateLimited, False),
        (403, "permission_error", AuthError, False),
        (404, "not_found_error", ModelNotServed, False),
        (413, "request_too_large", RequestRefused, False),
        (429, "rate_limit_error", RateLimited, True),
        (500, "api_error", ProviderDown, True),
        (504, "timeout_error", ProviderDown, True),
        (529, "overloaded_error", ProviderDown, True),
    ],
)
def test_each_status_has_its_error(
    status: int, code: str, kind: type[ProviderError], retryable: bool
) -> None:
    """With Anthropic's own words and the wait that it asks for."""
    error = error_of(status, fault(code, "their words"), retry_after="7")
    assert type(error) is kind
    assert error.retryable is retryable
    assert "their words" in error.why
    assert error.retry_after_s == (7.0 if retryable else None)
