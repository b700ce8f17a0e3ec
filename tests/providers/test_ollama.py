"""Ollama's native chat: what comes back, in pieces of any size.

Shapes that nobody recorded (thinking, tool calls, probabilities, errors) are built from the
documentation.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama_wire import END, MODEL, PROVIDER, STREAM, WIRE, fed, lines, piece
from wire_helpers import collected, kept_of_a_cut_stream

from reckon.errors import AnswerInvalid, ModelNotServed, ReckonError
from reckon.providers.made_up import is_made_up
from reckon.vocabulary.response import (
    Finished,
    LogprobsSeen,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage
from recorded_wire import exchanges, needs_recordings

RECORDED = [
    pytest.param(each, id=each["id"])
    for each in exchanges("ollama")
    if each["endpoint"] == "POST /api/chat"
]


def test_a_whole_answer_becomes_events() -> None:
    """Text, reason, model and usage."""
    events = fed(json.dumps(piece({"content": "Hi"}, **END)).encode(), stream=False)
    assert events == [
        Started(model="qwen3"),
        TextDelta("Hi"),
        UsageSeen(Usage(input_tokens=21, output_tokens=9)),
        Finished("stop"),
    ]


def test_a_stream_becomes_events() -> None:
    """Thoughts apart, calls whole, ids made up where there are none."""
    events = fed(lines(*STREAM), stream=True)
    first = next(event for event in events if isinstance(event, ToolCallDelta))
    assert is_made_up(first.id)
    assert events == [
        Started(model="qwen3"),
        ReasoningDelta("Hm…"),
        TextDelta("Grüße 😀"),
        ToolCallDelta(index=0, id=first.id, name="weather", arguments='{"place":"Zürich"}'),
        ToolCallDelta(index=1, id="call_7", name="clock", arguments="{}"),
        UsageSeen(Usage(input_tokens=21, output_tokens=9)),
        Finished("tool_calls"),
    ]


@given(cuts=st.lists(st.integers(0, len(lines(*STREAM))), max_size=8))
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Inside a character too; line ends may be CR LF, and the last may be missing."""
    data = lines(*STREAM)
    expected = fed(data, stream=True)
    assert fed(data, stream=True, cuts=cuts) == expected
    assert fed(data.replace(b"\n", b"\r\n"), stream=True, cuts=cuts) == expected
    assert fed(data[:-1], stream=True, cuts=[cut for cut in cuts if cut < len(data)]) == expected


def test_each_byte_alone_gives_the_same() -> None:
    """The finest split."""
    data = lines(*STREAM)
    assert fed(data, stream=True, cuts=list(range(len(data)))) == fed(data, stream=True)


def test_probabilities_are_told_with_their_alternatives() -> None:
    """As ollama-python's types have them."""
    told = [
        {"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -1}]},
        {"token": "c", "logprob": -0.1},
    ]
    events = fed(lines(piece({"content": "ac"}, logprobs=told, **END)), stream=True)
    assert (
        LogprobsSeen(
            (
                TokenLogprob(token="a", logprob=-0.5, top=(("b", -1.0),)),
                TokenLogprob(token="c", logprob=-0.1),
            )
        )
        in events
    )


@pytest.mark.parametrize(
    ("told", "meant"),
    [("stop", "stop"), ("length", "length"), ("load", "unknown"), (None, "unknown")],
)
def test_each_done_reason_has_a_meaning(told: Any, meant: str) -> None:
    """A missing one is unknown."""
    events = fed(lines(piece({"content": "x"}, done=True, done_reason=told)), stream=True)
    assert events[-1] == Finished(meant)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_eval_count": 5, "eval_count": 2}, Usage(input_tokens=5, output_tokens=2)),
        ({"eval_count": 2}, Usage(output_tokens=2)),
        ({"prompt_eval_count": -5, "eval_count": "2"}, Usage()),
        ({}, Usage()),
    ],
)
def test_counts_that_are_left_out_are_unknown(counts: dict[str, Any], usage: Usage) -> None:
    """Never zero: Ollama leaves out the count of a prompt that it had in its cache."""
    events = fed(lines(piece({"content": "x"}, done=True, **counts)), stream=True)
    assert collected(events).usage == usage


@pytest.mark.parametrize(
    "data", [lines(*STREAM[:2]), lines(*STREAM)[:-9], lines(*STREAM)[:-60], b"", b"\n"]
)
def test_a_stream_that_is_not_done_is_truncated(data: bytes) -> None:
    """What came is told before."""
    assert bool(kept_of_a_cut_stream(WIRE, data).parts) == (len(data) > 1)


