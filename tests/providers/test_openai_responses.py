"""The Responses format: what goes out, what comes back, in pieces of any size."""

import base64
import copy
import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    RateLimited,
    ReckonError,
    RequestRefused,
    UnsupportedInput,
)
from reckon.providers.openai_responses import OpenAIResponses, responses_usage
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
    Citation,
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Response,
    Signed,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

WIRE = OpenAIResponses()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_responses", key_variables=("P_API_KEY",))
PICTURE = Attachment(
    media_type="image/png", modality="image", content=b"\x89PNG...", digest="d", name="a.png"
)
PICTURE_URL = "data:image/png;base64," + base64.b64encode(PICTURE.content).decode()
PDF = Attachment(
    media_type="application/pdf", modality="pdf", content=b"%PDF-1.4", digest="d", name="a.pdf"
)
PDF_URL = "data:application/pdf;base64," + base64.b64encode(PDF.content).decode()


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body."""
    options = {"base_url": "http://x/v1", "key": "sk-1", "stream": False, **more}
    call = WIRE.encode(prompt, MODEL, options.pop("provider", PROVIDER), **options)
    return call, json.loads(call.body)


def sent(*parts: Part, role: Any = "user") -> list[dict[str, Any]]:
    """The input items of one message."""
    return encoded(Prompt(messages=(Message(role=role, parts=parts),)))[1]["input"]


def decoded(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces."""
    decoder = WIRE.decoder(stream=stream)
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    events: list[Event] = []
    for start, end in pairwise(places):
        events += decoder.feed(data[start:end])
    return [*events, *decoder.close()]


def collected(events: Iterable[Event]) -> Response:
    """The response that events build."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.response()


def usage_of(events: list[Event]) -> Usage:
    """The last usage of an answer."""
    return [event.usage for event in events if isinstance(event, UsageSeen)][-1]


def sse(*events: dict[str, Any]) -> bytes:
    """A stream."""
    return b"".join(
        f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n".encode()
        for each in events
    )


# What goes out.


def test_a_prompt_becomes_a_post_with_the_key_in_its_header() -> None:
    """Address, key, model, instructions and input; nothing is kept there."""
    call, body = encoded(Prompt.of("hello", system="be brief", max_output_tokens=9))
    assert call.url == "http://x/v1/responses"
    assert call.headers == {"content-type": "application/json", "authorization": "Bearer sk-1"}
    assert body == {
        "model": "m-1",
        "store": False,
        "instructions": "be brief",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hello"}],
            }
        ],
        "max_output_tokens": 9,
    }


def test_a_query_of_the_base_url_stays_behind_the_path() -> None:
    """Azure's api-version."""
    call, _ = encoded(Prompt.of("x"), base_url="https://r.example/openai/v1/?api-version=preview")
    assert call.url == "https://r.example/openai/v1/responses?api-version=preview"


def test_the_key_travels_in_the_header_that_the_provider_names() -> None:
    """Azure's api-key; without a key there is none."""
    azure = Provider(id="a", name="A", wire="openai_responses", key_header="api-key")
    call, _ = encoded(Prompt.of("x"), provider=azure)
    assert call.headers["api-key"] == "sk-1"
    assert "authorization" not in call.headers
    call, _ = encoded(Prompt.of("x"), key=None)
    assert "authorization" not in call.headers


def test_a_later_system_turn_keeps_its_place_under_the_providers_name_for_it() -> None:
    """Only the first one is the instructions."""
    developer = Provider(id="p", name="P", wire="openai_responses", system_role="developer")
    turns = (
        Message(role="system", parts=(Text("one"),)),
        Message(role="user", parts=(Text("two"),)),
        Message(role="system", parts=(Text("three"),)),
    )
    _, body = encoded(Prompt(messages=turns), provider=developer)
    assert body["instructions"] == "one"
    assert [item["role"] for item in body["input"]] == ["user", "developer"]


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (Text("hi"), {"type": "input_text", "text": "hi"}),
        (Media(PICTURE), {"type": "input_image", "image_url": PICTURE_URL, "detail": "auto"}),
        (
            MediaLink("https://x/a.png", "image"),
            {"type": "input_image", "image_url": "https://x/a.png", "detail": "auto"},
        ),
        (Media(PDF), {"type": "input_file", "filename": "a.pdf", "file_data": PDF_URL}),
        (
            MediaLink("https://x/a.pdf", "pdf"),
            {"type": "input_file", "file_url": "https://x/a.pdf"},
        ),
    ],
)
def test_each_kind_of_content_is_said_in_a_turn_and_in_a_result(
    part: Text | Media | MediaLink, content: dict[str, Any]
) -> None:
    """Text, pictures and PDF files, inline and by address."""
    assert sent(part) == [{"type": "message", "role": "user", "content": [content]}]
    [result] = sent(ToolResult("c1", (Media(PICTURE), part)))
    assert result["output"][1] == content


