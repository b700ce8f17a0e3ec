"""Gemini's generateContent: what goes wrong.

Shapes that nobody recorded are built from the documentation.
"""

import json
from typing import Any

import pytest
from gemini_wire import ARRAY, MODEL, PROVIDER, STREAM, WIRE, answer, fed, sse, whole
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import collected, kept_of_a_cut_stream

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    ModelNotServed,
    RateLimited,
    ReckonError,
)


@pytest.mark.parametrize("data", [sse(*STREAM[:3]), ARRAY[:-200], b"", b"[", b"[]", b"\r\n"])
def test_a_stream_without_a_finish_reason_is_truncated(data: bytes) -> None:
    """What came is told before."""
    assert bool(kept_of_a_cut_stream(WIRE, data).parts) == (len(data) > 9)


def test_one_candidate_without_an_end_is_truncated_too() -> None:
    """Although the other has ended."""
    candidates = [{"index": 0, "finishReason": "STOP"}, {"index": 1}]
    with pytest.raises(AnswerTruncated):
        fed(sse({"candidates": candidates}), stream=True)


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    ("data", "stream"),
    [
        (sse(STREAM[0], ERROR), True),
        (json.dumps([STREAM[0], ERROR]).encode(), True),
        (json.dumps(ERROR).encode(), True),
        (json.dumps([ERROR]).encode(), True),
        (json.dumps(ERROR).encode(), False),
        (json.dumps([ERROR]).encode(), False),
    ],
)
def test_an_error_inside_an_answer_is_raised_with_its_message(data: bytes, stream: bool) -> None:
    """Built from the documentation."""
    with pytest.raises(AnswerInvalid, match=r"The model is overloaded\. \(UNAVAILABLE\)"):
        fed(data, stream=stream)


@pytest.mark.parametrize("data", [b"", b"<html>", b"7", b"{}", b'{"candidates": []}', b"[1]"])
def test_what_is_no_answer_is_said_to_be_none(data: bytes) -> None:
    """HTML, numbers, and answers without candidates."""
    with pytest.raises(AnswerInvalid):
        fed(data, stream=False)


def refused(status: int, error: dict[str, Any], **headers: str) -> Any:
    """The error of an answer with that status, built from the documentation."""
    body = json.dumps([{"error": error}]).encode()
    return WIRE.error(status, headers, body, MODEL, PROVIDER)


def test_a_wrong_key_is_an_error_of_the_key_although_it_is_a_400() -> None:
    """Google says so in the details."""
    error = refused(
        400,
        {
            "code": 400,
            "message": "API key not valid.",
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": "x/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
        },
    )
    assert isinstance(error, AuthError)
    assert "API key not valid." in error.why


def test_the_wait_that_a_limit_asks_for_stands_in_the_body() -> None:
    """A header wins over it."""
    details = [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "22.5s"}]
    error = refused(429, {"message": "slow down", "details": details})
    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.retryable) == (22.5, True)
    error = refused(429, {"details": details}, **{"retry-after": "3"})
    assert error.retry_after_s == 3
    error = refused(429, {"details": [{"retryDelay": "soon"}]})
    assert error.retry_after_s is None


def test_a_quota_of_the_day_is_not_waited_for() -> None:
    """Waiting seconds does not help."""
    quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
    error = refused(429, {"message": "quota", "details": [{"violations": [quota]}]})
    assert not error.retryable
    assert "day" in error.do


def test_other_errors_are_those_of_all_formats() -> None:
    """Whatever their body is."""
    assert isinstance(refused(404, {"message": "no such model"}), ModelNotServed)
    for body in (b"", b"<html>", b"[]", b"[[]]", b'{"error": {"details": [7]}}'):
        WIRE.error(500, {}, body, MODEL, PROVIDER)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "candidates content parts text thought thoughtSignature functionCall args name id"
                " index inlineData mimeType data finishReason groundingMetadata groundingChunks web"
                " uri groundingSupports segment startIndex endIndex partIndex groundingChunkIndices"
                " citationMetadata citations logprobsResult chosenCandidates topCandidates"
                " logProbability token usageMetadata promptTokenCount promptTokensDetails modality"
                " tokenCount promptFeedback blockReason error message details responseId".split()
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


def feed_all(data: bytes, *, stream: bool, cut: int) -> None:
    """Feed it whatever it is; only our own errors may come."""
    decoder = WIRE.decoder(stream=stream)
    try:
        decoder.feed(data[:cut])
        decoder.feed(data[cut:])
        decoder.close()
    except ReckonError:
        pass


@given(
    data=st.binary() | st.text().map(str.encode),
    head=st.sampled_from([b"", b"[", b"{", b"data: "]),
    stream=st.booleans(),
    cut=st.integers(0, 40),
)
def test_no_bytes_crash_a_decoder(data: bytes, head: bytes, stream: bool, cut: int) -> None:
    """Noise of any kind."""
    feed_all(head + data, stream=stream, cut=cut)


@given(value=JSON, stream=st.booleans())
def test_no_json_crashes_a_decoder(value: Any, stream: bool) -> None:
    """Of any shape, at each place of an answer."""
    shapes = (
        value,
        [value],
        {"candidates": value},
        {"candidates": [value]},
        {"candidates": [{"content": {"parts": [value]}, "finishReason": value}]},
        {"candidates": [{"content": {"parts": [{"functionCall": value}]}}]},
        {"candidates": [{"content": {"parts": [{"inlineData": value}]}}]},
        {"candidates": [{"groundingMetadata": value, "finishReason": "STOP"}]},
        {"candidates": [{"logprobsResult": value, "citationMetadata": value}]},
        {"usageMetadata": value, "promptFeedback": value, "error": value},
    )
    for shape in shapes:
        data = json.dumps(shape).encode()
        feed_all(data, stream=stream, cut=9)
        feed_all(b"data: " + data + b"\n\n", stream=True, cut=9)


def test_deep_nests_and_large_numbers_are_answers_like_others() -> None:
    """They end in our own errors or in an answer."""
    deep = b'{"candidates":[{"content":{"parts":[{"functionCall":{"args":'
    for depth in (100, 900, 970, 980, 990, 2000, 100_000):
        data = deep + b"[" * depth + b"]" * depth + b"}}]}}]}"
        feed_all(data, stream=False, cut=5)
        feed_all(data, stream=True, cut=5)
    number = answer({"functionCall": {"name": "f", "args": {"n": 10**40}}}, index=10**30)
    assert collected(whole(number)).tool_calls[0].arguments == '{"n":' + "1" + "0" * 40 + "}"
