"""Length of WAV, FLAC and Ogg files."""

import struct

from reckon.run.headers.header import FAR_BYTES, Header, Reader, broken, endless

CHUNKS = 1_000
"""Chunks of a WAV file at most."""
UNKNOWN_SIZE = frozenset({0, 0xFFFFFFFF})
"""Sizes that a program writes which does not know them yet."""


def wav(reader: Reader) -> Header:
    """Length of the sound over its bytes a second."""
    place, per_second, long_size = 12, 0, 0
    for _ in range(CHUNKS):
        head = reader.at(place, 8)
        if len(head) < 8:
            break
        name, size = head[:4], struct.unpack_from("<I", head, 4)[0]
        if name == b"fmt ":
            per_second = struct.unpack_from("<I", reader.at(place + 16, 4))[0]
        elif name == b"ds64":
            long_size = struct.unpack_from("<Q", reader.at(place + 16, 8))[0]
        elif name == b"data":
            if not per_second:
                raise broken("Its sound comes before it says how it is coded.")
            there = max(0, reader.size - place - 8)
            told = long_size if size == 0xFFFFFFFF and long_size else size
            # A size that is not known yet, or more than is there: what is there counts.
            length = there if told in UNKNOWN_SIZE else min(told, there)
            return _sound("audio/wav", length / per_second)
        place += 8 + size + size % 2
    raise endless("sound")


def flac(reader: Reader) -> Header:
    """Samples over their rate, as the first block says."""
    block = reader.at(8, 18)
    bits = int.from_bytes(block[10:18], "big")
    if len(block) < 18:
        raise struct.error
    rate, samples = bits >> 44, bits & ((1 << 36) - 1)
    if not rate:
        raise broken("It has no sample rate.")
    if not samples:
        raise endless("sound")
    return _sound("audio/flac", samples / rate)


def ogg(reader: Reader) -> Header:
    """The position that the last page of the sound tells, less what is played before it begins."""
    first = reader.at(0, FAR_BYTES)
    serial = first[14:18]
    packet = first[27 + first[26] :]
    if packet.startswith(b"OpusHead"):
        rate, skip = 48_000, int(struct.unpack_from("<H", packet, 10)[0])
    elif packet.startswith(b"\x01vorbis"):
        rate, skip = int(struct.unpack_from("<I", packet, 12)[0]), 0
    elif packet.startswith(b"\x7fFLAC"):
        rate, skip = int.from_bytes(packet[27:30], "big") >> 4, 0
    else:
        raise broken("It is Ogg, and neither Opus, Vorbis nor FLAC.", "unknown kind of sound")
    if not rate:
        raise broken("It has no sample rate.")
    tail = reader.at(max(0, reader.size - FAR_BYTES), FAR_BYTES)
    place = tail.rfind(b"OggS")
    while place >= 0:
        if tail[place + 14 : place + 18] == serial and place + 14 <= len(tail):
            position: int = struct.unpack_from("<q", tail, place + 6)[0]
            if position > skip:
                return _sound("audio/ogg", (position - skip) / rate)
        place = tail.rfind(b"OggS", 0, place)
    raise endless("sound")


def _sound(media_type: str, seconds: float) -> Header:
    if seconds <= 0:
        raise broken("There is no sound in it.", "empty sound")
    return Header(media_type, "audio", seconds=seconds)
