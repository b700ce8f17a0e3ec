"""Requests that clients of the gateway send: read, and said again in each format that can."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from gateway_exchange import SERVED, sent
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import RequestInvalid, UnsupportedInput, UsageError
from reckon.providers.registry import gateway_format
from reckon.vocabulary.call import Request
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    Message,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from recorded_wire import Json, needs_recordings, with_format

REQUESTS = [
    pytest.param(wire, exchange["request"]["body"], id=f"{wire}-{exchange['id']}")
    for wire, exchange in with_format()
    if wire in SERVED and isinstance(exchange["request"]["body"], dict)
]
PIXEL = base64.b64encode(b"picture").decode()
PICTURE = Attachment(
    media_type="image/png",
    modality="image",
    content=b"picture",
    digest="1e6cbbfc26bf9cd2e2e6c88e5d4bf6e3c2dd68a0ed2c0f7b6b5d4f3c2a1b0c9d",
)


def asked(wire: str, body: Json) -> Request:
    """What the gateway reads in a body."""
    return gateway_format(wire).decode(json.dumps(body).encode())


def same(value: Any) -> Any:
    """A body without what says nothing: nulls, empty lists, and two ways to say one thing."""
    if isinstance(value, list):
        value = _one_turn_each(value)
        words = [_words(each) for each in value]
        if value and None not in words:
            return "".join(each for each in words if each is not None)
        return [same(each) for each in value]
    if isinstance(value, dict):
        found = {name: same(each) for name, each in value.items() if name not in SILENT}
        if "reasoning" in found and "role" in found:
            found["reasoning_content"] = found.pop("reasoning")
        for name, (word, other) in WORDS.items():
            if found.get(name) == word:
                found[name] = other
        return {
            name: each
            for name, each in found.items()
            if each not in (None, "", [], {}) and (name, each) not in DEFAULTS
        }
    return value


def _words(part: Any) -> str | None:
    """The words of a part that holds nothing else."""
    if not isinstance(part, dict):
        return None
    left = {k: v for k, v in part.items() if k not in ("type", "annotations", "logprobs") and v}
    plain = part.get("type") in ("text", "input_text", "output_text") and left.keys() <= {"text"}
    return left.get("text", "") if plain else None


def _one_turn_each(values: list[Any]) -> list[Any]:
    """Neighbours of one role in Anthropic's format are one turn."""
    turns: list[Any] = []
    for each in values:
        last = turns[-1] if turns else None
        if (
            isinstance(each, dict)
            and isinstance(last, dict)
            and each.keys() == last.keys() == {"role", "content"}
            and each["role"] == last["role"] != "system"
            and isinstance(each["content"], list)
            and isinstance(last["content"], list)
        ):
            turns[-1] = {"role": each["role"], "content": last["content"] + each["content"]}
        else:
            turns.append(each)
    return turns


WORDS = {"role": ("developer", "system"), "tool_choice": ("any", "required")}
SILENT = {"model", "stream", "stream_options", "store", "index", "status"}
DEFAULTS = [
    ("n", 1),
    ("type", "message"),
    ("type", "custom"),
    ("prefix", False),
    ("is_error", False),
    ("ttl", "5m"),
    ("format", {"type": "text"}),
    ("response_format", {"type": "text"}),
    ("top_logprobs", 0),
    ("logprobs", False),
    ("include", ["reasoning.encrypted_content"]),
]


@needs_recordings
@pytest.mark.parametrize(("wire", "body"), REQUESTS)
def test_every_recorded_request_is_read_and_said_again_as_it_was(wire: str, body: Json) -> None:
    """In its own format: nothing is lost and nothing is added."""
    prompt = asked(wire, body).prompt
    again = sent(wire, prompt)
    before, after = same(body), same(again)
    for each in (before, after):
        each["limit"] = each.pop("max_completion_tokens", None) or each.pop("max_tokens", None)
        if wire == "openai_responses":
            _one_way(each)
        if isinstance(each.get("stop"), str):
            each["stop"] = [each["stop"]]
        if "output_format" in each:
            each["output_config"] = {"format": each.pop("output_format")}
    assert after == before


