"""Three formats against a real llama.cpp server: known words, reasoning, calls, an overflow."""

import asyncio
import json
import math
import time
from typing import Literal

import msgspec
import pytest
from engine_calls import (
    GREEDY,
    MODEL,
    WIRES,
    asked,
    asked_together,
    busy_slots,
    counted,
    fetched,
    server,
)

from reckon import net
from reckon.errors import ProviderError
from reckon.providers import call
from reckon.vocabulary.model import Model
from reckon.vocabulary.prompt import Message, Prompt, Schema, Text, Tool, ToolResult
from reckon.vocabulary.response import TextDelta

WEATHER = Tool(
    name="get_weather",
    description="The weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
HELLO = "Hello from the scripted model."


def question(text: str, **fields: object) -> Prompt:
    """A prompt of one user's turn, answered the same each time."""
    turn = Message(role="user", parts=(Text(text),))
    return msgspec.structs.replace(Prompt(messages=(turn,), options=GREEDY), **fields)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("said", "text", "sent"),
    [("hi", HELLO, 22), ("json please", '{"a": 1, "b": "red"}', 31)],
)
def test_known_words_come_back_with_their_tokens(
    llama_server: str, wire: str, stream: bool, said: str, text: str, sent: int
) -> None:
    """A token for each piece and one for the end; cached ones are counted within."""
    answer = asked(llama_server, wire, question(said), stream=stream)
    assert answer.text == text
    assert answer.stop_reason == "stop"
    pieces = 6 if text == HELLO else 4
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (sent, pieces)
    assert answer.usage.cached_input_tokens <= sent


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_reasoning_is_told_apart(llama_server: str, wire: str, stream: bool) -> None:
    """What it thought is no part of what it said; both are output."""
    answer = asked(llama_server, wire, question("think"), stream=stream)
    assert answer.text.strip() == "The answer is 4."
    assert "Two plus two" in answer.reasoning
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (25, 6)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_a_call_comes_back_and_its_result_is_taken(
    llama_server: str, wire: str, stream: bool
) -> None:
    """Name and arguments whole; the next turn, with the call and its result, is accepted."""
    first = question("What is the weather?", tools=(WEATHER,))
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
        Prompt(messages=(*first.messages, turn, back), options=GREEDY),
        stream=stream,
    )
    # The server counts the same words, whichever format brought the call and its result back.
    assert (again.text, again.usage.input_tokens) == (HELLO, 160)


@pytest.mark.parametrize("wire", ["openai_chat", "anthropic"])
def test_an_answer_that_was_cut_says_so(llama_server: str, wire: str) -> None:
    """The endless script ends at the cap."""
    answer = asked(llama_server, wire, question("loop", max_output_tokens=6))
    assert answer.stop_reason == "length"
    assert answer.text == "la la la la la la "


class Paint(msgspec.Struct, forbid_unknown_fields=True):
    """What the schema below allows."""

    color: Literal["red", "blue"]
    sure: bool
    size: int


