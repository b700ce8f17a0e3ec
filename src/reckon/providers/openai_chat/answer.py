"""From the JSON of chat completions to events, in the spellings of all who speak it.

A whole answer and a piece of a streamed one differ only in the name of a field, so one reader
takes both: `Answer.read` for each object that came, `Answer.end` once no more come.
"""

from collections.abc import Iterator

from reckon.providers.openai_chat.calls import Calls, signature
from reckon.providers.openai_chat.media import Sound, picture
from reckon.providers.openai_chat.plain import plain_piece
from reckon.providers.openai_chat.request import WIRE
from reckon.providers.openai_chat.usage import openai_usage
from reckon.providers.tiers import service_tier
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.prompt import Opaque
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    RefusalDelta,
    Signed,
    Started,
    StopReason,
    TextDelta,
    TokenLogprob,
    UsageSeen,
)

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "spii": "content_filter",
    "refusal": "refusal",
    "pause_turn": "pause",
}
"""OpenAI's words, and those of Mistral, Together, Hugging Face, Z.ai, Anthropic and Google."""

_MERGED = ("text", "summary", "signature")
"""Fields of a reasoning detail that come in pieces."""


class Answer:
    """One answer while it is read."""

    def __init__(self) -> None:
        self.choices: dict[int, _Choice] = {}
        self._started = False
        self._sources: set[str] = set()
        self._name = ""
        self._tier = ""

    @property
    def is_whole(self) -> bool:
        """Whether every choice that began has its end."""
        return bool(self.choices) and all(each.reason for each in self.choices.values())

    def read_plain(self, data: bytes) -> list[Event] | None:
        """Events of a piece that has words or reasoning alone; None for any other: see `plain`."""
        piece = plain_piece(data) if self._name else None
        if piece is None or piece[0] not in self.choices:
            return None
        index, words, reasoning = piece
        events = self.choices[index].think(reasoning) if reasoning else []
        if words:
            events.append(TextDelta(words, index))
        return events

    def read(self, chunk: Json, *, streamed: bool) -> list[Event]:
        """Events of one object; in a stream, each choice has a piece of its message."""
        events = self._start(chunk)
        usage = table(chunk, "usage")
        for place, choice in enumerate(as_list(chunk.get("choices"))):
            told = as_table(choice)
            if told is None:
                continue
            events += self._choice(told, place, chunk).read(told, streamed=streamed)
            # Moonshot tells usage inside the choice.
            usage = usage or table(told, "usage")
        events += self._listed_sources(chunk, events)
        # Groq's older streams carry usage in a field of their own.
        usage = usage or table(table(chunk, "x_groq"), "usage")
        self._tier = service_tier(chunk, "service_tier") or self._tier
        if usage:
            besides = ", ".join(self._besides_of(chunk))
            events.append(UsageSeen(openai_usage(usage, tier=self._tier, besides=besides)))
        return events

    def _besides_of(self, chunk: Json) -> Iterator[str]:
        """What Groq ran for the answer: tools, and models that have prices of their own."""
        tools = {name for each in self.choices.values() for name in each.tools}
        if tools:
            yield f"tools ({', '.join(sorted(tools))})"
        told = table(chunk, "usage_breakdown") or table(table(chunk, "x_groq"), "usage_breakdown")
        rows = (as_table(each) or {} for each in as_list(told.get("models")))
        models = {text(each, "model") for each in rows} - {"", text(chunk, "model")}
        if models:
            yield f"models ({', '.join(sorted(models))})"

    def end(self) -> list[Event]:
        """What is known only now: parts that came in pieces, and how each choice ended."""
        choices = [self.choices[index] for index in sorted(self.choices)]
        events = [event for each in choices for event in each.end()]
        return events or [Finished("unknown")]

    def _start(self, chunk: Json) -> list[Event]:
        """The first object that says anything; Azure's first tells of its content filter only."""
        model, name = text(chunk, "model"), text(chunk, "id")
        self._name = self._name or name
        if self._started or not (model or name or chunk.get("choices")):
            return []
        self._started = True
        return [Started(model=model or None, request_id=name or None)]

    def _choice(self, choice: Json, place: int, chunk: Json) -> "_Choice":
        index = count(choice, "index")
        index = place if index is None else index
        if index not in self.choices:
            self.choices[index] = _Choice(index, self._name, chunk)
        return self.choices[index]

    def _listed_sources(self, chunk: Json, events: list[Event]) -> list[Event]:
        """Perplexity and xAI list sources beside the choices, and again in each chunk."""
        found: list[Event] = []
        self._sources |= {event.citation.url for event in events if isinstance(event, Cited)}
        if "search_results" not in chunk and "citations" not in chunk:
            return found
        for each in (*as_list(chunk.get("search_results")), *as_list(chunk.get("citations"))):
            source = {"url": each} if isinstance(each, str) else as_table(each) or {}
            url = text(source, "url")
            if url and url not in self._sources:
                self._sources.add(url)
                found.append(Cited(_citation(source)))
        return found