@pytest.mark.parametrize(
    "part",
    [
        Media(Attachment(media_type="audio/wav", modality="audio", content=b"", digest="d")),
        Media(Attachment(media_type="video/mp4", modality="video", content=b"", digest="d")),
        MediaLink("https://x/a.mp3", "audio"),
        Opaque("anthropic", {"type": "server_tool_use"}),
    ],
)
def test_what_the_format_cannot_carry_is_refused_before_it_is_sent(part: Part) -> None:
    """Sound, films, and parts of other formats, each with a sentence."""
    with pytest.raises(UnsupportedInput, match="cannot be sent") as refused:
        sent(part)
    assert refused.value.why
    assert refused.value.do


@pytest.mark.parametrize(
    "asked", [{"choices": 2}, {"stop": ("a",)}, {"seed": 7}, {"reasoning_tokens": 100}]
)
def test_parameters_that_the_api_has_not_are_refused(asked: dict[str, Any]) -> None:
    """None is dropped in silence."""
    with pytest.raises(UnsupportedInput, match="does not know"):
        encoded(Prompt(messages=Prompt.of("x").messages, **asked))


def test_sampling_effort_logprobs_and_schema_have_their_fields() -> None:
    """And what the answer shall include."""
    prompt = Prompt(
        messages=Prompt.of("x").messages,
        temperature=Decimal("0.5"),
        top_p=Decimal("0.9"),
        logprobs=2,
        effort="low",
        schema=Schema(schema={"type": "object"}, name="person", strict=True),
        parallel_tool_calls=False,
    )
    _, body = encoded(prompt, stream=True)
    del body["input"]
    assert body == {
        "model": "m-1",
        "store": False,
        "stream": True,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_logprobs": 2,
        "reasoning": {"effort": "low"},
        "parallel_tool_calls": False,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "person",
                "schema": {"type": "object"},
                "strict": True,
            }
        },
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    }


def test_json_alone_is_asked_for_where_no_schema_is_given_or_known() -> None:
    """A data row decides whether schemas are enforced."""
    _, body = encoded(Prompt(messages=Prompt.of("x").messages, json=True))
    assert body["text"] == {"format": {"type": "json_object"}}
    loose = Provider(id="p", name="P", wire="openai_responses", schema_style="json_object")
    schema = Schema(schema={"type": "object"})
    _, body = encoded(Prompt(messages=Prompt.of("x").messages, schema=schema), provider=loose)
    assert body["text"] == {"format": {"type": "json_object"}}
    [told, asked] = body["input"]
    assert told["role"] == "system"
    assert '{"type":"object"}' in told["content"][0]["text"]
    assert asked["role"] == "user"


def test_effort_is_refused_where_the_provider_knows_none() -> None:
    """A data row decides."""
    plain = Provider(id="p", name="P", wire="openai_responses", effort_style="")
    with pytest.raises(UnsupportedInput, match="how much to reason"):
        encoded(Prompt(messages=Prompt.of("x").messages, effort="low"), provider=plain)


def test_options_win_and_tables_are_laid_over_ours() -> None:
    """Asking for a summary does not unsay the effort."""
    options = {"store": True, "reasoning": {"summary": "auto"}, "truncation": "auto"}
    _, body = encoded(Prompt(messages=Prompt.of("x").messages, effort="high", options=options))
    assert body["store"] is True
    assert body["truncation"] == "auto"
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}


SEARCH = ProviderTool(wire="openai_responses", data={"type": "web_search"})
WEATHER = Tool(name="weather", description="Tells it.", strict=False)


def test_tools_of_both_kinds_are_declared() -> None:
    """The user's own, and those that the provider runs as they are."""
    prompt = Prompt(messages=Prompt.of("x").messages, tools=(WEATHER, Tool(name="t"), SEARCH))
    _, body = encoded(prompt)
    parameters = {"type": "object", "properties": {}}
    assert body["tools"] == [
        {
            "type": "function",
            "name": "weather",
            "parameters": parameters,
            "strict": False,
            "description": "Tells it.",
        },
        {"type": "function", "name": "t", "parameters": parameters, "strict": None},
        {"type": "web_search"},
    ]
    foreign = ProviderTool(wire="anthropic", data={"type": "web_search_20250305"})
    with pytest.raises(UnsupportedInput, match="web_search_20250305"):
        encoded(Prompt(messages=prompt.messages, tools=(foreign,)))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("weather", {"type": "function", "name": "weather"}),
        ("web_search", {"type": "web_search"}),
        ("grep", {"type": "custom", "name": "grep"}),
    ],
)
def test_a_choice_of_tools_is_a_word_or_names_the_tool(choice: str, said: Any) -> None:
    """By its kind."""
    grep = ProviderTool(wire="openai_responses", data={"type": "custom", "name": "grep"})
    tools = (WEATHER, SEARCH, grep)
    _, body = encoded(Prompt(messages=Prompt.of("x").messages, tools=tools, tool_choice=choice))
    assert body["tool_choice"] == said


