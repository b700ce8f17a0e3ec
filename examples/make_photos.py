"""Render the example pictures: `python examples/make_photos.py [FOLDER]`.

Nothing here was photographed. The pictures are painted so that the demo and the tests have files
of every kind a real folder has: several formats, EXIF, a sideways one, a broken one, and files
that are no pictures at all. The same code gives the same pixels each time.
"""

import io
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from PIL.TiffImagePlugin import IFDRational

HERE = Path(__file__).parent / "photos"

Colour = tuple[int, int, int]
SIZE = (800, 600)

# EXIF tags, as CIPA DC-008 numbers them.
MAKE, MODEL, ORIENTATION, EXIF_IFD, GPS_IFD = 0x010F, 0x0110, 0x0112, 0x8769, 0x8825
TAKEN, EXPOSURE_TIME, F_NUMBER, ISO, FOCAL_LENGTH = 0x9003, 0x829A, 0x829D, 0x8827, 0x920A


def exif(
    *,
    make: str = "",
    model: str = "",
    taken: str = "",
    orientation: int = 1,
    gps: tuple[float, float] | None = None,
    exposure: tuple[int, int] | None = None,
    aperture: float | None = None,
    iso: int | None = None,
    focal_mm: float | None = None,
) -> Image.Exif:
    """The block a camera would write. `gps` is latitude, longitude in degrees."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    block.update({tag: value for tag, value in ((MAKE, make), (MODEL, model)) if value})
    shot = block.get_ifd(EXIF_IFD)
    if taken:
        shot[TAKEN] = taken
    if exposure:
        shot[EXPOSURE_TIME] = IFDRational(*exposure)
    if aperture:
        shot[F_NUMBER] = IFDRational(round(aperture * 10), 10)
    if iso:
        shot[ISO] = iso
    if focal_mm:
        shot[FOCAL_LENGTH] = IFDRational(round(focal_mm * 10), 10)
    if gps:
        latitude, longitude = gps
        place = block.get_ifd(GPS_IFD)
        place[1], place[2] = "N" if latitude >= 0 else "S", sexagesimal(latitude)
        place[3], place[4] = "E" if longitude >= 0 else "W", sexagesimal(longitude)
    return block


def sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes, seconds as EXIF stores them, to a hundredth of a second."""
    hundredths = round(abs(degrees) * 360_000)
    minutes, rest = divmod(hundredths, 6000)
    return (
        IFDRational(minutes // 60, 1),
        IFDRational(minutes % 60, 1),
        IFDRational(rest, 100),
    )


def gradient(size: tuple[int, int], *stops: Colour) -> Image.Image:
    """Colours from top to bottom, evenly spaced."""
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        position = y / max(1, size[1] - 1) * (len(stops) - 1)
        index = min(int(position), len(stops) - 2)
        part = position - index
        pairs = zip(stops[index], stops[index + 1], strict=True)
        column.putpixel((0, y), tuple(round(a + (b - a) * part) for a, b in pairs))
    return column.resize(size)


def ridge(width: int, base: float, height: float, seed: int) -> list[tuple[float, float]]:
    """A skyline of hills: a few sine waves, left to right."""
    waves = random.Random(seed)
    terms = [(waves.uniform(0.5, 1) / n, n, waves.uniform(0, 6.3)) for n in (1, 2, 4, 7, 13)]
    return [
        (x, base - height * sum(a * math.sin(n * x / width * 6.3 + p) for a, n, p in terms))
        for x in range(0, width + 4, 4)
    ]


def hills(picture: Image.Image, base: float, height: float, colour: Colour, seed: int) -> None:
    """Paint one ridge and everything below it."""
    width, bottom = picture.size
    line = ridge(width, base, height, seed)
    ImageDraw.Draw(picture).polygon([*line, (width, bottom), (0, bottom)], fill=colour)


def grain(picture: Image.Image, strength: float, seed: int) -> Image.Image:
    """Sensor noise, the same on every machine (Pillow's own noise is not)."""
    width, height = picture.size
    noise = Image.frombytes("L", picture.size, random.Random(seed).randbytes(width * height))
    noise = noise.filter(ImageFilter.GaussianBlur(0.7))
    noise = noise.point([round(128 + (value - 128) * strength) for value in range(256)])
    channels = [ImageChops.add(band, noise, 1, -128) for band in picture.split()]
    return Image.merge(picture.mode, channels)


def glow(picture: Image.Image, at: tuple[int, int], radius: int, colour: Colour) -> None:
    """A soft light."""
    mask = Image.new("L", picture.size)
    x, y = at
    ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    picture.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(radius * 0.6)))


