"""A drawing of a few kinds of marks, and its SVG. Names and titles are untrusted text."""

import html
import re
import zlib
from typing import Literal

import msgspec

from reckon.show.table import one_line

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

SERIES_INKS = 8

INKS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#15181d"),
    "ink": ("#1d232b", "#e9edf2"),
    "muted": ("#5b6572", "#9aa5b3"),
    "grid": ("#e4e8ed", "#2b313a"),
    "rest": ("#b4bcc6", "#4d5764"),
    "s0": ("#0a67c2", "#62b1ff"),
    "s1": ("#c24a00", "#ff9a57"),
    "s2": ("#08775a", "#3ecf9f"),
    "s3": ("#a3357c", "#f28ccb"),
    "s4": ("#806000", "#e0b94d"),
    "s5": ("#5b4bd0", "#aba0ff"),
    "s6": ("#007086", "#4ecbe2"),
    "s7": ("#be2338", "#ff8491"),
}
"""Colours on light and on dark paper; each can be read as text on its paper (contrast 4.5 or
more), but for the lines of the grid and of the rest."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

# Widths of the letters from space to tilde, in hundredths of the size of the font.
_WIDTHS = bytes.fromhex(
    "1618223a3a4a41122020383a161b161e3a3a3a3a3a3a3a3a3a3a16163a3a3a3255403f46473b3947491a363d3a57"
    "484a3c493e3a3d443e5f3e3a3b1f1e1e3a321e353d353e371d3e3b18173419563b3b3d3e212e1f3b334e30332e1e"
    "191e3a"
)
_WIDE_LETTER = 1.0
_ODD_LETTER = 0.66
# What XML 1.0 cannot hold even as a reference.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Stroke(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A line through points."""

    points: tuple[Point, ...]
    ink: str
    width: float = 1.0
    dash: bool = False
    says: str = ""
    """Shown when it is pointed at."""


class Disc(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A dot with a rim of paper, so that it stays one where it lies over another."""

    centre: Point
    radius: float
    ink: str
    says: str = ""


class Box(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A filled rectangle."""

    left: float
    top: float
    width: float
    height: float
    ink: str
    says: str = ""


class Words(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Text on one line, standing on `place`."""

    place: Point
    text: str
    ink: str = "ink"
    size: float = 13.0
    anchor: Anchor = "start"
    bold: bool = False
    halo: bool = False
    """A rim of paper, for text that stands on lines."""
    says: str = ""
    """The whole, where `text` is cut."""


Mark = Stroke | Disc | Box | Words


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """Marks in the order they are painted, in units of a pixel."""

    width: float
    height: float
    title: str
    description: str
    """What a reader who cannot see it must know."""
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()
    """What was left out, a sentence each; they stand in the drawing too."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is set, in pixels; fonts differ by a tenth."""
    total = 0.0
    for letter in text:
        place = ord(letter) - 32
        if 0 <= place < len(_WIDTHS):
            total += _WIDTHS[place] / 100
        else:
            total += _WIDE_LETTER if ord(letter) >= 0x1100 else _ODD_LETTER
    return total * size * (1.06 if bold else 1.0)


def fitted(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Text on one line, cut with an ellipsis where it is wider than so many pixels."""
    flat = one_line(text, 1000)
    if text_width(flat, size, bold=bold) <= width:
        return flat
    low, high = 0, len(flat)
    while low < high:
        middle = (low + high + 1) // 2
        wide = text_width(flat[:middle].rstrip() + "…", size, bold=bold)
        low, high = (middle, high) if wide <= width else (low, middle - 1)
    return flat[:low].rstrip() + "…"


def to_svg(drawing: Drawing) -> str:
    """The drawing as an SVG document; the same drawing gives the same text.

    It takes the colours of dark paper where the reader prefers those, and can stand inside a page:
    its names and styles are its own.
    """
    title, description = _escaped(drawing.title), _escaped(drawing.description)
    body = "\n".join(_element(mark) for mark in drawing.marks)
    name = f"plot-{zlib.crc32((title + body).encode()):08x}"
    size = f"{_n(drawing.width)} {_n(drawing.height)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" viewBox="0 0 {size}" '
        f'width="{_n(drawing.width)}" height="{_n(drawing.height)}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="{html.escape(FONT)}">\n'
        f'<title id="{name}-title">{title}</title>\n'
        f'<desc id="{name}-desc">{description}</desc>\n'
        f"<style>@media (prefers-color-scheme:dark){{{_dark(name)}}}</style>\n"
        f'<rect width="100%" height="100%" {_fill("paper")}/>\n{body}\n</svg>\n'
    )


def _dark(name: str) -> str:
    """Rules that win over the colours of the marks, and reach nothing outside the drawing."""
    return "".join(
        f"#{name} .f-{ink}{{fill:{dark}}}#{name} .l-{ink}{{stroke:{dark}}}"
        for ink, (_, dark) in INKS.items()
    )


def _fill(ink: str, line: str = "") -> str:
    """Light colours as attributes, for readers of SVG that know no styles."""
    if not line:
        return f'class="f-{ink}" fill="{INKS[ink][0]}"'
    return f'class="f-{ink} l-{line}" fill="{INKS[ink][0]}" stroke="{INKS[line][0]}"'


def _element(mark: Mark) -> str:
    tip = f"<title>{_escaped(mark.says)}</title>" if mark.says else ""
    match mark:
        case Stroke(points=points, ink=ink, width=width, dash=dash):
            path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
            dashes = ' stroke-dasharray="5 4"' if dash else ""
            return (
                f'<path d="{path}" class="l-{ink}" fill="none" stroke="{INKS[ink][0]}" '
                f'stroke-width="{_n(width)}" stroke-linejoin="round"{dashes}>{tip}</path>'
            )
        case Disc(centre=(x, y), radius=radius, ink=ink):
            return (
                f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" {_fill(ink, "paper")} '
                f'stroke-width="1.5">{tip}</circle>'
            )
        case Box(left=left, top=top, width=width, height=height, ink=ink):
            return (
                f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" '
                f"{_fill(ink)}>{tip}</rect>"
            )
        case Words(place=(x, y)):
            colours = _fill(mark.ink)
            if mark.halo:
                rim = 'stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
                colours = f"{_fill(mark.ink, 'paper')} {rim}"
            anchor = f' text-anchor="{mark.anchor}"' if mark.anchor != "start" else ""
            bold = ' font-weight="600"' if mark.bold else ""
            return (
                f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(mark.size)}" {colours}'
                f"{anchor}{bold}>{_escaped(mark.text)}{tip}</text>"
            )


def _escaped(text: str) -> str:
    return html.escape(_NO_XML.sub("\ufffd", one_line(text, 2000)))


def _n(value: float) -> str:
    """A number to the hundredth of a pixel, without idle zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
