"""A drawing as PNG, through Pillow: the same marks at the same places, on light paper."""

import io
import math
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from reckon.show.drawing import INKS, Box, Disc, Drawing, Mark, Point, Stroke, Words, one_line

SCALE = 2
"""Pixels of the picture for one of the drawing: for screens of today, and for print."""
SMOOTH = 2
"""Lines are drawn so much larger and made smaller, for Pillow does not smooth them."""
DASH = (5.0, 4.0)
OTHER_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Looked for on this machine where a text has letters that Pillow's own font lacks."""


def to_png(drawing: Drawing) -> bytes:
    """The drawing as PNG, twice its size in pixels."""
    size = (round(drawing.width * SCALE), round(drawing.height * SCALE))
    large = Image.new("RGB", (size[0] * SMOOTH, size[1] * SMOOTH), _colour("paper"))
    shapes = ImageDraw.Draw(large)
    for mark in drawing.marks:
        if not isinstance(mark, Words):
            _shape(shapes, mark, SCALE * SMOOTH)
    picture = large.resize(size, Image.Resampling.BOX)
    letters = ImageDraw.Draw(picture)
    for mark in drawing.marks:
        if isinstance(mark, Words):
            _words(letters, mark)
    said = PngInfo()
    said.add_itxt("Title", one_line(drawing.title, 2000))
    said.add_itxt("Description", one_line(drawing.description, 10_000))
    buffer = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(
        buffer, "PNG", pnginfo=said, optimize=True, dpi=(96 * SCALE, 96 * SCALE)
    )
    return buffer.getvalue()


def _shape(draw: ImageDraw.ImageDraw, mark: Mark, scale: float) -> None:
    match mark:
        case Stroke(points=points, ink=ink, width=width, dash=dash):
            for part in _dashes(points) if dash else [points]:
                draw.line(
                    [(x * scale, y * scale) for x, y in part],
                    fill=_colour(ink),
                    width=max(1, round(width * scale)),
                    joint="curve",
                )
        case Disc(centre=(x, y), radius=radius, ink=ink):
            draw.circle((x * scale, y * scale), (radius + 0.75) * scale, fill=_colour("paper"))
            draw.circle((x * scale, y * scale), (radius - 0.75) * scale, fill=_colour(ink))
        case Box(left=left, top=top, width=width, height=height, ink=ink):
            right, bottom = (left + width) * scale, (top + height) * scale
            edges = (round(left * scale), round(top * scale), round(right), round(bottom))
            if edges[3] > edges[1]:
                draw.rectangle((*edges[:2], edges[2] - 1, edges[3] - 1), fill=_colour(ink))
        case Words():
            pass


def _words(draw: ImageDraw.ImageDraw, mark: Words) -> None:
    text, font = _font(one_line(mark.text, 2000), mark.size * SCALE)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[mark.anchor]
    place = (mark.place[0] * SCALE, mark.place[1] * SCALE)
    if mark.halo:
        paper = _colour("paper")
        draw.text(
            place, text, font=font, anchor=anchor, fill=paper, stroke_width=4, stroke_fill=paper
        )
    draw.text(
        place,
        text,
        font=font,
        anchor=anchor,
        fill=_colour(mark.ink),
        stroke_width=0.5 if mark.bold else 0,
    )


def _dashes(points: Iterable[Point]) -> list[tuple[Point, Point]]:
    """The pieces of a dashed line, measured along its whole way."""
    pieces: list[tuple[Point, Point]] = []
    begin = 0.0
    for (left, top), (right, bottom) in pairwise(points):
        length = math.hypot(right - left, bottom - top)
        for start, stop in _drawn(begin, begin + length):
            first, last = (start - begin) / length, (stop - begin) / length
            pieces.append(
                (
                    (left + (right - left) * first, top + (bottom - top) * first),
                    (left + (right - left) * last, top + (bottom - top) * last),
                )
            )
        begin += length
    return pieces


def _drawn(begin: float, end: float) -> list[tuple[float, float]]:
    """The stretches of a way that a dash covers."""
    whole = sum(DASH)
    dashes = (n * whole for n in range(int(begin // whole), int(end // whole) + 1))
    cut = ((max(dash, begin), min(dash + DASH[0], end)) for dash in dashes)
    return [(start, stop) for start, stop in cut if stop > start]


def _colour(ink: str) -> str:
    return INKS[ink][0]


def _font(text: str, size: float) -> tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    """A font for the text, and the text with letters that the font has.

    Pillow's own font has the letters of ASCII and little else. Other letters take a font of this
    machine; without one, letters lose their accents and what is left is a question mark.
    """
    if all(letter == "…" or " " <= letter <= "~" for letter in text):
        return text, _own_font(size)
    other = _other_font(size)
    if other is not None:
        return text, other
    bare = unicodedata.normalize("NFKD", text.replace("…", "..."))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return plain.encode("ascii", "replace").decode(), _own_font(size)


@cache
def _own_font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _other_font(size: float) -> ImageFont.FreeTypeFont | None:
    for name in OTHER_FONTS:
        try:
            return ImageFont.truetype(name, size * 0.92)
        except OSError:
            continue
    return None