class _Choice:
    """One of the answers, with all that comes in pieces."""

    def __init__(self, index: int, answer: str, first: Json) -> None:
        self.index = index
        self.reason = ""
        self.tools: set[str] = set()
        """Kinds of tools that the provider ran."""
        self._refused = False
        self._thought = 0
        """Characters of reasoning that were told."""
        self._detailed = 0
        """Characters of reasoning in details, which say plain reasoning once more."""
        self._calls = Calls(index, answer, first)
        self._details: list[_Detail] = []
        self._open: dict[tuple[int | None, str], _Detail] = {}
        self._annotations: list[Json] = []
        self._sound = Sound()

    def read(self, choice: Json, *, streamed: bool) -> list[Event]:
        message = table(choice, "delta" if streamed else "message")
        self.reason = text(choice, "finish_reason") or self.reason
        events = [*self._reasoning(message, streamed), *self._words(message)]
        for annotation in as_list(message.get("annotations")):
            events += self._annotation(as_table(annotation) or {})
        events += self._executed(message)
        seal = signature(message)
        if seal:
            events.append(Signed(seal, WIRE, self.index))
        events += self._calls.read(message, streamed=streamed)
        for image in as_list(message.get("images")):
            events += self._image(as_table(image) or {})
        tokens = tuple(_logprobs(table(choice, "logprobs")))
        if tokens:
            events.append(LogprobsSeen(tokens, self.index))
        return events

    def end(self) -> Iterator[Event]:
        sound = self._sound.media()
        if sound is not None:
            yield PartSeen(sound, self.index)
        details = [detail.whole() for detail in self._details]
        kept = {"reasoning_details": details, "annotations": self._annotations}
        carried: Json = {name: value for name, value in kept.items() if value}
        if self._sound.id:
            carried["audio"] = {"id": self._sound.id}
        if carried:
            # The reasoning and the words were told too; a file is read anew elsewhere.
            yield PartSeen(Opaque(WIRE, carried, restates=True), self.index)
        yield Finished(self._stop_reason(), self.index)

    def _stop_reason(self) -> StopReason:
        reason = _STOP_REASONS.get(self.reason.lower(), "unknown")
        # OpenAI says `stop` where the model declined, and where a call was demanded.
        if reason == "stop" and self._refused:
            return "refusal"
        return "tool_calls" if reason == "stop" and self._calls.any else reason

    def _reasoning(self, message: Json, streamed: bool) -> list[Event]:
        """Plain reasoning, and details of it, which go back in the next turn as they came."""
        said = text(message, "reasoning_content") or text(message, "reasoning")
        inner: list[str] = []
        for each in as_list(message.get("reasoning_details")):
            detail = as_table(each)
            if detail:
                inner.append(text(detail, "text") or text(detail, "summary"))
                self._detailed += len(inner[-1])
                self._keep(detail, streamed)
        if not said and inner:
            said = self._untold("".join(inner))
        return self.think(said) if said else []

    def think(self, words: str) -> list[Event]:
        """Tell a piece of the reasoning."""
        self._thought += len(words)
        return [ReasoningDelta(words, self.index)]

    def _untold(self, words: str) -> str:
        """What details say beyond the plain reasoning; some come after all of it, as its seal."""
        new = max(0, self._detailed - self._thought)
        return words[-new:] if new else ""

    def _keep(self, detail: Json, streamed: bool) -> None:
        """A whole detail, or a piece that continues the last one of its number and type."""
        key = (count(detail, "index"), text(detail, "type"))
        in_pieces = streamed and key[0] is not None and key[1] != "reasoning.encrypted"
        if in_pieces and key in self._open:
            self._open[key].add(detail)
            return
        self._details.append(_Detail(detail))
        if in_pieces:
            self._open[key] = self._details[-1]

    def _words(self, message: Json) -> list[Event]:
        events: list[Event] = []
        for part in as_list(message.get("content")):
            events += self._content_part(as_table(part) or {})
        said, refusal = text(message, "content"), text(message, "refusal")
        spoken = self._sound.read(table(message, "audio"))
        # What is said aloud is the answer's text where there is no other.
        said = said or spoken
        if said:
            events.append(TextDelta(said, self.index))
        if refusal:
            self._refused = True
            events.append(RefusalDelta(refusal, self.index))
        return events

    def _content_part(self, part: Json) -> list[Event]:
        """Content as typed parts, as Mistral sends it for reasoning models."""
        match part.get("type"):
            case "text":
                said = text(part, "text")
                return [TextDelta(said, self.index)] if said else []
            case "refusal":
                self._refused = True
                return [RefusalDelta(text(part, "refusal"), self.index)]
            case "thinking":
                inner = (
                    text(as_table(each) or {}, "text") for each in as_list(part.get("thinking"))
                )
                return [ReasoningDelta(piece, self.index) for piece in inner if piece]
            case "reference":
                return [Cited(Citation(raw=part), self.index)]
            case "image_url":
                return self._image(part)
            case _:
                return [PartSeen(Opaque(WIRE, {"content": [part]}), self.index)] if part else []

    def _annotation(self, annotation: Json) -> list[Event]:
        if annotation.get("type") == "url_citation":
            source = table(annotation, "url_citation") or annotation
            return [Cited(_citation(source), self.index)]
        if annotation:
            # OpenRouter's reading of a file, which goes back so that it is not read again.
            self._annotations.append(annotation)
        return []

    def _executed(self, message: Json) -> list[Event]:
        """Sources of the searches that Groq ran."""
        events: list[Event] = []
        tools = map(as_table, as_list(message.get("executed_tools")))
        for tool in filter(None, tools):
            self.tools.add(text(tool, "type") or "unnamed")
            results = table(tool, "search_results").get("results")
            for each in as_list(results):
                source = as_table(each)
                if source:
                    events.append(Cited(_citation(source), self.index))
        return events

    def _image(self, image: Json) -> list[Event]:
        media = picture(text(table(image, "image_url"), "url"))
        if media is not None:
            return [PartSeen(media, self.index)]
        return [PartSeen(Opaque(WIRE, {"images": [image]}), self.index)] if image else []


