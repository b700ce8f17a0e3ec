"""Pages of a PDF and their sizes, from its own table of objects; nothing is drawn.

What this cannot follow with certainty is an error that says so: a count is right or there is none.
"""

import re
import zlib
from typing import Any, cast

from reckon.errors import BadMedia
from reckon.run.headers.header import Header, Reader
from reckon.run.headers.pdf_objects import Name, Reference, Stream, read_object

TAIL = 2_048
"""Bytes at the end in which the place of the table is told."""
LONGEST_OBJECT = 4 << 20
"""Bytes of one object, before and after it is unpacked."""
MOST_PAGES = 100_000
MOST_TABLES = 500
DEEPEST = 64
LETTER = (0.0, 0.0, 612.0, 792.0)
"""Points."""

_START = re.compile(rb"startxref\s+(\d+)")
_HEAD = re.compile(rb"\s*(\d+)\s+(\d+)\s+obj")
_SECTION = re.compile(rb"\s*(\d+)\s+(\d+)[ \t]*\r?\n?")

_OF_ANOTHER_KIND = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
    zlib.error,
)  # fmt: skip
"""What comes of an object that is missing, or is no such thing as stands in its place."""

Entry = tuple[int, int]
"""Offset and -1 for an object of its own; or the stream that it is in, and its place there."""


def pdf(reader: Reader) -> Header:
    """The header of a document.

    Raises:
        BadMedia: It is encrypted, broken, or written in a way that is not followed here.
    """
    try:
        pages = _Document(reader).pages()
    except _OF_ANOTHER_KIND as error:
        raise _unread() from error
    return Header("application/pdf", "pdf", pages=pages)