def test_a_loop_of_tools_is_said_item_by_item() -> None:
    """Call, result, and words around them, each in its place."""
    assert sent(
        Text("Let me see."), ToolCall("c1", "weather", '{"city": "Paris"}'), role="assistant"
    ) == [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}],
            "id": "msg_00000000",
            "status": "completed",
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "weather",
            "arguments": '{"city": "Paris"}',
        },
    ]
    result = ToolResult("c1", (Text("rain, "), Text("12 C")), name="weather")
    assert sent(result, Text("And?")) == [
        {"type": "function_call_output", "call_id": "c1", "output": "rain, 12 C"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]


def test_a_failure_of_a_tool_is_told_in_words() -> None:
    """The format has no mark for it."""
    [failed] = sent(ToolResult("c1", (Text("no such city"),), is_error=True))
    assert failed["output"] == "Error: no such city"
    [failed] = sent(ToolResult("c1", (Media(PICTURE),), is_error=True))
    assert failed["output"][0] == {"type": "input_text", "text": "Error: "}


def test_each_message_of_the_assistant_has_a_name_of_its_own() -> None:
    """OpenRouter demands one, OpenAI refuses one that comes twice."""
    turn = Message(role="assistant", parts=(Text("yes"),))
    items = encoded(Prompt(messages=(turn, turn)))[1]["input"]
    assert [item["id"] for item in items] == ["msg_00000000", "msg_00000001"]


@pytest.mark.parametrize(
    ("parts", "items"),
    [
        (
            (Reasoning("short", encrypted="E", id="rs_1"),),
            [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [{"type": "summary_text", "text": "short"}],
                    "encrypted_content": "E",
                }
            ],
        ),
        (
            (Reasoning("a\n\n", id="rs_1"), Reasoning("b", encrypted="E", id="rs_1")),
            [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [
                        {"type": "summary_text", "text": "a"},
                        {"type": "summary_text", "text": "b"},
                    ],
                    "encrypted_content": "E",
                }
            ],
        ),
        (
            (Reasoning("open", id="rs_1"),),
            [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [],
                    "content": [{"type": "reasoning_text", "text": "open"}],
                }
            ],
        ),
        ((Reasoning("another format's", signature="S"), Reasoning("", id="rs_1")), []),
    ],
)
def test_reasoning_goes_back_as_one_item_with_its_seal(
    parts: tuple[Part, ...], items: list[dict[str, Any]]
) -> None:
    """Sealed, in several summaries, open, and such as no provider of this format takes."""
    assert sent(*parts, role="assistant") == items
    assert encoded(Prompt(messages=(Message(role="assistant", parts=parts),)))[1]["include"] == [
        "reasoning.encrypted_content"
    ]


def test_marks_of_the_cache_are_sent_where_the_model_is_said_to_know_them() -> None:
    """`prompt_cache_options` says so; without it the provider caches by itself."""
    turns = (
        Message(role="system", parts=(Text("rules", cache="1h"),)),
        Message(role="user", parts=(Text("long", cache="5m"), Text("short"))),
        Message(role="user", parts=(ToolResult("c1", (Text("r"),), cache="5m"),)),
    )
    mark = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    options = {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}
    _, body = encoded(Prompt(messages=turns, options=options))
    assert "instructions" not in body
    assert [item.get("content", item.get("output")) for item in body["input"]] == [
        [{"type": "input_text", "text": "rules", **mark}],
        [{"type": "input_text", "text": "long", **mark}, {"type": "input_text", "text": "short"}],
        [{"type": "input_text", "text": "r", **mark}],
    ]
    _, body = encoded(Prompt(messages=turns))
    assert body["instructions"] == "rules"
    assert "prompt_cache_breakpoint" not in json.dumps(body)


