"""What comes back: events while it streams, a response when it is whole."""

from typing import Literal

import msgspec

from reckon.vocabulary.usage import Usage

StopReason = Literal["stop", "length", "tool_calls", "content_filter", "unknown"]


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The provider accepted the request."""

    model: str | None = None
    """The model that answers, as the provider names it."""
    request_id: str | None = None


class TextDelta(msgspec.Struct, frozen=True, tag="text"):
    """A piece of the answer."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, tag="reasoning"):
    """A piece of the reasoning."""

    text: str


class UsageSeen(msgspec.Struct, frozen=True, tag="usage"):
    """Usage so far; a later one replaces an earlier one."""

    usage: Usage


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The answer is whole."""

    reason: StopReason


Event = Started | TextDelta | ReasoningDelta | UsageSeen | Finished


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer."""

    text: str
    reasoning: str = ""
    model: str | None = None
    request_id: str | None = None
    stop_reason: StopReason = "unknown"
    usage: Usage = Usage()
    first_token_s: float | None = None
    duration_s: float | None = None
