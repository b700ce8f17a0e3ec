"""Sentences about a picture, each from a measurement or from metadata. No object is ever named.

The pixels say colours, light and detail. What the picture shows they do not say, and neither
does this file.
"""

import datetime as dt
import io
import math
from typing import TYPE_CHECKING

from reckon.errors import BadMedia
from reckon.providers.builtin import ocr
from reckon.providers.builtin.exif import facts_with_pixels, keep_pillow_quiet
from reckon.providers.builtin.light import (
    Detail,
    Light,
    flatness,
    measure_detail,
    measure_light,
)
from reckon.providers.builtin.palette import Palette, Patch, palette
from reckon.providers.builtin.places import place

if TYPE_CHECKING:
    from PIL import Image

MAX_SIDE = 1024
"""Pixels of the longer side that are looked at."""
SIGNATURE = "Described from pixels and metadata by builtin/describe, which is not a language model."

_RATIOS = {
    "square": 1.0,
    "5:4": 5 / 4,
    "4:3": 4 / 3,
    "3:2": 3 / 2,
    "16:10": 16 / 10,
    "16:9": 16 / 9,
    "2:1": 2.0,
}
_GREY_CHROMA = 0.02
_SHARP = 80
_MONTHS = """
    January February March April May June July August September October November December
    """.split()


def describe(content: bytes, *, name: str = "", facts: dict[str, str] | None = None) -> str:
    """A paragraph about a picture.

    Args:
        content: The bytes of a picture file.
        name: For messages.
        facts: The metadata of the original where `content` was resized or stripped; None or
            empty: those of `content` itself.

    Raises:
        BadMedia: The bytes are no whole picture.
    """
    image, own = _open(content, name)
    known = facts or own
    grey = image.convert("L")
    colours, light, detail = palette(image), measure_light(grey), measure_detail(grey)
    flat, few = flatness(image)
    # A blurred photograph is flat too; what is drawn has hard edges.
    drawn = detail.sharpest >= _SHARP and "camera" not in known
    graphic = drawn and flat >= 0.93 and few >= 0.85
    text = ocr.read_text(content)
    sentences = [
        _shape(known, image.size),
        "Parts of it are transparent; here they are seen on white."
        if known.get("transparent")
        else "",
        _origin(known),
        f'A caption stored in it says: "{known["caption"]}".' if known.get("caption") else "",
        _colours(colours),
        _light(light, colours, graphic=graphic),
        _detail(detail, image.size, known, graphic=graphic),
        _kind(known, graphic=graphic),
        f'Text read by tesseract: "{text}".' if text else "",
        SIGNATURE,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _open(content: bytes, name: str) -> tuple["Image.Image", dict[str, str]]:
    """The picture, upright, in RGB, at most `MAX_SIDE`, and its own facts."""
    from PIL import Image, ImageOps

    called = name or "The picture"
    keep_pillow_quiet()
    try:
        with Image.open(io.BytesIO(content)) as opened:
            facts = facts_with_pixels(opened)
            opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
            picture = ImageOps.exif_transpose(opened)
            picture = _on_white(picture)
            picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadMedia(f"{called} is absurdly large.", why=str(error)) from error
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError) as error:
        raise BadMedia(
            f"{called} cannot be decoded.",
            why=f"It is broken, cut or no picture: {error}.",
            do="Open it in another program, or leave it out.",
        ) from error
    return picture, facts


def _on_white(picture: "Image.Image") -> "Image.Image":
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def _shape(facts: dict[str, str], size: tuple[int, int]) -> str:
    """Size and proportions as it should be seen."""
    width = _integer(facts.get("width")) or size[0]
    height = _integer(facts.get("height")) or size[1]
    ratio = max(width, height) / min(width, height)
    nearest = min(_RATIOS, key=lambda key: abs(math.log(_RATIOS[key] / ratio)))
    close = abs(_RATIOS[nearest] / ratio - 1) < 0.015
    if nearest == "square" and close:
        shape, detail = "A square", []
    else:
        tall = height > width
        shape = "A tall" if tall else "A wide"
        if ratio > 2.2:
            shape = "A very tall" if tall else "A panorama-shaped"
        # Ratios are named by the longer side first, whichever way it is held.
        detail = [nearest] if close else []
    pixels = width * height / 1e6
    if pixels >= 2:
        detail.append(f"{pixels:.0f} megapixels")
    more = f" ({', '.join(detail)})" if detail else ""
    kind = f", {facts['format']}" if facts.get("format") else ""
    frames = f", {facts['frames']} frames of which the first" if facts.get("frames") else ""
    tail = " is described" if frames else ""
    return f"{shape} picture of {width} x {height} pixels{more}{kind}{frames}{tail}."


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) else None


