"""Length, size and sound of AVI files: chunks within lists."""

import struct
from collections.abc import Iterator

from reckon.run.headers.header import Header, Reader, broken, endless

MOST_CHUNKS = 1_000
_OPENED = frozenset({b"hdrl", b"strl", b"odml"})


def avi(reader: Reader) -> Header:
    """Frames times the microseconds of each."""
    width = height = frame_us = frames = more = 0
    kinds: set[bytes] = set()
    for name, start in _chunks(reader):
        if name == b"avih":
            data = reader.at(start, 40)
            frame_us = struct.unpack_from("<I", data)[0]
            frames = struct.unpack_from("<I", data, 16)[0]
            width, height = struct.unpack_from("<II", data, 32)
        elif name == b"strh":
            kinds.add(reader.at(start, 4))
        elif name == b"dmlh":
            # Files over 1 GB count the frames of their first part in one place, all in another.
            more = struct.unpack_from("<I", reader.at(start, 4))[0]
    if not width or not height:
        raise broken("Its pictures have no size.")
    if not frame_us or not (frames or more):
        raise endless("film")
    seconds = max(frames, more) * frame_us / 1e6
    return Header("video/x-msvideo", "video", width, height, seconds, b"auds" in kinds)


def _chunks(reader: Reader) -> Iterator[tuple[bytes, int]]:
    place = 12
    for _ in range(MOST_CHUNKS):
        head = reader.at(place, 12)
        if len(head) < 8 or head[:4] in (b"idx1", b"RIFF"):
            return
        size: int = struct.unpack_from("<I", head, 4)[0]
        if head[:4] == b"LIST":
            if head[8:12] == b"movi":
                return
            place += 12 if head[8:12] in _OPENED else 8 + size + size % 2
        else:
            yield head[:4], place + 8
            place += 8 + size + size % 2
