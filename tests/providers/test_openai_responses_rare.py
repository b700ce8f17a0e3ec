"""Rare shapes of the Responses format, and what of an answer may not go back as it came."""

import json
from typing import Any

import pytest

from reckon.providers.openai_responses.wire import OpenAIResponses
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Opaque, Part, Prompt, Text, ToolCall
from reckon.vocabulary.response import Response

WIRE = OpenAIResponses()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_responses")

Json = dict[str, Any]


def read(*items: Json, streamed: bool) -> Response:
    """An answer of these items, whole or with each item begun and ended."""
    response = {"id": "resp_1", "model": "m-1", "status": "completed", "output": list(items)}
    told: list[Json] = [response]
    if streamed:
        told = []
        for index, item in enumerate(items):
            told.append({"type": "response.output_item.added", "output_index": index, "item": item})
            told.append({"type": "response.output_item.done", "output_index": index, "item": item})
        told.append({"type": "response.completed", "response": response})
    lines = [json.dumps(each) for each in told]
    body = "".join(f"data: {line}\n\n" for line in lines) if streamed else lines[0]
    decoder, collector = WIRE.decoder(stream=streamed), Collector()
    for event in (*decoder.feed(body.encode()), *decoder.close()):
        collector.add(event)
    return collector.response()


def sent_back(*parts: Part) -> list[Json]:
    """The items that a model's turn of these parts becomes."""
    prompt = Prompt(messages=(Message(role="assistant", parts=parts),))
    call = WIRE.encode(prompt, MODEL, PROVIDER, base_url="http://x", key=None, stream=False)
    return json.loads(call.body)["input"]


both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@both_ways
def test_several_summaries_without_a_seal_are_shown_and_not_sent_back(streamed: bool) -> None:
    """As one of them alone; a summary must not go back as if it were the reasoning."""
    summaries = [{"type": "summary_text", "text": text} for text in ("one", "two", "three")]
    thought = {"type": "reasoning", "id": "rs_1", "summary": summaries}
    said = {"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}
    response = read(thought, said, streamed=streamed)
    assert response.reasoning == "one\n\ntwo\n\nthree"
    assert [item["type"] for item in sent_back(*response.parts)] == ["message"]


FOUND = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Oslo"}',
    "namespace": "weather_tools",
    "status": "completed",
}
"""A call of a tool that the model searched for; without its namespace it is refused."""
PLAIN = {name: value for name, value in FOUND.items() if name != "namespace"}


@both_ways
def test_a_call_goes_back_with_its_namespace(streamed: bool) -> None:
    """Beside other calls, and once."""
    other = PLAIN | {"id": "fc_2", "call_id": "call_2", "namespace": None}
    response = read(other, FOUND, streamed=streamed)
    assert [call.id for call in response.tool_calls] == ["call_2", "call_1"]
    assert sent_back(*response.parts) == [
        {"type": "function_call", "call_id": "call_2", "name": "weather", "arguments": SAID},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "weather",
            "arguments": SAID,
            "namespace": "weather_tools",
        },
    ]


SAID = FOUND["arguments"]


def test_a_call_that_was_changed_or_left_out_stays_so() -> None:
    """Only what our noun lacks is added."""
    more = Opaque("openai_responses", FOUND, restates=True)
    changed = ToolCall("call_1", "weather", '{"city":"Rome"}')
    assert sent_back(changed, more)[0]["arguments"] == '{"city":"Rome"}'
    assert sent_back(changed, more)[0]["namespace"] == "weather_tools"
    assert [item["type"] for item in sent_back(Text("Yes."), more)] == ["message"]


@both_ways
def test_a_search_goes_back_without_the_sources_that_were_asked_for(streamed: bool) -> None:
    """The provider tells them and refuses them; the answer keeps them."""
    action = {"type": "search", "query": "news", "queries": ["news"]}
    sources = [{"type": "url", "url": "https://a.example"}, {"type": "api", "name": "weather"}]
    call = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    told = call | {"action": action | {"sources": sources}}
    response = read(told, streamed=streamed)
    assert response.parts == (Opaque("openai_responses", told),)
    assert sent_back(*response.parts) == [call | {"action": action}]
