"""What is read the short way says the same as what is read the long way.

The long way asks every field of an object; the short one knows the shape that nearly every piece of
a stream has. Here both read the same bytes: all that was recorded, each field that the long way
knows with each kind of value, and what hypothesis thinks of.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import ReckonError
from reckon.providers import gemini, openai_chat, registry
from reckon.providers.gemini import answer as gemini_answer
from reckon.providers.gemini.plain import plain_response
from reckon.providers.openai_chat import answer as chat_answer
from reckon.providers.openai_chat.plain import plain_piece
from reckon.providers.sse import EventReader
from reckon.vocabulary.response import Event
from recorded_wire import exchanges, needs_recordings

Json = dict[str, Any]


def recorded(address: str) -> list[bytes]:
    """Bodies of recorded event streams from such an address."""
    bodies: list[bytes] = []
    for exchange in exchanges():
        body = exchange["response"].get("body", "")
        if re.search(address, exchange["endpoint"]) and "data:" in body[:2000]:
            bodies.append(body.encode())
    return bodies


CHATS = recorded(r"/chat/completions$")


Read = Callable[[bytes], list[Event | str]]


def reading(wire: str, size: int = 4096) -> Read:
    """A reading of streams that gives all events, and the error in the end where there is one."""

    def told(body: bytes) -> list[Event | str]:
        decoder = registry.wire_format(wire).decoder(stream=True)
        events: list[Event | str] = []
        try:
            for start in range(0, len(body), size):
                events += decoder.feed(body[start : start + size])
            events += decoder.close()
        except ReckonError as error:
            events.append(repr(error))
        return events

    return told


def the_long_way(wire: str, module: ModuleType, name: str) -> Read:
    """The same, where no piece counts as plain."""

    def none_is_plain(_: bytes) -> None:
        return None

    def told(body: bytes) -> list[Event | str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, none_is_plain)
            return reading(wire)(body)

    return told


def stream(*chunks: Json) -> bytes:
    """An answer of these chunks."""
    return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in chunks)


def field_names(package: ModuleType) -> list[str]:
    """Every word in the sources of a format that may name a field."""
    [folder] = package.__path__
    sources = "".join(file.read_text() for file in Path(folder).glob("*.py"))
    return sorted(set(re.findall(r'"([A-Za-z_]+)"', sources)))


FIRST: Json = {"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}
LAST: Json = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def chat_piece(chunk: Json, choice: Json, delta: Json) -> Json:
    """A chunk with words, and with these fields in its three places."""
    said = {"delta": {"content": "Hi", **delta}, "index": 0, **choice}
    return {"id": "a", "choices": [said], **chunk}


CALL = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
SEARCH = {"type": "url_citation", "url": "https://example.com", "title": "t"}
CHAT_VALUES: list[Any] = [
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

    told = staticmethod(reading("openai_chat"))
    told_the_long_way = staticmethod(the_long_way("openai_chat", chat_answer, "plain_piece"))

    @needs_recordings
    def test_recorded_streams_say_the_same(self) -> None:
        """Event by event."""
        for body in CHATS:
            assert self.told(body) == self.told_the_long_way(body)

    @needs_recordings
    def test_nine_of_ten_recorded_pieces_are_plain(self) -> None:
        """Else there would be no use in it."""
        pieces = [each for body in CHATS for each in EventReader().feed(body)]
        assert sum(plain_piece(each) is not None for each in pieces) > 0.9 * len(pieces)

    @pytest.mark.parametrize("place", [0, 1, 2], ids=["chunk", "choice", "delta"])
    def test_no_field_that_says_anything_is_passed_over(self, place: int) -> None:
        """Each name that the sources know, with each kind of value, at each place."""
        names = field_names(openai_chat)
        assert {"content", "reasoning", "tool_calls", "x_groq", "search_results"} < set(names)
        for name in names:
            for value in CHAT_VALUES:
                fields: list[Json] = [{}, {}, {}]
                fields[place] = {name: value}
                body = stream(FIRST, chat_piece(*fields), chat_piece({}, {}, {}), LAST)
                assert self.told(body) == self.told_the_long_way(body), (name, value)

    @given(st.data())
    def test_any_mixture_of_fields_says_the_same(self, data: st.DataObject) -> None:
        """Several at once, over several pieces."""
        fields = st.dictionaries(
            st.sampled_from(field_names(openai_chat)), st.sampled_from(CHAT_VALUES), max_size=3
        )
        chunks = data.draw(st.lists(st.builds(chat_piece, fields, fields, fields), max_size=4))
        body = stream(FIRST, *chunks, LAST)
        assert self.told(body) == self.told_the_long_way(body)

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
    def test_odd_json_says_the_same(self, odd: bytes) -> None:
        """Faults included."""
        first, last = (json.dumps(each).encode() for each in (FIRST, LAST))
        body = b"data: %b\n\ndata: %b\n\ndata: %b\n\n" % (first, odd, last)
        assert self.told(body) == self.told_the_long_way(body)


GEMINI_FIRST: Json = {
    "candidates": [{"content": {"parts": [{"text": "Oh"}], "role": "model"}, "index": 0}],
    "modelVersion": "m",
    "responseId": "r",
}
GEMINI_LAST: Json = {"candidates": [{"finishReason": "STOP", "index": 0}]}


def gemini_piece(response: Json, candidate: Json, part: Json, usage: Json) -> Json:
    """A response with words, and with these fields in its four places."""
    said = {"content": {"parts": [{"text": "H\u00ef", **part}], "role": "model"}, **candidate}
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 4, **usage}
    return {"candidates": [said], "usageMetadata": counts, **response}


SEGMENT: Json = {"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]}
GEMINI_VALUES: list[Any] = [
    *(None, "", "word", "AUDIO", 0, 1, -1, 2.0, 2**60, True, False, [], {}, [None], [{}]),
    *({"name": "f", "args": {}}, {"mimeType": "image/png", "data": "AAAA"}, {"message": "no"}),
    {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [SEGMENT]},
    {"citations": [{"startIndex": 0, "endIndex": 1, "uri": "u"}]},
    {"webSearchQueries": ["why"]},
    {"blockReason": "SAFETY"},
    {"chosenCandidates": [{"token": "a", "logProbability": -1.0}]},
    {"promptTokenCount": 9},
    {"parts": [{"text": "a"}, {"text": "b"}]},
    {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "seal"}]},
    {"parts": [{"functionCall": {"name": "f", "args": [1], "id": "c"}}, {"thought": True}]},
    {"name": "f", "args": None, "id": "c", "willContinue": True},
    [{"modality": "AUDIO", "tokenCount": 2}, {"modality": 2, "tokenCount": 1}],
]


class TestGemini:
    """Pieces with words, thoughts and calls alone."""

    told = staticmethod(reading("gemini"))
    told_the_long_way = staticmethod(the_long_way("gemini", gemini_answer, "plain_response"))

    @needs_recordings
    def test_recorded_streams_say_the_same(self) -> None:
        """Event by event."""
        bodies = recorded(r":streamGenerateContent$")
        assert bodies
        for body in bodies:
            assert self.told(body) == self.told_the_long_way(body)

    def test_a_piece_as_gemini_sends_most_of_them_is_plain(self) -> None:
        """Else there would be no use in it."""
        piece = gemini_piece({"modelVersion": "m"}, {"index": 0}, {"thought": True}, {})
        assert plain_response(json.dumps(piece).encode()) is not None

    @pytest.mark.parametrize("place", range(4), ids=["response", "candidate", "part", "usage"])
    def test_no_field_that_says_anything_is_passed_over(self, place: int) -> None:
        """Each name that the sources know, with each kind of value, at each place."""
        names = field_names(gemini)
        assert {"text", "thought", "finishReason", "groundingMetadata", "IMAGE"} < set(names)
        for name in names:
            for value in GEMINI_VALUES:
                fields: list[Json] = [{}, {}, {}, {}]
                fields[place] = {name: value}
                piece = gemini_piece(*fields)
                for chunks in ([GEMINI_FIRST, piece, GEMINI_LAST], [GEMINI_FIRST, piece], [piece]):
                    body = stream(*chunks)
                    assert self.told(body) == self.told_the_long_way(body), (name, value)

    @given(st.data())
    def test_any_mixture_of_fields_says_the_same(self, data: st.DataObject) -> None:
        """Several at once, over several pieces."""
        names, values = st.sampled_from(field_names(gemini)), st.sampled_from(GEMINI_VALUES)
        fields = st.dictionaries(names, values, max_size=3)
        pieces = st.builds(gemini_piece, fields, fields, fields, fields)
        chunks = data.draw(st.lists(pieces, max_size=4))
        for first in ([GEMINI_FIRST], []):
            body = stream(*first, *chunks, GEMINI_LAST)
            assert self.told(body) == self.told_the_long_way(body)

    @pytest.mark.parametrize(
        "odd",
        [
            b'{"candidates":[{"content":{"parts":[{"text":"\xff"}]}}]}',
            b'{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"other":"\xff"}',
            b'{"candidates":[{"content":{"parts":[{"text":"a"}]}}]} {}',
            b'[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}]',
            b'{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b"}]}}]}',
            b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":1}]}',
            b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":null}]}',
            b'{"candidates":[{"content":{"parts":[{"text":"a"}]}},{"content":{}}]}',
            b'{"candidates":[{"content":{"parts":[{"text":"a","th\\u006fught":true}]}}]}',
        ],
    )
    def test_odd_json_says_the_same(self, odd: bytes) -> None:
        """Faults included."""
        body = stream(GEMINI_FIRST) + b"data: %b\n\n" % odd + stream(GEMINI_LAST)
        assert self.told(body) == self.told_the_long_way(body)


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
