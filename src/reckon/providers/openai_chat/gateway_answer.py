"""An answer in the words of chat completions, whole or streamed, for a client of the gateway.

The other direction of `answer`. Reasoning goes as `reasoning_content`, as DeepSeek and most servers
say it, and sealed reasoning also as `reasoning_details`, as OpenRouter says it, so that a client
that sends the message back sends the seals back too.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from reckon.errors import ReckonError
from reckon.providers.gateway import data_url, message_of, token_json, told
from reckon.providers.openai_chat.gateway_request import FORMATS_OF_REASONING
from reckon.providers.openai_chat.request import WIRE
from reckon.providers.untrusted import Json
from reckon.vocabulary.call import AnswerHead
from reckon.vocabulary.prompt import Media, MediaLink, Opaque, Part, Reasoning, Text, ToolCall
from reckon.vocabulary.response import (
    Choice,
    Citation,
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Response,
    Signed,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

_GOOGLE = ("", "gemini", WIRE)
"""Who makes the seals that Google's compatible format has a place for."""

_FINISHED: dict[StopReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "stop",
    "unknown": "stop",
}


def encode_answer(response: Response, head: AnswerHead) -> bytes:
    """A whole answer."""
    first = Choice(
        parts=response.parts,
        text=response.text,
        reasoning=response.reasoning,
        refused=response.refused,
        citations=response.citations,
        logprobs=response.logprobs,
        stop_reason=response.stop_reason,
    )
    choices = [_choice(each, place) for place, each in enumerate((first, *response.others))]
    answer = _head(head, "chat.completion", choices)
    usage = usage_json(response.usage)
    return msgspec.json.encode(answer | ({"usage": usage} if usage else {}))


def usage_json(usage: Usage) -> Json:
    """Usage in OpenAI's words; empty where the counts are unknown."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return {}
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
            "audio_tokens": usage.audio_input_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
        },
    }


def encode_error(error: ReckonError) -> tuple[int, bytes]:
    """Status and body of an error."""
    return told(error).status, msgspec.json.encode(error_json(error))


def error_json(error: ReckonError) -> Json:
    """An error in OpenAI's words, which the Responses format shares."""
    code = told(error).openai
    kind = "server_error" if told(error).status >= 500 else "invalid_request_error"
    said = {"message": message_of(error), "type": kind, "param": None, "code": code}
    return {"error": said}


def _head(head: AnswerHead, kind: str, choices: list[Json]) -> Json:
    return {
        "id": head.id,
        "object": kind,
        "created": head.created,
        "model": head.model,
        "choices": choices,
    }


def _choice(choice: Choice, place: int) -> Json:
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    for part in choice.parts:
        _add(part, message)
    words = "".join(part.text for part in choice.parts if isinstance(part, Text))
    if choice.refused and choice.stop_reason == "refusal" and words:
        message["refusal"] = words
    elif words:
        message["content"] = words
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    annotations = [each for citation in choice.citations for each in _annotation(citation)]
    if annotations:
        message["annotations"] = annotations + message.get("annotations", [])
    said: Json = {
        "index": place,
        "message": message,
        "finish_reason": _finish_reason(choice.stop_reason, refused=bool(message["refusal"])),
    }
    if choice.logprobs:
        said["logprobs"] = _logprobs(choice.logprobs)
    return said


def _finish_reason(reason: StopReason, *, refused: bool) -> str:
    """OpenAI says `stop` where the refusal has words of its own."""
    return "stop" if refused else _FINISHED[reason]


def _add(part: Part, message: Json) -> None:
    """What a part adds to a message, beside its words."""
    match part:
        case Text() if part.signature and part.sealed_by in _GOOGLE:
            message["extra_content"] = _google(part.signature)
        case Reasoning() if part.signature or part.encrypted:
            details: list[Json] = message.setdefault("reasoning_details", [])
            details.append(_detail(part, len(details)))
        case ToolCall():
            calls: list[Json] = message.setdefault("tool_calls", [])
            calls.append(_call(part))
        case Media() | MediaLink():
            _show(part, message)
        case Opaque() if part.wire == WIRE:
            message |= part.data
        case _:
            pass


def _call(part: ToolCall) -> Json:
    call: Json = {
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": part.arguments},
    }
    if part.signature and part.sealed_by in _GOOGLE:
        call["extra_content"] = _google(part.signature)
    return call


def _google(signature: str) -> Json:
    return {"google": {"thought_signature": signature}}


def _detail(part: Reasoning, index: int) -> Json:
    kind = "reasoning.encrypted" if part.encrypted and not part.text else "reasoning.text"
    detail: Json = {"type": kind, "index": index, "text": part.text}
    detail["format"] = FORMATS_OF_REASONING.get(part.sealed_by, "unknown")
    said = {"signature": part.signature, "data": part.encrypted, "id": part.id}
    return detail | {name: value for name, value in said.items() if value}


