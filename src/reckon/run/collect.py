"""From the events of one answer to a response."""

import time
from collections.abc import AsyncIterator, Callable

import msgspec

from reckon.vocabulary.limits import RateLimits
from reckon.vocabulary.prompt import Media, Part, Reasoning, Text, ToolCall
from reckon.vocabulary.response import (
    Choice,
    Citation,
    Cited,
    Event,
    Finished,
    LimitsSeen,
    LogprobsSeen,
    PartSeen,
    Raw,
    RawSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Response,
    Signed,
    Started,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

OnEvent = Callable[[Event], None]


class _Growing:
    """A part of which more pieces may come."""

    def __init__(self, kind: type[Text | Reasoning | ToolCall]) -> None:
        self.kind = kind
        self.pieces: list[str] = []
        self.id = ""
        self.name = ""
        self.signature = ""
        self.sealed_by = ""
        self.encrypted = ""
        self.sealed = False

    def part(self) -> Part:
        said = "".join(self.pieces)
        if self.kind is Text:
            return Text(said, signature=self.signature, sealed_by=self.sealed_by)
        if self.kind is Reasoning:
            return Reasoning(said, self.signature, self.encrypted, self.id, self.sealed_by)
        return ToolCall(self.id, self.name, said, self.signature, self.sealed_by)


class _Answer:
    """One of the answers to a prompt, while it grows."""

    def __init__(self) -> None:
        self.parts: list[_Growing | Part] = []
        self.calls: dict[int, _Growing] = {}
        self.refused = False
        self.citations: list[Citation] = []
        self.logprobs: list[TokenLogprob] = []
        self.reason: StopReason = "unknown"
        self.explanation = ""

    def say(self, text: str) -> None:
        self._last(Text).pieces.append(text)

    def think(self, text: str) -> None:
        self._last(Reasoning).pieces.append(text)

    def seal(self, event: ReasoningSealed) -> None:
        block = self._last(Reasoning)
        block.signature = event.signature or block.signature
        block.encrypted = event.encrypted or block.encrypted
        block.id = event.id or block.id
        block.sealed_by = event.sealed_by
        block.sealed = True

    def sign(self, event: Signed) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Media):
            self.parts[-1] = msgspec.structs.replace(
                last, signature=event.signature, sealed_by=event.sealed_by
            )
            return
        if not isinstance(last, _Growing) or last.kind is Reasoning:
            last = self._last(Text)
        last.signature = event.signature
        last.sealed_by = event.sealed_by
        last.sealed = True

    def call(self, event: ToolCallDelta) -> None:
        call = self.calls.get(event.index)
        if call is None:
            call = self.calls[event.index] = _Growing(ToolCall)
            self.parts.append(call)
        call.id = call.id or event.id
        call.name += event.name
        call.pieces.append(event.arguments)

    def _last(self, kind: type[Text | Reasoning]) -> _Growing:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, _Growing) and last.kind is kind and not last.sealed:
            return last
        new = _Growing(kind)
        self.parts.append(new)
        return new

    def choice(self) -> Choice:
        parts = tuple(each.part() if isinstance(each, _Growing) else each for each in self.parts)
        return Choice(
            parts=parts,
            text="".join(part.text for part in parts if isinstance(part, Text)),
            reasoning="".join(part.text for part in parts if isinstance(part, Reasoning)),
            refused=self.refused,
            citations=tuple(self.citations),
            logprobs=tuple(self.logprobs),
            stop_reason=self.reason,
            stop_explanation=self.explanation,
        )


class Collector:
    """Gathers the events of one call; `response` is valid at any time, also after an error."""

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self._began = time.monotonic()
        self._on_event = on_event
        self._answers: dict[int, _Answer] = {0: _Answer()}
        self._model: str | None = None
        self._request_id: str | None = None
        self._usage = Usage()
        self._raw: Raw | None = None
        self._first_token_s: float | None = None
        self.limits: RateLimits | None = None
        """What the provider said of its limits; None: nothing."""

    async def drain(self, events: AsyncIterator[Event]) -> Response:
        """Take all events, hand each on, and give the whole response."""
        async for event in events:
            self.add(event)
        return self.response()

    def add(self, event: Event) -> None:
        """Take one event."""
        match event:
            case Started():
                self._model = event.model or self._model
                self._request_id = event.request_id or self._request_id
            case UsageSeen(usage):
                self._usage = usage
            case LimitsSeen(limits):
                self.limits = limits
            case RawSeen(raw):
                self._raw = raw
            case _:
                self._grow(self._answers.setdefault(event.choice, _Answer()), event)
        if self._on_event:
            self._on_event(event)

    def _grow(self, answer: _Answer, event: Event) -> None:
        match event:
            case TextDelta(text):
                answer.say(text)
            case ReasoningDelta(text):
                answer.think(text)
            case ToolCallDelta():
                answer.call(event)
            case RefusalDelta(text):
                answer.refused = True
                answer.say(text)
            case ReasoningSealed():
                answer.seal(event)
            case Signed():
                answer.sign(event)
            case PartSeen(part):
                answer.parts.append(part)
            case _:
                self._note(answer, event)
                return
        if self._first_token_s is None:
            self._first_token_s = time.monotonic() - self._began

    @staticmethod
    def _note(answer: _Answer, event: Event) -> None:
        """What says something about the answer and is no part of it."""
        match event:
            case Cited(citation):
                answer.citations.append(citation)
            case LogprobsSeen(tokens):
                answer.logprobs += tokens
            case Finished(reason):
                answer.reason = reason
                answer.explanation = event.explanation
                answer.refused = answer.refused or reason == "refusal"
            case _:
                pass

    @property
    def has_text(self) -> bool:
        """Whether any part of the answer arrived."""
        return any(answer.parts for answer in self._answers.values())

    def response(self) -> Response:
        """What is known so far."""
        first, *others = (self._answers[index].choice() for index in sorted(self._answers))
        return Response(
            text=first.text,
            reasoning=first.reasoning,
            model=self._model,
            request_id=self._request_id,
            stop_reason=first.stop_reason,
            stop_explanation=first.stop_explanation,
            usage=self._usage,
            first_token_s=self._first_token_s,
            duration_s=time.monotonic() - self._began,
            parts=first.parts,
            refused=first.refused,
            citations=first.citations,
            logprobs=first.logprobs,
            others=tuple(others),
            raw=self._raw,
        )
