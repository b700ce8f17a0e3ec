"""Recorded exchanges with Anthropic, also by way of Bedrock, against a reading of their own."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import collected, fed_in_pieces

from reckon.errors import ModelNotServed
from reckon.providers.anthropic.wire import AnthropicMessages
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Opaque, Prompt, Reasoning, Text
from reckon.vocabulary.response import Event, Finished, Response
from reckon.vocabulary.usage import Usage
from recorded_wire import exchanges, needs_recordings

WIRE = AnthropicMessages()
MODEL = Model(id="claude-x", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="anthropic")

STOPS = {"end_turn": "stop", "stop_sequence": "stop", "tool_use": "tool_calls"}

JOINED = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "json"}


def recorded() -> list[Any]:
    """All exchanges in Anthropic's format: its own, and whole ones that Bedrock passed on."""
    found = exchanges("anthropic", "bedrock")
    return [pytest.param(each, id=each["id"]) for each in found if is_in_the_format(each)]


def is_in_the_format(exchange: Any) -> bool:
    """Whether an exchange is one of messages; Bedrock's streams have a wrapping of their own."""
    endpoint, body = exchange["endpoint"], exchange["response"].get("body", "")
    passed_on = endpoint == "POST /model/{model}/invoke" and '"type": "message"' in body
    return passed_on or endpoint == "POST /v1/messages"


EXCHANGES = recorded()
ANSWERS = [each for each in EXCHANGES if each.values[0]["response"]["status"] == 200]
ERRORS = [each for each in EXCHANGES if each.values[0]["response"]["status"] != 200]
STREAMS = [each for each in ANSWERS if each.values[0]["response"]["body"].startswith("event:")]


def streams(exchange: Any) -> bool:
    """Whether the answer came as a stream."""
    return exchange["response"]["body"].startswith("event:")


def decoded(exchange: Any, cuts: Iterable[int] = ()) -> list[Event]:
    """The events of an answer, fed in pieces that end at the cuts."""
    body = exchange["response"]["body"].encode()
    return fed_in_pieces(WIRE, body, stream=streams(exchange), cuts=cuts)


def read(exchange: Any) -> dict[str, Any]:
    """The message of an exchange, read without the code under test."""
    body = exchange["response"]["body"]
    if not streams(exchange):
        return json.loads(body)
    message: dict[str, Any] = {}
    for line in body.splitlines():
        if not line.startswith("data:"):
            continue
        event = json.loads(line[5:])
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                join(message["content"][event["index"]], event["delta"])
            case "message_delta":
                message["stop_reason"] = event["delta"]["stop_reason"]
                message["usage"] |= event["usage"]
            case _:
                pass
    for block in message["content"]:
        if "json" in block:
            block["input"] = json.loads(block.pop("json") or "{}")
    return message