def _one_way(body: Json) -> None:
    """Items without names of their own; the first words of the system as instructions."""
    items = body["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    for item in items:
        if item.get("content") and item.get("type") == "reasoning":
            item.pop("summary", None)  # said again
        if item.get("role") or item.get("type") in ("function_call", "function_call_output"):
            item.pop("id", None)
    if items and items[0].get("role") == "system" and "instructions" not in body:
        body["instructions"] = items.pop(0)["content"]
    body["input"] = items


@needs_recordings
@pytest.mark.parametrize("other", ["openai_chat", "openai_responses", "anthropic", "gemini"])
@pytest.mark.parametrize(("wire", "body"), REQUESTS)
def test_every_recorded_request_goes_to_other_formats_or_is_refused_with_a_sentence(
    wire: str, body: Json, other: str
) -> None:
    """All the words of user and model arrive; what cannot go says why."""
    prompt = asked(wire, body).prompt
    try:
        again = json.dumps(sent(other, prompt))
    except UnsupportedInput as error:
        assert error.what
        assert error.why
        assert error.do
        return
    for message in prompt.messages:
        for part in message.parts:
            if isinstance(part, Text):
                assert json.dumps(part.text)[1:-1] in again


FULL = Prompt(
    messages=(
        Message(role="system", parts=(Text("Be brief."),)),
        Message(role="user", parts=(Text("Weather?"), Media(PICTURE))),
        Message(
            role="assistant",
            parts=(
                Text("I look."),
                ToolCall("call_1", "weather", '{"city":"Ulm"}'),
                ToolCall("call_2", "weather", '{"city":"Bonn"}'),
            ),
        ),
        Message(
            role="user",
            parts=(
                ToolResult("call_1", (Text("sun"),), name="weather"),
                ToolResult("call_2", (Text("rain"),), name="weather"),
            ),
        ),
    ),
    max_output_tokens=99,
    temperature=Decimal("0.3"),
    top_p=Decimal("0.9"),
    effort="low",
    tools=(
        Tool(
            name="weather",
            description="Tells the weather.",
            parameters={"type": "object", "properties": {"city": {"type": "string"}}},
        ),
    ),
    tool_choice="weather",
    parallel_tool_calls=False,
    schema=Schema(schema={"type": "object", "properties": {"a": {"type": "string"}}}),
)


@pytest.mark.parametrize("through", SERVED)
def test_a_conversation_survives_each_format(through: str) -> None:
    """What the gateway reads in a request of ours is the prompt that the request was made of."""
    prompt = asked(through, sent(through, FULL)).prompt
    names = {"options_of", "options", "messages"}
    for name in FULL.__struct_fields__:
        if name not in names:
            assert getattr(prompt, name) == getattr(FULL, name), name
    assert _told(prompt) == _told(FULL)
    assert prompt.options.keys() <= {"store", "include"}


def _told(prompt: Prompt) -> Any:
    """The parts by role; media by their bytes, results without the tool's name."""
    told: list[Any] = []
    for message in prompt.messages:
        for part in message.parts:
            said: Any = part
            if isinstance(part, Media):
                said = (part.attachment.media_type, part.attachment.content)
            if isinstance(part, ToolResult):
                said = (part.call_id, part.parts, part.is_error)
            told.append((message.role, said))
    return told


@pytest.mark.parametrize("first", SERVED)
@pytest.mark.parametrize("second", SERVED)
def test_a_conversation_survives_two_formats(first: str, second: str) -> None:
    """From one to the other and back: the request is the same."""
    there = asked(first, sent(first, FULL)).prompt
    back = asked(second, sent(second, there)).prompt
    assert sent(first, back) == sent(first, FULL)


def test_fields_that_we_do_not_know_stay_in_the_request() -> None:
    """And win over ours, as the client wrote them."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "top_k": 4, "new": [1]}
    prompt = asked("openai_chat", body).prompt
    assert prompt.options == {"top_k": 4, "new": [1]}
    assert sent("openai_chat", prompt)["new"] == [1]


def test_a_parameter_that_both_formats_have_is_said_in_the_others_word() -> None:
    """And one that the other has not is refused by name."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "top_k": 4}
    prompt = asked("openai_chat", body | {"user": "me"}).prompt
    assert sent("gemini", prompt)["generationConfig"] == {"topK": 4}
    with pytest.raises(UnsupportedInput) as caught:
        sent("anthropic", asked("openai_chat", body | {"logit_bias": {"1": 2}}).prompt)
    assert caught.value.what == "The parameter 'logit_bias' cannot be sent."
    assert "speaks 'anthropic'" in caught.value.why


def test_parts_that_only_one_format_has_stay_there() -> None:
    """A file by its id, a search that the provider ran, a tool of its own."""
    chat = {"type": "file", "file": {"file_id": "file-1"}}
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    sound = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    chat_turns = [{"role": "user", "content": [chat, {"type": "text", "text": "x"}]}]
    for wire, body, kept in (
        ("openai_chat", {"messages": chat_turns}, chat),
        (
            "anthropic",
            {"max_tokens": 1, "messages": [{"role": "assistant", "content": [search]}]},
            search,
        ),
        ("openai_responses", {"input": [{"role": "user", "content": [sound]}]}, sound),
        ("openai_responses", {"input": [], "tools": [{"type": "web_search"}]}, "web_search"),
    ):
        prompt = asked(wire, {"model": "m", **body}).prompt
        assert json.dumps(kept) in json.dumps(sent(wire, prompt))
        with pytest.raises(UnsupportedInput):
            sent("gemini", prompt)


def test_sealed_thoughts_come_back_through_any_format() -> None:
    """Each client's format has a place for the seals of the others."""
    details = {"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}
    for wire, turn in (
        (
            "openai_chat",
            {"content": "so", "reasoning_details": [details | {"format": "anthropic-claude-v1"}]},
        ),
        (
            "anthropic",
            {
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "text", "text": "so"},
                ]
            },
        ),
    ):
        turns = [{"role": "user", "content": "x"}, {"role": "assistant", **turn}]
        prompt = asked(wire, {"model": "m", "max_tokens": 9, "messages": turns}).prompt
        assert prompt.messages[1].parts[0] == Reasoning("hm", "s", sealed_by="anthropic")
        assert sent("anthropic", prompt)["messages"][1]["content"][0]["signature"] == "s"
        assert "thinking" not in json.dumps(sent("gemini", prompt))


