"""OpenAI's chat completions, the format that most providers and local servers speak.

Knows nothing of: other OpenAI endpoints, tools with free text instead of JSON, money.
"""

from collections.abc import Sequence

from reckon.errors import AnswerBrokenOff, AnswerInvalid, AnswerTruncated
from reckon.providers.faults import broken_off
from reckon.providers.openai_chat.answer import Answer
from reckon.providers.openai_chat.request import request_body
from reckon.providers.posted import PostedJson
from reckon.providers.sse import EventReader
from reckon.providers.streamed import StreamedDecoder
from reckon.providers.untrusted import Json, as_list, as_table, text
from reckon.providers.whole import WholeDecoder, is_json, json_object
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event

_BROKEN_OFF = {"error", "insufficient_system_resource", "network_error"}
"""Reasons of an end that is none: Mistral's and OpenRouter's, DeepSeek's, Z.ai's."""


class OpenAIChat(PostedJson):
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
        """A POST to `/chat/completions`; media go inline.

        Raises:
            UnsupportedInput: The format has no way to say a part of the prompt.
        """
        body = request_body(prompt, model, provider, stream=stream)
        return self._post(_address(base_url), body, provider, key)

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder(_read_whole, _invalid, StreamDecoder)


class StreamDecoder(StreamedDecoder):
    """Decodes an answer that comes as server-sent events.

    The answer is whole once every choice has a finish reason, or `[DONE]` was seen. Usage may
    follow either, in an event without choices, so the end is told only when the stream closes.
    """

    def __init__(self) -> None:
        super().__init__(_read_whole, _invalid)
        self._events = EventReader()
        self._answer = Answer()
        self._done = False

    def _hear(self, data: bytes, events: list[Event]) -> None:
        for each in self._events.feed(data):
            self._decode(each, events)

    def _end(self) -> list[Event]:
        # Half an event is no wrong answer but a cut one.
        rest = [each for each in self._events.close() if _is_done(each) or is_json(each)]
        events: list[Event] = []
        for each in rest:
            self._decode(each, events)
        if not self._done and not self._answer.is_whole:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="The stream closed without a finish reason; it may have been billed.",
                do="The part that came is in `reckon logs`.",
            )
        return [*events, *self._answer.end()]

    def _decode(self, data: bytes, events: list[Event]) -> None:
        plain = self._answer.read_plain(data)
        if plain is not None:
            events += plain
            return
        if not data.strip():
            return
        if _is_done(data):
            self._done = True
            return
        chunk = json_object(data, _invalid)
        fault = _error_inside(chunk)
        if fault is not None and "usage" in chunk:
            # OpenRouter tells what an answer that it breaks off has used, beside the error.
            events += self._answer.read({**chunk, "choices": []}, streamed=True)
        if fault is not None:
            raise fault
        events += self._answer.read(chunk, streamed=True)


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    told = json_object(body, _invalid)
    fault = _error_inside(told)
    if fault is not None:
        raise fault
    answer = Answer()
    events = answer.read(told, streamed=False)
    if not answer.choices:
        raise _invalid("it has no choices")
    return [*events, *answer.end()]


def _address(base_url: str) -> str:
    """The path goes before a query, which Azure's addresses have."""
    head, mark, query = base_url.partition("?")
    return f"{head.rstrip('/')}/chat/completions{mark}{query}"


def _is_done(data: bytes) -> bool:
    return data.strip() == b"[DONE]"


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no chat completion: {why}. It may have been billed.",
        do="Check that the base URL is that of an OpenAI-compatible server.",
    )


def _error_inside(answer: Json) -> AnswerBrokenOff | None:
    """An error may come inside an HTTP 200, also in mid-stream, also inside a choice."""
    # vLLM sends the fields of an error at the top.
    bare = "choices" not in answer and (answer.get("message") or answer.get("detail"))
    if answer.get("error") or bare:
        return broken_off(answer)
    for choice in as_list(answer.get("choices")):
        each = as_table(choice) or {}
        if each.get("error"):
            return broken_off(each)
        reason = text(each, "finish_reason")
        if reason in _BROKEN_OFF:
            return broken_off({"code": reason, "message": "It stopped before its end"})
    return None
