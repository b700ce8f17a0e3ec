"""Rare shapes of chat completions, and what of an answer may not go back as it came."""

import json
from typing import Any

from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Part, Prompt

WIRE = OpenAIChat()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_chat")

Json = dict[str, Any]


def parts_of(message: Json) -> tuple[Part, ...]:
    """What an answer of this message holds."""
    answer = {"id": "c-1", "choices": [{"message": message, "finish_reason": "stop"}]}
    decoder, collector = WIRE.decoder(stream=False), Collector()
    for event in (*decoder.feed(json.dumps(answer).encode()), *decoder.close()):
        collector.add(event)
    return collector.response().parts


def sent_back(*parts: Part, provider: Provider = PROVIDER) -> Json:
    """The message that a model's turn of these parts becomes."""
    prompt = Prompt(messages=(Message(role="assistant", parts=parts),))
    call = WIRE.encode(prompt, MODEL, provider, base_url="http://x", key=None, stream=False)
    return json.loads(call.body)["messages"][0]


def test_a_call_without_arguments_goes_back_with_an_empty_object() -> None:
    """Whether the field was empty or missing: servers read JSON there."""
    for function in ({"name": "now"}, {"name": "now", "arguments": ""}):
        call = {"id": "call_1", "type": "function", "function": function}
        [sent] = sent_back(*parts_of({"tool_calls": [call]}))["tool_calls"]
        assert sent["function"] == {"name": "now", "arguments": "{}"}
