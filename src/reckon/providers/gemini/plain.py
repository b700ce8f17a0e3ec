"""The short way for a plain response: one candidate with words, thoughts, calls and sources alone.

Nearly all are. `answer` can read them too, but asks for each of some twenty fields whether it is
there. The types below name every field that `answer` looks at, and let it be absent or null, so
that any other response is turned away while it is decoded. Whoever adds a field to `answer` adds it
here; a test compares both ways.
"""

from typing import Annotated, Any, Literal

import msgspec

from reckon.providers.untrusted import HIGHEST_COUNT


class PlainCall(msgspec.Struct, rename="camel"):
    """A call of one of the user's tools."""

    name: str
    args: dict[str, Any] | None = None
    id: str | None = None
    partial_args: None = None
    will_continue: Literal[False] | None = None


class PlainPart(msgspec.Struct, rename="camel"):
    """Words, thoughts, or a call; never none of them."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: PlainCall | None = None


class _Content(msgspec.Struct, rename="camel"):
    parts: list[PlainPart] = []


class PlainCandidate(msgspec.Struct, rename="camel"):
    """The one answer."""

    content: _Content = msgspec.field(default_factory=_Content)
    index: Annotated[int, msgspec.Meta(ge=0, lt=HIGHEST_COUNT)] = 0
    finish_reason: str | None = None
    finish_message: str | None = None
    logprobs_result: None = None
    grounding_metadata: dict[str, Any] | None = None
    citation_metadata: None = None


class PlainResponse(msgspec.Struct, rename="camel"):
    """One response of a stream."""

    candidates: Annotated[list[PlainCandidate], msgspec.Meta(min_length=1, max_length=1)]
    usage_metadata: dict[str, Any] | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: None = None


_read = msgspec.json.Decoder(PlainResponse).decode


def plain_response(data: bytes) -> PlainResponse | None:
    """The response, where it is plain."""
    try:
        # Bytes that are no UTF-8 are a fault also in fields that nobody reads.
        response = _read(data if data.isascii() else data.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for part in response.candidates[0].content.parts:
        if part.text is None and part.function_call is None:
            return None
    return response
