"""Reads the golden exchanges, and says what came out of an answer in the words they use."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec

from reckon.errors import ProviderError
from reckon.providers import registry
from reckon.run.collect import Collector
from reckon.vocabulary.prompt import (
    Message,
    Opaque,
    Prompt,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
)
from reckon.vocabulary.response import Choice, Citation, Response

FOLDER = Path(__file__).parent
WIRES = tuple(path.stem for path in sorted(FOLDER.glob("*.jsonl")))
_IN_SECONDS = re.compile(r"<in (\d+) s>")
SLACK_S = 5.0
"""A wait until a date shrinks while the test runs, and dates have whole seconds."""


class Request(msgspec.Struct, frozen=True):
    """What was asked, in our nouns and on the wire."""

    prompt: dict[str, Any]
    path: str
    body: dict[str, Any]

    def asked(self) -> Prompt:
        """The prompt; tools are the user's own."""
        kinds = {"messages": tuple[Message, ...], "tools": tuple[Tool, ...], "schema": Schema}
        return Prompt(
            **{
                name: msgspec.convert(value, kinds[name]) if name in kinds else value
                for name, value in self.prompt.items()
            }
        )


class Answer(msgspec.Struct, frozen=True):
    """What came back; bytes that are no UTF-8 are in `body_base64`."""

    status: int
    headers: list[tuple[str, str]]
    body: str = ""
    body_base64: str = ""

    @property
    def data(self) -> bytes:
        """The body, as it came."""
        return base64.b64decode(self.body_base64) or self.body.encode()

    def fresh_headers(self) -> dict[str, str]:
        """The headers; a date that is told as a distance is reckoned from now."""
        return {name: _IN_SECONDS.sub(_date, value) for name, value in self.headers}


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exchange, with what it means."""

    id: str
    label: str
    stream: bool
    response: Answer
    expect: dict[str, Any]
    request: Request | None = None

    @property
    def failed(self) -> bool:
        """Whether the status alone says that there is no answer."""
        return self.response.status >= 400


def read(wire: str) -> list[Golden]:
    """All golden exchanges of a format."""
    lines = (FOLDER / f"{wire}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Golden) for line in lines]


def all_exchanges() -> Iterator[tuple[str, Golden]]:
    """Each golden exchange with its format."""
    for wire in WIRES:
        for golden in read(wire):
            yield wire, golden


def outcome(
    wire: str, pieces: list[bytes], *, stream: bool
) -> tuple[Response, ProviderError | None]:
    """What a decoder makes of an answer that comes in these pieces, and the error that ended it."""
    decoder, collector = registry.wire_format(wire).decoder(stream=stream), Collector()
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                collector.add(event)
        for event in decoder.close():
            collector.add(event)
    except ProviderError as error:
        return collector.response(), error
    return collector.response(), None


def told(response: Response) -> dict[str, Any]:
    """What came out of an answer, empty things left out."""
    usage = msgspec.to_builtins(response.usage)
    said = _choice(response) | {"model": response.model, "request_id": response.request_id}
    said["usage"] = {name: usage[name] for name in usage if usage[name]}
    # Counts of zero are told where they are known, which only these two distinguish.
    for name in ("input_tokens", "output_tokens"):
        if getattr(response.usage, name) is not None:
            said["usage"][name] = getattr(response.usage, name)
    said["others"] = [_choice(each) for each in response.others]
    return {name: value for name, value in said.items() if value}


def differences(
    golden: Golden, response: Response, error: ProviderError | None, *, live: bool = False
) -> dict[str, Any]:
    """Where an outcome is not what was expected: each thing with (expected, got).

    Args:
        golden: The exchange.
        response: What came out of its answer.
        error: How it ended, if not well.
        live: Whether it was a whole call. A decoder alone does not know whether an error within
            an answer may pass.
    """
    expected = dict(golden.expect)
    wanted = expected.pop("error", None)
    found: dict[str, Any] = {}
    got = told(response)
    for name in expected.keys() | got.keys():
        # Names are compared where they are given; all else must be told in full.
        if name in ("model", "request_id") and name not in expected:
            continue
        hoped, came = expected.get(name), got.get(name)
        if name == "stop_reason" and hoped == "unknown":
            hoped = None
        if not _alike(hoped, came):
            found[name] = (hoped, came)
    if (wanted is None) != (error is None):
        found["error"] = (wanted, error)
    elif wanted is not None and error is not None:
        judged = live or golden.failed
        found |= _wrong(wanted if judged else _without_wait(wanted), error)
    if wanted is not None and golden.failed and error and error.status != golden.response.status:
        found["status"] = (golden.response.status, error.status)
    return found


def _without_wait(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in ("kind", "says") if name in wanted}


def _wrong(wanted: dict[str, Any], error: ProviderError) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if wanted["kind"] not in kinds:
        found["kind"] = (wanted["kind"], type(error).__name__)
    if wanted.get("says", "") not in error.why:
        found["says"] = (wanted["says"], error.why)
    if wanted.get("retryable", error.retryable) is not error.retryable:
        found["retryable"] = (wanted["retryable"], error.retryable)
    hoped, wait = wanted.get("retry_after_s"), error.retry_after_s
    # A wait means nothing where no waiting helps.
    if hoped is None and wait is not None and wanted.get("retryable"):
        found["retry_after_s"] = (None, wait)
    if hoped is not None and (wait is None or not hoped - SLACK_S <= wait <= hoped):
        found["retry_after_s"] = (hoped, wait)
    if not (error.what and error.do):
        found["remedy"] = (error.what, error.do)
    return found


def _alike(hoped: Any, came: Any) -> bool:
    """Equal; of things in a list, all that is expected of each is there."""
    if isinstance(hoped, list) and isinstance(came, list):
        return len(hoped) == len(came) and all(map(_alike, hoped, came))
    if isinstance(hoped, dict) and isinstance(came, dict) and "name" in hoped:
        return all(came.get(name) == value for name, value in hoped.items())
    return bool(hoped == came)


def _choice(choice: Response | Choice) -> dict[str, Any]:
    said: dict[str, Any] = {
        "text": choice.text,
        "reasoning": choice.reasoning,
        "refused": choice.refused,
        "stop_explanation": choice.stop_explanation,
        "stop_reason": "" if choice.stop_reason == "unknown" else choice.stop_reason,
        "tool_calls": [_call(each) for each in choice.tool_calls],
        "citations": [_citation(each) for each in choice.citations],
        "logprobs": [
            [each.token, each.logprob, [list(other) for other in each.top]]
            for each in choice.logprobs
        ],
        "carried": [part.data for part in choice.parts if isinstance(part, Opaque)],
        "text_signature": "".join(p.signature for p in choice.parts if isinstance(p, Text)),
    }
    blocks = [part for part in choice.parts if isinstance(part, Reasoning)]
    if any(part.signature or part.encrypted or part.id for part in blocks):
        said["sealed"] = [_sealed(part) for part in blocks]
    return {name: value for name, value in said.items() if value}


def _call(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = call.arguments
    seal = {"signature": call.signature} if call.signature else {}
    return {"id": call.id, "name": call.name, "arguments": arguments} | seal


def _sealed(block: Reasoning) -> dict[str, str]:
    fields = {name: getattr(block, name) for name in ("signature", "encrypted", "id")}
    return {"text": block.text} | {name: value for name, value in fields.items() if value}


def _citation(citation: Citation) -> dict[str, Any]:
    fields = {name: getattr(citation, name) for name in ("url", "title", "quote", "start", "end")}
    return {name: value for name, value in fields.items() if value not in ("", None)}


def _date(found: re.Match[str]) -> str:
    when = datetime.now(UTC) + timedelta(seconds=int(found[1]))
    return format_datetime(when, usegmt=True)
