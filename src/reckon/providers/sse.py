"""Server-sent events, read incrementally.

The rules are those of the HTML standard where providers keep them, and tolerant where they do
not: any line end, several `data:` lines, comments, unknown fields, a byte-order mark, a missing
last blank line.
"""

from collections.abc import Iterator

from reckon.errors import AnswerInvalid

EVENT_LIMIT = 64 << 20
"""Bytes of one event at most. A picture in an answer is a few megabytes; more is a fault."""
LINE_COST = 64
"""Bytes that a line takes in memory beside its letters."""

_MARK = b"\xef\xbb\xbf"


class EventReader:
    """Splits bytes into the data of events; comments and other fields are dropped."""

    def __init__(self) -> None:
        self._rest = bytearray()
        """The line that has not ended yet."""
        self._data: list[bytes] = []
        """The data of the event that has not ended yet."""
        self._size = 0
        self._at_start = True
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The data of each event that is complete with these bytes."""
        if self._after_return and data:
            # The second half of a line end that was cut.
            data = data.removeprefix(b"\n")
            self._after_return = False
        # Whole lines are split off all at once: a look for each line would cost more than JSON.
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end:
            self._after_return = data.endswith(b"\r")
            lines = b"%b%b" % (self._rest, data[:end])
            self._rest = bytearray(data[end:])
            yield from self._events(lines.splitlines())
        else:
            self._rest += data
        if len(self._rest) + self._size > EVENT_LIMIT:
            raise AnswerInvalid(
                "The answer holds one event of more than 64 MiB.",
                why="No provider sends such an event; the stream is broken.",
                do="Check the address of the provider.",
            )

    def close(self) -> Iterator[bytes]:
        """The data of the last event, where its blank line is missing."""
        if self._rest:
            yield from self._events(bytes(self._rest).splitlines())
            self._rest.clear()
        if self._data:
            yield self._take()

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_MARK)
        for line in lines:
            if line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._data.append(value)
                self._size += len(value) + LINE_COST
            elif not line and self._data:
                events.append(self._take())
        return events

    def _take(self) -> bytes:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        return data
