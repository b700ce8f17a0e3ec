"""Three formats against a real llama.cpp server: known words, reasoning, calls, an overflow."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest

from reckon import net
from reckon.errors import ProviderError
from reckon.providers import call
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Prompt, Text, Tool, ToolResult
from reckon.vocabulary.response import Response, TextDelta

WIRES = ("openai_chat", "openai_responses", "anthropic")
MODEL = Model(id="local-model", provider="llamacpp", organization="o", max_output_tokens=64)
WEATHER = Tool(
    name="get_weather",
    description="The weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
GREEDY = {"temperature": 0}


def asked(base_url: str, wire: str, prompt: Prompt, *, stream: bool = True) -> Response:
    """The answer of the server in that format."""

    async def work() -> Response:
        async with net.Client() as client:
            events = call.respond(
                prompt,
                MODEL,
                Provider(id="llamacpp", name="llama.cpp", wire=wire),
                base_url=base_url,
                key=None,
                client=client,
                stream=stream,
            )
            return await Collector().drain(events)

    return net.run(work())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_known_words_come_back_with_their_tokens(
    llama_server: str, wire: str, stream: bool
) -> None:
    """22 tokens in, 6 out, cached ones counted within; the end is told."""
    answer = asked(llama_server, wire, Prompt.of("hi", options=GREEDY), stream=stream)
    assert answer.text == "Hello from the scripted model."
    assert answer.stop_reason == "stop"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (22, 6)
    assert answer.usage.cached_input_tokens <= 22


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_reasoning_is_told_apart(llama_server: str, wire: str, stream: bool) -> None:
    """What it thought is no part of what it said."""
    answer = asked(llama_server, wire, Prompt.of("think", options=GREEDY), stream=stream)
    assert answer.text.strip() == "The answer is 4."
    assert "Two plus two" in answer.reasoning


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_a_call_comes_back_and_its_result_is_taken(
    llama_server: str, wire: str, stream: bool
) -> None:
    """Name and arguments whole; the next turn, with the call and its result, is accepted."""
    question = Message(role="user", parts=(Text("What is the weather?"),))
    first = Prompt(messages=(question,), tools=(WEATHER,), options=GREEDY)
    answer = asked(llama_server, wire, first, stream=stream)
    assert answer.stop_reason == "tool_calls"
    [wanted] = answer.tool_calls
    assert (wanted.name, json.loads(wanted.arguments)) == ("get_weather", {"city": "Paris"})
    turn = Message(role="assistant", parts=answer.parts)
    result = ToolResult(call_id=wanted.id, parts=(Text("18 degrees"),), name=wanted.name)
    back = Message(role="user", parts=(result, Text("hi")))
    again = asked(
        llama_server,
        wire,
        Prompt(messages=(question, turn, back), options=GREEDY),
        stream=stream,
    )
    # The server counts the same words, whichever format brought the call and its result back.
    assert (again.text, again.usage.input_tokens) == ("Hello from the scripted model.", 160)


@pytest.mark.parametrize("wire", ["openai_chat", "anthropic"])
def test_an_answer_that_was_cut_says_so(llama_server: str, wire: str) -> None:
    """The endless script ends at the cap."""
    answer = asked(llama_server, wire, Prompt.of("loop", max_output_tokens=6, options=GREEDY))
    assert answer.stop_reason == "length"
    assert answer.text.startswith("la la")


@pytest.mark.parametrize("wire", WIRES)
def test_an_overflow_is_refused_with_the_servers_numbers(llama_server: str, wire: str) -> None:
    """9,000 letters do not fit into 2,048 tokens."""
    with pytest.raises(ProviderError) as refused:
        asked(llama_server, wire, Prompt.of("x" * 9000, options=GREEDY))
    assert refused.value.status == 400
    assert "2048" in refused.value.why or "context" in refused.value.why


def test_a_cancelled_stream_frees_the_slot(llama_server: str) -> None:
    """Leaving in mid-answer ends the work at the server, too."""

    async def work() -> None:
        async with net.Client() as client:
            events = call.respond(
                Prompt.of("loop", max_output_tokens=100_000, options=GREEDY),
                MODEL,
                Provider(id="llamacpp", name="llama.cpp", wire="openai_chat"),
                base_url=llama_server,
                key=None,
                client=client,
            )
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            await events.aclose()
            for _ in range(200):
                if not any(slot["is_processing"] for slot in await asyncio.to_thread(slots)):
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the slot is still busy")

    def slots() -> list[dict[str, Any]]:
        with urllib.request.urlopen(llama_server.removesuffix("/v1") + "/slots") as page:
            return json.loads(page.read())

    net.run(work())