def test_a_picture_in_the_assistants_turn_needs_the_call_that_made_it() -> None:
    """The API takes back nothing else."""
    shell = Opaque("openai_responses", {"type": "image_generation_call", "id": "ig_1"})
    [item] = sent(shell, Media(PICTURE), role="assistant")
    assert item == {**shell.data, "result": base64.b64encode(PICTURE.content).decode()}
    assert "result" not in shell.data
    with pytest.raises(UnsupportedInput, match="assistant's turn"):
        sent(Media(PICTURE), role="assistant")


# The official package as a judge.


def plain(value: Any) -> Any:
    """A value that pydantic checked, with its lazy iterators run to their end."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [plain(each) for each in value]


def judged(body: dict[str, Any]) -> None:
    """The official package knows every field of a request, and every field is of its type."""
    pydantic = pytest.importorskip("pydantic")
    params = pytest.importorskip("openai.types.responses.response_create_params")
    tool_param = pytest.importorskip("openai.types.responses.tool_param").ToolParam
    body = copy.deepcopy(body)
    # Each for itself: pydantic panics where it checks them lazily, as the package's type says.
    for tool in body.pop("tools", ()):
        assert plain(pydantic.TypeAdapter(tool_param).validate_python(tool)) == tool
    kind = (
        "ResponseCreateParamsStreaming" if "stream" in body else "ResponseCreateParamsNonStreaming"
    )
    checked = pydantic.TypeAdapter(getattr(params, kind)).validate_python(body)
    assert plain(checked) == body


@pytest.mark.parametrize("stream", [True, False])
def test_the_official_package_takes_every_request(stream: bool) -> None:
    """All kinds of content, tools, sampling and formats."""
    said = (
        Reasoning("thought", encrypted="E", id="rs_1"),
        Reasoning("open thought", id="rs_2"),
        Opaque(
            "openai_responses",
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "q", "queries": ["q"]},
            },
        ),
        Text("words", signature="phase:commentary"),
        ToolCall("c1", "weather", "{}"),
    )
    prompt = Prompt(
        messages=(
            Message(role="system", parts=(Text("rules"),)),
            Message(
                role="user",
                parts=(
                    Text("look"),
                    Media(PICTURE),
                    MediaLink("https://x/a.png", "image"),
                    Media(PDF),
                    MediaLink("https://x/a.pdf", "pdf"),
                ),
            ),
            Message(role="assistant", parts=said),
            Message(role="user", parts=(ToolResult("c1", (Text("r"), Media(PICTURE))),)),
            Message(role="user", parts=(ToolResult("c2", (Text("r"),)), Text("go on", cache="5m"))),
        ),
        max_output_tokens=100,
        temperature=Decimal(1),
        top_p=Decimal("0.5"),
        logprobs=3,
        effort="xhigh",
        tools=(WEATHER, Tool(name="t"), SEARCH),
        tool_choice="weather",
        parallel_tool_calls=True,
        schema=Schema(schema={"type": "object"}),
        options={"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}},
    )
    judged(encoded(prompt, stream=stream)[1])


# What comes back. The shapes are those of recorded answers.

USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 50,
}
LINK = {
    "type": "url_citation",
    "start_index": 6,
    "end_index": 9,
    "title": "T",
    "url": "https://t.example/",
}
WEIGHTS = [
    {"token": "Hé", "logprob": -0.5, "top_logprobs": [{"token": "Hé", "logprob": -0.5}]},
    {"token": "llo", "logprob": 0, "top_logprobs": []},
]
SEARCHED = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
    "encrypted_content": "ENC",
}
SAID = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "phase": "final_answer",
    "content": [
        {
            "type": "output_text",
            "text": "Héllo you, there",
            "annotations": [LINK],
            "logprobs": WEIGHTS,
        }
    ],
}
CALLED = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city": "Paris"}',
    "status": "completed",
}
OUTPUT = [THOUGHT, SEARCHED, SAID, CALLED]


def answer(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "resp_1",
        "object": "response",
        "model": "m-1-2026",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": USAGE,
        **more,
    }


def begun(index: int, item: dict[str, Any], **empty: Any) -> dict[str, Any]:
    """An item begins."""
    return {"type": "response.output_item.added", "output_index": index, "item": item | empty}


def ended(index: int, item: dict[str, Any]) -> dict[str, Any]:
    """An item is whole."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def piece(kind: str, index: int, item: dict[str, Any], delta: str, **more: Any) -> dict[str, Any]:
    """A piece of an item."""
    return {
        "type": f"response.{kind}.delta",
        "output_index": index,
        "item_id": item["id"],
        "delta": delta,
        "content_index": 0,
        **more,
    }


