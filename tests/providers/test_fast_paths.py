"""What is read the short way says the same as what is read the long way.

The long way asks every field of an object; the short one knows the shape that nearly every piece of
a stream has. Here both read the same bytes: all that was recorded, each field that the long way
knows with each kind of value, and what hypothesis thinks of.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import ReckonError
from reckon.providers import openai_chat, registry
from reckon.providers.openai_chat import answer as chat_answer
from reckon.providers.openai_chat.plain import plain_piece
from reckon.providers.sse import EventReader
from reckon.vocabulary.response import Event

Json = dict[str, Any]

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "wire"


def recorded(address: str) -> list[bytes]:
    """Bodies of recorded event streams from such an address."""
    bodies: list[bytes] = []
    for file in sorted(FOLDER.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            exchange = json.loads(line)
            body = exchange["response"].get("body", "")
            if re.search(address, exchange["endpoint"]) and "data:" in body[:2000]:
                bodies.append(body.encode())
    return bodies


CHATS = recorded(r"/chat/completions$")
needs_data = pytest.mark.skipif(not CHATS, reason=f"no recorded exchanges in {FOLDER}")


def told(body: bytes, size: int = 4096) -> list[Event | str]:
    """All events of a streamed answer; the error in the end, where there is one."""
    decoder = registry.wire_format("openai_chat").decoder(stream=True)
    events: list[Event | str] = []
    try:
        for start in range(0, len(body), size):
            events += decoder.feed(body[start : start + size])
        events += decoder.close()
    except ReckonError as error:
        events.append(repr(error))
    return events


@pytest.fixture(name="told_the_long_way", scope="module")
def told_the_long_way_() -> Callable[[bytes], list[Event | str]]:
    """The same, where no piece counts as plain."""

    def none_is_plain(_: bytes) -> None:
        return None

    def read(body: bytes) -> list[Event | str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chat_answer, "plain_piece", none_is_plain)
            return told(body)

    return read


Long = Callable[[bytes], list[Event | str]]

FIRST: Json = {"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}
LAST: Json = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def stream(*chunks: Json) -> bytes:
    """An answer in which these stand between a beginning and an end."""
    return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in (FIRST, *chunks, LAST))


def piece(chunk: Json, choice: Json, delta: Json) -> Json:
    """A chunk with words, and with these fields in its three places."""
    said = {"delta": {"content": "Hi", **delta}, "index": 0, **choice}
    return {"id": "a", "choices": [said], **chunk}


def field_names() -> list[str]:
    """Every word in the sources of the format that may name a field."""
    [folder] = openai_chat.__path__
    sources = "".join(file.read_text() for file in Path(folder).glob("*.py"))
    return sorted(set(re.findall(r'"([a-z_]+)"', sources)))


CALL = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
SEARCH = {"type": "url_citation", "url": "https://example.com", "title": "t"}
VALUES: list[Any] = [
    *(None, "", "word", "ü\ud83d\ude00", 0, 1, -1, 2.0, 2**60, True, False, [], {}, [None]),
    *(["https://example.com"], [{"index": 0, **CALL}], CALL, [IMAGE], [SEARCH], [{"text": "t"}]),
    *({"usage": {"prompt_tokens": 3}}, {"prompt_tokens": 3}, {"message": "no", "code": "c"}),
    {"name": "f", "arguments": "{}"},
    {"google": {"thought_signature": "seal"}},
    {"id": "sound", "data": "AAAA", "transcript": "aloud"},
    {"content": [{"token": "a", "logprob": -1.0}]},
    [{"search_results": {"results": [SEARCH]}}],
    [{"type": "reasoning.text", "text": "t", "index": 0, "signature": "s"}],
    "error",
]


class TestChatCompletions:
    """Pieces with words or reasoning alone."""

    @needs_data
    def test_recorded_streams_say_the_same(self, told_the_long_way: Long) -> None:
        """Event by event."""
        for body in CHATS:
            assert told(body) == told_the_long_way(body)

    @needs_data
    def test_nine_of_ten_recorded_pieces_are_plain(self) -> None:
        """Else there would be no use in it."""
        pieces = [each for body in CHATS for each in EventReader().feed(body)]
        assert sum(plain_piece(each) is not None for each in pieces) > 0.9 * len(pieces)

    @pytest.mark.parametrize("place", [0, 1, 2], ids=["chunk", "choice", "delta"])
    def test_no_field_that_says_anything_is_passed_over(
        self, place: int, told_the_long_way: Long
    ) -> None:
        """Each name that the sources know, with each kind of value, at each place."""
        names = field_names()
        assert {"content", "reasoning", "tool_calls", "x_groq", "search_results"} < set(names)
        for name in names:
            for value in VALUES:
                fields: list[Json] = [{}, {}, {}]
                fields[place] = {name: value}
                body = stream(piece(*fields), piece({}, {}, {}))
                assert told(body) == told_the_long_way(body), (name, value)

    @given(st.data())
    def test_any_mixture_of_fields_says_the_same(
        self, told_the_long_way: Long, data: st.DataObject
    ) -> None:
        """Several at once, over several pieces."""
        fields = st.dictionaries(
            st.sampled_from(field_names()), st.sampled_from(VALUES), max_size=3
        )
        chunks = data.draw(st.lists(st.builds(piece, fields, fields, fields), max_size=4))
        body = stream(*chunks)
        assert told(body) == told_the_long_way(body)

    @pytest.mark.parametrize(
        "odd",
        [
            b'{"choices":[{"delta":{"content":"\xff"}}]}',
            b'{"choices":[{"delta":{"content":"a"}}],"other":"\xff"}',
            b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
            b'{"choices":[{"delta":{"content":"a"}}]} {}',
            b'{"choices":[{"delta":{"content":"a","content":"b"}}]}',
            b'{"choices":[{"delta":{"c\\u006fntent":"a"},"\\u0065rror":"no"}]}',
            b'{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}',
            b'{"choices":[{"delta":{"content":"a"},"index":1}]}',
            b'{"choices":[{"delta":{"content":"a"},"index":0.0}]}',
            b'{"choices":[{"delta":{"content":"a"},"index":-0}]}',
            b'{"choices":[["a"]]}',
            b'{"choices":{"delta":{"content":"a"}}}',
            b'{"choices":[{"delta":{"content":"a"}}],"x":NaN}',
            b'{"choices":[{"delta":{"content":"a"}}],"x":' + b"[" * 5000 + b"]" * 5000 + b"}",
            b'["choices"]',
            b"<html>",
        ],
    )
    def test_odd_json_says_the_same(self, odd: bytes, told_the_long_way: Long) -> None:
        """Faults included."""
        first, last = (json.dumps(each).encode() for each in (FIRST, LAST))
        body = b"data: %b\n\ndata: %b\n\ndata: %b\n\n" % (first, odd, last)
        assert told(body) == told_the_long_way(body)


def lines_of(body: bytes) -> Iterator[bytes]:
    """The data of events, by the letter of the standard, for a stream that is whole."""
    data: list[bytes] = []
    for line in [*re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf")), b""]:
        if not line and data:
            yield b"\n".join(data)
            data = []
        name, colon, value = line.partition(b":")
        if name == b"data" and colon:
            data.append(value.removeprefix(b" "))


LINES = st.sampled_from(
    [b"data: a", b"data:b", b"data:  c", b"data:", b"", b": note", b"event: e", b"datas: x", b"id"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


class TestEvents:
    """Lines that are split off all at once."""

    @given(
        st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb"]),
        st.lists(st.tuples(LINES, ENDS), max_size=12),
        st.sampled_from([b"", b"data: rest"]),
        st.data(),
    )
    def test_any_cut_of_any_stream_reads_as_the_standard_says(
        self, mark: bytes, lines: list[tuple[bytes, bytes]], rest: bytes, data: st.DataObject
    ) -> None:
        """Line ends mixed, cut within, or missing."""
        body = mark + b"".join(line + end for line, end in lines) + rest
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
        reader = EventReader()
        found: list[bytes] = []
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            found += reader.feed(body[start:end])
        assert [*found, *reader.close()] == list(lines_of(body))

    def test_an_event_is_there_as_soon_as_its_last_line_has_ended(self) -> None:
        """Also where lines end in CR, of which the LF may still come."""
        reader = EventReader()
        assert list(reader.feed(b"data: a\r\n\r")) == [b"a"]
        assert list(reader.feed(b"\ndata: b\r")) == []
        assert list(reader.feed(b"\rdata: c\n")) == [b"b"]
        assert list(reader.close()) == [b"c"]
