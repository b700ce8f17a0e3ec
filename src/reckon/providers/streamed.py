"""What the decoders of streams have in common: how an answer ends that is broken off."""

from collections.abc import Sequence

from reckon.errors import ProviderError
from reckon.vocabulary.response import Event


class StreamedDecoder:
    """A decoder that hands out all that came before an error, and raises it only then.

    So nothing that was paid for is lost, and it does not matter how the bytes were cut.
    """

    def __init__(self) -> None:
        self._fault: ProviderError | None = None

    def feed(self, data: bytes) -> Sequence[Event]:
        """Events that are complete with these bytes."""
        self._raise_fault()
        events: list[Event] = []
        try:
            self._hear(data, events)
        except ProviderError as fault:
            if not events:
                raise
            self._fault = fault
        return events

    def _hear(self, data: bytes, events: list[Event]) -> None:
        """Add the events that are complete with these bytes."""
        raise NotImplementedError

    def _raise_fault(self) -> None:
        """Raise what is still to be raised."""
        if self._fault is not None:
            raise self._fault