@pytest.mark.parametrize("end", [b"\n", b""])
def test_an_error_inside_a_stream_is_raised_with_its_message(end: bytes) -> None:
    """Built from the documentation; its line end may be missing."""
    data = lines(STREAM[1], {"error": "model runner has stopped"})
    with pytest.raises(AnswerInvalid, match="model runner has stopped"):
        fed(data[:-1] + end, stream=True)
    with pytest.raises(AnswerInvalid, match="model runner has stopped"):
        fed(b'{"error": "model runner has stopped"}', stream=False)


def test_an_error_status_is_told_with_its_message() -> None:
    """Built from the documentation."""
    body = b'{"error":"model \'x\' not found"}'
    error = WIRE.error(404, {}, body, MODEL, PROVIDER)
    assert isinstance(error, ModelNotServed)
    assert "model 'x' not found" in error.why


@pytest.mark.parametrize("data", [b"", b"<html>", b"7", b"[]"])
def test_what_is_no_answer_is_said_to_be_none(data: bytes) -> None:
    """HTML, numbers, lists."""
    with pytest.raises(AnswerInvalid):
        fed(data, stream=False)


@needs_recordings
@pytest.mark.parametrize("exchange", RECORDED)
@given(numbers=st.lists(st.integers(0, 10**9), max_size=6))
def test_a_recorded_answer_says_what_a_plain_reading_finds(
    exchange: dict[str, Any], numbers: list[int]
) -> None:
    """Text, reason and usage, however it is cut."""
    body = exchange["response"]["body"].encode()
    answer = [json.loads(line) for line in body.splitlines()]
    stream = exchange["request"]["body"]["stream"]
    cuts = [number % (len(body) + 1) for number in numbers]
    response = collected(fed(body, stream=stream, cuts=cuts))
    assert response.text == "".join(each["message"]["content"] for each in answer)
    assert response.model == answer[0]["model"]
    assert response.stop_reason == answer[-1]["done_reason"] == "stop"
    assert response.usage == Usage(
        input_tokens=answer[-1]["prompt_eval_count"], output_tokens=answer[-1]["eval_count"]
    )
    again = fed(lines(*answer), stream=True)
    assert collected(again).parts == response.parts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "model created_at message content thinking tool_calls function name arguments id"
                " done done_reason logprobs token logprob top_logprobs eval_count prompt_eval_count"
                " error".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


def feed_all(data: bytes, *, stream: bool) -> None:
    """Feed it whatever it is; only our own errors may come."""
    decoder = WIRE.decoder(stream=stream)
    try:
        decoder.feed(data[:9])
        decoder.feed(data[9:])
        decoder.close()
    except ReckonError:
        pass


@given(data=st.binary() | st.text().map(str.encode), stream=st.booleans())
def test_no_bytes_crash_a_decoder(data: bytes, stream: bool) -> None:
    """Noise of any kind."""
    feed_all(data, stream=stream)


@given(value=JSON, stream=st.booleans())
def test_no_json_crashes_a_decoder(value: Any, stream: bool) -> None:
    """Of any shape, at each place of an answer."""
    shapes = (
        value,
        {"message": value, "done": True},
        {"message": {"tool_calls": [value]}, "logprobs": [value]},
        {"message": {"tool_calls": [{"function": value}]}, "done": True, "eval_count": value},
        {"error": value, "logprobs": value},
    )
    for shape in shapes:
        feed_all(lines(shape, shape), stream=stream)


def test_deep_nests_are_answers_like_others() -> None:
    """They end in our own errors or in an answer."""
    head = b'{"done":true,"message":{"tool_calls":[{"function":{"arguments":'
    for depth in (100, 900, 970, 980, 990, 2000, 100_000):
        data = head + b"[" * depth + b"]" * depth + b"}}]}}"
        feed_all(data, stream=False)
        feed_all(data, stream=True)


@pytest.mark.parametrize("cut", range(8))
def test_of_two_byte_order_marks_one_is_dropped_however_they_are_cut(cut: int) -> None:
    """The second is no JSON."""
    data = b"\xef\xbb\xbf" * 2 + b'{"done": true}'
    decoder = WIRE.decoder(stream=False)
    decoder.feed(data[:cut])
    decoder.feed(data[cut:])
    with pytest.raises(AnswerInvalid, match="cannot be read"):
        decoder.close()
