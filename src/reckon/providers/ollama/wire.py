"""Ollama's native chat, `/api/chat`: newline-delimited JSON, or one object.

Knows nothing of: generate, embeddings, pulling models.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerInvalid, AnswerTruncated
from reckon.providers.faults import broken_off
from reckon.providers.made_up import made_up_id, name_of
from reckon.providers.ollama.request import request_body
from reckon.providers.posted import PostedJson
from reckon.providers.sse import EVENT_LIMIT
from reckon.providers.streamed import StreamedDecoder
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.providers.whole import WholeDecoder, is_json, json_object
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import (
    Event,
    Finished,
    LogprobsSeen,
    ReasoningDelta,
    Started,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

_STOP_REASONS: dict[str, StopReason] = {"stop": "stop", "length": "length"}


class OllamaChat(PostedJson):
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
        """A POST to `/api/chat`; a base URL may end in the `/v1` of the OpenAI-compatible side.

        Options of the prompt go to the top of the request where they are fields of it, and else
        to its `options`.

        Raises:
            UnsupportedInput: The format has no way to say a part of the prompt.
        """
        body = request_body(prompt, model, provider, stream=stream)
        return self._post(_address(base_url), body, provider, key)

    def decoder(self, *, stream: bool) -> "StreamDecoder | WholeDecoder":
        """A decoder for one answer."""
        return StreamDecoder() if stream else WholeDecoder(_read_whole, _invalid)


class StreamDecoder(StreamedDecoder):
    """Decodes an answer that comes as lines of JSON; the last says `done`."""

    def __init__(self) -> None:
        super().__init__(_read_whole, _invalid, unstreamed=b"<")
        self._answer = _Answer()
        self._rest = bytearray()

    def _hear(self, data: bytes, events: list[Event]) -> None:
        if b"\n" not in data:
            self._rest += data
            if len(self._rest) > EVENT_LIMIT:
                raise _invalid("it has a line of more than 64 MiB")
            return
        *lines, rest = data.split(b"\n")
        lines[0] = bytes(self._rest) + lines[0]
        self._rest = bytearray(rest)
        for line in lines:
            if line.strip():
                events += self._answer.add(line)

    def _end(self) -> list[Event]:
        last = bytes(self._rest)
        # Half a line is no wrong answer but a cut one.
        events = self._answer.add(last) if last.strip() and is_json(last) else []
        return [*events, *self._answer.end()]


class _Answer:
    """One answer while its lines come."""

    def __init__(self) -> None:
        self._name = ""
        self._calls = 0
        self._done: str | None = None

    def add(self, line: bytes) -> list[Event]:
        """The events of the next object."""
        answer = json_object(line, _invalid)
        _raise_error_inside(answer)
        events: list[Event] = []
        if not self._name:
            # An answer has no id; its model and its moment name it.
            moment = text(answer, "created_at")
            self._name = f"{text(answer, 'model')} {moment}" if moment else name_of(answer)
            events.append(Started(model=text(answer, "model") or None))
        message = table(answer, "message")
        thought, said = text(message, "thinking"), text(message, "content")
        if thought:
            events.append(ReasoningDelta(thought))
        if said:
            events.append(TextDelta(said))
        # Rare fields are looked for first: a stream has a thousand lines, and one has them.
        if "tool_calls" in message:
            calls = as_list(message["tool_calls"])
            events += [self._call(as_table(each) or {}) for each in calls]
        if "logprobs" in answer:
            rows = as_list(answer["logprobs"])
            tokens = tuple(_token(as_table(each) or {}) for each in rows)
            events += [LogprobsSeen(tokens)] if tokens else []
        if answer.get("done") is True:
            self._done = text(answer, "done_reason")
            events += _usage(answer)
        return events

    def end(self) -> list[Event]:
        """Why the answer ended, or the error that it did not."""
        if self._done is None:
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="It closed without `done`; the model may have been stopped.",
                do="The part that came is in `reckon logs`.",
            )
        reason = _STOP_REASONS.get(self._done, "unknown")
        return [Finished("tool_calls" if self._calls and reason != "length" else reason)]

    def _call(self, call: Json) -> ToolCallDelta:
        index = self._calls
        self._calls += 1
        function = table(call, "function")
        arguments: Any = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = _written({} if arguments is None else arguments)
        return ToolCallDelta(
            index=index,
            id=text(call, "id") or made_up_id(self._name, 0, index),
            name=text(function, "name"),
            arguments=arguments,
        )


def _read_whole(body: bytes) -> Sequence[Event]:
    """All events of an answer that comes as one JSON object."""
    answer = _Answer()
    return [*answer.add(body), *answer.end()]


def _address(base_url: str) -> str:
    """The base URL's own query is kept."""
    base = urlsplit(base_url)
    path = base.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return urlunsplit((base.scheme, base.netloc, f"{path}/api/chat", base.query, ""))


def _written(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError as error:
        raise _invalid("it is nested too deeply") from error


def _raise_error_inside(answer: Json) -> None:
    """An error may come inside an HTTP 200, also in mid-stream."""
    if answer.get("error"):
        raise broken_off(answer, do="Try again later, or see the log of the Ollama server.")


def _token(row: Json) -> TokenLogprob:
    tops = [as_table(each) or {} for each in as_list(row.get("top_logprobs"))]
    return TokenLogprob(
        token=text(row, "token"),
        logprob=_logarithm(row),
        top=tuple((text(each, "token"), _logarithm(each)) for each in tops),
    )


def _logarithm(row: Json) -> float:
    value = row.get("logprob")
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else 0.0


def _usage(answer: Json) -> list[Event]:
    """Usage of the last line. A prompt that was wholly cached is left uncounted: unknown, not 0."""
    sent, received = count(answer, "prompt_eval_count"), count(answer, "eval_count")
    if sent is None and received is None:
        return []
    return [UsageSeen(Usage(input_tokens=sent, output_tokens=received))]


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The answer cannot be read.",
        why=f"It is no answer of Ollama's chat: {why}.",
        do="Check that the base URL is that of an Ollama server.",
    )
