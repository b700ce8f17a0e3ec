"""Rare shapes of chat completions, and what of an answer may not go back as it came."""

import json
from typing import Any

import pytest

from reckon.catalogue.load import load
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


@pytest.mark.parametrize("name", ["deepseek", "moonshotai", "zai"])
def test_a_call_goes_back_with_the_reasoning_before_it(name: str) -> None:
    """DeepSeek and Moonshot refuse the turn without it."""
    provider = load().provider(name)
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    sent = sent_back(
        *parts_of({"reasoning_content": "I look at the clock.", "tool_calls": [call]}),
        provider=provider,
    )
    assert sent["reasoning_content"] == "I look at the clock."
    assert sent["tool_calls"] == [call]
