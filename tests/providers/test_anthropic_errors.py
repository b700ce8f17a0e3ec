"""Anthropic's messages: what goes wrong, and what is no answer at all.

Errors are built from the documentation, but for the 404, which is recorded.
"""

import json
from typing import Any

import pytest
from anthropic_wire import MODEL, PROVIDER, WIRE, decoded, event, fault, whole
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import collected

from reckon.errors import (
    AnswerInvalid,
    AuthError,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    ReckonError,
    RequestRefused,
)
from reckon.vocabulary.response import ToolCallDelta


@pytest.mark.parametrize("kind", ["overloaded_error", "invalid_request_error"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_error_under_http_200_is_an_error(kind: str, stream: bool) -> None:
    """Built from the documentation."""
    error = fault(kind, "Overloaded")
    data = event("error", **error) if stream else json.dumps(error).encode()
    with pytest.raises(AnswerInvalid, match="broke off") as invalid:
        decoded(data, stream=stream)
    assert f"Overloaded ({kind})" in invalid.value.why


@pytest.mark.parametrize(
    "data",
    [
        b"<html>502 Bad Gateway</html>",
        b"not json",
        b"[1, 2]",
        b'{"id": "msg_1"}',
        b'{"content": {}}',
        b'{"a": 1}{"b": 2}',
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer_is_said(data: bytes) -> None:
    """It came under HTTP 200, so it may have been billed."""
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(data, stream=False)
    assert "may have been billed" in invalid.value.why
    assert invalid.value.do


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400)), stream=st.booleans())
def test_no_bytes_crash_a_decoder(data: bytes, cuts: list[int], stream: bool) -> None:
    """Whatever a server sends, it ends in events or in one of our errors."""
    try:
        decoded(data, stream=stream, cuts=tuple(cuts))
    except ReckonError as error:
        assert error.what


KINDS = st.sampled_from(
    "message_start content_block_start content_block_delta content_block_stop message_delta "
    "text thinking redacted_thinking tool_use server_tool_use compaction direct error".split()
)
NAMES = st.sampled_from(
    "type index message content_block delta usage error content text thinking signature data "
    "partial_json input citations citation id name caller stop_reason iterations "
    "input_tokens output_tokens cache_creation cache_creation_input_tokens".split()
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=14,
)
EVENTS = st.fixed_dictionaries(
    {"type": KINDS},
    optional={
        "index": st.sampled_from([0, 1, None]),
        "content_block": st.dictionaries(NAMES, JSON_VALUES, max_size=4),
        "delta": st.dictionaries(NAMES, JSON_VALUES, max_size=4),
        "message": JSON_VALUES,
        "usage": JSON_VALUES,
        "content": st.lists(st.dictionaries(NAMES, JSON_VALUES, max_size=5), max_size=4),
    },
)


@given(values=st.lists(EVENTS | JSON_VALUES, max_size=6), stream=st.booleans())
def test_no_json_of_any_shape_crashes_a_decoder(values: list[Any], stream: bool) -> None:
    """Known names with values of any type."""
    texts = [json.dumps(value).encode() for value in values]
    data = b"".join(b"data: " + each + b"\n\n" for each in texts) if stream else b"".join(texts)
    try:
        response = collected(decoded(data, stream=stream))
    except ReckonError as error:
        assert error.what
    else:
        assert isinstance(response.text, str)


@pytest.mark.parametrize("depth", [50, *range(850, 1030, 3)])
def test_no_depth_of_an_input_crashes_a_decoder(depth: int) -> None:
    """Reading and writing JSON both have a limit."""
    deep = '{"a":' * depth + "1" + "}" * depth
    data = whole([{"type": "tool_use", "id": "t", "name": "f", "input": "DEEP"}])
    try:
        events = decoded(data.replace(b'"DEEP"', deep.encode()), stream=False)
    except ReckonError as error:
        assert error.what
    else:
        assert ToolCallDelta(index=0, arguments=deep) in events


def error_of(status: int, body: Any, **headers: str) -> ProviderError:
    """The error for an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WIRE.error(status, named, json.dumps(body).encode(), MODEL, PROVIDER)


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, "invalid_request_error", RequestRefused, False),
        (401, "authentication_error", AuthError, False),
        (402, "billing_error", RateLimited, False),
        (403, "permission_error", AuthError, False),
        (404, "not_found_error", ModelNotServed, False),
        (413, "request_too_large", RequestRefused, False),
        (429, "rate_limit_error", RateLimited, True),
        (500, "api_error", ProviderDown, True),
        (504, "timeout_error", ProviderDown, True),
        (529, "overloaded_error", ProviderDown, True),
    ],
)
def test_each_status_has_its_error(
    status: int, code: str, kind: type[ProviderError], retryable: bool
) -> None:
    """With Anthropic's own words and the wait that it asks for."""
    error = error_of(status, fault(code, "their words"), retry_after="7")
    assert type(error) is kind
    assert error.retryable is retryable
    assert "their words" in error.why
    assert error.retry_after_s == (7.0 if retryable else None)
