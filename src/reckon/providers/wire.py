"""What a wire format and an engine must be able to do. Wire formats do no I/O."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from reckon.errors import ProviderError, ReckonError
from reckon.vocabulary.call import AnswerHead, Call, Request
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, Response


class Decoder(Protocol):
    """Turns the bytes of one answer, in pieces of any size, into events."""

    def feed(self, data: bytes) -> Sequence[Event]:
        """Events that are complete with these bytes.

        Raises:
            ProviderError: The answer holds an error, or is not what the format promises.
        """
        ...

    def close(self) -> Sequence[Event]:
        """The last events, when no more bytes come.

        Raises:
            AnswerTruncated: The answer has not come to its end.
            AnswerInvalid: The answer is not what the format promises.
        """
        ...


class WireFormat(Protocol):
    """A way to write requests and to read answers."""

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
        """The call that asks this prompt of this model."""
        ...

    def decoder(self, *, stream: bool) -> Decoder:
        """A decoder for one answer."""
        ...

    def error(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        model: Model,
        provider: Provider,
    ) -> ProviderError:
        """What an answer with that status means, with its remedy."""
        ...


class AnswerEncoder(Protocol):
    """Turns the events of one answer into the bytes of a stream."""

    def feed(self, event: Event) -> bytes:
        """What the client hears of this event; it may be nothing yet."""
        ...

    def close(self) -> bytes:
        """The end of the stream."""
        ...

    def fail(self, error: ReckonError) -> bytes:
        """The end of a stream that broke off, with the error in the format's words."""
        ...


class GatewayFormat(Protocol):
    """The other side of a wire format: to read requests and to write answers.

    What an answer says in parts that the format has no word for is left out: the answer was paid
    for, and the rest of it is worth having. A request with such parts is refused instead.
    """

    def decode(self, body: bytes) -> Request:
        """What a client asks.

        Raises:
            RequestInvalid: The body is no request of this format.
            UnsupportedInput: It asks for what cannot be passed on.
        """
        ...

    def encode(self, response: Response, head: AnswerHead) -> bytes:
        """A whole answer."""
        ...

    def encoder(self, head: AnswerHead, *, usage: bool) -> AnswerEncoder:
        """An encoder for one streamed answer, which ends with its usage where that was asked."""
        ...

    def error(self, error: ReckonError) -> tuple[int, bytes]:
        """HTTP status and body that tell a client of an error."""
        ...


class Engine(Protocol):
    """A backend that answers in this process, without HTTP."""

    def respond(self, prompt: Prompt) -> AsyncGenerator[Event]:
        """The events of one answer."""
        ...
