"""Gemini's generateContent, at Google's Gemini API and at Vertex AI.

Knows nothing of: embeddings, cached contents, the files API, money.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from reckon.errors import AnswerTruncated
from reckon.providers.faults import broken_off
from reckon.providers.gemini.answer import Answer, invalid
from reckon.providers.gemini.request import request_body
from reckon.providers.json_stream import ObjectReader
from reckon.providers.posted import PostedJson
from reckon.providers.sse import EventReader
from reckon.providers.streamed import StreamedDecoder
from reckon.providers.untrusted import as_list, as_table
from reckon.providers.whole import WholeDecoder, is_json, json_value
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event


class Gemini(PostedJson):
    """The wire format."""

    key_header = "x-goog-api-key"

    def encode(
        self,
        prompt: Prompt,
        model: Model,
        provider: Provider,
        *,
        base_url: str,
        key: str | None,
        stream: bool,
    ) -> Call:
        """A POST to `models/{model}:generateContent`; the key goes in a header, never in the URL.

        Options of the prompt go to `generationConfig` where they are fields of it, in camel or
        snake case, and else to the top of the request; tables are laid into ours.

        Raises:
            UnsupportedInput: The format has no way to say a part of the prompt.
        """
        url = _address(base_url, model.id, stream=stream)
        return self._post(url, request_body(prompt, model), provider, key)

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder(_read_whole, invalid, StreamDecoder)


class StreamDecoder(StreamedDecoder):
    """Decodes an answer that comes in pieces: as server-sent events, or as one JSON array.

    The first byte tells which. The answer is whole once each candidate has a finish reason; usage
    and sources may follow, so the end is told only when the stream closes.
    """

    def __init__(self) -> None:
        super().__init__(_read_whole, invalid, unstreamed=b"<")
        self._answer = Answer()
        self._events: EventReader | None = None
        self._objects: ObjectReader | None = None

    def _hear(self, data: bytes, events: list[Event]) -> None:
        if not data:
            return
        if self._events is None and self._objects is None:
            if data[:1] in (b"[", b"{"):
                self._objects = ObjectReader()
            else:
                self._events = EventReader()
        self._all((self._objects or self._events or EventReader()).feed(data), events)

    def _end(self) -> list[Event]:
        events: list[Event] = []
        if self._events:
            # A last event that was cut is no JSON, and says nothing.
            self._all(list(filter(is_json, self._events.close())), events)
        inside = self._objects is not None and self._objects.is_inside
        if inside or not self._answer.is_whole:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="The stream closed without a finish reason; it may have been billed.",
                do="The part that came is in `reckon logs`.",
            )
        return events + self._answer.end()

    def _all(self, pieces: Iterable[bytes], events: list[Event]) -> None:
        answer = self._answer
        for piece in pieces:
            plain = answer.read_plain(piece)
            if plain is not None:
                events += plain
            elif piece.strip() not in (b"", b"[DONE]"):  # some gateways end all streams alike
                for each in _answers(json_value(piece, invalid)):
                    events += _added(answer, each)


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = Answer()
    events: list[Event] = []
    for each in _answers(json_value(body, invalid)):
        events += _added(answer, each)
    if answer.is_empty:
        raise invalid("it has no candidates")
    return events + answer.end()


def _address(base_url: str, model: str, *, stream: bool) -> str:
    """The base URL's own query is kept."""
    base = urlsplit(base_url)
    name = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    method = "streamGenerateContent" if stream else "generateContent"
    path = f"{base.path.rstrip('/')}/{quote(name, safe='/@.-_')}:{method}"
    query = "&".join(each for each in (base.query, "alt=sse" if stream else "") if each)
    return urlunsplit((base.scheme, base.netloc, path, query, ""))


def _answers(decoded: object) -> list[object]:
    """One response, or each of a list of them."""
    return as_list(decoded) or [decoded]


def _added(answer: Answer, decoded: object) -> list[Event]:
    piece = as_table(decoded)
    if piece is None:
        raise invalid("it is JSON, but not an object")
    if piece.get("error"):
        raise broken_off(piece)
    try:
        return answer.add(piece)
    except RecursionError as error:
        raise invalid("it is nested too deeply") from error