CREATED = {"type": "response.created", "response": answer(status="in_progress", usage=None)}
COMPLETED = {"type": "response.completed", "response": answer(*OUTPUT)}
STREAM = [
    CREATED,
    begun(0, THOUGHT, summary=[], encrypted_content="half"),
    piece("reasoning_summary_text", 0, THOUGHT, "on", summary_index=0),
    piece("reasoning_summary_text", 0, THOUGHT, "e", summary_index=0),
    {"type": "response.reasoning_summary_text.done", "text": "one", "output_index": 0},
    piece("reasoning_summary_text", 0, THOUGHT, "two", summary_index=1),
    ended(0, THOUGHT),
    begun(1, SEARCHED, status="in_progress"),
    {"type": "response.web_search_call.searching", "output_index": 1, "item_id": "ws_1"},
    ended(1, SEARCHED),
    begun(2, SAID, content=[]),
    piece("output_text", 2, SAID, "Hé", logprobs=WEIGHTS[:1]),
    piece("output_text", 2, SAID, "llo you, there", logprobs=WEIGHTS[1:]),
    {
        "type": "response.output_text.annotation.added",
        "output_index": 2,
        "content_index": 0,
        "annotation_index": 0,
        "item_id": "msg_1",
        "annotation": LINK,
    },
    {"type": "response.output_text.done", "text": "Héllo you, there", "output_index": 2},
    ended(2, SAID),
    begun(3, CALLED, arguments=""),
    piece("function_call_arguments", 3, CALLED, '{"city": '),
    piece("function_call_arguments", 3, CALLED, '"Paris"}'),
    ended(3, CALLED),
    COMPLETED,
]
EXPECTED_PARTS = (
    Reasoning("one\n\n", id="rs_1"),
    Reasoning("two", encrypted="ENC", id="rs_1"),
    Opaque("openai_responses", SEARCHED),
    Text("Héllo you, there", signature="phase:final_answer"),
    ToolCall("call_1", "weather", '{"city": "Paris"}'),
)


def test_a_stream_is_told_event_by_event_and_nothing_twice() -> None:
    """In pieces as they come; whole items and the whole answer repeat them."""
    assert decoded(sse(*STREAM), stream=True) == [
        Started(model="m-1-2026", request_id="resp_1"),
        ReasoningDelta("on"),
        ReasoningDelta("e"),
        ReasoningDelta("\n\n"),
        ReasoningSealed(id="rs_1"),
        ReasoningDelta("two"),
        ReasoningSealed(id="rs_1", encrypted="ENC"),
        PartSeen(Opaque("openai_responses", SEARCHED)),
        TextDelta("Hé"),
        LogprobsSeen((TokenLogprob(token="Hé", logprob=-0.5, top=(("Hé", -0.5),)),)),
        TextDelta("llo you, there"),
        LogprobsSeen((TokenLogprob(token="llo", logprob=0.0),)),
        Cited(Citation(url="https://t.example/", title="T", start=6, end=9, raw=LINK)),
        Signed("phase:final_answer"),
        ToolCallDelta(index=0, id="call_1", name="weather"),
        ToolCallDelta(index=0, arguments='{"city": '),
        ToolCallDelta(index=0, arguments='"Paris"}'),
        UsageSeen(
            Usage(
                input_tokens=30,
                output_tokens=20,
                cached_input_tokens=8,
                cache_write_tokens=4,
                reasoning_tokens=12,
                web_searches=1,
            )
        ),
        Finished("tool_calls"),
    ]


def without(*kinds: str) -> bytes:
    """The stream without events of some kinds."""
    return sse(*(each for each in STREAM if not any(kind in each["type"] for kind in kinds)))


@pytest.mark.parametrize(
    "data",
    [
        sse(*STREAM),
        without("delta", "annotation"),
        without("delta", "annotation", "added", "item.done"),
        without("item.added"),
        without("created"),
        sse(COMPLETED),
        sse(*STREAM[:-1], {"type": "response.completed", "response": answer()}),
        sse(*({n: v for n, v in e.items() if n != "output_index"} for e in STREAM)),
        sse(*({**e, "output_index": 0} if "output_index" in e else e for e in STREAM)),
        sse(*({**e, "item_id": f"other-{n}"} for n, e in enumerate(STREAM))),
        sse(*STREAM) + b"data: [DONE]\n\n",
        b": ping\n\n" + sse(*STREAM).replace(b"\n", b"\r\n"),
    ],
    ids=[
        "full", "no pieces", "no items", "no begin", "no start", "only the end",
        "empty end", "no places", "one place", "other ids", "done", "comments",
    ],
)  # fmt: skip
def test_whatever_a_server_leaves_out_the_answer_is_the_same(data: bytes) -> None:
    """Words, thoughts, calls, sources and weights, each once."""
    streamed = collected(decoded(data, stream=True))
    whole = collected(decoded(json.dumps(answer(*OUTPUT)).encode(), stream=False))
    for response in (streamed, whole):
        assert response.parts == EXPECTED_PARTS
        assert response.text == "Héllo you, there"
        assert [each.url for each in response.citations] == ["https://t.example/"]
        assert [each.token for each in response.logprobs] == ["Hé", "llo"]
        assert response.stop_reason == "tool_calls"
        assert response.usage.input_tokens == 30