PAINT = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "blue"]},
        "sure": {"type": "boolean"},
        "size": {"type": "integer", "minimum": 1, "maximum": 99},
    },
    "required": ["color", "sure", "size"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses"])
def test_noise_that_is_held_to_a_schema_keeps_to_it(
    random_server: str, wire: str, seed: int, stream: bool
) -> None:
    """The server draws only what its grammar allows; whatever the weights would have said.

    Its Responses side leaves `text.format` unread and takes the words of chat completions.
    """
    options: dict[str, object] = {"temperature": 1, "seed": seed}
    prompt = question("what", options=options, schema=Schema(schema=PAINT))
    if wire == "openai_responses":
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": PAINT}}
        prompt = question("what", options={**options, "response_format": form})
    answer = asked(random_server, wire, prompt, stream=stream)
    assert answer.stop_reason == "stop"
    paint = msgspec.json.decode(answer.text, type=Paint)
    assert 1 <= paint.size <= 99


def test_noise_without_a_schema_is_no_json(random_server: str) -> None:
    """So that the test above shows what it says."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(
            asked(random_server, "openai_chat", question("what", max_output_tokens=50)).text
        )


@pytest.mark.parametrize("stream", [True, False])
def test_probabilities_come_with_their_tokens(llama_server: str, stream: bool) -> None:
    """The script is certain; its second choice has next to no chance."""
    prompt = question("hi", logprobs=2, max_output_tokens=2)
    answer = asked(llama_server, "openai_chat", prompt, stream=stream)
    assert [(each.token, each.logprob) for each in answer.logprobs] == [
        ("Hello", 0.0),
        (" from", 0.0),
    ]
    for each in answer.logprobs:
        first, (_, second) = each.top
        assert first == (each.token, 0.0)
        # The logits are 2 * sqrt(width of the model) and 0.
        assert second == pytest.approx(-2 * math.sqrt(288), abs=0.01)


@pytest.mark.parametrize("stream", [True, False])
def test_several_answers_come_apart(llama_server: str, stream: bool) -> None:
    """Their pieces are mixed on the wire."""
    answer = asked(llama_server, "openai_chat", question("hi", choices=3), stream=stream)
    assert answer.text == HELLO
    assert [(each.text, each.stop_reason) for each in answer.others] == [(HELLO, "stop")] * 2


@pytest.mark.parametrize(
    ("wire", "path"),
    [("anthropic", "/messages/count_tokens"), ("openai_responses", "/responses/input_tokens")],
)
@pytest.mark.parametrize("text", ["hi", "Grüße, 世界!", "think " * 50])
def test_the_servers_counter_and_its_bill_agree_on_our_request(
    llama_server: str, wire: str, path: str, text: str
) -> None:
    """The counter takes the same body."""
    prompt = question(text)
    billed = asked(llama_server, wire, prompt).usage.input_tokens
    assert counted(llama_server, wire, path, prompt) == billed


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_a_second_call_reads_the_prompt_from_the_cache(
    llama_server: str, wire: str, stream: bool
) -> None:
    """All but the last token, and those are still counted as input."""
    prompt = question(f"hi again by {wire} {stream}")
    first, second = (asked(llama_server, wire, prompt, stream=stream).usage for _ in range(2))
    assert first.input_tokens is not None
    assert second.input_tokens == first.input_tokens
    assert first.cached_input_tokens < second.cached_input_tokens == first.input_tokens - 1


def test_the_listed_model_is_the_one_that_answers(llama_server: str) -> None:
    """The list is at the path of the provider's row."""
    [row] = fetched(llama_server + server("openai_chat").models_path)["data"]
    assert row["architecture"]["input_modalities"] == ["text"]
    listed = Model(id=row["id"], provider="llamacpp", organization="o", max_output_tokens=20)
    for wire in WIRES:
        assert asked(llama_server, wire, question("hi"), model=listed).model == row["id"]


def test_streams_at_the_same_time_do_not_mix(llama_server: str) -> None:
    """Twelve at four slots, in all formats: each has its own words."""
    said = {"hi": HELLO, "think": "The answer is 4.", "json": '{"a": 1, "b": "red"}'}
    said["loop"] = "la la la la la la"
    questions = [(wire, question(word, max_output_tokens=6)) for wire in WIRES for word in said]
    answers = asked_together(llama_server, questions)
    assert [each.text.strip() for each in answers] == [*said.values()] * len(WIRES)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_an_overflow_is_refused_with_the_servers_numbers(
    llama_server: str, wire: str, stream: bool
) -> None:
    """9,000 letters do not fit into 2,048 tokens."""
    with pytest.raises(ProviderError) as refused:
        asked(llama_server, wire, question("x" * 9000), stream=stream)
    assert refused.value.status == 400
    assert not refused.value.retryable
    assert "9020" in refused.value.why
    assert "2048" in refused.value.why


@pytest.mark.parametrize("wire", WIRES)
def test_a_cancelled_stream_frees_the_slot(llama_server: str, wire: str) -> None:
    """Leaving in mid-answer ends the work at the server, too."""

    async def work() -> None:
        async with net.Client() as client:
            events = call.respond(
                question("loop", max_output_tokens=100_000),
                MODEL,
                server(wire),
                base_url=llama_server,
                key=None,
                client=client,
            )
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            await events.aclose()
            give_up = time.monotonic() + 20
            while await asyncio.to_thread(busy_slots, llama_server):
                assert time.monotonic() < give_up, "the slot is still busy"
                await asyncio.sleep(0.02)

    net.run(work())
