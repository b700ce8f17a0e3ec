"""JSON objects one after another: the elements of one growing array, or objects alone.

Gemini streams such an array where no server-sent events are asked for.
"""

import re
from collections.abc import Iterator

from reckon.errors import AnswerInvalid
from reckon.providers.sse import EVENT_LIMIT

_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')
_OPEN = ord("{")
_BETWEEN = re.compile(rb"[\s,\[\]]*")


class ObjectReader:
    """Splits bytes into the JSON objects they hold, without reading those."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched: int = 0
        self._depth = 0
        self._in_text = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Each object that is complete with these bytes."""
        self._rest += data
        start = 0
        while True:
            if not self._depth:
                start = self._next_object(start)
                if start == len(self._rest):
                    break
            end = self._object_end()
            if end is None:
                break
            yield bytes(self._rest[start:end])
            start = end
        del self._rest[:start]
        self._searched -= start
        if len(self._rest) > EVENT_LIMIT:
            raise AnswerInvalid(
                "The answer holds one object of more than 64 MiB.",
                why="No provider sends such an object; the stream is broken.",
                do="Check the address of the provider.",
            )

    @property
    def is_inside(self) -> bool:
        """Whether an object has begun and not ended."""
        return self._depth > 0

    def _next_object(self, start: int) -> int:
        """Where the next object begins, or the end of the bytes."""
        found = _BETWEEN.match(self._rest, start)
        start = found.end() if found else start
        self._searched = start
        if start < len(self._rest) and self._rest[start] != _OPEN:
            raise AnswerInvalid(
                "The answer cannot be read.",
                why="It is no JSON of the form that was asked for. It may have been billed.",
                do="Check the base URL of the provider.",
            )
        return start

    def _object_end(self) -> int | None:
        """Just after the object's last brace; None where it has not come."""
        while True:
            pattern = _INSIDE if self._in_text else _OUTSIDE
            found = pattern.search(self._rest, self._searched)
            if found is None:
                self._searched = len(self._rest)
                return None
            mark = bytes(found[0])
            if mark == b"\\":
                if found.end() == len(self._rest):
                    self._searched = found.start()  # what it hides has not come yet
                    return None
                self._searched = found.end() + 1
                continue
            self._searched = found.end()
            if mark == b'"':
                self._in_text = not self._in_text
            else:
                self._depth += 1 if mark in b"{[" else -1
                if not self._depth:
                    return self._searched
