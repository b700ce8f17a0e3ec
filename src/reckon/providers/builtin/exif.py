"""What a picture's metadata say: size, date, camera, place. Never raises on odd metadata.

Tags are numbered as in CIPA DC-008 (EXIF 2.32). Everything here was written by somebody else's
program, so each value is checked before it is believed, and text is cut to one short line.
"""

import datetime as dt
import math
import re
import struct
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION = 0x010E, 0x010F, 0x0110, 0x0112
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_EXPOSURE_TIME, _F_NUMBER, _ISO = 0x829A, 0x829D, 0x8827
_TAKEN, _DIGITISED, _FLASH, _FOCAL_LENGTH, _COMMENT = 0x9003, 0x9004, 0x9209, 0x920A, 0x9286

_LONGEST_TEXT = 200
# What Pillow and broken blocks are known to raise between them.
_MALFORMED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
_COMPANY = re.compile(
    r"[ ,.]*\b(corporation|corp|co|ltd|inc|company|imaging|gmbh)\b.*$", re.IGNORECASE
)
# What cameras write where a caption should be.
_NO_CAPTION = re.compile(
    r"digital camera|^(dsc|img|dcim)|^(default|untitled|sdc)\b|^\W*$", re.IGNORECASE
)


_OPAQUE = 255


def keep_pillow_quiet() -> None:
    """Pillow warns of metadata that cameras got wrong; users cannot mend them."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def picture_facts(image: "Image.Image") -> dict[str, str]:
    """The facts of an opened picture, as it should be seen; keys that are not known are absent.

    Keys: `width`, `height` in pixels after EXIF orientation; `format`; `frames` where there is
    more than one; `date` as `YYYY-MM-DD HH:MM` by the camera's clock; `camera`; `exposure`
    (shutter, aperture, ISO, focal length, flash); `gps` as `latitude,longitude` in degrees;
    `caption`, and `screenshot` where the metadata calls it one.

    Only headers are read: pixels need not be decoded, and nothing is raised.
    """
    exif: Mapping[int, Any] = _quietly(image.getexif) or {}
    shot = _block(exif, _EXIF_IFD)
    width, height = image.size
    if _quietly(lambda: int(exif.get(_ORIENTATION, 1))) in {5, 6, 7, 8}:
        width, height = height, width
    frames = _quietly(lambda: int(getattr(image, "n_frames", 1))) or 1
    facts = {
        "width": str(width),
        "height": str(height),
        "format": image.format or "",
        "frames": str(frames) if frames > 1 else "",
        "date": _date(shot),
        "camera": _camera(exif),
        "exposure": _exposure(shot),
        "gps": _gps(_block(exif, _GPS_IFD)),
        "caption": _caption(exif),
        "screenshot": "yes" if "screenshot" in _text(shot.get(_COMMENT)).lower() else "",
    }
    return {name: value for name, value in facts.items() if value}


def facts_with_pixels(image: "Image.Image") -> dict[str, str]:
    """`picture_facts`, and `transparent` where some pixel is; that needs the pixels.

    Raises:
        OSError: They cannot be decoded.
    """
    facts = picture_facts(image)
    if image.has_transparency_data:
        lowest = image.convert("RGBA").getchannel("A").getextrema()[0]
        if isinstance(lowest, int) and lowest < _OPAQUE:
            facts["transparent"] = "yes"
    return facts


def _quietly(read: Callable[[], Any]) -> Any:
    """What `read` gives, or None where the metadata are malformed."""
    try:
        return read()
    except _MALFORMED:
        return None


def _block(exif: Any, tag: int) -> Mapping[int, Any]:
    return _quietly(lambda: exif.get_ifd(tag)) or {}


def _text(value: object) -> str:
    """One short line of printable text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in value.split("\0\0")[0])
    return " ".join(printable.replace("�", " ").split())[:_LONGEST_TEXT]


def _number(value: object) -> float | None:
    """A positive, finite number; EXIF rationals may be 0/0."""
    number = _quietly(lambda: float(value))  # pyright: ignore[reportArgumentType]
    return number if number is not None and math.isfinite(number) and number > 0 else None


def _date(shot: Mapping[int, Any]) -> str:
    """When the shutter opened. The file's own date of change is not that, and is not used."""
    for tag in (_TAKEN, _DIGITISED):
        # An aware time zone is rarely stored, and a wall-clock time is what people remember.
        moment = _quietly(
            lambda tag=tag: dt.datetime.strptime(_text(shot.get(tag))[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
        )
        if moment and moment.year >= 1900:
            return moment.strftime("%Y-%m-%d %H:%M")
    return ""


def _camera(exif: Mapping[int, Any]) -> str:
    """Maker and model without saying the maker twice."""
    make = _COMPANY.sub("", _text(exif.get(_MAKE)))
    model = _text(exif.get(_MODEL))
    if not make or model.lower().startswith(make.lower().split()[0]):
        return model or make
    return f"{make} {model}".strip()


def _exposure(shot: Mapping[int, Any]) -> str:
    parts: list[str] = []
    if seconds := _number(shot.get(_EXPOSURE_TIME)):
        parts.append(f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:.2g} s")
    if aperture := _number(shot.get(_F_NUMBER)):
        parts.append(f"f/{aperture:.2g}" if aperture < 10 else f"f/{aperture:.0f}")
    iso = shot.get(_ISO)
    if speed := _number(iso[0] if isinstance(iso, tuple) and iso else iso):  # pyright: ignore[reportUnknownArgumentType]
        parts.append(f"ISO {speed:.0f}")
    if focal := _number(shot.get(_FOCAL_LENGTH)):
        parts.append(f"{focal:.3g} mm")
    if _quietly(lambda: int(shot.get(_FLASH, 0)) & 1):
        parts.append("with flash")
    return ", ".join(parts)


def _gps(place: Mapping[int, Any]) -> str:
    """`latitude,longitude` in degrees to five places (1 m), or nothing."""
    latitude = _degrees(place.get(1), place.get(2), "NS", 90)
    longitude = _degrees(place.get(3), place.get(4), "EW", 180)
    if latitude is None or longitude is None:
        return ""
    # Exactly 0, 0 is what a receiver writes before it knows where it is.
    return f"{latitude:.5f},{longitude:.5f}" if latitude or longitude else ""


def _degrees(reference: object, parts: object, signs: str, limit: int) -> float | None:
    letter = _text(reference).strip("\0 ").upper()[:1]
    if not letter or letter not in signs:
        return None
    values = _quietly(lambda: [float(part) for part in parts])  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownArgumentType]
    if not values or len(values) > 3:
        return None
    degrees = sum(value / 60**power for power, value in enumerate(values))
    if not math.isfinite(degrees) or not 0 <= degrees <= limit:
        return None
    return -degrees if letter == signs[1] else degrees


def _caption(exif: Mapping[int, Any]) -> str:
    """A caption that a person or program stored in the picture."""
    caption = _text(exif.get(_DESCRIPTION))
    return "" if _NO_CAPTION.search(caption) else caption