class _Document:
    """The objects of one file."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.offset = max(0, reader.at(0, 1024).find(b"%PDF-"))
        self.entries: dict[int, Entry] = {}
        self.trailer: dict[str, Any] = {}
        self.unpacked: dict[int, tuple[list[int], bytes]] = {}
        tail = reader.at(max(0, reader.size - TAIL), TAIL)
        places = _START.findall(tail)
        if not places:
            raise ValueError("no startxref")
        self._read_tables(int(places[-1]))
        if "Encrypt" in self.trailer:
            raise BadMedia(
                "The PDF is encrypted.",
                why="Without its password neither its pages nor its text can be read.",
                do="Save it without a password, then try again: qpdf --decrypt OLD NEW",
                reason="encrypted PDF",
            )

    def pages(self) -> tuple[tuple[float, float], ...]:
        """The size of each page, turned as it is shown."""
        root = self.get(self.trailer["Root"])
        found: list[tuple[float, float]] = []
        self._walk(self.get(root["Pages"]), {}, found, set(), 0)
        if not found:
            raise ValueError("no pages")
        return tuple(found)

    def _walk(
        self,
        node: dict[str, Any],
        above: dict[str, Any],
        found: list[tuple[float, float]],
        seen: set[int],
        depth: int,
    ) -> None:
        told = above | {key: node[key] for key in ("MediaBox", "CropBox", "Rotate") if key in node}
        if "Kids" not in node:
            found.append(self._size(told))
            if len(found) > MOST_PAGES:
                raise ValueError("too many pages")
            return
        if depth > DEEPEST:
            raise ValueError("too deep")
        for kid in self.get(node["Kids"]):
            if isinstance(kid, Reference):
                if kid.number in seen:
                    raise ValueError("a page is its own parent")
                seen.add(kid.number)
            self._walk(self.get(kid), told, found, seen, depth + 1)

    def _size(self, told: dict[str, Any]) -> tuple[float, float]:
        box = self.get(told.get("CropBox", told.get("MediaBox", LETTER)))
        left, low, right, high = (float(self.get(each)) for each in box)
        width, height = abs(right - left), abs(high - low)
        if not width or not height:
            left, low, right, high = LETTER
            width, height = right, high
        return (height, width) if self.get(told.get("Rotate", 0)) % 180 else (width, height)

    def get(self, value: Any) -> Any:
        """The object that is meant, where `value` is a reference to one."""
        for _ in range(DEEPEST):
            if not isinstance(value, Reference):
                return value
            value = self._object(value.number)
        raise ValueError("references that lead round")

    def _object(self, number: int) -> Any:
        offset, place = self.entries[number]
        if place < 0:
            return self._at(offset, number)
        if offset not in self.unpacked:
            self.unpacked[offset] = self._unpack(offset)
        offsets, data = self.unpacked[offset]
        return read_object(data, offsets[place])[0]

    def _at(self, offset: int, number: int | None = None) -> Any:
        """The object that begins there; one that is longer than a piece is read whole."""
        size = 4_096
        while True:
            data = self.reader.at(self.offset + offset, size)
            head = _HEAD.match(data)
            if head is None or (number is not None and int(head[1]) != number):
                raise ValueError("no object where the table says")
            try:
                found, end = read_object(data, head.end())
            except (ValueError, IndexError):
                if size >= LONGEST_OBJECT or len(data) < size:
                    raise
                size *= 8
                continue
            return self._stream(found, offset, data, end)

    def _stream(self, found: Any, offset: int, data: bytes, end: int) -> Any:
        """The object, with the bytes of its stream where it is one."""
        after = data[end : end + 32].lstrip()
        if not isinstance(found, dict) or not after.startswith(b"stream"):
            return cast("Any", found)
        begin = data.index(b"stream", end) + len(b"stream")
        begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
        table = cast("dict[str, Any]", found)
        length = self.get(table["Length"])
        if not 0 <= length <= LONGEST_OBJECT:
            raise ValueError("a stream too long")
        return Stream(table, self.reader.at(self.offset + offset + begin, length))

    def _unpack(self, number: int) -> tuple[list[int], bytes]:
        """A stream of objects: where each begins, and their bytes."""
        offset, place = self.entries[number]
        if place >= 0:
            raise ValueError("a stream of objects inside another")
        stream = self._at(offset, number)
        data = _inflated(self, stream)
        first = self.get(stream.table["First"])
        numbers = [int(each) for each in data[:first].split()]
        return [first + each for each in numbers[1::2]], data

    def _read_tables(self, offset: int) -> None:
        """The table of the last change and those before it; what is said last holds."""
        waiting, seen = [offset], set[int]()
        while waiting:
            offset = waiting.pop(0)
            if offset in seen:
                continue
            seen.add(offset)
            if len(seen) > MOST_TABLES:
                raise ValueError("too many tables")
            head = self.reader.at(self.offset + offset, 16).lstrip()
            trailer = self._old_table(offset) if head.startswith(b"xref") else self._new(offset)
            self.trailer = trailer | self.trailer
            waiting += [int(trailer[key]) for key in ("XRefStm", "Prev") if key in trailer]

    def _old_table(self, offset: int) -> dict[str, Any]:
        """A table in plain text, twenty bytes for each object."""
        place = self.offset + offset
        place += self.reader.at(place, 16).index(b"xref") + 4
        while True:
            window = self.reader.at(place, 256)
            section = _SECTION.match(window)
            if section is None:
                break
            first, count = int(section[1]), int(section[2])
            place += section.end()
            # Counted before it is read: a section cannot be longer than the file.
            if count * 18 > self.reader.size:
                raise ValueError("a table longer than the file")
            for number in range(first, first + count):
                line = self.reader.at(place, 20)
                if line[17:18] == b"n":
                    self.entries.setdefault(number, (int(line[:10]), -1))
                elif line[17:18] != b"f":
                    raise ValueError("a line of the table is broken")
                place += 20
        size = 4_096
        start = window.find(b"trailer")
        if start < 0:
            raise ValueError("no trailer")
        place += start + len(b"trailer")
        while True:
            data = self.reader.at(place, size)
            try:
                found = read_object(data, 0)[0]
            except (ValueError, IndexError):
                if size >= LONGEST_OBJECT or len(data) < size:
                    raise
                size *= 8
                continue
            return dict(found)

    def _new(self, offset: int) -> dict[str, Any]:
        """A table in a stream: numbers of fixed width for each object."""
        stream = self._at(offset)
        table = stream.table
        if table.get("Type") != Name("XRef"):
            raise ValueError("no table where it should be")
        widths = [int(each) for each in table["W"]]
        if len(widths) != 3 or not all(0 <= width <= 8 for width in widths) or not sum(widths):
            raise ValueError("a table with odd columns")
        index = table.get("Index", [0, table["Size"]])
        data, place = _inflated(self, stream), 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            for number in range(first, first + count):
                row = data[place : place + sum(widths)]
                if len(row) < sum(widths):
                    return table
                place += len(row)
                a, b = widths[0], widths[0] + widths[1]
                kind = int.from_bytes(row[:a], "big") if a else 1
                where, more = int.from_bytes(row[a:b], "big"), int.from_bytes(row[b:], "big")
                if kind in (1, 2):
                    self.entries.setdefault(number, (where, -1 if kind == 1 else more))
        return table


def _inflated(document: _Document, stream: Stream) -> bytes:
    """The bytes of a stream, unpacked; of the ways to pack it, tables and objects use one."""
    filters = document.get(stream.table.get("Filter", []))
    names = [filters] if isinstance(filters, str) else list(filters)
    if not names:
        return stream.data
    if names != ["FlateDecode"]:
        raise ValueError("a filter that tables do not use")
    engine = zlib.decompressobj()
    data = engine.decompress(stream.data, LONGEST_OBJECT)
    if engine.unconsumed_tail:
        raise ValueError("a stream that unfolds without end")
    told: Any = document.get(stream.table.get("DecodeParms"))
    if isinstance(told, list):
        told = document.get(cast("list[Any]", told)[0])
    parameters = cast("dict[str, Any]", told or {})
    if parameters.get("Predictor", 1) < 10:
        return data
    return _unfiltered(data, int(parameters.get("Columns", 1)))


def _unfiltered(data: bytes, columns: int) -> bytes:
    """Lines that were stored as differences, as PNG does."""
    found = bytearray()
    above = bytes(columns)
    for start in range(0, len(data), columns + 1):
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + columns])
        if kind == 2:
            line = bytearray((a + b) & 255 for a, b in zip(line, above, strict=False))
        elif kind == 1:
            for place in range(1, len(line)):
                line[place] = (line[place] + line[place - 1]) & 255
        elif kind != 0:
            raise ValueError("differences of a kind that tables do not use")
        found += line
        above = bytes(line)
    return bytes(found)


def _unread() -> BadMedia:
    return BadMedia(
        "The pages of the PDF cannot be counted.",
        why="Its table of objects is broken, or written in a way that is not followed here.",
        do="Save it anew: qpdf OLD NEW",
        reason="PDF whose pages cannot be counted",
    )