def join(block: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a piece to a block."""
    if delta["type"] == "citations_delta":
        block["citations"].append(delta["citation"])
    elif delta["type"] == "signature_delta":
        block["signature"] = delta["signature"]
    else:
        name = JOINED[delta["type"]]
        block[name] = block.get(name, "") + delta.get(name, delta.get("partial_json"))


def turn_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks that must go back: texts without sources joined, defaults left out."""
    turn: list[dict[str, Any]] = []
    for each in message["content"]:
        block = {name: value for name, value in each.items() if value is not None}
        if block.get("caller") == {"type": "direct"} and block["type"] == "tool_use":
            del block["caller"]
        last = turn[-1] if turn else {}
        if set(block) == {"type", "text"} and set(last) == {"type", "text"}:
            last["text"] += block["text"]
        else:
            turn.append(block)
    return turn


@needs_recordings
def test_all_kinds_of_recorded_exchanges_are_here() -> None:
    """20 of Anthropic and 2 of Bedrock, 5 of them streams and one an error."""
    assert (len(EXCHANGES), len(ANSWERS), len(STREAMS)) == (22, 21, 5)


@needs_recordings
@pytest.mark.parametrize("exchange", ANSWERS)
def test_text_reasoning_calls_and_end_are_those_of_the_json(exchange: Any) -> None:
    """Read from the JSON by other means."""
    message = read(exchange)
    response = collected(decoded(exchange))
    blocks = message["content"]
    assert response.model == message["model"]
    assert response.request_id == message["id"]
    assert response.text == "".join(each["text"] for each in blocks if each["type"] == "text")
    assert [(each.text, each.signature) for each in response.reasoning_parts] == [
        (each["thinking"], each["signature"]) for each in blocks if each["type"] == "thinking"
    ]
    assert [(each.id, each.name, json.loads(each.arguments)) for each in response.tool_calls] == [
        (each["id"], each["name"], each["input"]) for each in blocks if each["type"] == "tool_use"
    ]
    assert response.stop_reason == STOPS[message["stop_reason"]]


@needs_recordings
@pytest.mark.parametrize("exchange", ANSWERS)
def test_usage_is_that_of_the_json(exchange: Any) -> None:
    """Cache reads and writes are input; what compaction used is billed too."""
    usage = read(exchange)["usage"]
    iterations = usage.get("iterations", [])
    rounds = [usage, *(u for u in iterations if u["type"] == "compaction")]
    advisors = [u["model"] for u in iterations if u["type"] == "advisor_message"]
    written = sum(each["cache_creation_input_tokens"] for each in rounds)
    read_again = sum(each["cache_read_input_tokens"] for each in rounds)
    searches = usage.get("server_tool_use", {}).get("web_search_requests", 0)
    assert collected(decoded(exchange)).usage == Usage(
        input_tokens=sum(each["input_tokens"] for each in rounds) + written + read_again,
        output_tokens=sum(each["output_tokens"] for each in rounds),
        cached_input_tokens=read_again,
        cache_write_tokens=written,
        reasoning_tokens=usage.get("output_tokens_details", {}).get("thinking_tokens", 0),
        web_searches=searches,
        billed_besides=f"advice of {advisors[0]}"
        if advisors
        else "a container in which code ran" * ("container" in read(exchange)),
    )


@needs_recordings
@pytest.mark.parametrize("exchange", ANSWERS)
def test_sources_are_those_of_the_json(exchange: Any) -> None:
    """Each with the words that it stands for."""
    response = collected(decoded(exchange))
    assert [(each.raw, response.text[each.start : each.end]) for each in response.citations] == [
        (source, block["text"])
        for block in read(exchange)["content"]
        for source in block.get("citations", [])
    ]


@needs_recordings
@pytest.mark.parametrize("exchange", ANSWERS)
def test_an_answer_goes_back_exactly_as_it_came(exchange: Any) -> None:
    """Signatures, calls, sources, and the items of tools that Anthropic ran."""
    parts = collected(decoded(exchange)).parts
    prompt = Prompt(
        messages=(
            Message(role="user", parts=(Text("hi"),)),
            Message(role="assistant", parts=parts),
        )
    )
    call = WIRE.encode(prompt, MODEL, PROVIDER, base_url="http://x", key=None, stream=False)
    assert json.loads(call.body)["messages"][1]["content"] == turn_of(read(exchange))


@needs_recordings
@given(
    cuts=st.lists(st.integers(0, 1 << 20), max_size=60).map(tuple), number=st.integers(0, 1 << 10)
)
def test_any_split_of_a_recorded_stream_gives_the_same_events(
    cuts: tuple[int, ...], number: int
) -> None:
    """Packets carry no meaning."""
    exchange = STREAMS[number % len(STREAMS)].values[0]
    assert decoded(exchange, cuts) == decoded(exchange)


@needs_recordings
@pytest.mark.parametrize("exchange", ERRORS)
def test_a_recorded_error_names_what_is_wrong(exchange: Any) -> None:
    """A model's name that was misspelt."""
    answer = exchange["response"]
    headers = dict(answer["headers"])
    error = WIRE.error(answer["status"], headers, answer["body"].encode(), MODEL, PROVIDER)
    assert isinstance(error, ModelNotServed)
    assert "claude-sonet-4-5" in error.why


def one(name: str) -> Response:
    """The response of one recorded exchange."""
    [exchange] = [each.values[0] for each in EXCHANGES if each.id == name]
    return collected(decoded(exchange))


@needs_recordings
def test_a_web_search_by_hand() -> None:
    """10423 tokens went in at the end, not the 2039 of the beginning; five sources, one search."""
    response = one("w-6180e80b85d0")
    assert response.usage == Usage(input_tokens=10423, output_tokens=341, web_searches=1)
    assert len(response.citations) == 5
    kinds = [part.data["type"] for part in response.parts if isinstance(part, Opaque)]
    assert kinds[:2] == ["server_tool_use", "web_search_tool_result"]


@needs_recordings
def test_thoughts_that_are_only_sealed_by_hand() -> None:
    """The summary is empty, the signature is not, and 28 tokens were thought."""
    response = one("w-014ed610de63")
    first = response.parts[0]
    assert isinstance(first, Reasoning)
    assert first.text == ""
    assert first.signature.startswith("EsECCokB")
    assert response.usage == Usage(
        input_tokens=2390,
        output_tokens=121,
        reasoning_tokens=28,
        billed_besides="advice of claude-opus-4-8",
    )


@needs_recordings
def test_a_compaction_by_hand() -> None:
    """229 for the answer; 100 and 55096 written to the cache for the summary."""
    assert one("w-ec7b7edc5f08").usage == Usage(
        input_tokens=229 + 100 + 55096, output_tokens=5 + 131, cache_write_tokens=55096
    )


@needs_recordings
def test_a_call_in_a_stream_by_hand() -> None:
    """An empty piece of input is an empty object."""
    response = one("w-e0283cd9a79e")
    [call] = response.tool_calls
    assert (call.name, call.arguments) == ("fixed_version", "{}")
    assert response.usage == Usage(input_tokens=598, output_tokens=92, reasoning_tokens=53)


@needs_recordings
@pytest.mark.parametrize("exchange", STREAMS)
def test_a_recorded_stream_ends_with_its_end(exchange: Any) -> None:
    """Once."""
    ends = [isinstance(each, Finished) for each in decoded(exchange)]
    assert ends == [False] * (len(ends) - 1) + [True]
