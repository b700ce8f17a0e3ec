"""A prompt in the Responses format, as exact JSON."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from responses_exchange import PDF, PDF_URL, PICTURE, PICTURE_URL, SEARCH, WEATHER, encoded, sent

from reckon.errors import UnsupportedInput
from reckon.vocabulary.model import Provider
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
