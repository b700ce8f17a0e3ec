"""Anthropic's messages in pieces of any size, and streams that break off."""

import pytest
from anthropic_wire import CONTENT, WIRE, decoded, event, fault, streamed, whole
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import AnswerInvalid, AnswerTruncated
from reckon.vocabulary.response import Finished, TextDelta


@given(
    cuts=st.lists(st.integers(0, 10_000), max_size=40).map(tuple),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_split_of_a_stream_gives_the_same_events(cuts: tuple[int, ...], end: str) -> None:
    """Bytes may be cut anywhere, within a character or a line's end too."""
    data = streamed(CONTENT)
    told = decoded(data, stream=True)
    assert decoded(data.replace(b"\n", end.encode()), stream=True, cuts=cuts) == told


@given(size=st.integers(1, 9))
def test_a_whole_answer_may_come_in_pieces_too(size: int) -> None:
    """And with spaces around it."""
    data = b"\n " + whole(CONTENT) + b"   \n"
    cuts = tuple(range(0, len(data), size * 31))
    assert decoded(data, stream=False, cuts=cuts) == decoded(data, stream=False)


@given(length=st.integers(0, 10_000))
def test_a_stream_that_breaks_off_gives_what_came_and_says_so(length: int) -> None:
    """Wherever it breaks before the stop reason."""
    data = streamed(CONTENT)
    data = data[: min(length, data.index(b"event: message_delta"))]
    decoder = WIRE.decoder(stream=True)
    events = [*decoder.feed(data)]
    said = "".join(each.text for each in events if isinstance(each, TextDelta))
    assert "Let me see. In Köln: 18° ☂ today.".startswith(said)
    # A last event that was cut in its middle is no JSON; both are said as what they are.
    with pytest.raises((AnswerTruncated, AnswerInvalid)) as broken:
        decoder.close()
    assert "may have been billed" in broken.value.why


def test_a_stream_without_a_stop_reason_is_truncated() -> None:
    """What came is kept by whoever collects the events."""
    data = streamed([{"type": "text", "text": "hello"}])
    with pytest.raises(AnswerTruncated, match="stopped before its end"):
        decoded(data[: data.index(b"event: message_delta")], stream=True)
    with pytest.raises(AnswerTruncated):
        decoded(b"", stream=True)


def test_a_missing_message_stop_and_a_stray_done_are_no_error() -> None:
    """The stop reason is the end; some gateways add OpenAI's."""
    data = streamed([{"type": "text", "text": "hello"}])
    cut = data[: data.index(b"event: message_stop")].rstrip()
    assert decoded(cut, stream=True)[-1] == Finished("stop")
    assert decoded(data + b"data: [DONE]\n\n", stream=True)[-1] == Finished("stop")
    assert decoded(event("message_stop"), stream=True) == [Finished("unknown")]


def test_an_error_in_mid_stream_comes_after_what_came() -> None:
    """And is not tried again: what came may be billed."""
    data = streamed([{"type": "text", "text": "hello"}])
    decoder = WIRE.decoder(stream=True)
    events = decoder.feed(data[: data.index(b"event: message_delta")])
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "hello"
    with pytest.raises(AnswerInvalid) as invalid:
        decoder.feed(event("error", **fault("overloaded_error", "Overloaded")))
    assert not invalid.value.retryable
    assert "may have been billed" in invalid.value.why


def test_a_piece_without_its_block_is_said() -> None:
    """To drop it would lose words in silence."""
    with pytest.raises(AnswerInvalid, match="cannot be read"):
        decoded(event("content_block_delta", index=3, delta={"text": "x"}), stream=True)
