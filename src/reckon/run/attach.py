"""The only place that opens a user's media for a model.

What is sent is made here: upright, at most `MAX_SIDE` pixels, and without any metadata, for a
photo's metadata say where somebody lives.
"""

import hashlib
import io
import os
import sys
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from reckon.errors import BadMedia, MissingExtra, ReckonError, SourceError
from reckon.run.headers import HEAD_BYTES, Header, ReadAt, media_header, picture_header
from reckon.vocabulary.job import EMPTY_FILE, Item
from reckon.vocabulary.model import Provider
from reckon.vocabulary.prompt import Attachment

if TYPE_CHECKING:
    from PIL import Image

STDIN = "-"
MAX_SIDE = 2048
"""Pixels. The providers here scale larger pictures down or charge more for no better answer."""
LOCAL_WIRE = "builtin"
LOCAL_MAX_SIDE = 1024
"""Pixels for engines on this machine, which look at the whole rather than read small print."""
MAX_PIXELS = 178_956_970
"""More is refused before it is decoded: a small file can unfold to gigabytes."""
MAX_FILE_BYTES = 1 << 30
JPEG_QUALITY = 88
LARGEST_PNG = 2 << 20
BYTES_PER_PIXEL = 0.25
"""Of a photograph as it is sent, measured on 768 x 576 pixels; for upload estimates."""


class Probe(msgspec.Struct, frozen=True):
    """What the header of a media file says, and its size in bytes."""

    header: Header
    bytes: int


