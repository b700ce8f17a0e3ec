"""Real answers in the Responses format, recorded at six providers.

What is expected is read from the JSON by a few lines here, not by the code under test.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_helpers import collected, fed_in_pieces

from reckon.errors import ProviderError
from reckon.providers.openai_responses.wire import OpenAIResponses
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Media, Message, Opaque, Prompt, Text
from reckon.vocabulary.response import Event, Response
from recorded_wire import exchanges, needs_recordings

WIRE = OpenAIResponses()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_responses")

PROVIDERS = ("openai", "openrouter", "deepseek", "bedrock-mantle", "azure-openai", "gateway")


def recorded() -> list[dict[str, Any]]:
    """All exchanges of the format."""
    return [
        exchange
        for exchange in exchanges(*PROVIDERS)
        if re.fullmatch(r"POST .*/responses", exchange["endpoint"])
    ]


EXCHANGES = recorded()
ANSWERED = [each for each in EXCHANGES if each["response"]["status"] == 200]
REFUSED = [each for each in EXCHANGES if each["response"]["status"] != 200]
STREAMED = [each for each in ANSWERED if each["request"]["body"].get("stream")]

pytestmark = needs_recordings


def by_id(exchange: dict[str, Any]) -> str:
    """The name of a case."""
    return f"{exchange['provider']}-{exchange['id']}"


def body_of(exchange: dict[str, Any]) -> bytes:
    """The bytes of an answer."""
    return exchange["response"]["body"].encode()


def is_stream(exchange: dict[str, Any]) -> bool:
    """Whether the answer came as events."""
    return not exchange["response"]["body"].startswith("{")


def decoded(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def stream_events(exchange: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON of the events of a stream."""
    lines = exchange["response"]["body"].splitlines()
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    return [json.loads(each) for each in data if each != "[DONE]"]


def whole_answer(exchange: dict[str, Any]) -> dict[str, Any]:
    """The answer; of a stream, with its items as they were when each was done."""
    if not is_stream(exchange):
        return json.loads(exchange["response"]["body"])
    events = stream_events(exchange)
    [answer] = [each["response"] for each in events if each["type"] == "response.completed"]
    done = {
        each["output_index"]: each["item"]
        for each in events
        if each["type"] == "response.output_item.done"
    }
    assert [item["type"] for item in answer["output"]] == [done[n]["type"] for n in sorted(done)]
    return answer | {"output": [done[index] for index in sorted(done)]}