class _Detail:
    """One of OpenRouter's details of reasoning, which a stream sends in pieces."""

    def __init__(self, detail: Json) -> None:
        self._fields = dict(detail)
        self._pieces = {name: [text(detail, name)] for name in _MERGED}

    def add(self, detail: Json) -> None:
        """A further piece."""
        for name, value in detail.items():
            if name in self._pieces and isinstance(value, str):
                self._pieces[name].append(value)
            if self._fields.get(name) is None:
                self._fields[name] = value

    def whole(self) -> Json:
        joined = {name: "".join(self._pieces[name]) for name in _MERGED if name in self._fields}
        return self._fields | {name: value for name, value in joined.items() if value}


def _citation(source: Json) -> Citation:
    start, end = count(source, "start_index"), count(source, "end_index")
    if start is None or end is None or end <= start:
        start = end = None  # OpenRouter says 0 to 0 where it does not know
    return Citation(
        url=text(source, "url"),
        title=text(source, "title"),
        quote=text(source, "content") or text(source, "snippet"),
        start=start,
        end=end,
        raw=source,
    )


def _logprobs(told: Json) -> Iterator[TokenLogprob]:
    for each in (*as_list(told.get("content")), *as_list(told.get("refusal"))):
        token = as_table(each) or {}
        alternatives = (as_table(other) or {} for other in as_list(token.get("top_logprobs")))
        top = tuple(
            (text(other, "token"), value)
            for other in alternatives
            if (value := _logprob(other.get("logprob"))) is not None
        )
        value = _logprob(token.get("logprob"))
        if value is not None:
            yield TokenLogprob(token=text(token, "token"), logprob=value, top=top)
    # Together's form: two lists of the same length.
    pairs = zip(as_list(told.get("tokens")), as_list(told.get("token_logprobs")), strict=False)
    for token, probability in pairs:
        value = _logprob(probability)
        if isinstance(token, str) and value is not None:
            yield TokenLogprob(token=token, logprob=value)


def _logprob(value: object) -> float | None:
    """OpenAI says -9999 where the probability is next to nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 < value <= 1e-6:
        return None
    return float(value)
