"""What a wire format and an engine must be able to do. Wire formats do no I/O."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from reckon.errors import ProviderError
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event


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


class Engine(Protocol):
    """A backend that answers in this process, without HTTP."""

    def respond(self, prompt: Prompt) -> AsyncIterator[Event]:
        """The events of one answer."""
        ...
