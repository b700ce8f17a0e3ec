"""Kind and size of a picture from its first bytes, without decoding it.

Sizes are as displayed: EXIF orientation is applied. Written for speed: pricing 68,000 photos reads
68,000 headers.
"""

import struct

from reckon.errors import BadMedia
from reckon.run.headers.header import FAR_BYTES, HEAD_BYTES, Header, ReadAt

_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})
_JPEG_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
_SIDEWAYS = frozenset({5, 6, 7, 8})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})


def picture_header(  # noqa: PLR0911 - one return for each kind of file
    head: bytes, read_at: ReadAt | None = None
) -> Header | None:
    """The header of a picture; None where the bytes are no picture of a known kind.

    Args:
        head: The first bytes of the file, up to `HEAD_BYTES`.
        read_at: Reads on, for files whose size stands further in, behind an EXIF block, say.

    Raises:
        BadMedia: The file begins as a picture and its header is broken or cut.
    """
    try:
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(head, read_at)
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return _checked("image/png", *struct.unpack_from(">II", head, 16))
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return _checked("image/gif", *struct.unpack_from("<HH", head, 6))
        if head[:2] == b"BM" and len(head) >= 26 and head[6:10] == b"\0\0\0\0":
            width, height = struct.unpack_from("<ii", head, 18)
            return _checked("image/bmp", width, abs(height))
        if head[:4] in (b"II*\0", b"MM\0*"):
            return _tiff(_far(head, read_at))
        if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
            return _heic(_far(head, read_at))
    except (struct.error, IndexError) as error:
        raise BadMedia("The picture ends within its header.", why="The file is cut.") from error
    return None


def _checked(media_type: str, width: int, height: int) -> Header:
    if width <= 0 or height <= 0:
        raise BadMedia(f"The picture's header says {width} x {height} pixels.")
    return Header(media_type, "image", width, height)


def _far(head: bytes, read_at: ReadAt | None) -> bytes:
    return read_at(0, FAR_BYTES) if read_at and len(head) == HEAD_BYTES else head


def _jpeg(window: bytes, read_at: ReadAt | None) -> Header:
    """Walk the segments to the frame; long ones are jumped over, not read."""
    sideways = False
    start = 0  # of the window in the file
    place = 2  # of the next marker in the window
    while True:
        if place + 10 > len(window):
            start, place = start + place, 0
            window = read_at(start, HEAD_BYTES) if read_at else b""
            if len(window) < 10:
                raise BadMedia("The picture ends within its header.", why="The file is cut.")
        if window[place] != 0xFF:
            raise BadMedia("The picture's header is broken.", why="A marker is missing.")
        marker = window[place + 1]
        if marker == 0xFF or marker in _JPEG_WITHOUT_LENGTH:
            place += 1 if marker == 0xFF else 2
            continue
        length = window[place + 2] << 8 | window[place + 3]
        if 0xC0 <= marker <= 0xCF and marker not in _JPEG_NO_FRAME:
            height, width = struct.unpack_from(">HH", window, place + 5)
            if sideways:
                width, height = height, width
            return _checked("image/jpeg", width, height)
        if length < 2:
            raise BadMedia("The picture's header is broken.", why="A segment has no length.")
        if marker == 0xE1 and window[place + 4 : place + 10] == b"Exif\0\0":
            sideways = _orientation(window[place + 10 : place + 2 + length]) in _SIDEWAYS
        place += 2 + length


def _orientation(exif: bytes) -> int:
    """The orientation tag (0x0112) of the first directory; 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return 1
    try:
        start: int = struct.unpack_from(order + "I", exif, 4)[0]
        entries: int = struct.unpack_from(order + "H", exif, start)[0]
        for number in range(min(entries, 100)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * number)
            if tag == 0x0112:
                return value
    except struct.error:
        return 1
    return 1


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return _checked("image/webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        bits: int = struct.unpack_from("<I", data, 21)[0]
        return _checked("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        if len(data) < 30:
            raise BadMedia("The picture ends within its header.", why="The file is cut.")
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return _checked("image/webp", width, height)
    raise BadMedia("The picture's header is broken.", why="It is no kind of WebP.")


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    start: int = struct.unpack_from(order + "I", data, 4)[0]
    if start + 2 > len(data):
        # The directory may stand at the end of the file: the size is known only when it is opened.
        raise BadMedia(
            "The picture's size does not stand in its first bytes.",
            do="Save it as JPEG or PNG.",
        )
    entries: int = struct.unpack_from(order + "H", data, start)[0]
    found: dict[int, int] = {}
    for number in range(min(entries, 200)):
        tag, kind, _ = struct.unpack_from(order + "HHI", data, start + 2 + 12 * number)
        if tag in (256, 257, 274):
            form = "H" if kind == 3 else "I"
            found[tag] = struct.unpack_from(order + form, data, start + 10 + 12 * number)[0]
    width, height = found.get(256, 0), found.get(257, 0)
    if found.get(274) in _SIDEWAYS:
        width, height = height, width
    return _checked("image/tiff", width, height)


def _heic(data: bytes) -> Header:
    """The largest `ispe` property: the picture itself, beside its thumbnail and tiles."""
    largest = (0, 0)
    place = data.find(b"ispe")
    while 0 <= place <= len(data) - 16:
        width, height = struct.unpack_from(">II", data, place + 8)
        largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
        place = data.find(b"ispe", place + 4)
    return _checked("image/heic", *largest)