def _show(part: Media | MediaLink, message: Json) -> None:
    if isinstance(part, MediaLink):
        url = part.url
    elif part.attachment.modality == "image":
        url = data_url(part.attachment)
    else:
        return
    images: list[Json] = message.setdefault("images", [])
    images.append({"type": "image_url", "image_url": {"url": url}})


def _annotation(citation: Citation) -> Iterable[Json]:
    if citation.url:
        said: Json = {"url": citation.url, "title": citation.title}
        said |= {"start_index": citation.start or 0, "end_index": citation.end or 0}
        yield {"type": "url_citation", "url_citation": said}


def _logprobs(tokens: Iterable[TokenLogprob]) -> Json:
    return {"content": [token_json(each) for each in tokens]}


class StreamEncoder:
    """Writes a stream of chunks, which ends with `[DONE]`."""

    def __init__(self, head: AnswerHead, *, usage: bool) -> None:
        self._head = head
        self._wants_usage = usage
        self._usage = Usage()
        self._began: set[int] = set()
        self._thoughts: dict[int, list[str]] = {}
        """Pieces of the reasoning that is open, by choice."""
        self._details: dict[int, int] = {}
        """How many details of reasoning each choice has."""
        self._last_call: dict[int, int] = {}
        self._refused: set[int] = set()

    def feed(self, event: Event) -> bytes:
        """The chunk that says this event; nothing where the format has no word for it."""
        if isinstance(event, UsageSeen):
            self._usage = event.usage
            return b""
        choice: Any = getattr(event, "choice", None)
        if choice is None:
            return b""
        if isinstance(event, Finished):
            reason = _finish_reason(event.reason, refused=choice in self._refused)
            return self._chunk(choice, {}, finish_reason=reason)
        if isinstance(event, LogprobsSeen):
            return self._chunk(choice, {}, logprobs=_logprobs(event.tokens))
        delta = self._delta(event, choice)
        return self._chunk(choice, delta) if delta else b""

    def close(self) -> bytes:
        """Usage, where it was asked for, and the end."""
        end = b"data: [DONE]\n\n"
        usage = usage_json(self._usage)
        if not self._wants_usage or not usage:
            return end
        return _event(_head(self._head, "chat.completion.chunk", []) | {"usage": usage}) + end

    def fail(self, error: ReckonError) -> bytes:
        """The error, as OpenAI tells one in mid-stream."""
        return _event(error_json(error))

    def _chunk(self, choice: int, delta: Json, **more: Any) -> bytes:
        if choice not in self._began:
            self._began.add(choice)
            delta = {"role": "assistant"} | delta
        said: Json = {"index": choice, "delta": delta, "finish_reason": None} | more
        return _event(_head(self._head, "chat.completion.chunk", [said]))

    def _delta(self, event: Event, choice: int) -> Json:  # noqa: PLR0911 - one per kind of event
        match event:
            case TextDelta(said):
                self._last_call.pop(choice, None)
                return {"content": said}
            case RefusalDelta(said):
                self._refused.add(choice)
                return {"refusal": said}
            case ReasoningDelta(said):
                self._thoughts.setdefault(choice, []).append(said)
                return {"reasoning_content": said}
            case ReasoningSealed():
                return self._sealed(event)
            case ToolCallDelta():
                self._last_call[choice] = event.index
                return {"tool_calls": [_call_piece(event)]}
            case Signed(signature) if event.sealed_by in _GOOGLE:
                return self._signed(choice, signature)
            case PartSeen() | Cited():
                return _extra(event)
            case _:
                return {}

    def _sealed(self, event: ReasoningSealed) -> Json:
        """All of a thought once more, with its seal, as it shall come back."""
        words = "".join(self._thoughts.pop(event.choice, ()))
        part = Reasoning(words, event.signature, event.encrypted, event.id, event.sealed_by)
        if not part.signature and not part.encrypted:
            return {}
        index = self._details.setdefault(event.choice, 0)
        self._details[event.choice] += 1
        return {"reasoning_details": [_detail(part, index)]}

    def _signed(self, choice: int, signature: str) -> Json:
        """The seal of the last call, or of the words."""
        index = self._last_call.get(choice)
        if index is None:
            return {"extra_content": _google(signature)}
        piece = {"index": index, "function": {"arguments": ""}}
        return {"tool_calls": [piece | {"extra_content": _google(signature)}]}


def _call_piece(event: ToolCallDelta) -> Json:
    function: Json = {"arguments": event.arguments}
    if event.name:
        function["name"] = event.name
    piece: Json = {"index": event.index, "function": function}
    if event.id:
        piece |= {"id": event.id, "type": "function"}
    return piece


def _extra(event: PartSeen | Cited) -> Json:
    delta: Json = {}
    if isinstance(event, PartSeen):
        _add(event.part, delta)
    else:
        annotations = list(_annotation(event.citation))
        if annotations:
            delta["annotations"] = annotations
    return delta


def _event(said: Json) -> bytes:
    return b"data: " + msgspec.json.encode(said) + b"\n\n"
