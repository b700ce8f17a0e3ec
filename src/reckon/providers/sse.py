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
        self._searched = 0
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The data of each event that is complete with these bytes."""
        self._rest += data
        if self._at_start and not self._past_mark():
            return
        yield from self._events(self._lines(at_end=False))
        if len(self._rest) + self._size > EVENT_LIMIT:
            raise AnswerInvalid(
                "The answer holds one event of more than 64 MiB.",
                why="No provider sends such an event; the stream is broken.",
                do="Check the address of the provider.",
            )

    def _past_mark(self) -> bool:
        """Drop a byte-order mark; False while too few bytes came to tell."""
        if len(self._rest) < len(_MARK) and _MARK.startswith(self._rest):
            return False
        self._at_start = False
        if self._rest.startswith(_MARK):
            del self._rest[: len(_MARK)]
        return True

    def close(self) -> Iterator[bytes]:
        """The data of the last event, where its blank line is missing."""
        yield from self._events(self._lines(at_end=True))
        if self._data:
            yield self._take()

    def _events(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            if not line:
                if self._data:
                    yield self._take()
            elif line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._data.append(value)
                self._size += len(value) + LINE_COST

    def _take(self) -> bytes:
        data = b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        return data

    def _lines(self, *, at_end: bool) -> Iterator[bytes]:
        """Complete lines; they end in LF, CR LF or CR. Consumed bytes leave the buffer once."""
        buffer = self._rest
        start = 0
        while True:
            end = self._line_end(buffer, max(start, self._searched))
            if end < 0:
                break
            after = end + 1
            if buffer[end] == 13:
                if after == len(buffer) and not at_end:
                    break  # the LF of a CR LF may still come
                if after < len(buffer) and buffer[after] == 10:
                    after += 1
            line = bytes(buffer[start:end])
            start = after
            yield line
        if at_end and start < len(buffer):
            yield bytes(buffer[start:])
            start = len(buffer)
        del buffer[:start]
        # A long line in small pieces is searched once, not again with each piece.
        self._searched = max(0, len(buffer) - 1)

    @staticmethod
    def _line_end(buffer: bytearray, start: int) -> int:
        line_feed = buffer.find(b"\n", start)
        carriage = buffer.find(b"\r", start, line_feed if line_feed >= 0 else len(buffer))
        return carriage if carriage >= 0 else line_feed