def river_at_sunset() -> Image.Image:
    """Orange sky, low sun, dark water."""
    picture = gradient(SIZE, (64, 62, 110), (214, 96, 62), (250, 168, 74))
    glow(picture, (560, 330), 60, (255, 226, 150))
    hills(picture, 372, 14, (74, 42, 60), 3)
    water = gradient((800, 216), (150, 84, 70), (52, 48, 84), (26, 28, 58))
    picture.paste(water, (0, 384))
    draw, waves = ImageDraw.Draw(picture), random.Random(4)
    for _ in range(170):
        y = waves.randint(390, 596)
        x = round(waves.gauss(560, 30 + (y - 384) * 0.5))
        draw.line((x, y, x + waves.randint(8, 36), y), fill=(232, 150, 88), width=1 + y % 2)
    return grain(picture, 0.06, 1)


def towers_at_night() -> Image.Image:
    """Lit windows under a black sky."""
    picture = gradient(SIZE, (4, 6, 16), (10, 14, 34), (30, 28, 56))
    draw, city = ImageDraw.Draw(picture), random.Random(11)
    for left in range(-20, 800, 62):
        top = city.randint(150, 420)
        width = city.randint(44, 70)
        draw.rectangle((left, top, left + width, 600), fill=(12, 14, 24))
        for y in range(top + 10, 590, 14):
            for x in range(left + 6, left + width - 8, 11):
                if city.random() < 0.34:
                    lamp = city.choice([(255, 214, 130), (255, 236, 190), (150, 190, 255)])
                    draw.rectangle((x, y, x + 5, y + 7), fill=lamp)
    return grain(picture, 0.06, 2)


def meadow() -> Image.Image:
    """Tall picture: blue above, green below."""
    picture = gradient((600, 800), (58, 128, 214), (128, 184, 236), (206, 228, 242))
    glow(picture, (150, 150), 46, (250, 252, 255))
    glow(picture, (220, 170), 38, (248, 250, 255))
    hills(picture, 420, 34, (92, 128, 118), 21)
    hills(picture, 480, 26, (66, 132, 58), 22)
    hills(picture, 600, 20, (82, 156, 52), 23)
    draw, flowers = ImageDraw.Draw(picture), random.Random(5)
    for _ in range(260):
        x, y = flowers.randint(0, 599), flowers.randint(640, 799)
        size = 1 + (y - 620) // 60
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(250, 214, 60))
    return grain(picture, 0.06, 3)