def test_without_the_ends_of_items_all_is_told_if_not_in_its_order() -> None:
    """What has no pieces comes with the whole answer; a thought still goes back as one item."""
    response = collected(decoded(without("item.done"), stream=True))
    assert response.text == "Héllo you, there"
    assert [call.arguments for call in response.tool_calls] == [CALLED["arguments"]]
    back = sent(*response.parts, role="assistant")
    assert [item["type"] for item in back] == [
        "reasoning", "message", "function_call", "web_search_call",
    ]  # fmt: skip
    assert back[0] == THOUGHT


def test_an_answer_goes_back_as_exactly_what_came() -> None:
    """Items, in order, without what names them at the provider."""
    response = collected(decoded(sse(*STREAM), stream=True))
    back = sent(*response.parts, role="assistant")
    said = {
        "type": "message",
        "role": "assistant",
        "id": "msg_00000002",
        "status": "completed",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "Héllo you, there", "annotations": []}],
    }
    call = {name: CALLED[name] for name in ("type", "call_id", "name", "arguments")}
    assert back == [THOUGHT, SEARCHED, said, call]


@given(cuts=st.lists(st.integers(0, 6000), max_size=40), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_split_of_a_stream_gives_the_same_events(cuts: list[int], end: str) -> None:
    """Bytes may be cut anywhere, within a character and between CR and LF too."""
    data = sse(*STREAM).replace(b"\n", end.encode())
    assert decoded(data, stream=True, cuts=cuts) == decoded(sse(*STREAM), stream=True)


def test_thoughts_that_end_after_the_answer_began_go_back_in_their_place() -> None:
    """OpenRouter ends the item of open thoughts last, under another id in the whole answer."""
    thought = {
        "type": "reasoning",
        "id": "rs_tmp_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }
    said = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "4"}]}
    data = sse(
        CREATED,
        begun(0, thought, content=[]),
        piece("reasoning_text", 0, thought, "hm"),
        begun(1, said, content=[]),
        piece("output_text", 1, said, "4"),
        ended(1, said),
        ended(0, thought),
        {"type": "response.completed", "response": answer({**thought, "id": "rs_tmp_2"}, said)},
    )
    response = collected(decoded(data, stream=True))
    assert response.parts == (Reasoning("hm", id="rs_tmp_1"), Text("4"))
    assert sent(*response.parts, role="assistant")[0] == thought