def contents(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """All parts of a kind within the messages of an answer."""
    return [
        part
        for item in answer["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == kind
    ]


def texts(item: dict[str, Any]) -> list[str]:
    """What a reasoning item shows."""
    return [each["text"] for each in [*item["summary"], *(item.get("content") or [])]]


def check_words(response: Response, answer: dict[str, Any]) -> None:
    """Text, thoughts, calls, sources and weights."""
    output = answer["output"]
    assert response.model == answer["model"]
    assert response.request_id == answer["id"]
    said = contents(answer, "output_text")
    assert response.text == "".join(part["text"] for part in said)
    thoughts = ["\n\n".join(texts(item)) for item in output if item["type"] == "reasoning"]
    assert response.reasoning == "".join(thoughts)
    assert [(call.id, call.name, call.arguments) for call in response.tool_calls] == [
        (item["call_id"], item["name"], item["arguments"])
        for item in output
        if item["type"] == "function_call"
    ]
    sources = [source for part in said for source in part["annotations"]]
    assert [citation.raw for citation in response.citations] == sources
    weights = [weight for part in said for weight in part.get("logprobs") or []]
    # OpenAI rounds them in the whole item, and does not in its pieces.
    assert [each.token for each in response.logprobs] == [weight["token"] for weight in weights]
    assert [each.logprob for each in response.logprobs] == pytest.approx(
        [weight["logprob"] for weight in weights], abs=1e-4
    )


def check_books(response: Response, answer: dict[str, Any]) -> None:
    """How it ended, and what it used."""
    calls = any(item["type"] == "function_call" for item in answer["output"])
    assert answer["status"] == "completed"
    assert response.stop_reason == ("tool_calls" if calls else "stop")
    told, usage = answer["usage"], response.usage
    assert usage.input_tokens == told["input_tokens"]
    assert usage.output_tokens == told["output_tokens"]
    assert usage.cached_input_tokens == told["input_tokens_details"]["cached_tokens"]
    assert usage.cache_write_tokens == told["input_tokens_details"].get("cache_write_tokens", 0)
    assert usage.reasoning_tokens == told["output_tokens_details"]["reasoning_tokens"]
    searches = [item for item in answer["output"] if item["type"] == "web_search_call"]
    assert usage.web_searches == len(searches)
    cost = told.get("cost")
    assert usage.reported_cost_pico == (None if cost is None else round(cost * 10**12))


@pytest.mark.parametrize("exchange", ANSWERED, ids=by_id)
def test_every_answer_says_what_its_json_says(exchange: dict[str, Any]) -> None:
    """As it came: whole or streamed."""
    answer = whole_answer(exchange)
    response = collected(decoded(body_of(exchange), stream=is_stream(exchange)))
    check_words(response, answer)
    check_books(response, answer)


@pytest.mark.parametrize("exchange", STREAMED, ids=by_id)
def test_a_stream_and_the_whole_answer_at_its_end_say_the_same(exchange: dict[str, Any]) -> None:
    """The end alone, as a stream without pieces and as one JSON object."""
    answer = stream_events(exchange)[-1]
    end = f"data: {json.dumps(answer)}\n\n".encode()
    whole = json.dumps(answer["response"]).encode()
    streamed = decoded(body_of(exchange), stream=True)
    for events in (decoded(end, stream=True), decoded(whole, stream=False)):
        check_words(collected(events), answer["response"])
        check_books(collected(events), answer["response"])
        assert collected(events).text == collected(streamed).text
        assert collected(events).usage == collected(streamed).usage


def as_sent_back(item: dict[str, Any]) -> dict[str, Any] | None:
    """An item of an answer as the next turn must say it; None where it says nothing."""
    match item["type"]:
        case "message":
            said = "".join(part["text"] for part in item["content"])
            content = [{"type": "output_text", "text": said, "annotations": []}]
            back = {"type": "message", "role": "assistant", "content": content}
            back["status"] = item["status"]
            if item.get("phase"):
                back["phase"] = item["phase"]
            return back if said else None
        case "function_call":
            return {name: item[name] for name in ("type", "call_id", "name", "arguments")}
        case "reasoning":
            kept = ("type", "id", "summary", "content", "encrypted_content")
            return {name: item[name] for name in kept if item.get(name) or name == "summary"}
        case _:
            return item


@pytest.mark.parametrize("exchange", ANSWERED, ids=by_id)
def test_every_answer_goes_back_as_exactly_what_came(exchange: dict[str, Any]) -> None:
    """Sealed thoughts, calls, and what the provider's own tools did, in order."""
    response = collected(decoded(body_of(exchange), stream=is_stream(exchange)))
    turns = (Message(role="assistant", parts=response.parts),)
    call = WIRE.encode(
        Prompt(messages=turns), MODEL, PROVIDER, base_url="http://x", key=None, stream=False
    )
    back = json.loads(call.body)["input"]
    for item in back:
        if item["type"] == "message":  # names are made up for each request
            assert item.pop("id").startswith("msg_")
    expected = [as_sent_back(item) for item in whole_answer(exchange)["output"]]
    assert back == [item for item in expected if item is not None]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_split_of_a_real_stream_gives_the_same_events(data: st.DataObject) -> None:
    """Cut anywhere, and byte by byte around characters of several bytes."""
    short = [each for each in STREAMED if len(each["response"]["body"]) < 20_000]
    body = body_of(data.draw(st.sampled_from(short)))
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=30))
    wide = [place for place, byte in enumerate(body) if byte >= 0x80]
    assert decoded(body, stream=True, cuts=cuts + wide) == decoded(body, stream=True)


@pytest.mark.parametrize("exchange", REFUSED, ids=by_id)
def test_every_refusal_is_an_error_in_the_providers_words(exchange: dict[str, Any]) -> None:
    """Of its status."""
    reply = exchange["response"]
    error = WIRE.error(reply["status"], dict(reply["headers"]), body_of(exchange), MODEL, PROVIDER)
    assert isinstance(error, ProviderError)
    assert error.status == reply["status"]
    said = json.loads(reply["body"])["error"]["message"]
    assert " ".join(said.split())[:250] in error.why


def test_positions_of_sources_point_at_what_was_said() -> None:
    """A page is cited by the brackets that name it; letters, not bytes, are counted."""
    [exchange] = [each for each in ANSWERED if each["id"] == "w-cbdefda43fbb"]
    response = collected(decoded(body_of(exchange), stream=True))
    [citation] = response.citations
    assert "\u2019" in response.text[: citation.start]
    quoted = response.text[citation.start : citation.end]
    assert quoted.startswith("([")
    assert citation.url in quoted


def test_a_made_picture_is_read() -> None:
    """A JPEG of a tool that the provider runs."""
    [exchange] = [each for each in ANSWERED if "image_out" in each["features"]]
    response = collected(decoded(body_of(exchange), stream=False))
    [picture] = [part.attachment for part in response.parts if isinstance(part, Media)]
    assert picture.media_type == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8\xff")
    assert not any(isinstance(part, Text) for part in response.parts)


def test_provider_run_tools_are_kept_as_they_came() -> None:
    """Each kind that was recorded."""
    kinds = {
        part.data["type"]
        for exchange in ANSWERED
        for part in collected(decoded(body_of(exchange), stream=is_stream(exchange))).parts
        if isinstance(part, Opaque)
    }
    assert kinds == {
        "web_search_call",
        "code_interpreter_call",
        "file_search_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
    }
