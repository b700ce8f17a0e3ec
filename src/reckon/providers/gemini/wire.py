"""Gemini's generateContent, at Google's Gemini API and at Vertex AI.

Knows nothing of: embeddings, cached contents, the files API, money.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerTruncated, ProviderError
from reckon.providers.faults import broken_off, provider_error
from reckon.providers.gemini.answer import Answer, invalid
from reckon.providers.gemini.request import request_body
from reckon.providers.held import Held
from reckon.providers.json_stream import ObjectReader
from reckon.providers.sse import EventReader
from reckon.providers.untrusted import as_list, as_table
from reckon.providers.whole import WholeDecoder
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event


class Gemini:
    """The wire format."""

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
        headers = {"content-type": "application/json", **provider.headers}
        if key:
            headers[provider.key_header or "x-goog-api-key"] = key
        return Call(
            url=_address(base_url, model.id, stream=stream),
            headers=headers,
            body=msgspec.json.encode(request_body(prompt)),
        )

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder(_read_whole, invalid)

    def error(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        model: Model,
        provider: Provider,
    ) -> ProviderError:
        """What an answer with that status means; the wait that a 429 asks for is in the body."""
        return provider_error(status, headers, body, model, provider)


class StreamDecoder:
    """Decodes an answer that comes in pieces: as server-sent events, or as one JSON array.

    The first byte tells which. The answer is whole once each candidate has a finish reason; usage
    and sources may follow, so the end is told only when the stream closes.
    """

    def __init__(self) -> None:
        self._answer = Answer()
        self._begun = bytearray()
        self._events: EventReader | None = None
        self._objects: ObjectReader | None = None
        self._held = Held()

    def feed(self, data: bytes) -> Sequence[Event]:
        """Events that are complete with these bytes."""
        if self._events is None and self._objects is None:
            self._begun += data
            data = bytes(self._begun.lstrip())
            if not data:
                return ()
            if data[:1] in (b"[", b"{"):
                self._objects = ObjectReader()
            else:
                self._events = EventReader()
        return self._all((self._objects or self._events or EventReader()).feed(data))

    def close(self) -> Sequence[Event]:
        """The end of the answer, or the error that there is none."""
        self._held.release()
        events = self._all(self._events.close()) if self._events else []
        inside = self._objects is not None and self._objects.is_inside
        if inside or not self._answer.is_whole:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="The stream closed without a finish reason; it may have been billed.",
                do="The part that came is in `reckon logs`.",
            )
        return events + self._answer.end()

    def _all(self, pieces: Iterator[bytes]) -> list[Event]:
        return self._held.gather(map(self._read, pieces))

    def _read(self, piece: bytes) -> list[Event]:
        if piece.strip() in (b"", b"[DONE]"):  # some gateways end all streams alike
            return []
        return _added(self._answer, _decoded(piece))


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = Answer()
    events = _added(answer, _decoded(body))
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


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "it is HTML, not JSON" if data[:1] == b"<" else f"it is not JSON ({error})"
        raise invalid(hint) from error


def _added(answer: Answer, decoded: object) -> list[Event]:
    """The events of one response, or of a list of them."""
    events: list[Event] = []
    for each in as_list(decoded) or [decoded]:
        piece = as_table(each)
        if piece is None:
            raise invalid("it is JSON, but not an object")
        if piece.get("error"):
            raise broken_off(piece)
        try:
            events += answer.add(piece)
        except RecursionError as error:
            raise invalid("it is nested too deeply") from error
    return events
