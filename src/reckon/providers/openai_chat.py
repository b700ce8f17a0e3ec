"""OpenAI's chat completions, the format that most providers and local servers speak.

Knows nothing of: other OpenAI endpoints, tools, several choices, money.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reckon.errors import AnswerInvalid, AnswerTruncated, ProviderError, UnsupportedInput
from reckon.providers.faults import code_and_message, provider_error
from reckon.providers.sse import EventReader
from reckon.providers.untrusted import Json, as_list, as_table, table, text
from reckon.providers.usage import openai_usage
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Media, Message, Prompt, Text
from reckon.vocabulary.response import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    StopReason,
    TextDelta,
    UsageSeen,
)

BODY_LIMIT = 256 << 20

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}

_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


class OpenAIChat:
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
        body: Json = {
            "model": model.id,
            "messages": [_message(message) for message in prompt.messages],
        }
        if stream:
            body["stream"] = True
            if provider.stream_usage:
                body["stream_options"] = {"include_usage": True}
        if prompt.max_output_tokens is not None:
            body[provider.max_tokens_field] = prompt.max_output_tokens
        if prompt.temperature is not None:
            body["temperature"] = float(prompt.temperature)
        body |= prompt.options
        headers = {"content-type": "application/json", **provider.headers}
        if key:
            headers["authorization"] = f"Bearer {key}"
        return Call(
            url=f"{base_url}/chat/completions", headers=headers, body=msgspec.json.encode(body)
        )

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder()

    def error(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        model: Model,
        provider: Provider,
    ) -> ProviderError:
        """What an answer with that status means."""
        return provider_error(status, headers, body, model, provider)


class WholeDecoder:
    """Decodes an answer that comes as one JSON object."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, data: bytes) -> Sequence[Event]:
        """Nothing is complete before the end."""
        self._body += data
        if len(self._body) > BODY_LIMIT:
            raise _invalid("it is larger than 256 MiB")
        return ()

    def close(self) -> Sequence[Event]:
        """All events of the answer."""
        answer = _object(bytes(self._body))
        _raise_error_inside(answer)
        choice = _first_choice(answer)
        if choice is None:
            raise _invalid("it has no choices")
        events: list[Event] = [_started(answer)]
        events += _texts(table(choice, "message"))
        if answer.get("usage"):
            events.append(UsageSeen(openai_usage(table(answer, "usage"))))
        events.append(Finished(_stop_reason(choice.get("finish_reason"))))
        return events


class StreamDecoder:
    """Decodes an answer that comes as server-sent events.

    The answer is whole once a finish reason or `[DONE]` was seen. Usage may follow either, in an
    event without choices, so the end is told only when the stream closes.
    """

    def __init__(self) -> None:
        self._events = EventReader()
        self._started = False
        self._reason: StopReason | None = None
        self._done = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Events that are complete with these bytes."""
        return [event for each in self._events.feed(data) for event in self._decode(each)]

    def close(self) -> Sequence[Event]:
        """The end of the answer, or the error that there is none."""
        events = [event for each in self._events.close() for event in self._decode(each)]
        if self._reason is None and not self._done:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="The stream closed without a finish reason; it may have been billed.",
                do="The part that came is in `reckon logs`.",
            )
        events.append(Finished(self._reason or "unknown"))
        return events

    def _decode(self, data: bytes) -> list[Event]:
        if not data.strip():
            return []
        if data.strip() == b"[DONE]":
            self._done = True
            return []
        chunk = _object(data)
        _raise_error_inside(chunk)
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(_started(chunk))
        choice = _first_choice(chunk)
        if choice is not None:
            events += _texts(table(choice, "delta"))
            if choice.get("finish_reason"):
                self._reason = _stop_reason(choice["finish_reason"])
        # Groq's older streams carry usage in a field of their own.
        usage = table(chunk, "usage") or table(table(chunk, "x_groq"), "usage")
        if usage:
            events.append(UsageSeen(openai_usage(usage)))
        return events


def _message(message: Message) -> Json:
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": message.text}
    return {
        "role": message.role,
        "content": [
            {"type": "text", "text": part.text}
            if isinstance(part, Text)
            else _media(part.attachment)
            for part in message.parts
            if isinstance(part, Text | Media)
        ],
    }


def _media(attachment: Attachment) -> Json:
    encoded = base64.b64encode(attachment.content).decode()
    if attachment.modality == "image":
        url = f"data:{attachment.media_type};base64,{encoded}"
        return {"type": "image_url", "image_url": {"url": url}}
    if attachment.modality == "audio" and attachment.media_type in _AUDIO_FORMATS:
        audio = {"data": encoded, "format": _AUDIO_FORMATS[attachment.media_type]}
        return {"type": "input_audio", "input_audio": audio}
    raise UnsupportedInput(
        f"{attachment.name or 'An attachment'} ({attachment.media_type}) cannot be sent.",
        why="This provider's chat format carries pictures, and sound as WAV or MP3.",
        do="Convert it, or choose another model.",
    )


def _object(data: bytes) -> Json:
    try:
        decoded: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        start = data[:1].decode("latin-1")
        hint = "it is HTML, not JSON" if start == "<" else f"it is not JSON ({error})"
        raise _invalid(hint) from error
    found = as_table(decoded)
    if found is None:
        raise _invalid("it is JSON, but not an object")
    return found


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no chat completion: {why}. It may have been billed.",
        do="Check that the base URL is that of an OpenAI-compatible server.",
    )


def _raise_error_inside(answer: Json) -> None:
    """An error may come inside an HTTP 200, also in mid-stream."""
    if not answer.get("error"):
        return
    code, message = code_and_message(answer)
    raise AnswerInvalid(
        "The provider broke off with an error.",
        why=f"{message or 'No message'}{f' ({code})' if code else ''}. It may have been billed.",
        do="Try again later.",
    )


def _first_choice(answer: Json) -> Json | None:
    """The choice with index 0; of several choices only the first is told."""
    choices = (as_table(each) for each in as_list(answer.get("choices")))
    return next((each for each in choices if each and each.get("index") in (0, None)), None)


def _started(answer: Json) -> Started:
    return Started(model=text(answer, "model") or None, request_id=text(answer, "id") or None)


def _texts(message: Json) -> list[Event]:
    """Reasoning and text of a message or of a piece of one."""
    events: list[Event] = []
    reasoning = text(message, "reasoning_content") or text(message, "reasoning")
    if reasoning:
        events.append(ReasoningDelta(reasoning))
    for part in as_list(message.get("content")):
        events += _content_part(as_table(part) or {})
    said = text(message, "content") + text(message, "refusal")
    if said:
        events.append(TextDelta(said))
    return events


def _content_part(part: Json) -> list[Event]:
    """Content as typed parts, as Mistral sends it for reasoning models."""
    if part.get("type") == "text" and text(part, "text"):
        return [TextDelta(text(part, "text"))]
    if part.get("type") == "thinking":
        inner = (text(as_table(each) or {}, "text") for each in as_list(part.get("thinking")))
        return [ReasoningDelta(piece) for piece in inner if piece]
    return []


def _stop_reason(reason: object) -> StopReason:
    return _STOP_REASONS.get(reason, "unknown") if isinstance(reason, str) else "unknown"
