"""What the first bytes of a file say, and how they are read."""

from collections.abc import Callable

import msgspec

from reckon.errors import BadMedia
from reckon.vocabulary.model import Modality

HEAD_BYTES = 4_096
"""Enough for most headers, the orientation in a photo's EXIF block included."""
FAR_BYTES = 65_536

ReadAt = Callable[[int, int], bytes]
"""Reads bytes of the file: from an offset, so many at most."""


class Header(msgspec.Struct, frozen=True):
    """Kind and size of a file."""

    media_type: str
    modality: Modality
    width: int = 0
    """Pixels as displayed; 0 for sound and documents."""
    height: int = 0
    seconds: float = 0.0
    """Length of sound and films; 0 for the others."""
    has_audio: bool | None = None
    """Whether a film has sound; None: its header does not say."""
    pages: tuple[tuple[float, float], ...] = ()
    """Width and height of each page of a document, in points."""


class Reader:
    """Bytes of a file anywhere, by pieces of `FAR_BYTES`; and an end to how many are read."""

    def __init__(self, head: bytes, size: int, read_at: ReadAt | None) -> None:
        """Args: the first bytes, the size of the file, and a reader of the others."""
        self.size = size
        self._read_at = read_at
        self._start = 0
        self._window = head
        self._left = max(64 << 20, size // 4)

    def at(self, start: int, count: int) -> bytes:
        """So many bytes from there; fewer at the end of the file.

        Raises:
            BadMedia: More of the file had to be read than a header is worth.
        """
        inside = start - self._start
        if inside >= 0 and inside + count <= len(self._window):
            return self._window[inside : inside + count]
        read_at = self._read_at
        if start < 0 or start >= self.size or read_at is None:
            return b"" if inside < 0 else self._window[inside : inside + count]
        wanted = max(count, FAR_BYTES)
        self._left -= wanted
        if self._left < 0:
            raise broken("More of it would have to be read than a header is worth.")
        found = read_at(start, wanted)
        while len(found) < min(wanted, self.size - start):
            more = read_at(start + len(found), wanted - len(found))
            if not more:
                break
            found += more
        self._start, self._window = start, found
        return found[:count]


def cut() -> BadMedia:
    """The error for a file that ends too early."""
    return BadMedia(
        "The file ends within its header.",
        why="The file is cut.",
        do="Get it again, or leave it.",
        reason="broken file",
    )


def broken(why: str, reason: str = "broken file") -> BadMedia:
    """The error for a header that makes no sense."""
    return BadMedia(
        "The file's header is broken.", why=why, do="Save it anew, or leave it.", reason=reason
    )


def endless(kind: str) -> BadMedia:
    """The error for a recording that does not say how long it is."""
    return BadMedia(
        f"The {kind} does not say how long it is.",
        why="Its header holds no duration, so that nobody can say what it costs.",
        do="Write it anew with one: ffmpeg -i OLD -c copy NEW",
        reason=f"{kind} of unknown length",
    )
