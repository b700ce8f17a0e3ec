"""The short way for a plain piece of a stream: words or reasoning of one choice, nothing else.

Nearly every piece is one. `answer` can read it too, but asks of each of some thirty fields, which
no piece has all of, whether it is there; that takes five times as long. The types below name every
field that `answer` looks at, and let it be absent or empty, so that any other piece is turned away
while it is decoded. Fields that they do not name are those that `answer` does not look at either.
Whoever adds a field to `answer` adds it here; a test compares both ways on all that was recorded.
"""

from typing import Annotated, Any, Literal

import msgspec

_Nothing = Annotated[list[Any], msgspec.Meta(max_length=0)] | None
"""A list in which there is nothing, if it is there at all."""


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: None = None
    tool_calls: _Nothing = None
    function_call: None = None
    reasoning_details: _Nothing = None
    annotations: _Nothing = None
    executed_tools: _Nothing = None
    images: _Nothing = None
    audio: None = None
    extra_content: None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    index: Annotated[int, msgspec.Meta(ge=0)] = 0
    finish_reason: Literal[""] | None = None
    logprobs: None = None
    usage: None = None
    error: None = None


class _Chunk(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1, max_length=1)]
    usage: None = None
    service_tier: Literal["", "default", "auto", "standard", "on_demand"] | None = None
    """One that is not the standard one is kept for the usage at the end."""
    error: None = None
    search_results: _Nothing = None
    citations: _Nothing = None
    x_groq: None = None


_read = msgspec.json.Decoder(_Chunk).decode


def plain_piece(data: bytes) -> tuple[int, str, str] | None:
    """The choice, its words and its reasoning; None where the piece says anything else."""
    try:
        # Bytes that are no UTF-8 are a fault also in fields that nobody reads.
        choice = _read(data if data.isascii() else data.decode()).choices[0]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    delta = choice.delta
    return choice.index, delta.content or "", delta.reasoning_content or delta.reasoning or ""
