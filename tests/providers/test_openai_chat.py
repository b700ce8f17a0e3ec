"""The chat-completions format: what goes out, what comes back, in pieces of any size."""

import base64
import json
from typing import Any

import pytest
from fake_openai import Reply, streamed, whole
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import fed_in_pieces, last_usage, said_in

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    ReckonError,
    RequestRefused,
    UnsupportedInput,
)
from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Prompt
from reckon.vocabulary.response import Event, Finished, ReasoningDelta, Started
from reckon.vocabulary.usage import Usage

WIRE = OpenAIChat()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_chat", key_variables=("P_API_KEY",))
PICTURE = Attachment(
    media_type="image/png", modality="image", content=b"\x89PNG...", digest="d", name="a.png"
)


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body."""
    options = {"base_url": "http://x/v1", "key": "sk-1", "stream": False, **more}
    call = WIRE.encode(prompt, MODEL, options.pop("provider", PROVIDER), **options)
    return call, json.loads(call.body)


def decoded(data: bytes, *, stream: bool, pieces: int | None = None) -> list[Event]:
    """All events of an answer, fed in pieces of a size."""
    cuts = range(0, len(data), pieces) if pieces else ()
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def test_a_prompt_becomes_a_post_with_the_key_in_its_header() -> None:
    """Address, key, model and messages."""
    call, body = encoded(Prompt.of("hello", system="be brief", max_output_tokens=9))
    assert call.url == "http://x/v1/chat/completions"
    assert call.headers["authorization"] == "Bearer sk-1"
    assert body == {
        "model": "m-1",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello"},
        ],
        "max_tokens": 9,
    }


def test_the_key_is_in_no_repr() -> None:
    """A call may land in a traceback."""
    call, _ = encoded(Prompt.of("hello"))
    assert "sk-1" not in repr(call)


def test_without_a_key_there_is_no_authorization() -> None:
    """Local servers need none."""
    call, _ = encoded(Prompt.of("hello"), key=None)
    assert "authorization" not in call.headers


def test_a_picture_travels_as_a_data_url() -> None:
    """And comes back byte for byte."""
    _, body = encoded(Prompt.of("what is this", attachments=(PICTURE,)))
    [picture, text] = body["messages"][0]["content"]
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == PICTURE.content
    assert text == {"type": "text", "text": "what is this"}


def test_what_the_format_cannot_carry_is_refused_before_it_is_sent() -> None:
    """With the name of the file."""
    film = Attachment(
        media_type="video/mp4", modality="video", content=b"", digest="d", name="a.mp4"
    )
    with pytest.raises(UnsupportedInput, match=r"a\.mp4 .* cannot be sent"):
        encoded(Prompt.of("watch", attachments=(film,)))


def test_streaming_asks_for_usage_where_the_provider_knows_that_option() -> None:
    """A data row decides, not a name."""
    _, body = encoded(Prompt.of("x"), stream=True)
    assert body["stream_options"] == {"include_usage": True}
    plain = Provider(id="p", name="P", wire="openai_chat", stream_usage=False)
    _, body = encoded(Prompt.of("x"), stream=True, provider=plain)
    assert "stream_options" not in body


def test_the_name_of_the_output_limit_is_the_providers() -> None:
    """OpenAI's newer models call it max_completion_tokens."""
    newer = Provider(id="p", name="P", wire="openai_chat", max_tokens_field="max_completion_tokens")
    _, body = encoded(Prompt.of("x", max_output_tokens=5), provider=newer)
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body


def test_options_go_out_as_they_are() -> None:
    """What the user sets wins."""
    _, body = encoded(Prompt.of("x", options={"temperature": 0.2, "seed": 7}))
    assert (body["temperature"], body["seed"]) == (0.2, 7)


@pytest.mark.parametrize("stream", [True, False])
def test_text_usage_model_and_end_are_told(stream: bool) -> None:
    """Streamed and whole say the same."""
    reply = Reply(text="Hello there, you", finish_reason="length")
    data = streamed(reply) if stream else whole(reply)
    events = decoded(data, stream=stream)
    assert said_in(events) == "Hello there, you"
    assert events[0] == Started(model="fake-1", request_id="chatcmpl-1")
    assert last_usage(events) == Usage(input_tokens=260, output_tokens=100)
    assert events[-1] == Finished("length")


@given(
    size=st.integers(1, 400), text=st.text(max_size=60), end=st.sampled_from(["\n", "\r\n", "\r"])
)
def test_any_split_of_a_stream_gives_the_same_events(size: int, text: str, end: str) -> None:
    """Bytes may be cut anywhere, within a character too; any line end will do."""
    data = streamed(Reply(text=text.replace("\ud800", ""))).replace(b"\n", end.encode())
    assert decoded(data, stream=True, pieces=size) == decoded(data, stream=True)


def event(chunk: dict[str, Any]) -> bytes:
    """One event."""
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def delta(**content: Any) -> bytes:
    """One event with a piece of an answer."""
    return event({"choices": [{"index": 0, "delta": content}]})


END = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})


def test_comments_blank_lines_byte_order_mark_and_unknown_fields_are_passed_over() -> None:
    """Keep-alive comments of OpenRouter and DeepSeek, ids, retries."""
    data = (
        b"\xef\xbb\xbf: OPENROUTER PROCESSING\n\n: keep-alive\n\nid: 7\nretry: 10\n\n"
        + delta(content="hi")
        + b"event: other\n"
        + END
    )
    assert said_in(decoded(data, stream=True)) == "hi"


def test_a_missing_done_and_a_missing_last_blank_line_are_no_error() -> None:
    """The finish reason is the end."""
    assert decoded(delta(content="hi") + END.rstrip(), stream=True)[-1] == Finished("stop")


