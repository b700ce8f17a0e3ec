"""An answer in the Responses format, whole or streamed, for a client of the gateway.

The other direction of `items`. A stream says each item when it begins, in pieces, and whole when it
ends; and the whole answer at its end.
"""

import base64
from typing import Any

import msgspec

from reckon.errors import ReckonError
from reckon.providers.gateway import events_of, token_json, wrapped_seal
from reckon.providers.openai_chat.gateway_answer import error_json
from reckon.providers.openai_responses.request import (
    CALL_FIELDS,
    GAP,
    OWN_THOUGHT,
    PICTURE_CALL,
    WIRE,
)
from reckon.providers.untrusted import Json, text
from reckon.vocabulary.call import AnswerHead
from reckon.vocabulary.prompt import Media, Opaque, Reasoning
from reckon.vocabulary.response import (
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
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

_CUT: dict[StopReason, str] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}


def usage_json(usage: Usage) -> Json | None:
    """Usage in the words of the format; None where the counts are unknown."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


class StreamEncoder:
    """Writes a stream of events, and gathers the items of the whole answer.

    One item is open at a time, but for calls: pieces of several may come mixed, so that these stay
    open to the end.
    """

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._number = 0
        self._usage = Usage()
        self._reason: StopReason = "unknown"
        self._items: list[Json] = []
        self._open: _Open | None = None
        self._calls: dict[int, int] = {}
        """Items by the number of the call."""
        self._arguments: dict[int, list[str]] = {}
        self._began = False

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
            case TextDelta(words):
                said += self._say("output_text", words)
            case RefusalDelta(words):
                said += self._say("refusal", words)
            case ReasoningDelta(words):
                said += self._think(words)
            case ToolCallDelta():
                said += self._call(event)
            case _:
                said += self._extra(event)
        return said

    def close(self) -> bytes:
        """The ends of the items, and the whole answer."""
        said = b"" if self._began else self._begin()
        said += self._end()
        for place in self._calls.values():
            item = self._items[place]
            item |= {"arguments": "".join(self._arguments[place]) or "{}", "status": "completed"}
            told = {"item_id": item["id"], "output_index": place}
            said += self._event(
                "response.function_call_arguments.done", arguments=item["arguments"], **told
            )
            said += self._event("response.output_item.done", output_index=place, item=item)
        answer = self.answer()
        return said + self._event(f"response.{answer['status']}", response=answer)

    def fail(self, error: ReckonError) -> bytes:
        """The error, as OpenAI tells one in mid-stream."""
        answer = self.answer() | {"status": "failed", "error": error_json(error)["error"]}
        return self._event("response.failed", response=answer)

    def answer(self) -> Json:
        """The whole answer so far."""
        cut = _CUT.get(self._reason)
        return _answer(self._head) | {
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": cut} if cut else None,
            "output": self._items,
            "usage": usage_json(self._usage),
        }

    def _begin(self) -> bytes:
        self._began = True
        answer = _answer(self._head)
        return self._event("response.created", response=answer) + self._event(
            "response.in_progress", response=answer
        )

    def _event(self, kind: str, **said: Any) -> bytes:
        data = {"type": kind, "sequence_number": self._number, **said}
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"

    # Items.

    def _add(self, item: Json) -> bytes:
        said = self._end()
        self._items.append(item)
        place = len(self._items) - 1
        return said + self._event("response.output_item.added", output_index=place, item=item)

    def _opaque(self, item: Json) -> bytes:
        """An item of this format's own; the picture of a call comes after it.

        A call that is told once more has fields that our noun lacks.
        """
        for place in self._calls.values():
            call = self._items[place]
            if item.get("type") == call["type"] and item.get("call_id") == call["call_id"]:
                more = {name: item[name] for name in item.keys() - CALL_FIELDS}
                self._items[place] = call | more
                return b""
        item.setdefault("id", f"item_{self._head.id}_{len(self._items)}")
        said = self._add(item)
        self._open = _Open(text(item, "type"), len(self._items) - 1)
        return said if self._open.kind == PICTURE_CALL else said + self._end()

    def _end(self) -> bytes:
        """End the open item, with all that it said."""
        done = self._open
        if done is None:
            return b""
        place, item = done.place, self._items[done.place]
        said = b""
        told = {"item_id": item["id"], "output_index": place}
        words = "".join(done.words)
        if done.kind == "summary":
            said += self._end_summary(done)
        elif done.kind in ("output_text", "refusal"):
            part = done.part(words)
            item |= {"content": [part], "status": "completed"}
            told |= {"content_index": 0}
            if done.kind == "refusal":
                said += self._event("response.refusal.done", refusal=words, **told)
            else:
                logprobs = part["logprobs"]
                said += self._event(
                    "response.output_text.done", text=words, logprobs=logprobs, **told
                )
            said += self._event("response.content_part.done", part=part, **told)
        self._open = None
        return said + self._event("response.output_item.done", output_index=place, item=item)

    def _end_summary(self, done: "_Open") -> bytes:
        """End a summary; its item stays open, for one thought may have several."""
        words = "".join(done.words)
        done.words.clear()
        done.gap = ""
        if not words:
            return b""
        summaries = self._items[done.place]["summary"]
        part = {"type": "summary_text", "text": words}
        told = self._place()
        summaries.append(part)
        said = self._event("response.reasoning_summary_text.done", text=words, **told)
        return said + self._event("response.reasoning_summary_part.done", part=part, **told)

    def _say(self, kind: str, words: str) -> bytes:
        said = b""
        if self._open is None or self._open.kind != kind:
            said = self._add(
                {
                    "type": "message",
                    "id": f"msg_{self._head.id}_{len(self._items)}",
                    "role": "assistant",
                    "status": "in_progress",
                    "content": [],
                }
            )
            self._open = _Open(kind, len(self._items) - 1)
            said += self._event(
                "response.content_part.added", part=self._open.part(""), **self._place()
            )
        self._open.words.append(words)
        more: Json = {"logprobs": []} if kind == "output_text" else {}
        return said + self._event(f"response.{kind}.delta", delta=words, **more, **self._place())

    def _place(self) -> Json:
        if self._open is None:
            return {}
        place = self._open.place
        item = self._items[place]
        part = {"content_index": 0}
        if self._open.kind == "summary":
            part = {"summary_index": len(item["summary"])}
        return {"item_id": item["id"], "output_index": place} | part

    def _think(self, words: str) -> bytes:
        """A piece of a thought. The gap between two summaries is ours, and said to nobody."""
        said = b""
        if self._open is None or self._open.kind != "summary":
            said = self._thought()
        if self._open is None:
            return said
        words = self._open.gap + words
        self._open.gap = GAP if words.endswith(GAP) else ""
        words = words.removesuffix(GAP)
        if not words:
            return said
        told = self._place()
        if not self._open.words:
            part = {"type": "summary_text", "text": ""}
            said += self._event("response.reasoning_summary_part.added", part=part, **told)
        self._open.words.append(words)
        return said + self._event("response.reasoning_summary_text.delta", delta=words, **told)

    def _thought(self, id_: str = "") -> bytes:
        id_ = id_ or f"{OWN_THOUGHT}{self._head.id}_{len(self._items)}"
        said = self._add({"type": "reasoning", "id": id_, "summary": []})
        self._open = _Open("summary", len(self._items) - 1)
        return said

    def _sealed(self, event: ReasoningSealed) -> bytes:
        said = b""
        if self._open is None or self._open.kind != "summary":
            said = self._thought(event.id if event.sealed_by == WIRE else "")
        if self._open is None:
            return said
        if event.sealed_by == WIRE and self._open.gap:
            return said + self._end_summary(self._open)
        item = self._items[self._open.place]
        seal = _seal(event, item["id"])
        if seal:
            item["encrypted_content"] = seal
        return said + self._end()

    def _call(self, event: ToolCallDelta) -> bytes:
        said = b""
        place = self._calls.get(event.index)
        if place is None:
            said = self._add(
                {
                    "type": "function_call",
                    "id": f"fc_{self._head.id}_{len(self._items)}",
                    "call_id": event.id,
                    "name": event.name,
                    "arguments": "",
                    "status": "in_progress",
                }
            )
            place = self._calls[event.index] = len(self._items) - 1
            self._arguments[place] = []
        if event.arguments:
            self._arguments[place].append(event.arguments)
            item_id = self._items[place]["id"]
            said += self._event(
                "response.function_call_arguments.delta",
                item_id=item_id,
                output_index=place,
                delta=event.arguments,
            )
        return said

    def _extra(self, event: Event) -> bytes:
        match event:
            case ReasoningSealed():
                return self._sealed(event)
            case Cited(citation) if self._open is not None and citation.url:
                return self._cite(citation)
            case LogprobsSeen(tokens) if self._open is not None:
                self._open.logprobs += [token_json(each) for each in tokens]
            case Signed(phase) if event.sealed_by == WIRE and self._open is not None:
                self._items[self._open.place]["phase"] = phase
            case PartSeen(Opaque() as part) if part.wire == WIRE:
                return self._opaque(dict(part.data))
            case PartSeen(Media() as part):
                return self._show(part)
            case _:
                pass
        return b""

    def _cite(self, citation: Citation) -> bytes:
        if self._open is None:
            return b""
        said = {
            "type": "url_citation",
            "url": citation.url,
            "title": citation.title,
            "start_index": citation.start or 0,
            "end_index": citation.end or 0,
        }
        index = len(self._open.annotations)
        self._open.annotations.append(said)
        return self._event(
            "response.output_text.annotation.added",
            annotation=said,
            annotation_index=index,
            **self._place(),
        )

    def _show(self, part: Media) -> bytes:
        """A picture, in the call that made it."""
        attachment = part.attachment
        if attachment.modality != "image":
            return b""
        said = b""
        if self._open is None or self._open.kind != PICTURE_CALL:
            call = {"type": PICTURE_CALL, "id": f"ig_{self._head.id}_{len(self._items)}"}
            said = self._opaque(call | {"status": "completed"})
        self._items[-1] |= {
            "result": base64.b64encode(attachment.content).decode(),
            "output_format": attachment.media_type.partition("/")[2],
        }
        return said + self._end()


class _Open:
    """The item that is being said."""

    def __init__(self, kind: str, place: int) -> None:
        self.kind = kind
        """`output_text`, `refusal`, `summary`, or the type of an item of another kind."""
        self.place = place
        self.words: list[str] = []
        self.gap = ""
        """A gap at the end of a thought, which is said only where more of it follows."""
        self.annotations: list[Json] = []
        self.logprobs: list[Json] = []

    def part(self, words: str) -> Json:
        """The part of the message, with those words."""
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": words}
        return {
            "type": "output_text",
            "text": words,
            "annotations": self.annotations,
            "logprobs": self.logprobs,
        }


def encode_answer(response: Response, head: AnswerHead) -> bytes:
    """A whole answer. Only the first of several choices can be said."""
    encoder = StreamEncoder(head)
    for event in events_of(response):
        encoder.feed(event)
    encoder.close()
    return msgspec.json.encode(encoder.answer())


def _answer(head: AnswerHead) -> Json:
    """An answer that has just begun."""
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": head.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _seal(event: ReasoningSealed, item_id: str) -> str:
    """What goes back with a thought: its seal; wrapped where it needs its own id or format."""
    if event.sealed_by == WIRE and event.id == item_id:
        return event.encrypted
    if not (event.signature or event.encrypted or event.id):
        return ""
    part = Reasoning("", event.signature, event.encrypted, event.id, event.sealed_by)
    return wrapped_seal(part)
