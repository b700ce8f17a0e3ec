"""Which colours a picture has and where: names by perceptual distance, positions by thirds.

Distances are taken in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020),
in which equal steps look about equally large.
"""

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from PIL import Image

Lab = tuple[float, float, float]

GRID = 48
"""Pixels a side that a picture is reduced to: enough for where, quick enough for a million."""

# Each name is a basic colour word with at most one modifier, so that a search for "blue" finds
# every blue. Several samples of one name outline the region that people call so.
NAMES: dict[str, str] = {
    "black": "000000 0d0d10 181818",
    "dark grey": "333333 404040 4c4c4c",
    "grey": "6e6e6e 808080 949494",
    "light grey": "b0b0b0 c4c4c4 d8d8d8",
    "white": "efefef f8f8f8 ffffff",
    "dark red": "500808 7a1010 8b0000",
    "red": "b01822 cc1c1c e02828 ff0000",
    "light red": "e86060 f08078",
    "pink": "ffc0cb f4a0b4 ff8fb0 f7d8dc",
    "dark pink": "e0407e c71585 ff1493",
    "orange": "ff8c00 f58220 e8702a fa9a4a ff6a20 d6603e dc7a40",
    "light orange": "ffc080 ffb366 f4b888",
    "dark orange": "c05a10 b8521c",
    "brown": "7b4a22 8b5a2b 6b4423 94643c",
    "dark brown": "2e1a0e 3e2514 4a3020",
    "light brown": "b98a58 c69c6d a8825c",
    "reddish brown": "7a3828 8c4632 5c2a20",
    "beige": "e8d8b8 dcc8a0 f0e2c8 d2bc94",
    "cream": "fff8e4 faf0dc",
    "yellow": "ffe000 ffd400 f0d840 ffff00",
    "light yellow": "fff0a0 fff7b8 f4e4a0",
    "dark yellow": "c8a410 b8941c d0ac30",
    "olive green": "6b6b20 808000 565a24",
    "yellow-green": "a8cc30 9acd32 bcd850",
    "green": "2e9a3c 228b22 4caf50 3c8c34 00c020",
    "light green": "90ee90 98d890 a8dca0 c4e8bc",
    "dark green": "0c3c14 14501e 006400 204824",
    "bright green": "00ff00 40e830",
    "grey-green": "6c7c68 849480 50604e a0aa98",
    "turquoise": "40e0d0 20c0b8 30b8a8 7ad8cc",
    "dark turquoise": "0c6c6c 008080 0a5058",
    "light turquoise": "b0eeea c8f0ec",
    "cyan": "00ffff 20e0f4",
    "light blue": "9cc8f0 add8e6 87ceeb b8d8f0 cfe2f4",
    "blue": "2058d0 1f77b4 3a80d8 0000ff 4a90e2 2f6cb0",
    "dark blue": "0a1a50 00004c 102864 0c2c58 123c70 000080",
    "grey-blue": "60748c 7890a8 8fa3b8 4c5c70",
    "light grey-blue": "a8b8cc bcc8d8",
    "dark grey-blue": "1c2838 283448 34404f",
    "purple": "7030a0 800080 8a4fc0 6a3ab0",
    "light purple": "b498e0 c8b0e8 d8c4ec c090d8",
    "dark purple": "2c1040 3c1858 381c48",
    "grey-purple": "6c6080 807498 50465e 9488a8",
    "magenta": "ff00ff e020d0 d048c8",
}
_SPOTS = 64
"""Pixels a side of the sample in which small spots are looked for."""
_MOST_NAMED = 4
_LEAST_SHARE = 0.06
# Small but strong: a colour this vivid is worth a word from 1.5 % of the picture on.
_LEAST_VIVID_SHARE = 0.015
_VIVID_CHROMA = 0.14


class Patch(msgspec.Struct, frozen=True):
    """One named colour of a picture."""

    name: str
    share: float
    """Of all pixels, 0 to 1."""
    where: str
    """`at the top`, `in the left half`, ...; empty where it is all over."""


