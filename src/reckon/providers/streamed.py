"""What the decoders of streams have in common: how an answer begins, and how one is broken off."""

from collections.abc import Sequence

from reckon.errors import ProviderError
from reckon.providers.whole import MARK, Invalid, Read, WholeDecoder
from reckon.vocabulary.response import Event


class StreamedDecoder:
    """A decoder that hands out all that came before an error, and raises it only then.

    So nothing that was paid for is lost, and it does not matter how the bytes were cut.

    Args:
        read: As of `WholeDecoder`; reads what is no stream: the one JSON object of a server that
            knows none, or a page of HTML.
        invalid: As of `WholeDecoder`.
        unstreamed: First letters of such answers.
    """

    def __init__(self, read: Read, invalid: Invalid, unstreamed: bytes = b"{<") -> None:
        self._fault: ProviderError | None = None
        self._read, self._invalid = read, invalid
        self._whole: WholeDecoder | None = None
        self._unstreamed = unstreamed
        self._head = b""
        self._is_marked = self._has_begun = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Events that are complete with these bytes."""
        if self._fault is not None:
            raise self._fault
        if not self._has_begun:
            data = self._begin(data)
        if self._whole:
            return self._whole.feed(data)
        events: list[Event] = []
        try:
            self._hear(data, events)
        except ProviderError as fault:
            if not events:
                raise
            self._fault = fault
        return events

    def close(self) -> Sequence[Event]:
        """The end of the answer, or the error that there is none."""
        if self._fault is not None:
            raise self._fault
        return self._whole.close() if self._whole else self._end()

    def _hear(self, data: bytes, events: list[Event]) -> None:
        """Add the events that are complete with these bytes."""
        raise NotImplementedError

    def _end(self) -> Sequence[Event]:
        """The end of the stream, or the error that there is none."""
        raise NotImplementedError

    def _begin(self, data: bytes) -> bytes:
        """The bytes from the answer's first letter on; none while it has not come."""
        self._head += data
        if not self._is_marked:
            if len(self._head) < len(MARK) and MARK.startswith(self._head):
                return b""
            self._is_marked = True
            self._head = self._head.removeprefix(MARK)
        self._head = self._head.lstrip()
        self._has_begun = bool(self._head)
        if self._has_begun and self._head[0] in self._unstreamed:
            self._whole = WholeDecoder(self._read, self._invalid)
        return self._head
