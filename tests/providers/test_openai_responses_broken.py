"""Answers in the Responses format that fail, break off, or are none.

All shapes are built from the documentation.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses_exchange import CREATED, MODEL, PROVIDER, STREAM, WIRE, answer, decoded, sse
from wire_helpers import collected, last_usage

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    RateLimited,
    ReckonError,
    RequestRefused,
)
from reckon.vocabulary.response import Event


def partly(data: bytes, cut: int | None = None) -> tuple[list[Event], ReckonError]:
    """The events before an error, and the error."""
    decoder = WIRE.decoder(stream=True)
    events: list[Event] = []
    with pytest.raises(ReckonError) as caught:
        size = cut or len(data) or 1
        for start in range(0, len(data), size):
            events += decoder.feed(data[start : start + size])
        events += decoder.close()
    return events, caught.value


ERRORS = [
    {"type": "error", "code": "server_error", "message": "their words", "param": None},
    {"type": "error", "error": {"code": "server_error", "message": "their words"}},
    {
        "type": "response.failed",
        "response": answer(
            status="failed", error={"code": "server_error", "message": "their words"}
        ),
    },
]


@pytest.mark.parametrize("error", ERRORS, ids=["flat", "nested", "failed"])
@pytest.mark.parametrize("cut", [None, 1, 7])
def test_an_error_in_mid_stream_comes_after_what_came_before(
    error: dict[str, Any], cut: int | None
) -> None:
    """With code and message, and however the bytes were cut."""
    events, caught = partly(sse(*STREAM[:13], error), cut)
    assert collected(events).text == "Héllo you, there"
    assert isinstance(caught, AnswerInvalid)
    assert "their words (server_error)" in caught.why
    assert not caught.retryable


def test_what_a_failed_answer_used_is_told() -> None:
    """It is billed."""
    events, _ = partly(sse(CREATED, ERRORS[2]))
    assert last_usage(events).input_tokens == 30


def test_an_error_in_a_whole_answer_is_an_error() -> None:
    """A refused prompt is final."""
    error = {"code": "invalid_prompt", "message": "not this"}
    for body in (answer(status="failed", error=error), {"error": error}):
        with pytest.raises(AnswerInvalid) as caught:
            decoded(json.dumps(body).encode(), stream=False)
        assert "not this (invalid_prompt)" in caught.value.why
        assert not caught.value.retryable


@given(kept=st.integers(0, len(sse(*STREAM[:-1]))))
def test_a_stream_that_is_cut_anywhere_is_truncated_after_what_came(kept: int) -> None:
    """Half an event is not mistaken for a wrong answer."""
    events, caught = partly(sse(*STREAM[:-1])[:kept])
    assert isinstance(caught, AnswerTruncated)
    every = decoded(sse(*STREAM), stream=True)
    assert events == every[: len(events)]


@pytest.mark.parametrize("status", ["queued", "in_progress", "cancelled"])
def test_an_answer_that_is_not_there_yet_is_truncated(status: str) -> None:
    """Background mode."""
    with pytest.raises(AnswerTruncated, match="stopped before its end"):
        decoded(json.dumps(answer(status=status)).encode(), stream=False)


@pytest.mark.parametrize(
    "data",
    [b"<html>502</html>", b"not json", b"[1]", b'{"choices": []}', b"\xff\xfe", b"", b"[" * 99_999],
)
def test_a_body_that_is_no_answer_is_said(data: bytes) -> None:
    """It came under HTTP 200, so it may have been billed."""
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(data, stream=False)
    assert "may have been billed" in invalid.value.why
    assert invalid.value.do


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (400, RequestRefused), (429, RateLimited)]
)
def test_each_status_has_its_error(status: int, kind: type[ReckonError]) -> None:
    """With the provider's own words."""
    body = json.dumps({"error": {"message": "their words", "code": "c"}}).encode()
    error = WIRE.error(status, {}, body, MODEL, PROVIDER)
    assert type(error) is kind
    assert "their words" in error.why


@given(
    data=st.binary(max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=9),
    stream=st.booleans(),
)
def test_no_bytes_crash_a_decoder(data: bytes, cuts: list[int], stream: bool) -> None:
    """Whatever a server sends, it ends in events or in one of our errors."""
    try:
        decoded(data, stream=stream, cuts=cuts)
    except ReckonError as error:
        assert error.what


WORDS = [
    *("type item item_id id output_index content_index summary_index delta logprobs".split()),
    *("annotation annotations content summary text refusal phase encrypted_content".split()),
    *("name call_id arguments action result output_format response output usage error".split()),
    *("status incomplete_details reason code message token logprob top_logprobs".split()),
    *("input_tokens input_tokens_details cached_tokens output_tokens cost start_index".split()),
]
KINDS = [
    *{each["type"] for each in STREAM},
    *("message reasoning function_call image_generation_call web_search_call".split()),
    *("output_text refusal response.failed response.incomplete error file_citation".split()),
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
        | st.builds(
            lambda kind, more: {**more, "type": kind},
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
        )
    ),
    max_leaves=20,
)


@given(values=st.lists(JSON_VALUES, max_size=5), stream=st.booleans())
def test_no_json_of_any_shape_crashes_a_decoder(values: list[Any], stream: bool) -> None:
    """Known names with values of any type, in any order."""
    if stream:
        data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in values)
    else:
        data = json.dumps({"output": values, "usage": values[:1]}).encode()
    try:
        collected(decoded(data, stream=stream))
    except ReckonError as error:
        assert error.what


@given(index=st.integers(0, len(STREAM) - 1), name=st.sampled_from(WORDS), value=JSON_VALUES)
def test_one_wrong_field_anywhere_crashes_nothing(index: int, name: str, value: Any) -> None:
    """In an event, in its item, and in the whole answer."""
    for table in ("", "item", "response"):
        events = copy.deepcopy(STREAM)
        target = events[index].get(table, events[index])
        if isinstance(target, dict):
            target[name] = value
        events[index].setdefault("type", "x")
        data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)
        try:
            decoded(data, stream=True)
        except ReckonError as error:
            assert error.what