class Palette(msgspec.Struct, frozen=True):
    """The colours of one picture."""

    patches: tuple[Patch, ...]
    chroma: float
    """Mean Oklab chroma: below 0.02 nearly grey, above 0.12 vivid."""
    warmth: float
    """Mean Oklab b, from blue (negative) to yellow (positive)."""
    most_chroma: float
    """98th percentile of chroma; a picture in black and white stays below 0.02."""
    tint: str
    """The hue that nearly all colour shares (`warm brown`), or empty."""
    touches: tuple[str, ...]
    """Lively colours in spots too small for a patch, such as lamps or flowers."""


def oklab(red: int, green: int, blue: int) -> Lab:
    """Oklab of an sRGB colour of 8 bits a channel: lightness 0 to 1, a, b."""
    r, g, b = _linear()[red], _linear()[green], _linear()[blue]
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@lru_cache(maxsize=1)
def _linear() -> tuple[float, ...]:
    """Linear light of each sRGB code, IEC 61966-2-1."""
    codes = (code / 255 for code in range(256))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in codes)


@lru_cache(maxsize=1)
def _samples() -> tuple[tuple[Lab, str], ...]:
    return tuple(
        (oklab(*bytes.fromhex(sample)), name)
        for name, samples in NAMES.items()
        for sample in samples.split()
    )


@lru_cache(maxsize=1 << 15)
def named(red: int, green: int, blue: int) -> tuple[str, Lab]:
    """The name of a colour and its Oklab.

    Hue and chroma weigh more than lightness: people forgive a shade before they forgive a hue.
    """
    lightness, a, b = oklab(red, green, blue)
    best, nearest = "", 9.0
    for (light, sample_a, sample_b), name in _samples():
        up, across, along = lightness - light, a - sample_a, b - sample_b
        # Chroma of a dark or pale colour is small, yet seen: a and b weigh three times.
        distance = up * up + 3 * (across * across + along * along)
        if distance < nearest:
            best, nearest = name, distance
    return best, (lightness, a, b)


def palette(image: "Image.Image") -> Palette:
    """The colours of an RGB or grey picture and where they are."""
    from PIL import Image

    small = image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    # 32 levels a channel, so that the names of a folder's pictures are mostly looked up.
    small = small.point([min(255, (value & 0xF8) + 4) for value in range(256)] * 3)
    data = small.tobytes()
    pixels = [named(*data[at : at + 3]) for at in range(0, len(data), 3)]
    labs = [lab for _, lab in pixels]
    chromas = [(a * a + b * b) ** 0.5 for _, a, b in labs]
    patches = _patches([name for name, _ in pixels], chromas)
    return Palette(
        patches=patches,
        chroma=sum(chromas) / len(chromas),
        warmth=sum(b for _, _, b in labs) / len(labs),
        most_chroma=sorted(chromas)[int(len(chromas) * 0.98)],
        tint=_tint(labs, chromas),
        touches=_touches(image, {patch.name for patch in patches}),
    )


def _touches(image: "Image.Image", patches: set[str]) -> tuple[str, ...]:
    """Lively colours that an average over an area would hide."""
    from PIL import Image

    sample = image.convert("RGB").resize((_SPOTS, _SPOTS), Image.Resampling.NEAREST)
    sample = sample.point([min(255, (value & 0xF0) + 8) for value in range(256)] * 3)
    found: Counter[str] = Counter()
    for count, colour in sample.getcolors(_SPOTS * _SPOTS) or ():
        if isinstance(colour, tuple):
            name, (lightness, a, b) = named(*colour)
            if lightness > 0.6 and a * a + b * b > 0.1**2:
                found[name] += count
    least = 0.008 * _SPOTS * _SPOTS
    return tuple(n for n, count in found.most_common(2) if count >= least and n not in patches)


