"""Anthropic's messages, also spoken by llama.cpp and by several providers beside their own format.

The request is in `request`, the content of an answer in `blocks`, its usage in `usage`.
"""

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from reckon.errors import AnswerInvalid, AnswerTruncated
from reckon.providers.anthropic.blocks import Blocks
from reckon.providers.anthropic.request import request_body
from reckon.providers.anthropic.usage import anthropic_usage, merged
from reckon.providers.faults import broken_off
from reckon.providers.posted import PostedJson
from reckon.providers.sse import EventReader
from reckon.providers.streamed import StreamedDecoder
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.providers.whole import WholeDecoder, is_json, json_object
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, Finished, Started, StopReason, UsageSeen

VERSION = "2023-06-01"
"""The only version of the format that Anthropic still serves."""

_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
}


class AnthropicMessages(PostedJson):
    """The wire format."""

    key_header = "x-api-key"
    constant_headers: ClassVar = {"anthropic-version": VERSION}

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
        """A POST to `/v1/messages`; media go inline.

        The format demands `max_tokens`: it is the prompt's limit, or the most that the model can
        say, or 4096 where neither is known (and the cap on reasoning on top of these).

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

    The answer is whole once its stop reason or `message_stop` was seen.
    """

    def __init__(self) -> None:
        super().__init__(_read_whole, _invalid)
        self._events = EventReader()
        self._blocks = Blocks()
        self._usage: Json = {}
        self._ran_code = False
        self._reason: StopReason | None = None

    def _hear(self, data: bytes, events: list[Event]) -> None:
        for each in self._events.feed(data):
            events += self._decode(each)

    def _end(self) -> list[Event]:
        rest = [each for each in self._events.close() if is_json(each)]
        events = [event for each in rest for event in self._decode(each)]
        if self._reason is None:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="The stream closed without a stop reason; it may have been billed.",
                do="The part that came is in `reckon logs`.",
            )
        return [*events, Finished(self._reason)]

    def _decode(self, data: bytes) -> list[Event]:
        # Some gateways end every stream as OpenAI does.
        if data.strip() in (b"", b"[DONE]"):
            return []
        event = json_object(data, _invalid)
        _raise_error_inside(event)
        match event.get("type"):
            case "message_start":
                return self._start(table(event, "message"))
            case "message_delta":
                return self._stop(event)
            case "message_stop":
                self._reason = self._reason or "unknown"
                return []
            case kind:
                return self._content(kind, event)

    def _content(self, kind: object, event: Json) -> list[Event]:
        index = count(event, "index")
        match kind:
            case "content_block_start":
                return self._blocks.start(index, table(event, "content_block"))
            case "content_block_delta":
                return self._blocks.delta(index, table(event, "delta"))
            case "content_block_stop":
                return self._blocks.stop(index)
            case _:
                return []  # pings, and events yet to be invented

    def _start(self, message: Json) -> list[Event]:
        return [_started(message), *self._count(message)]

    def _stop(self, event: Json) -> list[Event]:
        reason = table(event, "delta").get("stop_reason")
        if reason is not None:
            self._reason = _stop_reason(reason)
        return self._count(event)

    def _count(self, holder: Json) -> list[Event]:
        usage = table(holder, "usage")
        self._ran_code = self._ran_code or _ran_code(holder) or _ran_code(table(holder, "delta"))
        if not usage:
            return []
        self._usage = merged(self._usage, usage)
        return [UsageSeen(anthropic_usage(self._usage, ran_code=self._ran_code))]


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = json_object(body, _invalid)
    _raise_error_inside(answer)
    if not isinstance(answer.get("content"), list):
        raise _invalid("it has no content")
    events: list[Event] = [_started(answer)]
    blocks = Blocks()
    for block in as_list(answer["content"]):
        events += blocks.whole(as_table(block) or {})
    usage = table(answer, "usage")
    if usage:
        events.append(UsageSeen(anthropic_usage(usage, ran_code=_ran_code(answer))))
    events.append(Finished(_stop_reason(answer.get("stop_reason"))))
    return events


def _address(base_url: str) -> str:
    """Where messages go; users' ANTHROPIC_BASE_URL ends before `/v1`, ours with it."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    if not path.endswith("/v1"):
        path += "/v1"
    return parts._replace(path=f"{path}/messages").geturl()


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no message: {why}. It may have been billed.",
        do="Check that the base URL is that of a server with Anthropic's messages.",
    )


def _raise_error_inside(answer: Json) -> None:
    """An error may come inside an HTTP 200, also in mid-stream."""
    if answer.get("error") or answer.get("type") == "error":
        raise broken_off(answer)


def _ran_code(holder: Json) -> bool:
    """Whether a message, or the end of one, names the container in which code ran."""
    return bool(table(holder, "container"))


def _started(message: Json) -> Started:
    return Started(model=text(message, "model") or None, request_id=text(message, "id") or None)


def _stop_reason(reason: object) -> StopReason:
    return _STOP_REASONS.get(reason, "unknown") if isinstance(reason, str) else "unknown"
