"""The short way for a plain piece of a stream: one part of one candidate, words or thoughts alone.

Nearly every piece of a long answer is one. `answer` can read it too, but asks for each of some
twenty fields whether it is there. The types below name every field that `answer` looks at once an
answer has begun, and let it be absent or null, so that any other piece is turned away while it is
decoded. Whoever adds a field to `answer` adds it here; a test compares both ways.
"""

from typing import Annotated, Any, Literal

import msgspec


class _Part(msgspec.Struct, rename="camel"):
    text: str
    thought: bool | None = None
    thought_signature: Literal[""] | None = None
    function_call: None = None


class _Content(msgspec.Struct, rename="camel"):
    parts: Annotated[list[_Part], msgspec.Meta(min_length=1, max_length=1)]


class _Candidate(msgspec.Struct, rename="camel"):
    content: _Content
    index: Annotated[int, msgspec.Meta(ge=0)] = 0
    finish_reason: None = None
    finish_message: Literal[""] | None = None
    logprobs_result: None = None
    grounding_metadata: None = None
    citation_metadata: None = None


class _Piece(msgspec.Struct, rename="camel"):
    candidates: Annotated[list[_Candidate], msgspec.Meta(min_length=1, max_length=1)]
    usage_metadata: dict[str, Any] | None = None
    error: None = None


_read = msgspec.json.Decoder(_Piece).decode


def plain_piece(data: bytes) -> tuple[int, str, bool, dict[str, Any]] | None:
    """The candidate, its words, whether they are thoughts, and usage; None for other pieces."""
    try:
        # Bytes that are no UTF-8 are a fault also in fields that nobody reads.
        piece = _read(data if data.isascii() else data.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    candidate = piece.candidates[0]
    part = candidate.content.parts[0]
    return candidate.index, part.text, part.thought is True, piece.usage_metadata or {}
