"""Length of MP3 and of AAC streams: the index that most have, else frame by frame."""

import struct
from typing import NamedTuple

from reckon.run.headers.header import Header, Reader, broken

SEARCHED = 65_536
"""Bytes in which the first frame must be found."""
WALKED = 32 << 20
"""Bytes that are walked frame by frame; the rest is taken to be like them."""
DECODER_DELAY = 529
"""Samples that every decoder of MP3 is late, and that the writer's tag counts with."""

_RATES = (44_100, 48_000, 32_000)
_KBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Thousands of bits a second, by version and layer; layer 3 of version 2 is as its layer 2."""
_AAC_RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip


class Frame(NamedTuple):
    """One frame of a stream."""

    kind: str
    length: int
    """Bytes."""
    samples: int
    rate: int
    side: int
    """Bytes between the frame's start and an index in it."""


def mpeg(reader: Reader) -> Header | None:
    """Length of the stream; None where it turns out to be no such stream."""
    start = _after_tags(reader)
    found = _first_frame(reader, start)
    if found is None:
        if start:
            raise broken("There is no sound after its tags.")
        return None
    place, frame = found
    if frame.kind == "audio/mpeg":
        seconds = _index(reader.at(place, 256 + frame.side), frame)
        if seconds:
            return Header(frame.kind, "audio", seconds=seconds)
    return Header(frame.kind, "audio", seconds=_walk(reader, place, _end(reader)))


def _after_tags(reader: Reader) -> int:
    """Where the sound begins: tags of the kind ID3v2 stand before it, one after the other."""
    place = 0
    while (tag := reader.at(place, 10))[:3] == b"ID3" and len(tag) == 10:
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        place += 10 + size + (10 if tag[5] & 0x10 else 0)
    return place


def _end(reader: Reader) -> int:
    return reader.size - (128 if reader.at(reader.size - 128, 3) == b"TAG" else 0)


def _first_frame(reader: Reader, start: int) -> tuple[int, Frame] | None:
    """The first frame that another follows; noise looks like a frame now and then."""
    window = reader.at(start, SEARCHED)
    place = window.find(b"\xff")
    while 0 <= place <= len(window) - 7:
        frame = _frame(window[place : place + 7])
        if frame is not None:
            after = start + place + frame.length
            follows = _frame(reader.at(after, 7))
            ends = after >= reader.size - 128
            if ends or (follows is not None and follows[0::3] == frame[0::3]):
                return start + place, frame
        place = window.find(b"\xff", place + 1)
    return None


def _frame(head: bytes) -> Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    if layer == 4:
        return _aac_frame(head)
    bits, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or bits in (0, 15) or rate_index == 3:
        return None
    rate = _RATES[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    old = 1 if version == 3 else 2
    kbits = _KBITS[old, min(layer, 2) if old == 2 else layer][bits - 1]
    if layer == 1:
        samples, length = 384, (12_000 * kbits // rate + padding) * 4
    else:
        samples = 576 if layer == 3 and old == 2 else 1_152
        length = samples // 8 * 1_000 * kbits // rate + padding
    mono = head[3] >> 6 == 3
    side = 4 + ((17 if mono else 32) if old == 1 else (9 if mono else 17))
    return Frame("audio/mpeg", length, samples, rate, side)


def _aac_frame(head: bytes) -> Frame | None:
    if len(head) < 7 or head[1] & 0xF6 != 0xF0:
        return None
    index = head[2] >> 2 & 15
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if index >= len(_AAC_RATES) or length < 7:
        return None
    return Frame("audio/aac", length, 1_024 * ((head[6] & 3) + 1), _AAC_RATES[index], 0)


def _index(first: bytes, frame: Frame) -> float:
    """The length that the index in the first frame tells; 0 where there is none."""
    tag = first[frame.side :]
    if tag[:4] in (b"Xing", b"Info") and tag[7] & 1:
        frames: int = struct.unpack_from(">I", tag, 8)[0]
        place = 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if tag[7] & bit)
        samples = frames * frame.samples
        if tag[place : place + 4] in (b"LAME", b"Lavf", b"Lavc"):
            # Its writer says how many samples it added at both ends.
            added = int.from_bytes(tag[place + 21 : place + 24], "big")
            samples -= (added >> 12) + (added & 0xFFF)
        return max(0, samples) / frame.rate
    if first[36:40] == b"VBRI":
        frames = struct.unpack_from(">I", first, 50)[0]
        return frames * frame.samples / frame.rate
    return 0.0


def _walk(reader: Reader, start: int, end: int) -> float:
    seconds, place = 0.0, start
    while place < min(end, start + WALKED):
        frame = _frame(reader.at(place, 7))
        if frame is None:
            break
        seconds += frame.samples / frame.rate
        place += frame.length
    if place >= start + WALKED:
        seconds *= (end - start) / (place - start)
    return seconds