def _origin(facts: dict[str, str]) -> str:
    """When, with what and where, as the metadata say."""
    when, where = _when(facts.get("date", "")), place(facts.get("gps", ""))
    camera, exposure = facts.get("camera", ""), facts.get("exposure", "")
    if not (when or where or camera):
        return "It carries no date, camera or place."
    article = "an" if camera[:1].lower() in "aeiou" else "a"
    settings = f" ({exposure})" if exposure else ""
    lens = f"with {article} {camera}{settings}" if camera else ""
    return f"Taken {', '.join(part for part in (when, lens, where) if part)}, says its metadata."


def _when(date: str) -> str:
    """`on 3 January 2024 at 22:14`; nothing where the text is no date."""
    try:
        moment = dt.datetime.strptime(date, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the camera's clock
    except ValueError:
        return ""
    # Not strftime: its names of months follow the machine's language.
    return f"on {moment.day} {_MONTHS[moment.month - 1]} {moment.year} at {moment:%H:%M}"


def _colours(colours: Palette) -> str:
    if colours.most_chroma < _GREY_CHROMA:
        tones = _join([_patch(patch) for patch in colours.patches])
        return f"Black and white, no colour: {tones}."
    touches = f", with touches of {_join(list(colours.touches))}" if colours.touches else ""
    patches = _join([_patch(patch) for patch in colours.patches])
    one_hue = f" Nearly all its colour is one hue: {colours.tint}." if colours.tint else ""
    return f"Colours: {patches}{touches}.{one_hue}"


def _patch(patch: Patch) -> str:
    """`dark blue at the bottom (31 %)`."""
    return f"{patch.name}{' ' if patch.where else ''}{patch.where} ({patch.share:.0%})"


def _join(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _light(light: Light, colours: Palette, *, graphic: bool) -> str:
    brightness = next(
        word
        for limit, word in (
            (45, "very dark"),
            (80, "dark"),
            (170, "of medium brightness"),
            (215, "bright"),
            (256, "very bright"),
        )
        if light.mean < limit
    )
    said = [f"It is {brightness}"]
    span = light.high - light.low
    if span < 70:
        said.append("low in contrast")
    elif span > 190:
        said.append("high in contrast")
    if colours.most_chroma >= _GREY_CHROMA:
        said.extend(_temper(colours))
    if light.brightest and light.darkest:
        said.append(f"brightest {_at(light.brightest)} and darkest {_at(light.darkest)}")
    elif light.brightest:
        said.append(f"brightest {_at(light.brightest)}")
    # In a drawing pure white is paper, not an exposure.
    if not graphic and light.burnt >= 0.05:
        said.append(f"{light.burnt:.0%} of it burnt out to white")
    if not graphic and light.lost >= 0.10:
        said.append(f"{light.lost:.0%} of it pure black")
    return ", ".join(said) + "."


def _temper(colours: Palette) -> list[str]:
    words: list[str] = []
    if colours.chroma < 0.03:
        words.append("muted")
    elif colours.chroma > 0.11:
        words.append("vivid")
    if abs(colours.warmth) >= 0.03:
        words.append("warm in tone" if colours.warmth > 0 else "cool in tone")
    return words


def _at(part: str) -> str:
    if part == "centre":
        return "in the centre"
    return f"on the {part}" if part in ("left", "right") else f"at the {part}"


def _detail(detail: Detail, size: tuple[int, int], facts: dict[str, str], *, graphic: bool) -> str:
    """Sharpness; a picture that was made smaller is judged at that size, and says so."""
    original = max(_integer(facts.get("width")) or 0, _integer(facts.get("height")) or 0)
    judged = f" when seen at {size[0]} x {size[1]}" if original > 1.2 * max(size) else ""
    if detail.sharpest < 20:
        return f"No fine detail{judged}: it is out of focus, blurred or simply smooth."
    if detail.sharpest < _SHARP:
        return f"Little fine detail{judged}: soft rather than sharp."
    textured = detail.flattest > 150 and not graphic
    grain = " Fine grain or texture covers all of it." if textured else ""
    where = _sharp_where(detail)
    return f"Sharp{judged}{where}.{grain}"


def _sharp_where(detail: Detail) -> str:
    """Where the detail is, if a small part of the picture has nearly all of it."""
    if len(detail.sharp_places) > 6 or detail.median * 6 > detail.sharpest:
        return ""
    across = sum(column for column, _ in detail.sharp_places) / len(detail.sharp_places) - 1.5
    down = sum(row for _, row in detail.sharp_places) / len(detail.sharp_places) - 1.5
    words = [
        ("top" if down < 0 else "bottom") if abs(down) > 0.6 else "",
        ("left" if across < 0 else "right") if abs(across) > 0.6 else "",
    ]
    part = " ".join(word for word in words if word) or "centre"
    return f", with most of the fine detail {_at(part)}"


def _kind(facts: dict[str, str], *, graphic: bool) -> str:
    if facts.get("screenshot"):
        return "Its metadata call it a screenshot."
    if graphic:
        return (
            "Its flat areas of few colours suggest a drawing, a chart or a screenshot rather than "
            "a photograph."
        )
    return ""
