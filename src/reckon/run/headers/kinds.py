"""Which reader a file belongs to, by its first bytes and never by its name."""

import struct

from reckon.price.media.rules import LARGEST_SIDE, LONGEST_S
from reckon.run.headers.header import Header, ReadAt, Reader, broken, cut
from reckon.run.headers.pictures import picture_header


def media_header(head: bytes, size: int, read_at: ReadAt | None = None) -> Header | None:
    """The header of a picture, a recording, a film or a document.

    Args:
        head: The first bytes of the file, up to `HEAD_BYTES`.
        size: Bytes of the whole file.
        read_at: Reads on, for what stands further in or at the end.

    Returns:
        None where the bytes are of no known kind.

    Raises:
        BadMedia: The file begins as one of these kinds and its header is broken, cut, encrypted, or
            does not say how long the recording is.
    """
    found = picture_header(head, read_at)
    if found is not None:
        return found
    # Pictures are priced by the ten thousands; readers of the others are loaded when one is met.
    reader = Reader(head, size, read_at)
    try:
        other = _other(head, reader)
    except (struct.error, IndexError) as error:
        raise cut() from error
    return None if other is None else _sane(other)


def _sane(header: Header) -> Header:
    """The header, if what it says can be.

    Raises:
        BadMedia: It says a length or a size that nothing has.
    """
    sides = [(header.width, header.height)] if header.modality == "video" else header.pages
    if not all(0 < side <= LARGEST_SIDE for pair in sides for side in pair):
        raise broken("It says a size that nothing has.")
    if header.modality != "pdf" and not 0 < header.seconds <= LONGEST_S:
        raise broken("It says a length that nothing has.")
    return header


def _other(head: bytes, reader: Reader) -> Header | None:  # noqa: PLR0911 - one for each kind
    if b"%PDF-" in head[:1024]:
        from reckon.run.headers.pdf import pdf

        return pdf(reader)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        from reckon.run.headers.mp4 import mp4

        return mp4(reader)
    if head[:4] == b"\x1aE\xdf\xa3":
        from reckon.run.headers.matroska import matroska

        return matroska(reader)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        from reckon.run.headers.avi import avi

        return avi(reader)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        from reckon.run.headers.sound import wav

        return wav(reader)
    if head[:4] == b"fLaC":
        from reckon.run.headers.sound import flac

        return flac(reader)
    if head[:4] == b"OggS":
        from reckon.run.headers.sound import ogg

        return ogg(reader)
    if head[:3] == b"ID3" or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        from reckon.run.headers.mpeg import mpeg

        return mpeg(reader)
    return None