def open_sea() -> Image.Image:
    """Nothing but water and air."""
    picture = gradient(SIZE, (120, 178, 224), (188, 216, 234), (212, 226, 232))
    picture.paste(gradient((800, 330), (28, 92, 140), (14, 62, 112), (8, 40, 84)), (0, 270))
    draw, waves = ImageDraw.Draw(picture), random.Random(8)
    for _ in range(500):
        x, y = waves.randint(-20, 800), waves.randint(274, 600)
        length = 4 + (y - 270) // 8
        draw.arc((x, y, x + length, y + 4 + length // 8), 200, 340, fill=(74, 138, 178))
    return grain(picture, 0.06, 4)


def old_harbour() -> Image.Image:
    """Black and white, with the grain of old film."""
    picture = gradient(SIZE, (214,) * 3, (176,) * 3, (120,) * 3)
    hills(picture, 360, 22, (96, 96, 96), 31)
    picture.paste(gradient((800, 220), (132,) * 3, (60,) * 3), (0, 380))
    draw = ImageDraw.Draw(picture)
    for x, mast in ((150, 190), (330, 130), (580, 220)):
        draw.polygon([(x - 60, 420), (x + 70, 420), (x + 46, 452), (x - 40, 452)], fill=(30,) * 3)
        draw.line((x, 420, x, 420 - mast), fill=(26,) * 3, width=4)
        draw.polygon([(x + 6, 414), (x + 6, 430 - mast), (x + 62, 408)], fill=(226,) * 3)
    return grain(picture, 0.22, 5).convert("L")


def city_lights_blurred() -> Image.Image:
    """Round lights, nothing in focus."""
    picture = gradient(SIZE, (30, 18, 30), (52, 28, 34), (36, 22, 40))
    lights = random.Random(17)
    for _ in range(42):
        x, y, radius = lights.randint(0, 800), lights.randint(60, 560), lights.randint(16, 46)
        disc = Image.new("L", SIZE)
        ImageDraw.Draw(disc).ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=lights.randint(70, 190)
        )
        picture.paste(
            lights.choice([(255, 170, 70), (240, 84, 60), (255, 214, 140), (90, 150, 220)]),
            mask=disc,
        )
    return picture.filter(ImageFilter.GaussianBlur(9))


def dunes() -> Image.Image:
    """Sand under a pale sky."""
    picture = gradient((900, 500), (120, 170, 206), (196, 208, 206), (236, 216, 180))
    for index, colour in enumerate([(222, 176, 118), (206, 150, 88), (188, 126, 66)]):
        hills(picture, 270 + 70 * index, 30, colour, 41 + index)
    return grain(picture, 0.06, 6)


def snow_peak() -> Image.Image:
    """White slopes, blue shade."""
    picture = gradient(SIZE, (70, 130, 200), (140, 186, 228), (200, 220, 238))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(60, 600), (400, 120), (760, 600)], fill=(238, 242, 248))
    draw.polygon([(400, 120), (760, 600), (450, 600), (470, 420), (410, 300)], fill=(170, 188, 216))
    hills(picture, 520, 30, (226, 232, 240), 51)
    return grain(picture, 0.06, 7)


def panorama() -> Image.Image:
    """Much wider than tall: ridge behind ridge."""
    picture = gradient((1500, 420), (244, 196, 160), (236, 214, 200), (220, 214, 220))
    for index in range(5):
        shade = 190 - 34 * index
        hills(picture, 190 + 48 * index, 26, (shade - 22, shade - 8, shade + 12), 61 + index)
    return grain(picture, 0.08, 8)


def poster() -> Image.Image:
    """Flat colours and large letters."""
    picture = Image.new("RGB", (600, 800), (200, 30, 45))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 560, 760), outline=(255, 255, 255), width=8)
    draw.ellipse((170, 360, 430, 620), fill=(255, 205, 0))
    for text, y, size in (("MARKET DAY", 110, 78), ("SATURDAY 9 TO 5", 240, 52)):
        draw.text((300, y), text, "white", ImageFont.load_default(size), anchor="ma")
    draw.text((300, 670), "Town square", "white", ImageFont.load_default(44), anchor="ma")
    return picture


