"""Gemini's generateContent, at Google's Gemini API and at Vertex AI.

Knows nothing of: embeddings, cached contents, the files API, money.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerTruncated, AuthError, ProviderError
from reckon.providers.faults import code_and_message, provider_error
from reckon.providers.gemini.answer import Answer, invalid
from reckon.providers.gemini.request import request_body
from reckon.providers.json_stream import ObjectReader
from reckon.providers.sse import EventReader
from reckon.providers.untrusted import Json, as_list, as_table, table, text
from reckon.providers.whole import WholeDecoder
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?s")
"""A duration as Google's JSON spells it."""


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
        """What an answer with that status means.

        A wrong key is a 400 here, and the wait that a 429 asks for stands in the body.
        """
        said = _said(body)
        details = [as_table(each) or {} for each in as_list(said.get("details"))]
        if any(text(each, "reason") == "API_KEY_INVALID" for each in details):
            return AuthError(
                f"{provider.name} refused the key.",
                why=f"HTTP {status}: {code_and_message(said)[1]}",
                do=f"Check the key: `reckon keys set {provider.id}`.",
                status=status,
            )
        wait = next((found for each in details if (found := _wait(each))), None)
        if wait and not {"retry-after", "retry-after-ms"} & headers.keys():
            headers = {**headers, "retry-after": wait}
        error = provider_error(status, headers, body, model, provider)
        if error.retryable and any(_is_daily(each) for each in details):
            error.retryable = False
            error.do = "The quota of the day is used up: go on tomorrow, or raise it at Google."
        return error


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
        events: list[Event] = []
        for piece in pieces:
            plain = self._answer.read_plain(piece)
            if plain is not None:
                events += plain
            elif piece.strip() not in (b"", b"[DONE]"):  # some gateways end all streams alike
                for each in as_list(decoded := _decoded(piece)) or [decoded]:
                    events += _added(self._answer, as_table(each))
        return events


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = Answer()
    decoded = _decoded(body)
    events: list[Event] = []
    for each in as_list(decoded) or [decoded]:
        events += _added(answer, as_table(each))
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


def _added(answer: Answer, piece: Json | None) -> list[Event]:
    if piece is None:
        raise invalid("it is JSON, but not an object")
    try:
        return answer.add(piece)
    except RecursionError as error:
        raise invalid("it is nested too deeply") from error


def _said(body: bytes) -> Json:
    """The error of an error body, which may stand in a list of one."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    first = next(iter(as_list(decoded)), decoded)
    return table(as_table(first) or {}, "error")


def _wait(detail: Json) -> str | None:
    """Seconds that a RetryInfo asks to wait."""
    delay = text(detail, "retryDelay")
    return delay[:-1] if _SECONDS.fullmatch(delay) else None


def _is_daily(detail: Json) -> bool:
    """Whether a quota of the day is used up, which no short wait cures."""
    violations = (as_table(each) or {} for each in as_list(detail.get("violations")))
    return any("PerDay" in text(each, "quotaId") for each in violations)
