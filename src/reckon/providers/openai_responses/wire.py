"""OpenAI's Responses format, which OpenRouter, DeepSeek, Azure and Amazon's Mantle speak too.

An answer is a list of items: messages, reasoning, calls of functions, and what the provider's own
tools did. What an item says is in `items`; here is how answers come: whole, or as
server-sent events that end with the whole answer again.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerInvalid, AnswerTruncated
from reckon.providers.faults import broken_off
from reckon.providers.openai_chat.usage import openai_usage
from reckon.providers.openai_responses.items import Items
from reckon.providers.openai_responses.request import request_body
from reckon.providers.posted import PostedJson
from reckon.providers.sse import EventReader
from reckon.providers.streamed import StreamedDecoder
from reckon.providers.tiers import service_tier
from reckon.providers.untrusted import Json, count, part, table, text
from reckon.providers.whole import WholeDecoder, is_json, json_object
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, Finished, Started, StopReason, UsageSeen
from reckon.vocabulary.usage import Usage

_CUT_BY: dict[str, StopReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


class OpenAIResponses(PostedJson):
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
        """A POST to `/responses`; a query of the base URL (Azure's `api-version`) stays at its end.

        Raises:
            UnsupportedInput: The format has no way to say a part of the prompt.
        """
        base = urlsplit(base_url)
        url = urlunsplit(base._replace(path=f"{base.path.rstrip('/')}/responses"))
        body = request_body(prompt, model, provider, stream=stream)
        return self._post(url, body, provider, key)

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder(_read_whole, _invalid, StreamDecoder)


def responses_usage(usage: Json) -> Usage:
    """Usage as the Responses format spells it.

    `input_tokens` includes what was read from a cache and what was written to it,
    `output_tokens` includes reasoning. The caches of OpenAI live 30 minutes or 12 hours; both
    count as short-lived. OpenRouter states its bill as in chat completions.
    """
    input_tokens = count(usage, "input_tokens")
    output_tokens = count(usage, "output_tokens")
    sent = table(usage, "input_tokens_details")
    received = table(usage, "output_tokens_details")
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=part(count(sent, "cached_tokens"), input_tokens),
        cache_write_tokens=part(count(sent, "cache_write_tokens"), input_tokens),
        audio_input_tokens=part(count(sent, "audio_tokens"), input_tokens),
        image_input_tokens=part(count(sent, "image_tokens"), input_tokens),
        reasoning_tokens=part(count(received, "reasoning_tokens"), output_tokens),
        audio_output_tokens=part(count(received, "audio_tokens"), output_tokens),
        image_output_tokens=part(count(received, "image_tokens"), output_tokens),
        reported_cost_pico=openai_usage(usage).reported_cost_pico,
    )


class StreamDecoder(StreamedDecoder):
    """Decodes an answer that comes as server-sent events."""

    def __init__(self) -> None:
        super().__init__(_read_whole, _invalid)
        self._reader = EventReader()
        self._items = Items()
        self._started: Started | None = None
        self._done = False

    def _hear(self, data: bytes, events: list[Event]) -> None:
        for each in self._reader.feed(data):
            self._decode(each, events)

    def _end(self) -> list[Event]:
        """What the last event says, where its blank line is missing, or how the answer failed."""
        events: list[Event] = []
        for each in self._reader.close():
            if is_json(each):  # half an event is no wrong answer but a cut one
                self._decode(each, events)
        if not self._done:
            raise _truncated("The stream closed before the provider said that it was done")
        return events

    def _decode(self, data: bytes, events: list[Event]) -> None:
        if self._done or data.strip() in (b"", b"[DONE]"):
            return
        event = json_object(data, _invalid)
        kind = text(event, "type")
        if kind == "error" or event.get("error"):
            raise broken_off(event)
        response = table(event, "response")
        events += self._start(response)
        if kind == "response.failed":
            events += _closing(self._items, response)
            raise broken_off(response)
        if kind in ("response.completed", "response.incomplete"):
            self._done = True
            events += _closing(self._items, response)
            cut = kind == "response.incomplete"
            events.append(Finished(_stop_reason(self._items, response, cut=cut)))
            return
        events += self._items.hear(kind, event)

    def _start(self, response: Json) -> list[Event]:
        """Who answers; llama.cpp names its model only at the end."""
        told = self._started
        if not response or (told is not None and (told.model or not response.get("model"))):
            return []
        self._started = _started(response)
        return [self._started]


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = json_object(body, _invalid)
    status = text(answer, "status")
    if answer.get("error") or status == "failed" or answer.get("type") == "error":
        raise broken_off(answer)
    if not isinstance(answer.get("output"), list):
        raise _invalid("it has no output")
    if status in ("queued", "in_progress", "cancelled"):
        raise _truncated(f"The provider says that it is {status.replace('_', ' ')}")
    items = Items()
    events = [_started(answer), *_closing(items, answer)]
    return [*events, Finished(_stop_reason(items, answer, cut=False))]


def _started(response: Json) -> Started:
    return Started(model=text(response, "model") or None, request_id=text(response, "id") or None)


def _closing(items: Items, response: Json) -> list[Event]:
    """What the finished answer says that was not said yet, and its usage."""
    events = items.rest(response.get("output"))
    usage = table(response, "usage")
    if usage or items.searches or items.billed:
        seen = msgspec.structs.replace(
            responses_usage(usage),
            web_searches=items.searches,
            service_tier=service_tier(response, "service_tier"),
            billed_besides=", ".join(sorted(items.billed)),
        )
        events.append(UsageSeen(seen))
    return events


def _stop_reason(items: Items, response: Json, *, cut: bool) -> StopReason:
    if cut or response.get("status") == "incomplete":
        return _CUT_BY.get(text(table(response, "incomplete_details"), "reason"), "unknown")
    if items.waits:
        return "tool_calls"
    return "refusal" if items.refused else "stop"


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no answer in the Responses format: {why}. It may have been billed.",
        do="Check that the base URL is that of a server with OpenAI's Responses API.",
    )


def _truncated(why: str) -> AnswerTruncated:
    return AnswerTruncated(
        "The answer stopped before its end.",
        why=f"{why}; it may have been billed.",
        do="The part that came is in `reckon logs`.",
    )