@pytest.mark.parametrize(
    ("wire", "body", "why"),
    [
        ("openai_chat", b"", "The body is not JSON"),
        ("openai_chat", b"[]", "The body is JSON, but not an object."),
        ("openai_chat", b'{"model":"m"}', "missing required field `messages`"),
        (
            "openai_chat",
            b'{"model":"m","messages":[{"role":"king","content":"x"}]}',
            "messages[0]: Invalid enum value 'king' - at `$.role`",
        ),
        (
            "openai_chat",
            b'{"model":"m","messages":[{"role":"user","content":[{"a":1}]}]}',
            "messages[0].content: a part has no type.",
        ),
        (
            "openai_chat",
            b'{"model":"m","messages":[{"role":"user","content":[{"type":"image_url",'
            b'"image_url":{"url":"data:image/png;base64,!"}}]}]}',
            "A image/png is no base64",
        ),
        ("openai_chat", b'{"model":1,"messages":[]}', "Expected `str`, got `int`"),
        ("anthropic", b'{"model":"m","messages":[]}', "missing required field `max_tokens`"),
        ("openai_responses", b'{"model":"m"}', "missing required field `input`"),
        ("openai_responses", b'{"model":"m","input":[{}]}', "input[0]: the item has no type."),
        (
            "openai_chat",
            b'{"model":"m","messages":[],"response_format":{"type":"xml"}}',
            "response_format.type: 'xml' is none of text, json_object, json_schema.",
        ),
        (
            "openai_chat",
            b'{"model":"m","messages":[],"response_format":{"type":"json_schema"}}',
            "holds no schema",
        ),
        (
            "openai_chat",
            b'{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
            "'' is no address of image and no data URL.",
        ),
        ("openai_chat", b'{"model":"m","messages":[],"n":-3}', "Expected `int` >= 1"),
        (
            "anthropic",
            b'{"model":"m","max_tokens":1,"messages":[],"tools":[{"input_schema":{}}]}',
            "A tool has no name.",
        ),
        (
            "anthropic",
            b'{"model":"m","max_tokens":1,"messages":[],"output_format":{"type":"xml"}}',
            "output_config.format.type: 'xml' is not json_schema.",
        ),
        (
            "anthropic",
            b'{"model":"m","max_tokens":1,"messages":[],"tool_choice":{"type":"tool","name":"none"}}',
            "tool_choice.name: a tool that must be called cannot be named 'none'.",
        ),
        (
            "openai_responses",
            b'{"model":"m","input":[{"role":"king","content":"x"}]}',
            "input[0].role: it is none of user, assistant, system, developer.",
        ),
    ],
)
def test_what_is_no_request_is_refused_with_its_place(wire: str, body: bytes, why: str) -> None:
    """So that whoever wrote the client finds it."""
    with pytest.raises(RequestInvalid) as caught:
        gateway_format(wire).decode(body)
    assert caught.value.what == "The request cannot be read."
    assert why in caught.value.why
    assert caught.value.do == "Correct the request and send it again."


KEYS = st.sampled_from(
    """model messages input role content type text image_url url tools tool_calls function name
    arguments thinking signature source data system reasoning reasoning_details stop n max_tokens
    response_format tool_choice output call_id cache_control file file_data""".split()
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("wire", SERVED)
@given(messages=st.lists(st.dictionaries(KEYS, ANYTHING, max_size=5), max_size=4), more=ANYTHING)
def test_whatever_comes_is_a_request_or_an_error_of_ours(
    wire: str, messages: Any, more: Any
) -> None:
    """No body makes the gateway fall over, nor the request that follows from it."""
    body: Any = {"model": "m", "max_tokens": 9, "messages": messages, "input": messages}
    if isinstance(more, dict):
        body = body | more
    try:
        prompt = gateway_format(wire).decode(json.dumps(body).encode()).prompt
        sent("openai_chat", prompt)
    except UsageError as error:
        assert error.do


def test_a_tool_that_a_provider_runs_is_refused_elsewhere_and_not_dropped() -> None:
    """By its name."""
    prompt = Prompt(
        messages=(Message(role="user", parts=(Text("x"),)),),
        tools=(ProviderTool(wire="anthropic", data={"type": "web_search_20250305"}),),
    )
    with pytest.raises(UnsupportedInput, match="tool that the provider runs"):
        sent("openai_chat", prompt)