def probe(path: str, *, any_kind: bool = False) -> Probe:
    """Kind and size of a file; reads its header only.

    Args:
        path: The file.
        any_kind: Take sound, films and PDFs too: they can be priced, and are not sent yet.

    Raises:
        SourceError: The file cannot be read.
        BadMedia: It is empty, broken, encrypted, of no known length, or of no kind that is taken.
        MissingExtra: It is HEIC and the `media` extra is not installed.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        size = os.fstat(file).st_size
        head = os.read(file, HEAD_BYTES)
        read_at: ReadAt = lambda start, most: _read_at(file, start, most)  # noqa: E731
        header = _header(path, head, read_at, size if any_kind else None)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(file)
    return Probe(header, size)


def _header(path: str, head: bytes, read_at: ReadAt, size: int | None = None) -> Header:
    """The header of a picture; with the size of the file, of any other medium too."""
    try:
        if size is None:
            header = picture_header(head, read_at)
        else:
            header = media_header(head, size, read_at)
    except BadMedia as error:
        raise BadMedia(
            f"{path}: {error.what}", why=error.why, do=error.do, reason=error.reason, by_header=True
        ) from error
    if header is None:
        raise BadMedia(
            f"{path} is {'no picture' if head else 'empty'}.",
            do="Give a JPEG, PNG, WebP, GIF, BMP or TIFF file.",
            reason="no picture" if head else EMPTY_FILE,
            by_header=True,
        )
    if header.modality != "image":
        return header
    if header.width * header.height > MAX_PIXELS:
        raise _too_large(path, header)
    if header.media_type == "image/heic":
        _register_heif(path)
    return header


def skip_reason(item: Item, error: ReckonError) -> str | None:
    """Why a file is passed over and not failed: it never was a row, as its first bytes say.

    None for a row of a table: somebody wrote that it is one.
    """
    if not item.is_file:
        return None
    if isinstance(error, MissingExtra):
        return f"HEIC, which needs {error.do}"
    if isinstance(error, BadMedia):
        return error.reason if error.by_header else None
    return "not readable" if isinstance(error, SourceError) else None


def _read_at(file: int, start: int, most: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, most)


def sent_size(width: int, height: int, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """The size at which a picture is sent."""
    longest = max(width, height)
    if longest <= max_side:
        return width, height
    scale = max_side / longest
    return max(1, round(width * scale)), max(1, round(height * scale))


def sent_bytes(found: Probe, size: tuple[int, int]) -> int:
    """About how many bytes of a picture are sent at that size, before base64."""
    about = int(size[0] * size[1] * BYTES_PER_PIXEL)
    return about if size[0] != found.header.width else min(about, found.bytes)


def load_for(provider: Provider, path: str) -> Attachment:
    """A picture as that provider is sent it: an engine on this machine is told the metadata."""
    if provider.wire == LOCAL_WIRE:
        return load(path, max_side=LOCAL_MAX_SIDE, with_facts=True)
    return load(path)


def load(path: str, *, max_side: int = MAX_SIDE, with_facts: bool = False) -> Attachment:
    """A picture, ready to be sent: upright, scaled, without metadata.

    Args:
        path: The file.
        max_side: Pixels of the longer side at most.
        with_facts: Keep what the metadata say in `facts`, for an engine on this machine.

    Raises:
        SourceError: The file cannot be read.
        BadMedia: It is broken, cut, absurdly large, or no picture.
        MissingExtra: It is HEIC and the `media` extra is not installed.
    """
    data = _read(path)
    header = _header(path, data[:HEAD_BYTES], lambda start, most: data[start : start + most])
    from PIL import Image, ImageOps

    from reckon.providers.builtin.exif import keep_pillow_quiet

    keep_pillow_quiet()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data)) as opened:
            facts = _facts(opened) if with_facts else {}
            # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size in a fraction of the time.
            opened.draft(None, (max_side, max_side))
            opened.load()
            picture = ImageOps.exif_transpose(opened)
        picture = _plain(picture)
        # The size is that of the header, so that what was priced is what is sent.
        size = sent_size(header.width, header.height, max_side)
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        media_type, content = _encoded(picture, lossless=header.media_type != "image/jpeg")
    except Image.DecompressionBombError as error:
        raise _too_large(path, header) from error
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError) as error:
        raise BadMedia(
            f"{path} cannot be decoded.", why=f"The file is broken or cut: {error}."
        ) from error
    return Attachment(
        media_type=media_type,
        modality="image",
        content=content,
        digest=hashlib.sha256(data).hexdigest(),
        name=os.path.basename(path),  # noqa: PTH119 - hot path
        width=size[0],
        height=size[1],
        facts=facts,
    )


def _opened(path: str) -> BinaryIO:
    return sys.stdin.buffer if path == STDIN else open(path, "rb")  # noqa: PTH123 - hot path


def _read(path: str) -> bytes:
    try:
        with _opened(path) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > MAX_FILE_BYTES:
        raise BadMedia(f"{path} is larger than 1 GiB.", do="Make it smaller.")
    return data


def _facts(image: "Image.Image") -> dict[str, str]:
    from reckon.providers.builtin.exif import facts_with_pixels

    return facts_with_pixels(image)


def _plain(image: "Image.Image") -> "Image.Image":
    """8 bits a channel; transparency on white; palettes, CMYK and deep greys made ordinary."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        # 16 bits a channel keep their scale; small ranges are used as they are.
        deep = image.convert("F")
        high = deep.getextrema()[1]
        scale = 1 / 257 if isinstance(high, float) and high > 255 else 1.0
        return deep.point(lambda value: value * scale).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _encoded(image: "Image.Image", *, lossless: bool) -> tuple[str, bytes]:
    """PNG for what was not a JPEG and stays small, so that small print stays sharp; else JPEG."""
    buffer = io.BytesIO()
    if lossless and image.width * image.height <= LARGEST_PNG:
        image.save(buffer, "PNG")
        if buffer.tell() <= LARGEST_PNG:
            return "image/png", buffer.getvalue()
        buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return "image/jpeg", buffer.getvalue()


def _register_heif(path: str) -> None:
    try:
        from pillow_heif import register_heif_opener  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError as error:
        raise MissingExtra(
            f"{path} is HEIC, which needs the media extra.",
            why="The core install decodes JPEG, PNG, WebP, GIF, BMP and TIFF.",
            do="pip install 'reckon-llm[media]'",
        ) from error
    register_heif_opener()


def _unreadable(path: str, error: OSError) -> SourceError:
    return SourceError(
        f"{path} cannot be read.",
        why=error.strerror or str(error),
        do="Check the path and its permissions.",
    )


def _too_large(path: str, header: Header) -> BadMedia:
    return BadMedia(
        f"{path} is {header.width} x {header.height} pixels large.",
        why=f"More than {MAX_PIXELS / 1e6:.0f} megapixels are not decoded: such a file can be made "
        "to fill the memory.",
        do="Make it smaller.",
        reason="too large",
        by_header=True,
    )
