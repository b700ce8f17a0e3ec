"""An answer in Anthropic's words, whole or streamed, for a client of the gateway.

The other direction of `blocks`. Thoughts of other formats' models go as `thinking` with their seal
wrapped in the signature, which clients send back as it is.
"""

from collections.abc import Iterable

import msgspec

from reckon.errors import ReckonError
from reckon.providers.anthropic.request import WIRE, carry_back, json_input
from reckon.providers.gateway import message_of, told, wrapped_seal
from reckon.providers.untrusted import Json
from reckon.vocabulary.call import AnswerHead
from reckon.vocabulary.prompt import Opaque, Part, Reasoning, Text, ToolCall
from reckon.vocabulary.response import (
    Cited,
    Event,
    Finished,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Response,
    StopReason,
    TextDelta,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

_STOPS: dict[StopReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "unknown": "end_turn",
}

_PLACES = frozenset(
    {
        "char_location",
        "page_location",
        "content_block_location",
        "web_search_result_location",
        "search_result_location",
    }
)
"""Kinds of citations that the format has."""


def encode_answer(response: Response, head: AnswerHead) -> bytes:
    """A whole answer. Only the first of several choices can be said."""
    message = _message(head) | {
        "content": _content(response.parts),
        "stop_reason": _STOPS[response.stop_reason],
        "usage": usage_json(response.usage),
    }
    return msgspec.json.encode(message)


def usage_json(usage: Usage) -> Json:
    """Usage in Anthropic's words, whose input leaves out what the cache gave and took.

    The format has no word for "unknown", and its clients need numbers: unknown counts are 0 here.
    """
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    plain = (usage.input_tokens or 0) - usage.cached_input_tokens - written
    return {
        "input_tokens": max(plain, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens or 0,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
        "server_tool_use": _searches(usage.web_searches),
    }


def _searches(searches: int) -> Json | None:
    # Pages that were fetched cost nothing beside their tokens, and no noun of ours counts them.
    return {"web_search_requests": searches, "web_fetch_requests": 0} if searches else None


def encode_error(error: ReckonError) -> tuple[int, bytes]:
    """Status and body of an error."""
    return told(error).status, msgspec.json.encode(_error(error))


def _error(error: ReckonError) -> Json:
    return {"type": "error", "error": {"type": told(error).anthropic, "message": message_of(error)}}


def _message(head: AnswerHead) -> Json:
    return {
        "id": head.id,
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _content(parts: Iterable[Part]) -> list[Json]:
    blocks: list[Json] = []
    for part in parts:
        match part:
            case Text():
                blocks += [{"type": "text", "text": part.text}] if part.text else []
            case Reasoning():
                blocks.append(_thought(part))
            case ToolCall():
                blocks.append(_call(part) | {"input": json_input(part.arguments)})
            case Opaque() if part.wire == WIRE:
                carry_back(part, blocks)
            case _:
                pass
    return blocks


def _thought(part: Reasoning) -> Json:
    if part.sealed_by == WIRE and part.encrypted:
        return {"type": "redacted_thinking", "data": part.encrypted}
    return {"type": "thinking", "thinking": part.text, "signature": _seal(part)}


def _seal(part: Reasoning) -> str:
    """The signature; what another format sealed is wrapped, what nobody sealed has none."""
    if part.sealed_by == WIRE:
        return part.signature
    sealed = part.signature or part.encrypted or part.id
    return wrapped_seal(part) if sealed else ""


def _call(part: ToolCall | ToolCallDelta) -> Json:
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}


class StreamEncoder:
    """Writes a stream of events. Text and thoughts end where another block begins.

    Blocks of calls stay open to the end: pieces of several calls may come mixed.
    """

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._usage = Usage()
        self._began = False
        self._blocks = 0
        self._open = ""
        """Which kind of text is open, `text` or `thinking`, as block `_blocks - 1`."""
        self._calls: dict[int, int] = {}
        """Blocks by the number of the call."""
        self._reason: StopReason = "unknown"

    def feed(self, event: Event) -> bytes:
        """What the client hears of this event."""
        said = b"" if self._began else self._begin()
        if getattr(event, "choice", 0):
            return said  # the format has one answer
        match event:
            case UsageSeen(usage):
                self._usage = usage
            case Finished(reason):
                self._reason = reason
            case TextDelta(words) | RefusalDelta(words):
                said += self._say("text", {"type": "text_delta", "text": words})
            case ReasoningDelta(words):
                said += self._say("thinking", {"type": "thinking_delta", "thinking": words})
            case ReasoningSealed():
                said += self._sealed(event)
            case ToolCallDelta():
                said += self._call(event)
            case Cited(citation) if citation.raw.get("type") in _PLACES:
                delta = {"type": "citations_delta", "citation": citation.raw}
                said += self._say("text", delta)
            case PartSeen(Opaque() as part) if part.wire == WIRE:
                # A block that is restated was told in pieces, and ends here.
                said += self._end_text() if part.restates else self._whole(part.data)
            case _:
                pass
        return said

    def close(self) -> bytes:
        """The ends of the blocks, the reason, the usage, and the end."""
        said = b"" if self._began else self._begin()
        said += self._end_text()
        for block in self._calls.values():
            said += _event("content_block_stop", {"index": block})
        delta = {"stop_reason": _STOPS[self._reason], "stop_sequence": None}
        said += _event("message_delta", {"delta": delta, "usage": usage_json(self._usage)})
        return said + _event("message_stop", {})

    def fail(self, error: ReckonError) -> bytes:
        """The error, as Anthropic tells one in mid-stream."""
        return b"event: error\ndata: " + msgspec.json.encode(_error(error)) + b"\n\n"

    def _begin(self) -> bytes:
        """The start, which must tell counts; the true ones come at the end."""
        self._began = True
        message = _message(self._head) | {"usage": usage_json(self._usage)}
        return _event("message_start", {"message": message})

    def _say(self, kind: str, delta: Json) -> bytes:
        said = b""
        if self._open != kind:
            empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}[kind]
            said = self._start({"type": kind} | empty)
            self._open = kind
        return said + self._delta(self._blocks - 1, delta)

    def _sealed(self, event: ReasoningSealed) -> bytes:
        part = Reasoning("", event.signature, event.encrypted, event.id, event.sealed_by)
        if event.sealed_by == WIRE and event.encrypted:
            return self._whole(_thought(part))
        said = b"" if self._open == "thinking" else self._start(_thought(Reasoning("")))
        self._open = "thinking"
        seal = _seal(part)
        if seal:
            delta = {"type": "signature_delta", "signature": seal}
            said += self._delta(self._blocks - 1, delta)
        return said + self._end_text()

    def _call(self, event: ToolCallDelta) -> bytes:
        said = b""
        block = self._calls.get(event.index)
        if block is None:
            said = self._start(_call(event))
            block = self._calls[event.index] = self._blocks - 1
        if event.arguments:
            delta = {"type": "input_json_delta", "partial_json": event.arguments}
            said += self._delta(block, delta)
        return said

    def _whole(self, data: Json) -> bytes:
        return self._start(data) + _event("content_block_stop", {"index": self._blocks - 1})

    def _start(self, block: Json) -> bytes:
        said = self._end_text()
        said += _event("content_block_start", {"index": self._blocks, "content_block": block})
        self._blocks += 1
        return said

    def _delta(self, block: int, delta: Json) -> bytes:
        return _event("content_block_delta", {"index": block, "delta": delta})

    def _end_text(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._blocks - 1})


def _event(kind: str, said: Json) -> bytes:
    data = msgspec.json.encode({"type": kind, **said})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
