"""From Gemini's GenerateContentResponse, whole or in pieces, to events.

A stream is made of responses, each with the next parts; what they say of usage adds up.
"""

import base64
import binascii
import hashlib

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers.gemini.plain import PlainCandidate, plain_response
from reckon.providers.gemini.request import WIRE
from reckon.providers.gemini.sources import citations, searches, uses_maps
from reckon.providers.gemini.usage import gemini_usage
from reckon.providers.made_up import made_up_id, name_of
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.model import Modality
from reckon.vocabulary.prompt import Attachment, Media, Opaque
from reckon.vocabulary.response import (
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Signed,
    Started,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

_FILTERED = (
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT"
    " IMAGE_RECITATION MODEL_ARMOR"
)
_STOP_REASONS: dict[object, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(_FILTERED.split(), "content_filter"),
    # The numbers that Google's APIs agree on, sent where a client asks for `enum-encoding=int`.
    1: "stop",
    2: "length",
    3: "content_filter",
    4: "content_filter",
}
"""Other words (OTHER, LANGUAGE, MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, ...) are unknown."""


class Answer:
    """One answer while its pieces come."""

    def __init__(self) -> None:
        self._id = ""
        self._started = False
        self._choices: dict[int, _Choice] = {}
        self._blocked = ""
        self._told: Json = {}
        self._usage = Usage()
        self._searches: set[str] = set()
        self._maps = False

    @property
    def is_whole(self) -> bool:
        """Whether each choice has ended, or the prompt was blocked."""
        for choice in self._choices.values():
            if not choice.reason:
                return bool(self._blocked)
        return bool(self._choices or self._blocked)

    @property
    def is_empty(self) -> bool:
        """Whether neither a choice nor a reason for none has come."""
        return not self._choices and not self._blocked

    def read_plain(self, data: bytes) -> list[Event] | None:
        """The events of a response that is plain; None for any other: see `plain`."""
        response = plain_response(data)
        if response is None:
            return None
        events: list[Event] = []
        if not self._started:
            if not response.response_id:
                return None  # a name must be made up of all that it says
            events.append(self._start(response.response_id, response.model_version))
        candidate = response.candidates[0]
        choice = self._choices.get(candidate.index)
        if choice is None:
            choice = self._choices[candidate.index] = _Choice(self._id, candidate.index)
        if candidate.grounding_metadata:
            self._ground(candidate.grounding_metadata)
        return events + choice.read_plain(candidate) + self._count(response.usage_metadata or {})

    def add(self, piece: Json) -> list[Event]:
        """The events of the next response.

        Raises:
            AnswerInvalid: It holds a part that cannot be read.
        """
        events: list[Event] = []
        if not self._started:
            events.append(self._start(text(piece, "responseId"), text(piece, "modelVersion")))
            self._id = self._id or name_of(piece)
        candidates = [as_table(each) or {} for each in as_list(piece.get("candidates"))]
        numbered = len(candidates) == 1 or any("index" in each for each in candidates)
        for position, candidate in enumerate(candidates):
            number = count(candidate, "index") or 0 if numbered else position
            if number not in self._choices:
                self._choices[number] = _Choice(self._id, number)
            events += self._choices[number].add(candidate)
            if "groundingMetadata" in candidate:
                self._ground(table(candidate, "groundingMetadata"))
        if "promptFeedback" in piece and not self._choices and not self._blocked:
            feedback = table(piece, "promptFeedback")
            if feedback.get("blockReason"):
                self._blocked = _why_blocked(feedback)
                events.append(RefusalDelta(self._blocked))
        return events + self._count(table(piece, "usageMetadata"))

    def end(self) -> list[Event]:
        """What is known only at the end: sources, and why each choice ended."""
        events: list[Event] = []
        for number in sorted(self._choices):
            events += self._choices[number].end()
        if not self._choices:
            events.append(Finished("content_filter" if self._blocked else "unknown"))
        return events

    def _ground(self, grounding: Json) -> None:
        self._searches.update(searches(grounding))
        self._maps = self._maps or uses_maps(grounding)

    def _start(self, response_id: str, model: str | None) -> Started:
        self._started, self._id = True, response_id
        return Started(model=model or None, request_id=response_id or None)

    def _count(self, told: Json) -> list[Event]:
        """Usage, where it changed. A count that is left out says nothing new."""
        if None in told.values():
            told = {name: value for name, value in told.items() if value is not None}
        self._told |= told
        if not self._told:
            return []
        usage = gemini_usage(
            self._told, whole=self.is_whole, searches=len(self._searches), maps=self._maps
        )
        if usage == self._usage:
            return []
        self._usage = usage
        return [UsageSeen(usage)]


class _Choice:
    """One candidate while its parts come."""

    def __init__(self, answer: str, number: int) -> None:
        self.reason: object = None
        self._explanation = ""
        self._answer = answer
        self._number = number
        self._calls = 0
        self._said: list[str] = []
        self._size = 0
        self._starts: list[int] = []
        self._metadata: list[Json] = []

    def add(self, candidate: Json) -> list[Event]:
        """The events of the next parts."""
        events: list[Event] = []
        for each in as_list(table(candidate, "content").get("parts")):
            part = as_table(each)
            self._starts.append(self._size)
            if part:
                events += self._part(part)
        # Rare fields are looked for first: a stream has a thousand pieces, and one has them.
        if "logprobsResult" in candidate:
            tokens = _logprobs(table(candidate, "logprobsResult"))
            if tokens:
                events.append(LogprobsSeen(tokens, self._number))
        for name in ("groundingMetadata", "citationMetadata"):
            if name in candidate and table(candidate, name):
                self._metadata.append(table(candidate, name))
        self.reason = candidate.get("finishReason") or self.reason
        self._explanation = text(candidate, "finishMessage") or self._explanation
        return events

    def read_plain(self, candidate: PlainCandidate) -> list[Event]:
        """The events of the next parts, where they are plain."""
        events: list[Event] = []
        for part in candidate.content.parts:
            self._starts.append(self._size)
            signature, call = part.thought_signature or "", part.function_call
            if call is not None:
                events.append(self._call(call.id or "", call.name, call.args))
                if signature:
                    events.append(Signed(signature, WIRE, self._number))
            else:
                thought = part.thought is True
                events += self._words(part.text or "", signature, thought=thought)
        if candidate.grounding_metadata:
            self._metadata.append(candidate.grounding_metadata)
        self.reason = candidate.finish_reason or self.reason
        self._explanation = candidate.finish_message or self._explanation
        return events

    def end(self) -> list[Event]:
        """Sources and the reason."""
        events: list[Event] = []
        if self._metadata:
            found = citations(self._metadata, "".join(self._said), self._starts)
            events += [Cited(each, self._number) for each in found]
        events.append(Finished(self._stop_reason(), self._number, self._explanation))
        return events

    def _stop_reason(self) -> StopReason:
        known = isinstance(self.reason, str | int)
        reason = _STOP_REASONS.get(self.reason, "unknown") if known else "unknown"
        return "tool_calls" if reason == "stop" and self._calls else reason

    def _part(self, part: Json) -> list[Event]:
        number, signature = self._number, text(part, "thoughtSignature")
        seal: list[Event] = [Signed(signature, WIRE, number)] if signature else []
        call = as_table(part.get("functionCall"))
        if call is not None:
            if call.get("partialArgs") or call.get("willContinue"):
                raise invalid(
                    "it tells a tool call in pieces of arguments, which cannot be read yet"
                )
            return [self._call(text(call, "id"), text(call, "name"), call.get("args")), *seal]
        if isinstance(part.get("text"), str):
            return self._words(text(part, "text"), signature, thought=part.get("thought") is True)
        media = None if part.get("thought") is True else _media(table(part, "inlineData"))
        if media is not None:
            return [PartSeen(media, number), *seal]
        return [PartSeen(Opaque(WIRE, part), number)]

    def _words(self, said: str, signature: str, *, thought: bool) -> list[Event]:
        number = self._number
        if thought:
            return _thought(said, signature, number)
        self._said.append(said)
        self._size += len(said if said.isascii() else said.encode("utf-8", "surrogatepass"))
        if signature:
            # The seal must not fall on the call before it, so even an empty text is told first.
            return [TextDelta(said, number), Signed(signature, WIRE, number)]
        return [TextDelta(said, number)] if said else []

    def _call(self, call_id: str, name: str, arguments: object) -> ToolCallDelta:
        index = self._calls
        self._calls += 1
        return ToolCallDelta(
            index=index,
            id=call_id or made_up_id(self._answer, self._number, index),
            name=name,
            arguments=msgspec.json.encode({} if arguments is None else arguments).decode(),
            choice=self._number,
        )


def _thought(said: str, signature: str, number: int) -> list[Event]:
    events: list[Event] = [ReasoningDelta(said, number)] if said else []
    if signature:
        events.append(ReasoningSealed(sealed_by=WIRE, signature=signature, choice=number))
    return events


def _media(blob: Json) -> Media | None:
    """Media that the model made; None for data of no kind we know."""
    media_type, data = text(blob, "mimeType"), text(blob, "data")
    modality = _modality(media_type)
    if modality is None or not data:
        return None
    try:
        # Both alphabets are met: the JSON form of Google's bytes is read in either.
        content = base64.b64decode(data.translate({45: "+", 95: "/"}), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"its {media_type} is no base64 ({error})") from error
    digest = hashlib.sha256(content).hexdigest()
    return Media(
        Attachment(media_type=media_type, modality=modality, content=content, digest=digest)
    )


def _modality(media_type: str) -> Modality | None:
    if media_type == "application/pdf":
        return "pdf"
    kinds: dict[str, Modality] = {"image": "image", "audio": "audio", "video": "video"}
    return kinds.get(media_type.partition("/")[0])


def _logprobs(result: Json) -> tuple[TokenLogprob, ...]:
    chosen = [as_table(each) or {} for each in as_list(result.get("chosenCandidates"))]
    steps = [as_table(each) or {} for each in as_list(result.get("topCandidates"))]
    tops = [[as_table(each) or {} for each in as_list(row.get("candidates"))] for row in steps]
    tops += [[] for _ in range(len(chosen) - len(tops))]
    return tuple(
        TokenLogprob(
            token=text(row, "token"),
            logprob=_logarithm(row),
            top=tuple((text(each, "token"), _logarithm(each)) for each in top),
        )
        for row, top in zip(chosen, tops, strict=False)
    )


def _logarithm(candidate: Json) -> float:
    """A logarithm of 0, which is certainty, is left out of the JSON."""
    value = candidate.get("logProbability")
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else 0.0


def _why_blocked(feedback: Json) -> str:
    """A sentence for a prompt that was not answered."""
    said = text(feedback, "blockReasonMessage")
    return f"Google blocked the prompt ({feedback['blockReason']})." + (f" {said}" if said else "")


def invalid(why: str) -> AnswerInvalid:
    """The error for an answer that is not of this format."""
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no answer of Gemini's generateContent: {why}. It may have been billed.",
        do="Check that the base URL is that of the Gemini API.",
    )