def test_usage_after_the_finish_reason_is_still_read() -> None:
    """OpenAI sends it in an event without choices."""
    data = delta(content="hi") + END + event({"choices": [], "usage": {"prompt_tokens": 3}})
    assert last_usage(decoded(data, stream=True)).input_tokens == 3


def test_a_stream_without_an_end_is_truncated() -> None:
    """Text that came is kept by whoever collects the events; the end is an error."""
    with pytest.raises(AnswerTruncated, match="stopped before its end"):
        decoded(delta(content="hi"), stream=True)


@pytest.mark.parametrize(
    "pieces",
    [
        [{"reasoning_content": "hm"}, {"content": "4"}],
        [{"reasoning": "hm"}, {"content": "4"}],
        [
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "4"},
                ]
            }
        ],
    ],
)
def test_reasoning_is_told_apart_from_text_in_each_spelling(pieces: list[dict[str, Any]]) -> None:
    """DeepSeek and llama.cpp, OpenRouter and Groq, Mistral."""
    events = decoded(b"".join(delta(**piece) for piece in pieces) + END, stream=True)
    assert ReasoningDelta("hm") in events
    assert said_in(events) == "4"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
            Usage(input_tokens=10, output_tokens=4, cached_input_tokens=8),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "prompt_cache_hit_tokens": 6},
            Usage(input_tokens=10, output_tokens=4, cached_input_tokens=6),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "num_cached_tokens": 5},
            Usage(input_tokens=10, output_tokens=4, cached_input_tokens=5),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 9,
                "completion_tokens_details": {"reasoning_tokens": 7, "audio_tokens": 1},
            },
            Usage(input_tokens=10, output_tokens=9, reasoning_tokens=7, audio_output_tokens=1),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "cost": 0.000165},
            Usage(input_tokens=10, output_tokens=4, reported_cost_pico=165_000_000),
        ),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(input_tokens=10, cached_input_tokens=10),
        ),
        ({"prompt_tokens": -1, "completion_tokens": True}, Usage()),
        ({"prompt_tokens": 1e300, "completion_tokens": "4"}, Usage()),
    ],
)
def test_usage_is_normalised(usage: dict[str, Any], expected: Usage) -> None:
    """Each provider's spelling; nonsense is unknown, and a part is never more than the whole."""
    assert last_usage(decoded(whole(Reply(usage=usage)), stream=False)) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"<html>502 Bad Gateway</html>",
        b"not json",
        b"[1, 2]",
        b'{"choices": []}',
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


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_inside_an_answer_is_an_error(stream: bool) -> None:
    """Also in mid-stream."""
    error = {"error": {"message": "overloaded", "code": 529}}
    data = delta(content="hi") + event(error) if stream else json.dumps(error).encode()
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(data, stream=stream)
    assert "overloaded (529)" in invalid.value.why


@given(data=st.binary(max_size=400), size=st.integers(1, 50), stream=st.booleans())
def test_no_bytes_crash_a_decoder(data: bytes, size: int, stream: bool) -> None:
    """Whatever a server sends, it ends in events or in one of our errors."""
    try:
        decoded(data, stream=stream, pieces=size)
    except ReckonError as error:
        assert error.what


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "usage",
                    "error",
                    "index",
                    "prompt_tokens",
                    "finish_reason",
                    "text",
                    "type",
                    "thinking",
                    "model",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=JSON_VALUES, stream=st.booleans())
def test_no_json_of_any_shape_crashes_a_decoder(value: Any, stream: bool) -> None:
    """Known names with values of any type."""
    data = json.dumps(value).encode()
    try:
        decoded(b"data: " + data + b"\n\n" if stream else data, stream=stream)
    except ReckonError as error:
        assert error.what


def fault(status: int, body: Any = None, **headers: str) -> ProviderError:
    """The error for an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WIRE.error(status, named, raw, MODEL, PROVIDER)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (401, AuthError, False),
        (403, AuthError, False),
        (404, ModelNotServed, False),
        (400, RequestRefused, False),
        (413, RequestRefused, False),
        (302, RequestRefused, False),
        (402, RateLimited, False),
        (429, RateLimited, True),
        (408, ProviderDown, True),
        (500, ProviderDown, True),
        (503, ProviderDown, True),
        (529, ProviderDown, True),
    ],
)
def test_each_status_has_its_error_and_says_whether_waiting_helps(
    status: int, kind: type[ProviderError], retryable: bool
) -> None:
    """What, why with the provider's own words, and what to do."""
    error = fault(status, {"error": {"message": "their words"}})
    assert type(error) is kind
    assert error.retryable is retryable
    assert f"HTTP {status}" in error.why
    assert error.do
    if status != 302:
        assert "their words" in error.why


def test_a_used_up_quota_is_final() -> None:
    """No waiting cures it."""
    error = fault(429, {"error": {"message": "no money", "code": "insufficient_quota"}})
    assert isinstance(error, RateLimited)
    assert not error.retryable
    assert "no credit left" in error.what


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"error": "plain words"}, "plain words"),
        ({"message": "top level"}, "top level"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        (b"<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        (b"\x1b[31mred\x07", "[31mred"),
        ({"error": {"message": {"deep": 1}}}, '{"deep":1}'),
    ],
)
def test_error_bodies_of_every_shape_are_quoted_safely(body: Any, shown: str) -> None:
    """JSON in its several shapes, HTML, control characters."""
    assert shown in fault(500, body).why


def test_a_long_error_body_is_cut() -> None:
    """A page of HTML is no message."""
    assert len(fault(500, b"x" * 100_000).why) < 400
