"""One HTTP call as a value: what a wire format makes and `net` sends, or the gateway is asked."""

import msgspec

from reckon.vocabulary.prompt import Prompt


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is ready to be sent."""

    url: str
    method: str = "POST"
    headers: dict[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        # Headers carry keys: a repr may land in a log or a traceback.
        return f"Call({self.method} {self.url}, {len(self.body)} bytes)"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client of the gateway asks, in no wire format any more."""

    model: str
    """As the client names it."""
    prompt: Prompt
    stream: bool = False
    stream_usage: bool = True
    """Whether a stream shall end with its usage."""


class AnswerHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway itself says of an answer that it passes on."""

    id: str
    model: str
    created: int
    """Seconds since 1970, UTC."""
