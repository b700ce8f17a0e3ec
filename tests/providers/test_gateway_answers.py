"""Answers that the gateway passes on, whole and streamed, in each format that it serves."""

import json
from typing import Any

import pytest
from gateway_exchange import (
    HEAD,
    SERVED,
    answers,
    collected,
    events_of,
    streamed,
    there_and_back,
)

from reckon.errors import (
    AnswerInvalid,
    AuthError,
    BudgetReached,
    ContextOverflow,
    MissingKey,
    ModelNotServed,
    ProviderDown,
    RateLimited,
    ReckonError,
    RequestInvalid,
    RequestRefused,
)
from reckon.providers.registry import gateway_format, wire_format
from reckon.vocabulary.prompt import Message, Opaque, Reasoning, Text, ToolCall
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
from recorded_wire import needs_recordings

ANSWERS = [pytest.param(wire, events, id=f"{wire}-{name}") for wire, name, events in answers()]
USAGE = Usage(input_tokens=50, output_tokens=20, cached_input_tokens=30, reasoning_tokens=7)
FULL: list[Event] = [
    Started(model="m", request_id="r"),
    ReasoningDelta("They ask "),
    ReasoningDelta("for two."),
    ReasoningSealed(sealed_by="anthropic", signature="sig"),
    TextDelta("I look "),
    TextDelta("both üp."),
    Cited(Citation(url="https://x/a", title="A", start=0, end=4)),
    ToolCallDelta(index=0, id="call_1", name="weather", arguments='{"city":'),
    ToolCallDelta(index=1, id="call_2", name="weather"),
    ToolCallDelta(index=0, arguments='"Ulm"}'),
    ToolCallDelta(index=1, arguments='{"city":"Bonn"}'),
    UsageSeen(USAGE),
    Finished("tool_calls"),
]
STOPS = {"unknown": "stop", "content_filter": "refusal", "pause": "stop"}


def stop(reason: str) -> str:
    """Reasons that not all formats tell apart, as one."""
    return STOPS.get(reason, reason)


def said(response: Response) -> Any:
    """What must survive any format: words, thoughts, calls, reason, tokens."""
    calls = [
        (call.id, call.name, json.loads(call.arguments or "{}")) for call in response.tool_calls
    ]
    usage = response.usage
    counts = (usage.input_tokens or 0, usage.output_tokens or 0, usage.reasoning_tokens)
    if usage.input_tokens is None:
        counts = (0, 0, 0)  # half a count is told by nobody
    reason = "tool_calls" if calls else stop(response.stop_reason)
    return response.text, response.reasoning.strip(), calls, reason, counts


@needs_recordings
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("out", SERVED)
@pytest.mark.parametrize(("wire", "events"), ANSWERS)
def test_every_recorded_answer_can_be_said_in_each_format(
    wire: str, events: list[Event], out: str, stream: bool
) -> None:
    """Our own decoders read the same answer in it, whichever format it came in."""
    before, after = collected(events), there_and_back(out, events, stream=stream)
    usage = before.usage
    told_apart = usage.cached_input_tokens + usage.cache_write_tokens <= (usage.input_tokens or 0)
    if not told_apart:
        # OpenRouter counted what was read and what was written over and above the input.
        assert said(after)[:4] == said(before)[:4]
        return
    assert said(after) == said(before)
    assert after.usage.cached_input_tokens == usage.cached_input_tokens or not usage.input_tokens


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("out", SERVED)
def test_an_answer_with_everything_survives_each_format(out: str, stream: bool) -> None:
    """Pieces of calls that come mixed are told apart; sources keep their address."""
    before, after = collected(FULL), there_and_back(out, FULL, stream=stream)
    assert said(after) == said(before)
    assert after.usage.cached_input_tokens == 30
    assert after.model == HEAD.model
    assert after.request_id == HEAD.id
    if out != "anthropic":
        assert [each.url for each in after.citations] == ["https://x/a"]


