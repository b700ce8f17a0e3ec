"""What comes back: events while it streams, a response when it is whole.

Events of one answer build its parts in order. Text continues the last text, reasoning the last
reasoning that is not sealed, a piece of a tool call the call of its number. `choice` counts the
answers where several were asked for.
"""

from typing import Any, Literal

import msgspec

from reckon.vocabulary.limits import RateLimits
from reckon.vocabulary.prompt import Media, MediaLink, Opaque, Part, Reasoning, ToolCall
from reckon.vocabulary.usage import Usage

StopReason = Literal[
    "stop", "length", "tool_calls", "content_filter", "refusal", "pause", "unknown"
]
"""`pause`: the provider wants the turn sent back to go on with it (Anthropic's long turns)."""


class LimitsSeen(msgspec.Struct, frozen=True, tag="limits"):
    """What the headers say of rate limits; comes first, where they say anything."""

    limits: RateLimits


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The provider accepted the request."""

    model: str | None = None
    """The model that answers, as the provider names it."""
    request_id: str | None = None


class TextDelta(msgspec.Struct, frozen=True, tag="text"):
    """A piece of the answer."""

    text: str
    choice: int = 0


class RefusalDelta(msgspec.Struct, frozen=True, tag="refusal"):
    """A piece of the words with which the model declines, where the format tells them apart."""

    text: str
    choice: int = 0


class ReasoningDelta(msgspec.Struct, frozen=True, tag="reasoning"):
    """A piece of the reasoning."""

    text: str
    choice: int = 0


class ReasoningSealed(msgspec.Struct, frozen=True, kw_only=True, tag="reasoning_sealed"):
    """The reasoning so far is one whole block, with what must go back in the next turn.

    Without a piece of reasoning before it, the block has no text: it is encrypted.
    """

    sealed_by: str
    """The wire format, as in `Reasoning`."""
    signature: str = ""
    encrypted: str = ""
    id: str = ""
    choice: int = 0


class Signed(msgspec.Struct, frozen=True, tag="signed"):
    """The provider's seal over the text, the tool call or the media that came last."""

    signature: str
    sealed_by: str
    """The wire format, as in `Text`."""
    choice: int = 0


class ToolCallDelta(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """A piece of a tool call. The first piece of a call has its id and name."""

    index: int
    """Which call of the answer this is a piece of."""
    id: str = ""
    name: str = ""
    arguments: str = ""
    choice: int = 0


class PartSeen(msgspec.Struct, frozen=True, tag="part"):
    """A whole part: a picture or sound that the model made, or what one format alone knows."""

    part: Media | MediaLink | Opaque
    choice: int = 0


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A source that the answer names. Positions count characters of the answer's text."""

    url: str = ""
    title: str = ""
    quote: str = ""
    """The words of the source, where the provider gives them."""
    start: int | None = None
    end: int | None = None
    raw: dict[str, Any] = {}
    """As the provider said it: pages, indices of documents and search results."""


class Cited(msgspec.Struct, frozen=True, tag="cited"):
    """A source of what was just said."""

    citation: Citation
    choice: int = 0


class TokenLogprob(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the answer with the natural logarithm of its probability."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    """The likeliest alternatives, the token itself included where it is one of them."""


class LogprobsSeen(msgspec.Struct, frozen=True, tag="logprobs"):
    """Probabilities of the next tokens of the answer."""

    tokens: tuple[TokenLogprob, ...]
    choice: int = 0


class UsageSeen(msgspec.Struct, frozen=True, tag="usage"):
    """Usage so far; a later one replaces an earlier one."""

    usage: Usage


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as its bytes came, for the ledger: nobody loses a field that is not known yet."""

    body: bytes | None
    """After content-decoding, the user's key taken out; None: too long to be kept."""
    size: int
    """Bytes that came."""
    content_type: str = ""
    """As the server named it."""


class RawSeen(msgspec.Struct, frozen=True, tag="raw"):
    """The whole answer as it came. The last event, also of an answer that was cut or failed."""

    raw: Raw


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The answer is whole."""

    reason: StopReason
    choice: int = 0
    explanation: str = ""
    """Why it ended so, in the provider's words, where it gives any."""


Event = (
    LimitsSeen
    | Started
    | TextDelta
    | RefusalDelta
    | ReasoningDelta
    | ReasoningSealed
    | Signed
    | ToolCallDelta
    | PartSeen
    | Cited
    | LogprobsSeen
    | UsageSeen
    | Finished
    | RawSeen
)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of the answers to a prompt."""

    parts: tuple[Part, ...] = ()
    text: str = ""
    """All text, a refusal included."""
    reasoning: str = ""
    refused: bool = False
    citations: tuple[Citation, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    stop_reason: StopReason = "unknown"
    stop_explanation: str = ""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer."""

    text: str
    reasoning: str = ""
    model: str | None = None
    request_id: str | None = None
    stop_reason: StopReason = "unknown"
    stop_explanation: str = ""
    """Why it ended so, in the provider's words, where it gives any."""
    usage: Usage = Usage()
    first_token_s: float | None = None
    duration_s: float | None = None
    parts: tuple[Part, ...] = ()
    """The whole turn, to be sent back in the next one: `Message(role="assistant", parts=...)`."""
    refused: bool = False
    citations: tuple[Citation, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    others: tuple[Choice, ...] = ()
    """Further answers, where several were asked for."""
    raw: Raw | None = None
    """The answer as it came; None: there is none, as from an engine in this process."""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def reasoning_parts(self) -> tuple[Reasoning, ...]:
        """The blocks of reasoning, with their seals."""
        return tuple(part for part in self.parts if isinstance(part, Reasoning))