def test_a_summary_without_its_seal_is_shown_and_not_sent_back() -> None:
    """Its id names what the provider has not kept."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": THOUGHT["summary"][:1]}
    response = collected(decoded(json.dumps(answer(thought)).encode(), stream=False))
    assert response.reasoning == "one"
    assert sent(*response.parts, role="assistant") == []


def test_a_refusal_is_told_apart() -> None:
    """Built from the documentation."""
    said = {"type": "message", "id": "m", "content": [{"type": "refusal", "refusal": "I won't."}]}
    data = sse(CREATED, piece("refusal", 0, said, "I "), ended(0, said), COMPLETED)
    assert RefusalDelta("won't.") in decoded(data, stream=True)
    response = collected(decoded(json.dumps(answer(said)).encode(), stream=False))
    assert (response.text, response.refused, response.stop_reason) == ("I won't.", True, "refusal")


def test_a_made_picture_is_a_picture_and_goes_back_in_its_call() -> None:
    """In the format that the call names."""
    call = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "output_format": "webp",
        "result": base64.b64encode(b"picture").decode(),
    }
    response = collected(decoded(json.dumps(answer(call)).encode(), stream=False))
    assert [
        each.media_type for each in Message(role="assistant", parts=response.parts).attachments
    ] == ["image/webp"]
    assert sent(*response.parts, role="assistant") == [call]
    failed = call | {"result": None, "status": "failed"}
    response = collected(decoded(json.dumps(answer(failed)).encode(), stream=False))
    assert response.parts == (Opaque("openai_responses", failed),)


def test_positions_of_sources_count_in_the_text_of_the_whole_answer() -> None:
    """The format counts in each part of a message."""
    file = {"type": "file_citation", "file_id": "f", "filename": "a.txt", "index": 2}
    said = {
        "type": "message",
        "id": "m",
        "content": [
            {"type": "output_text", "text": "12345", "annotations": [file]},
            {"type": "output_text", "text": "abcdef ghi", "annotations": [LINK]},
        ],
    }
    response = collected(decoded(json.dumps(answer(said)).encode(), stream=False))
    assert [(each.title, each.start, each.end) for each in response.citations] == [
        ("a.txt", 2, None),
        ("T", 11, 14),
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
        ),
        ({"status": "incomplete", "incomplete_details": None}, "unknown"),
        ({"status": None}, "stop"),
    ],
)
def test_the_end_is_told_from_status_and_details(more: dict[str, Any], reason: str) -> None:
    """Built from the documentation; streamed and whole say the same."""
    said = {name: value for name, value in SAID.items() if name != "phase"}
    whole = answer(said, **more)
    kind = "response.incomplete" if more.get("status") == "incomplete" else "response.completed"
    for events in (
        decoded(json.dumps(whole).encode(), stream=False),
        decoded(sse(CREATED, {"type": kind, "response": whole}), stream=True),
    ):
        assert events[-1] == Finished(reason)  # pyright: ignore[reportArgumentType]


def test_items_that_wait_for_the_user_end_like_calls() -> None:
    """Built from the documentation: a tool of free text."""
    call = {"type": "custom_tool_call", "call_id": "c", "name": "grep", "input": "x"}
    response = collected(decoded(json.dumps(answer(call)).encode(), stream=False))
    assert response.stop_reason == "tool_calls"
    output = Opaque(
        "openai_responses", {"type": "custom_tool_call_output", "call_id": "c", "output": "y"}
    )
    assert sent(*response.parts, role="assistant") + sent(output) == [call, output.data]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            USAGE,  # 30 went in, 8 of them read from the cache and 4 written to it
            Usage(
                input_tokens=30,
                output_tokens=20,
                cached_input_tokens=8,
                cache_write_tokens=4,
                reasoning_tokens=12,
            ),
        ),
        ({"input_tokens": 3, "output_tokens": 4}, Usage(input_tokens=3, output_tokens=4)),
        (
            {"input_tokens": 78, "output_tokens": 37, "cost": 1.13e-05, "is_byok": False},
            Usage(input_tokens=78, output_tokens=37, reported_cost_pico=11_300_000),
        ),
        (
            {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 99}},
            Usage(input_tokens=3, cached_input_tokens=3),
        ),
        ({"input_tokens": -1, "output_tokens": True, "input_tokens_details": []}, Usage()),
    ],
)
def test_usage_is_normalised(usage: dict[str, Any], expected: Usage) -> None:
    """Parts are parts of the whole; nonsense is unknown."""
    assert responses_usage(usage) == expected


@pytest.mark.parametrize(
    ("action", "searches"),
    [({"type": "search"}, 1), ({"type": "open_page"}, 0), ({"type": "find_in_page"}, 0), (None, 1)],
)
def test_searches_are_counted_and_opened_pages_are_not(action: Any, searches: int) -> None:
    """OpenAI bills searches."""
    item = {**SEARCHED, "action": action}
    events = decoded(json.dumps(answer(item)).encode(), stream=False)
    assert usage_of(events).web_searches == searches


# What goes wrong. All shapes are built from the documentation.


def partly(data: bytes, cut: int | None = None) -> tuple[list[Event], ReckonError]:
    """The events before an error, and the error."""
    decoder = WIRE.decoder(stream=True)
    events: list[Event] = []
    with pytest.raises(ReckonError) as caught:
        size = cut or len(data) or 1
        for start in range(0, len(data), size):
            events += decoder.feed(data[start : start + size])
        events += decoder.close()
    return events, caught.value


ERRORS = [
    {"type": "error", "code": "server_error", "message": "their words", "param": None},
    {"type": "error", "error": {"code": "server_error", "message": "their words"}},
    {
        "type": "response.failed",
        "response": answer(
            status="failed", error={"code": "server_error", "message": "their words"}
        ),
    },
]


@pytest.mark.parametrize("error", ERRORS, ids=["flat", "nested", "failed"])
@pytest.mark.parametrize("cut", [None, 1, 7])
def test_an_error_in_mid_stream_comes_after_what_came_before(
    error: dict[str, Any], cut: int | None
) -> None:
    """With code and message, and however the bytes were cut."""
    events, caught = partly(sse(*STREAM[:13], error), cut)
    assert collected(events).text == "Héllo you, there"
    assert isinstance(caught, AnswerInvalid)
    assert "their words (server_error)" in caught.why
    assert caught.retryable


def test_what_a_failed_answer_used_is_told() -> None:
    """It is billed."""
    events, _ = partly(sse(CREATED, ERRORS[2]))
    assert usage_of(events).input_tokens == 30


def test_an_error_in_a_whole_answer_is_an_error() -> None:
    """A refused prompt is final."""
    error = {"code": "invalid_prompt", "message": "not this"}
    for body in (answer(status="failed", error=error), {"error": error}):
        with pytest.raises(AnswerInvalid) as caught:
            decoded(json.dumps(body).encode(), stream=False)
        assert "not this (invalid_prompt)" in caught.value.why
        assert not caught.value.retryable


@given(kept=st.integers(0, len(sse(*STREAM[:-1]))))
def test_a_stream_that_is_cut_anywhere_is_truncated_after_what_came(kept: int) -> None:
    """Half an event is not mistaken for a wrong answer."""
    events, caught = partly(sse(*STREAM[:-1])[:kept])
    assert isinstance(caught, AnswerTruncated)
    every = decoded(sse(*STREAM), stream=True)
    assert events == every[: len(events)]


@pytest.mark.parametrize("status", ["queued", "in_progress", "cancelled"])
def test_an_answer_that_is_not_there_yet_is_truncated(status: str) -> None:
    """Background mode."""
    with pytest.raises(AnswerTruncated, match="stopped before its end"):
        decoded(json.dumps(answer(status=status)).encode(), stream=False)


@pytest.mark.parametrize(
    "data",
    [b"<html>502</html>", b"not json", b"[1]", b'{"choices": []}', b"\xff\xfe", b"", b"[" * 99_999],
)
def test_a_body_that_is_no_answer_is_said(data: bytes) -> None:
    """It came under HTTP 200, so it may have been billed."""
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(data, stream=False)
    assert "may have been billed" in invalid.value.why
    assert invalid.value.do


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (400, RequestRefused), (429, RateLimited)]
)
def test_each_status_has_its_error(status: int, kind: type[ReckonError]) -> None:
    """With the provider's own words."""
    body = json.dumps({"error": {"message": "their words", "code": "c"}}).encode()
    error = WIRE.error(status, {}, body, MODEL, PROVIDER)
    assert type(error) is kind
    assert "their words" in error.why