def sent_back(out: str, body: bytes) -> Message:
    """The turn that a client makes of an answer, as the gateway reads it in the next request."""
    answer = json.loads(body)
    turns: dict[str, Any] = {
        "openai_chat": lambda: {"messages": [answer["choices"][0]["message"]]},
        "anthropic": lambda: {
            "max_tokens": 1,
            "messages": [{"role": "assistant", "content": answer["content"]}],
        },
        "openai_responses": lambda: {"input": answer["output"]},
    }
    request = gateway_format(out).decode(json.dumps({"model": "m"} | turns[out]()).encode())
    [message] = request.prompt.messages
    return message


SEALS = [
    Reasoning("hm", "s", sealed_by="anthropic"),
    Reasoning("", "", "crypt", "", "anthropic"),
    Reasoning("hm", "", "crypt", "rs_7", "openai_responses"),
    Reasoning("", "", "crypt", "rs_7", "openai_responses"),
    Reasoning("hm", "s", sealed_by="gemini"),
    Reasoning("hm"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("out", SERVED)
@pytest.mark.parametrize("thought", SEALS, ids=lambda part: f"{part.sealed_by}-{part.text}")
def test_seals_survive_a_client_of_any_format(thought: Reasoning, out: str, stream: bool) -> None:
    """A client that sends the turn back as it came sends back every seal and every encrypted
    thought, and each goes to the format that made it."""
    events: list[Event] = [ReasoningDelta(thought.text)] if thought.text else []
    sealed = thought.signature or thought.encrypted
    events += [
        ReasoningSealed(
            sealed_by=thought.sealed_by,
            signature=thought.signature,
            encrypted=thought.encrypted,
            id=thought.id,
        )
    ] * bool(sealed)
    events += [TextDelta("so"), Finished("stop")]
    if stream:
        # A client puts the pieces together; so do we, and write what it has.
        again = events_of(wire_format(out).decoder(stream=True), streamed(out, events))
        body = gateway_format(out).encode(collected(again), HEAD)
    else:
        body = gateway_format(out).encode(collected(events), HEAD)
    parts = sent_back(out, body).parts
    found = [part for part in parts if isinstance(part, Reasoning)]
    if sealed:
        assert found == [thought]
    else:
        assert [part.text for part in found] == ["hm"]
    assert [part.text for part in parts if isinstance(part, Text)] == ["so"]


def test_googles_seal_of_a_call_survives_a_client_of_chat_completions() -> None:
    """Gemini 3 refuses the next turn without it."""
    events: list[Event] = [
        ToolCallDelta(index=0, id="c", name="f", arguments="{}"),
        Signed("seal", "gemini"),
        Finished("tool_calls"),
    ]
    body = gateway_format("openai_chat").encode(collected(events), HEAD)
    [call] = sent_back("openai_chat", body).parts
    assert call == ToolCall("c", "f", "{}", "seal", "gemini")
    text = streamed("openai_chat", events).decode()
    assert '"extra_content":{"google":{"thought_signature":"seal"}}' in text


def test_several_choices_and_probabilities_survive_chat_completions() -> None:
    """The one format that has both."""
    events: list[Event] = [
        TextDelta("a"),
        LogprobsSeen((TokenLogprob(token="a", logprob=-0.5, top=(("a", -0.5), ("b", -1.5))),)),
        TextDelta("b", 1),
        Finished("stop"),
        Finished("length", 1),
    ]
    for stream in (False, True):
        after = there_and_back("openai_chat", events, stream=stream)
        assert (after.text, [each.text for each in after.others]) == ("a", ["b"])
        assert after.others[0].stop_reason == "length"
        assert after.logprobs[0].top == (("a", -0.5), ("b", -1.5))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("out", SERVED)
def test_a_refusal_is_told_as_one(out: str, stream: bool) -> None:
    """In the format's own way."""
    events: list[Event] = [RefusalDelta("I will "), RefusalDelta("not."), Finished("refusal")]
    after = there_and_back(out, events, stream=stream)
    assert (after.text, after.refused) == ("I will not.", True)


@pytest.mark.parametrize("out", SERVED)
def test_what_a_format_has_no_word_for_does_not_cost_the_answer(out: str) -> None:
    """The answer was paid for: the rest of it is passed on."""
    foreign = Opaque("gemini", {"executableCode": {"code": "1"}})
    events: list[Event] = [PartSeen(foreign), TextDelta("so"), Finished("stop")]
    for stream in (False, True):
        assert there_and_back(out, events, stream=stream).text == "so"


@pytest.mark.parametrize("out", SERVED)
def test_usage_that_is_not_known_is_not_made_up(out: str) -> None:
    """Anthropic's clients need a number; the others are told nothing."""
    after = there_and_back(out, [TextDelta("so"), Finished("stop")], stream=False)
    assert after.usage.input_tokens in ((0,) if out == "anthropic" else (None,))


ERRORS: list[tuple[ReckonError, int, str, str]] = [
    (
        RequestInvalid("No.", why="Because.", do="Do."),
        400,
        "invalid_request_error",
        "invalid_request_error",
    ),
    (MissingKey("No."), 401, "invalid_api_key", "authentication_error"),
    (AuthError("No.", status=403), 401, "invalid_api_key", "authentication_error"),
    (BudgetReached("No."), 402, "insufficient_quota", "billing_error"),
    (ModelNotServed("No.", status=404), 404, "model_not_found", "not_found_error"),
    (RateLimited("No.", status=429), 429, "rate_limit_exceeded", "rate_limit_error"),
    (ContextOverflow("No.", status=400), 400, "context_length_exceeded", "invalid_request_error"),
    (RequestRefused("No.", status=413), 413, "invalid_request_error", "invalid_request_error"),
    (ProviderDown("No.", status=529), 529, "server_is_overloaded", "overloaded_error"),
    (AnswerInvalid("No."), 502, "server_error", "api_error"),
]


@pytest.mark.parametrize("out", SERVED)
@pytest.mark.parametrize(
    ("error", "status", "code", "kind"), ERRORS, ids=lambda each: str(each)[:20]
)
def test_an_error_is_told_with_its_remedy(
    error: ReckonError, status: int, code: str, kind: str, out: str
) -> None:
    """Status and body are those that the official clients understand, also in mid-stream."""
    told, body = gateway_format(out).error(error)
    assert told == status
    said_error = json.loads(body)["error"]
    expected = " ".join(each for each in (error.what, error.why, error.do) if each)
    assert said_error["message"] == expected
    assert said_error.get("code", said_error["type"]) == (kind if out == "anthropic" else code)
    encoder = gateway_format(out).encoder(HEAD, usage=True)
    stream = encoder.feed(TextDelta("so")) + encoder.fail(error)
    decoder = wire_format(out).decoder(stream=True)
    with pytest.raises(ReckonError, match=r"broke off") as caught:
        list(decoder.feed(stream))
        list(decoder.close())
    assert error.what in caught.value.why


def test_an_item_without_an_id_is_given_one() -> None:
    """Some servers leave it out, and clients of Responses need it."""
    events: list[Event] = [
        PartSeen(Opaque("openai_responses", {"type": "web_search_call", "status": "completed"})),
        TextDelta("so"),
        Finished("stop"),
    ]
    item = json.loads(gateway_format("openai_responses").encode(collected(events), HEAD))["output"]
    assert item[0]["id"] == "item_x1_0"


def test_a_call_with_fields_of_its_own_is_told_once() -> None:
    """The namespace of a tool that was searched for must come back with the call."""
    call = {
        "type": "function_call",
        "call_id": "c",
        "name": "f",
        "arguments": "{}",
        "namespace": "n",
    }
    events: list[Event] = [
        ToolCallDelta(index=0, id="c", name="f", arguments="{}"),
        PartSeen(Opaque("openai_responses", call, restates=True)),
        Finished("tool_calls"),
    ]
    [item] = json.loads(gateway_format("openai_responses").encode(collected(events), HEAD))[
        "output"
    ]
    assert (item["namespace"], item["arguments"]) == ("n", "{}")
