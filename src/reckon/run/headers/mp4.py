"""Length, size and sound of MP4, MOV, M4A and 3GP files: boxes within boxes."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from reckon.run.headers.header import Header, Reader, broken, cut, endless

MOST_BOXES = 20_000
"""Boxes at one level at most; a film in fragments has two for each."""
LONGEST_INDEX = 1 << 20
"""Bytes."""


class Box(NamedTuple):
    """One box: its name, and where its content begins and ends."""

    name: bytes
    start: int
    end: int


class Track(NamedTuple):
    """One track of a film."""

    number: int
    kind: bytes
    width: int
    height: int
    scale: int
    """Units of time a second."""
    units: int
    """Its length; 0 where it is not told."""


def mp4(reader: Reader) -> Header:
    """The header of a film, or of a recording where there are no pictures."""
    moov = None
    indexed: dict[bytes, float] = {}
    fragments: list[Box] = []
    for box in _boxes(reader, 0, reader.size):
        if box.name == b"moov":
            moov = box
        elif box.name == b"sidx":
            data = _content(reader, box)
            indexed[data[4:8]] = indexed.get(data[4:8], 0.0) + _indexed_seconds(data)
        elif box.name == b"moof":
            fragments.append(box)
    if moov is None:
        raise cut()
    seconds, tracks = _moov(reader, moov)
    seconds = seconds or max(indexed.values(), default=0.0)
    seconds = seconds or max((_walked(reader, box, tracks) for box in fragments), default=0.0)
    pictures = next((t for t in tracks if t.kind == b"vide" and t.width and t.height), None)
    has_audio = any(track.kind == b"soun" for track in tracks)
    if pictures is None and not has_audio:
        raise broken("It has neither pictures nor sound.")
    if not seconds:
        raise endless("film" if pictures else "sound")
    if pictures is None:
        return Header("audio/mp4", "audio", seconds=seconds)
    media_type = "video/quicktime" if reader.at(8, 4) == b"qt  " else "video/mp4"
    return Header(media_type, "video", pictures.width, pictures.height, seconds, has_audio)


def _moov(reader: Reader, moov: Box) -> tuple[float, list[Track]]:
    """The length and the tracks; 0 where no length is told."""
    scale, units, fragments = 0, 0, 0
    tracks: list[Track] = []
    for box in _boxes(reader, moov.start, moov.end):
        if box.name == b"mvhd":
            scale, units = _clock(_content(reader, box))
        elif box.name == b"trak":
            tracks.append(_track(reader, box))
        elif box.name == b"mvex":
            fragments = _fragments(reader, box)
    seconds = (units or fragments) / scale if scale else 0.0
    told = (track.units / track.scale for track in tracks if track.scale)
    return seconds or max(told, default=0.0), tracks


def _track(reader: Reader, trak: Box) -> Track:
    number = width = height = scale = units = 0
    kind = b""
    for box in _boxes(reader, trak.start, trak.end):
        if box.name == b"tkhd":
            data = _content(reader, box)
            number = struct.unpack_from(">I", data, 20 if data[:1] == b"\1" else 12)[0]
            width, height = _displayed(data)
        elif box.name == b"mdia":
            for inner in _boxes(reader, box.start, box.end):
                if inner.name == b"hdlr":
                    kind = _content(reader, inner)[8:12]
                elif inner.name == b"mdhd":
                    scale, units = _clock(_content(reader, inner))
    return Track(number, kind, width, height, scale, units)


def _displayed(tkhd: bytes) -> tuple[int, int]:
    """Width and height, turned as they are shown."""
    matrix = 52 if tkhd[:1] == b"\1" else 40
    along, turned = struct.unpack_from(">ii", tkhd, matrix)
    width, height = struct.unpack_from(">II", tkhd, matrix + 36)
    width, height = width >> 16, height >> 16
    return (height, width) if not along and turned else (width, height)


def _clock(data: bytes) -> tuple[int, int]:
    """Units a second, and units; 0 units where it is not told."""
    if data[:1] == b"\1":
        scale, units = struct.unpack_from(">IQ", data, 20)
        return scale, 0 if units == (1 << 64) - 1 else units
    scale, units = struct.unpack_from(">II", data, 12)
    return scale, 0 if units == (1 << 32) - 1 else units


def _fragments(reader: Reader, mvex: Box) -> int:
    """Units of all fragments together, where the film tells it."""
    for box in _boxes(reader, mvex.start, mvex.end):
        if box.name == b"mehd":
            data = _content(reader, box)
            return int(struct.unpack_from(">Q" if data[:1] == b"\1" else ">I", data, 4)[0])
    return 0


def _walked(reader: Reader, moof: Box, tracks: list[Track]) -> float:
    """Seconds from the beginning of the film to the end of this fragment."""
    latest = 0.0
    scales = {track.number: track.scale for track in tracks}
    for traf in _boxes(reader, moof.start, moof.end):
        if traf.name != b"traf":
            continue
        scale = usual = time = 0
        for box in _boxes(reader, traf.start, traf.end):
            data = _content(reader, box)
            if box.name == b"tfhd":
                scale, usual = scales.get(struct.unpack_from(">I", data, 4)[0], 0), _usual(data)
            elif box.name == b"tfdt":
                time = struct.unpack_from(">Q" if data[:1] == b"\1" else ">I", data, 4)[0]
            elif box.name == b"trun":
                time += _run(data, usual)
        latest = max(latest, time / scale if scale else 0.0)
    return latest


def _usual(tfhd: bytes) -> int:
    """Units of a sample, where the fragment tells one for all."""
    flags = int.from_bytes(tfhd[1:4], "big")
    place = 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
    return struct.unpack_from(">I", tfhd, place)[0] if flags & 8 else 0


def _run(trun: bytes, usual: int) -> int:
    """Units of all samples of a run."""
    flags = int.from_bytes(trun[1:4], "big")
    count: int = struct.unpack_from(">I", trun, 4)[0]
    if not flags & 0x100:
        return count * usual
    start = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    step = 4 * (flags >> 8 & 15).bit_count()
    return sum(
        struct.unpack_from(">I", trun, start + step * number)[0]
        for number in range(min(count, len(trun) // step))
    )


def _indexed_seconds(sidx: bytes) -> float:
    """The length of the pieces that an index of a film in fragments lists."""
    scale: int = struct.unpack_from(">I", sidx, 8)[0]
    place = 28 if sidx[:1] == b"\1" else 20
    count: int = struct.unpack_from(">H", sidx, place + 2)[0]
    units = sum(
        struct.unpack_from(">I", sidx, place + 8 + 12 * number)[0] for number in range(count)
    )
    return units / scale if scale else 0.0


def _content(reader: Reader, box: Box) -> bytes:
    return reader.at(box.start, min(box.end - box.start, LONGEST_INDEX))


def _boxes(reader: Reader, start: int, end: int) -> Iterator[Box]:
    for _ in range(MOST_BOXES):
        head = reader.at(start, 16)
        if start + 8 > end or len(head) < 8:
            return
        size: int = struct.unpack_from(">I", head)[0]
        inside = 8
        if size == 1:
            size, inside = int(struct.unpack_from(">Q", head, 8)[0]), 16
        last = end if size == 0 else min(end, start + size)
        if last < start + inside:
            raise broken("A box is smaller than its own head.")
        yield Box(head[4:8], start + inside, last)
        start = last
    raise broken("It has too many boxes.")
