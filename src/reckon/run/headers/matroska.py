"""Length, size and sound of WebM and Matroska files: elements within elements."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from reckon.run.headers.header import Header, Reader, broken, endless

MOST_ELEMENTS = 200_000
"""Elements that are looked at: an hour of film without a duration has about as many."""

_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_ENTRY, _KIND, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x83, 0xE0, 0xB0, 0xBA
_SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0x54B0, 0x54BA, 0x54B2
_TIME, _SIMPLE_BLOCK, _GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_OPENED = frozenset({_SEGMENT, _INFO, _TRACKS, _ENTRY, _VIDEO, _CLUSTER, _GROUP})
"""Elements whose content is looked at; all others are jumped over."""


class Element(NamedTuple):
    """One element: its id, and where its content begins and ends."""

    id: int
    start: int
    end: int


class _Found:
    """What was gathered on the way."""

    def __init__(self) -> None:
        self.scale_ns = 1_000_000
        self.units = 0.0
        self.kinds: set[int] = set()
        self.numbers: dict[int, int] = {}
        self.cluster = 0
        self.last = 0


def matroska(reader: Reader) -> Header:
    """The header of a film, or of a recording where there are no pictures.

    A file that was recorded live says no length: then it is walked, by the heads of its blocks.
    """
    found = _Found()
    for element in _elements(reader):
        if element.id == _CLUSTER and found.units:
            break
        _note(found, element, reader)
    units = found.units or found.last
    seconds = units * found.scale_ns / 1e9
    if not seconds > 0 or seconds == float("inf"):
        raise endless("film" if 1 in found.kinds else "sound")
    is_web = b"webm" in reader.at(0, 64)
    if 1 not in found.kinds:
        if 2 not in found.kinds:
            raise broken("It has neither pictures nor sound.")
        return Header("audio/webm" if is_web else "audio/x-matroska", "audio", seconds=seconds)
    width, height = _shown(found.numbers)
    media_type = "video/webm" if is_web else "video/x-matroska"
    return Header(media_type, "video", width, height, seconds, 2 in found.kinds)


def _shown(numbers: dict[int, int]) -> tuple[int, int]:
    width, height = numbers.get(_WIDTH, 0), numbers.get(_HEIGHT, 0)
    if not width or not height:
        raise broken("Its pictures have no size.")
    if not numbers.get(_SHOWN_UNIT) and numbers.get(_SHOWN_WIDTH) and numbers.get(_SHOWN_HEIGHT):
        return numbers[_SHOWN_WIDTH], numbers[_SHOWN_HEIGHT]
    return width, height


def _note(found: _Found, element: Element, reader: Reader) -> None:
    kind = element.id
    if kind in (_SIMPLE_BLOCK, _BLOCK):
        head = reader.at(element.start, 12)
        track = _length(head[0])
        found.last = max(found.last, found.cluster + struct.unpack_from(">h", head, track)[0])
    elif kind == _TIME:
        found.cluster = _number(reader, element)
        found.last = max(found.last, found.cluster)
    elif kind == _SCALE:
        found.scale_ns = _number(reader, element)
    elif kind == _DURATION:
        data = reader.at(element.start, 8)
        short = element.end - element.start == 4
        found.units = struct.unpack_from(">f" if short else ">d", data)[0]
    elif kind == _KIND:
        found.kinds.add(_number(reader, element))
    elif kind in (_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT):
        # The first picture track is the film; a second is a cover or another view.
        found.numbers.setdefault(kind, _number(reader, element))


def _number(reader: Reader, element: Element) -> int:
    return int.from_bytes(reader.at(element.start, min(8, element.end - element.start)), "big")


def _elements(reader: Reader) -> Iterator[Element]:
    """All elements in the order of the file; those of `_OPENED` come before their content."""
    place = 0
    for _ in range(MOST_ELEMENTS):
        head = reader.at(place, 16)
        if len(head) < 2:
            return
        id_size = _length(head[0])
        if id_size > 4:
            raise broken("An element has no id.")
        if len(head) <= id_size:
            return
        size_size = _length(head[id_size])
        if size_size > 8 or len(head) < id_size + size_size:
            raise broken("An element has no size.")
        id_ = int.from_bytes(head[:id_size], "big")
        ones = (1 << 7 * size_size) - 1
        size = int.from_bytes(head[id_size : id_size + size_size], "big") & ones
        start = place + id_size + size_size
        # A size of ones alone is not known yet: the content ends where something else begins.
        end = reader.size if size == ones else start + size
        yield Element(id_, start, end)
        place = start if id_ in _OPENED else end
    raise broken("It has too many elements.")


def _length(first: int) -> int:
    """Bytes of a number whose first byte this is: as many as there are zeros before its one."""
    return 9 - first.bit_length()