def chart() -> Image.Image:
    """What a screenshot of a report looks like."""
    picture = Image.new("RGB", (800, 500), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((40, 24), "Visitors per month", "black", ImageFont.load_default(34))
    for index, value in enumerate((120, 180, 150, 260, 310, 290)):
        x = 80 + 115 * index
        draw.rectangle((x, 440 - value, x + 80, 440), fill=(31, 119, 180))
        draw.text((x + 40, 450), "JFMAMJ"[index], "black", ImageFont.load_default(24), anchor="ma")
    draw.line((60, 440, 770, 440), fill="black", width=3)
    return picture


def badge() -> Image.Image:
    """A sign on nothing: most of it is transparent."""
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 40, 360, 360), fill=(20, 120, 60, 255))
    draw.line((125, 205, 185, 265, 285, 145), fill=(255, 255, 255, 255), width=34, joint="curve")
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photos() -> dict[str, Callable[[], bytes]]:
    """Every file by its path, and how it is made."""
    x_t5 = {"make": "FUJIFILM", "model": "X-T5"}
    phone = {"make": "Apple", "model": "iPhone 15 Pro"}
    r6 = {"make": "Canon", "model": "Canon EOS R6"}

    def jpeg(picture: Image.Image, block: Image.Exif | None = None, quality: int = 82) -> bytes:
        more = {"exif": block} if block else {}
        return encoded(picture, "JPEG", quality=quality, **more)

    def sunset() -> bytes:
        belem = {"gps": (38.6916, -9.2160), "taken": "2023:09:16 19:31:08"}
        shot = {"exposure": (1, 250), "aperture": 8.0, "iso": 200, "focal_mm": 35.0}
        return jpeg(river_at_sunset(), exif(**x_t5, **belem, **shot))

    def night() -> bytes:
        shibuya = {"gps": (35.6595, 139.7005), "taken": "2024:01:03 22:14:40"}
        shot = {"exposure": (1, 30), "aperture": 2.8, "iso": 3200, "focal_mm": 24.0}
        return jpeg(towers_at_night(), exif(**r6, **shibuya, **shot))

    def sideways() -> bytes:
        # The sensor lay on its side: orientation 6 means "turn a quarter clockwise to see it".
        stored = meadow().transpose(Image.Transpose.ROTATE_90)
        interlaken = {"gps": (46.6863, 7.8632), "taken": "2024:06:22 11:05:17"}
        return jpeg(stored, exif(**phone, **interlaken, orientation=6))

    def atlantic() -> bytes:
        return jpeg(open_sea(), exif(**x_t5, gps=(28.5, -41.25), taken="2022:11:30 14:20:00"))

    def desert() -> bytes:
        block = exif(**phone, gps=(31.0802, -4.0133), taken="2024:03:09 17:48:55")
        return encoded(dunes(), "WEBP", quality=80, exif=block)

    def peak() -> bytes:
        return jpeg(snow_peak(), exif(**r6, taken="2024:02:17 10:12:33", iso=100, aperture=11.0))

    return {
        "river-sunset.jpg": sunset,
        "towers-night.jpg": night,
        "meadow-sideways.jpg": sideways,
        "open-sea.jpg": atlantic,
        "old-harbour.jpg": lambda: jpeg(old_harbour(), quality=70),
        "blurred-lights.jpg": lambda: jpeg(city_lights_blurred()),
        "panorama.webp": lambda: encoded(panorama(), "WEBP", quality=80),
        "poster.png": lambda: encoded(poster(), "PNG", optimize=True),
        "chart.png": lambda: encoded(chart(), "PNG", optimize=True),
        "badge.png": lambda: encoded(badge(), "PNG", optimize=True),
        "trips/dunes.webp": desert,
        "trips/snow-peak.jpg": peak,
        # A copy that stopped half-way, a note, and a file that never got its bytes.
        "trips/broken.jpg": lambda: peak()[:9000],
        "notes.txt": lambda: b"Sort these before Sunday: keep the sunset, drop the blurred one.\n",
        "trips/empty.jpg": lambda: b"",
    }


def make(folder: Path = HERE) -> list[Path]:
    """Write every file; return the paths."""
    made = []
    for name, content in photos().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content())
        made.append(path)
    return made


if __name__ == "__main__":
    paths = make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
    print(f"{len(paths)} files, {sum(path.stat().st_size for path in paths):,} bytes")