def _patches(names: list[str], chromas: list[float]) -> tuple[Patch, ...]:
    """The colours worth a word, largest first."""
    total = len(names)
    found: list[Patch] = []
    for name, count in Counter(names).most_common():
        share = count / total
        at = [index for index, other in enumerate(names) if other == name]
        vivid = sum(chromas[index] for index in at) / count >= _VIVID_CHROMA
        if share >= (_LEAST_VIVID_SHARE if vivid else _LEAST_SHARE):
            found.append(Patch(name, share, where([(i % GRID, i // GRID) for i in at])))
    if not found:
        name, count = Counter(names).most_common(1)[0]
        found = [Patch(name, count / total, "")]
    return tuple(found[:_MOST_NAMED])


def where(points: list[tuple[int, int]]) -> str:
    """Words for where most of some pixels of the grid lie; empty where they are all over."""
    across = _side([x for x, _ in points], "left", "right")
    down = _side([y for _, y in points], "top", "bottom")
    if len(points) > 0.6 * GRID * GRID:
        return ""
    third, two_thirds = GRID / 3, GRID * 2 / 3
    inner = sum(third <= x < two_thirds and third <= y < two_thirds for x, y in points)
    if inner >= 0.5 * len(points):
        return "in the centre"
    if down and across:
        return _corner(down, across)
    if down or across:
        return _band(down or across, vertical=bool(down))
    border = GRID // 6
    edge = sum(not (border <= min(x, y) and max(x, y) < GRID - border) for x, y in points)
    if edge <= 0.08 * len(points):
        return "away from the edges"
    return "around the edges" if edge >= 0.85 * len(points) else ""


def _side(values: list[int], low: str, high: str) -> str:
    """Where along one axis: a third, else a half, else the middle, else nothing."""
    count = len(values)
    first = sum(value < GRID / 3 for value in values) / count
    last = sum(value >= GRID * 2 / 3 for value in values) / count
    lower_half = sum(value < GRID / 2 for value in values) / count
    rules = (
        (first >= 0.75, low),
        (last >= 0.75, high),
        (lower_half >= 0.85, f"{low} half"),
        (lower_half <= 0.15, f"{high} half"),
        (1 - first - last >= 0.75, "middle"),
    )
    return next((word for holds, word in rules if holds), "")


def _band(side: str, *, vertical: bool) -> str:
    """One axis says where, the other does not."""
    if side == "middle":
        return "across the middle" if vertical else "down the middle"
    if side.endswith("half"):
        upper = {"top half": "upper half", "bottom half": "lower half"}
        return f"in the {upper.get(side, side)}"
    return f"at the {side}" if vertical else f"on the {side}"


def _corner(down: str, across: str) -> str:
    """Both axes say where."""
    down, across = down.removesuffix(" half"), across.removesuffix(" half")
    if down == across == "middle":
        return "in the centre"
    if down == "middle":
        return f"in the middle on the {across}"
    if across == "middle":
        return f"at the {down}, in the middle"
    return f"at the {down} {across}"


def _tint(labs: list[Lab], chromas: list[float]) -> str:
    """The hue of a picture that has only one beside neutral tones, as a sepia print; else empty."""
    count = len(labs)
    mean_a, mean_b = sum(a for _, a, _ in labs) / count, sum(b for _, _, b in labs) / count
    mean = (mean_a**2 + mean_b**2) ** 0.5
    if mean < 0.02 or mean > 0.10:
        return ""
    # Colours of one hue differ in strength, never sideways from it.
    sideways = sorted(abs(a * mean_b - b * mean_a) / mean for _, a, b in labs)
    if sideways[int(count * 0.97)] > 0.015 or max(chromas) > 0.15:
        return ""
    hues = {
        "warm brown": (0.3, 1.0),
        "green": (-1.0, 0.3),
        "blue": (-0.4, -1.0),
        "purple": (0.6, -0.8),
        "red": (1.0, 0.2),
    }

    def agreement(hue: str) -> float:
        a, b = hues[hue]
        return (a * mean_a + b * mean_b) / (a * a + b * b) ** 0.5

    return max(hues, key=agreement)