@given(
    data=st.binary(max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=9),
    stream=st.booleans(),
)
def test_no_bytes_crash_a_decoder(data: bytes, cuts: list[int], stream: bool) -> None:
    """Whatever a server sends, it ends in events or in one of our errors."""
    try:
        decoded(data, stream=stream, cuts=cuts)
    except ReckonError as error:
        assert error.what


WORDS = [
    *("type item item_id id output_index content_index summary_index delta logprobs".split()),
    *("annotation annotations content summary text refusal phase encrypted_content".split()),
    *("name call_id arguments action result output_format response output usage error".split()),
    *("status incomplete_details reason code message token logprob top_logprobs".split()),
    *("input_tokens input_tokens_details cached_tokens output_tokens cost start_index".split()),
]
KINDS = [
    *{each["type"] for each in STREAM},
    *("message reasoning function_call image_generation_call web_search_call".split()),
    *("output_text refusal response.failed response.incomplete error file_citation".split()),
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
        | st.builds(
            lambda kind, more: {**more, "type": kind},
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
        )
    ),
    max_leaves=20,
)


@given(values=st.lists(JSON_VALUES, max_size=5), stream=st.booleans())
def test_no_json_of_any_shape_crashes_a_decoder(values: list[Any], stream: bool) -> None:
    """Known names with values of any type, in any order."""
    if stream:
        data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in values)
    else:
        data = json.dumps({"output": values, "usage": values[:1]}).encode()
    try:
        collected(decoded(data, stream=stream))
    except ReckonError as error:
        assert error.what


@given(index=st.integers(0, len(STREAM) - 1), name=st.sampled_from(WORDS), value=JSON_VALUES)
def test_one_wrong_field_anywhere_crashes_nothing(index: int, name: str, value: Any) -> None:
    """In an event, in its item, and in the whole answer."""
    for table in ("", "item", "response"):
        events = copy.deepcopy(STREAM)
        target = events[index].get(table, events[index])
        if isinstance(target, dict):
            target[name] = value
        events[index].setdefault("type", "x")
        data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)
        try:
            decoded(data, stream=True)
        except ReckonError as error:
            assert error.what
