"""Opening pictures: sizes from headers, and what is sent is upright, bounded and bare."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reckon.errors import BadMedia, MissingExtra, ReckonError, SourceError
from reckon.run import attach
from reckon.run.headers import picture_header

FORMATS = ["jpg", "png", "webp", "gif", "bmp", "tiff"]


def noise(width: int = 120, height: int = 80) -> Image.Image:
    """A picture that does not compress to nothing."""
    return Image.effect_noise((width, height), 60).convert("RGB")


def opened(attachment: attach.Attachment) -> Image.Image:
    """What would be sent, decoded."""
    return Image.open(io.BytesIO(attachment.content))


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_size_stands_in_the_header(suffix: str, tmp_path: Path) -> None:
    """Without decoding; Pillow says the same."""
    path = tmp_path / f"p.{suffix}"
    noise().save(path)
    found = attach.probe(str(path))
    assert (found.header.width, found.header.height) == (120, 80)
    assert found.bytes == path.stat().st_size
    assert found.header.modality == "image"


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("alpha", [True, False])
def test_every_kind_of_webp_has_its_size(lossless: bool, alpha: bool, tmp_path: Path) -> None:
    """VP8, VP8L and VP8X."""
    path = tmp_path / "p.webp"
    picture = noise().convert("RGBA" if alpha else "RGB")
    if alpha:
        picture.putalpha(Image.effect_noise((120, 80), 60))
    picture.save(path, lossless=lossless)
    header = attach.probe(str(path)).header
    assert (header.width, header.height) == (120, 80)


def with_exif(picture: Image.Image, path: Path, orientation: int) -> None:
    """Save with orientation, a place and a large block of other metadata."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    exif[0x9286] = "x" * 40_000
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (38.0, 43.0, 0.0), "W", (9.0, 8.0, 0.0)
    picture.save(path, exif=exif, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_sent_upright_and_priced_as_it_is_seen(
    orientation: int, tmp_path: Path
) -> None:
    """All eight orientations; the size of the header is that of what is sent."""
    path = tmp_path / "p.jpg"
    picture = Image.new("RGB", (120, 80), "white")
    picture.paste("red", (0, 0, 60, 40))
    with_exif(picture, path, orientation)
    sent = attach.load(str(path))
    header = attach.probe(str(path)).header
    expected = (120, 80) if orientation <= 4 else (80, 120)
    assert (header.width, header.height) == (sent.width, sent.height) == expected
    from PIL import ImageOps

    with Image.open(path) as original:
        upright = ImageOps.exif_transpose(original).convert("RGB")
    shown = opened(sent).convert("RGB")
    for x, y in ((5, 5), (expected[0] - 6, expected[1] - 6), (5, expected[1] - 6)):
        for one, other in zip(upright.getpixel((x, y)), shown.getpixel((x, y)), strict=True):  # type: ignore[arg-type]
            assert abs(one - other) < 40


def test_no_metadata_is_sent(tmp_path: Path) -> None:
    """Where a photo was taken is nobody's business."""
    path = tmp_path / "p.jpg"
    with_exif(noise(), path, 1)
    sent = attach.load(str(path))
    assert not opened(sent).getexif()
    assert b"Maker" not in sent.content
    assert sent.facts == {}


def test_an_engine_on_this_machine_is_told_the_metadata(tmp_path: Path) -> None:
    """Facts beside the picture, not in it."""
    path = tmp_path / "p.jpg"
    with_exif(noise(), path, 1)
    sent = attach.load(str(path), with_facts=True)
    assert sent.facts["gps"].startswith("38.7")
    assert b"Maker" not in sent.content


@pytest.mark.parametrize(
    ("size", "sent"),
    [((4000, 3000), (2048, 1536)), ((100, 5000), (41, 2048)), ((50, 40), (50, 40))],
)
def test_large_pictures_are_scaled_and_small_ones_are_not(
    size: tuple[int, int], sent: tuple[int, int], tmp_path: Path
) -> None:
    """The longer side at most 2048; the price is that of the sent size."""
    path = tmp_path / "p.jpg"
    Image.new("RGB", size, "blue").save(path)
    attachment = attach.load(str(path))
    assert opened(attachment).size == (attachment.width, attachment.height) == sent
    assert attach.sent_size(*size) == sent


MODES = ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16", "I", "F"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pixels_can_be_sent(mode: str, tmp_path: Path) -> None:
    """Palettes, transparency, print colours, 16 bits."""
    path = tmp_path / ("p.tiff" if mode in ("CMYK", "F", "I") else "p.png")
    grey = Image.linear_gradient("L")
    if mode == "I;16":
        Image.frombytes("I;16", (16, 16), bytes(range(256)) * 2).save(path)
    else:
        grey.convert(mode).save(path)
    sent = opened(attach.load(str(path)))
    assert sent.mode in ("RGB", "L")


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    """White stays white and black stays black."""
    path = tmp_path / "p.png"
    pixels = (0).to_bytes(2, "little") * 128 + (65_535).to_bytes(2, "little") * 128
    Image.frombytes("I;16", (16, 16), pixels).save(path)
    low, high = opened(attach.load(str(path))).convert("L").getextrema()
    assert (low, high) == (0, 255)


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    """A logo on nothing is not a logo on black."""
    path = tmp_path / "p.png"
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(path)
    assert opened(attach.load(str(path))).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_an_animation_is_sent_as_its_first_frame(tmp_path: Path) -> None:
    """Of a GIF."""
    path = tmp_path / "p.gif"
    frames = [Image.new("P", (10, 10), color) for color in (1, 2, 3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert opened(attach.load(str(path))).size == (10, 10)


def test_the_digest_is_that_of_the_users_file(tmp_path: Path) -> None:
    """It tells rows apart, whatever is made of the file."""
    import hashlib

    path = tmp_path / "p.jpg"
    noise().save(path)
    assert attach.load(str(path)).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_real_photographs_are_read() -> None:
    """The samples that scikit-image brings."""
    folder = Path(skimage.__file__).parent / "data"
    found = [path for path in folder.iterdir() if path.suffix in (".jpg", ".jpeg", ".png")]
    assert len(found) >= 5
    for path in found:
        with Image.open(path) as picture:
            size = picture.size
        header = attach.probe(str(path)).header
        assert (header.width, header.height) == size
        assert attach.load(str(path)).content


def truncated(path: Path) -> None:
    """The first half of a JPEG."""
    noise(400, 300).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def bomb(path: Path) -> None:
    """A small PNG of 900 megapixels."""
    Image.new("1", (30_000, 30_000)).save(path, "PNG")


def text(path: Path) -> None:
    """No picture at all."""
    path.write_text("words")


def empty(path: Path) -> None:
    """Nothing."""
    path.touch()


@pytest.mark.parametrize(
    ("make", "what", "reason"),
    [
        (truncated, "cannot be decoded", "broken picture"),
        (bomb, "30000 x 30000 pixels", "too large"),
        (text, "is no picture", "no picture"),
        (empty, "is empty", "empty file"),
    ],
)
def test_a_bad_picture_is_refused_with_its_name_and_reason(
    make: Callable[[Path], None], what: str, reason: str, tmp_path: Path
) -> None:
    """Before it fills the memory, and before anything is sent."""
    path = tmp_path / "bad.jpg"
    make(path)
    with pytest.raises(BadMedia, match=what) as error:
        attach.load(str(path))
    assert "bad.jpg" in error.value.what
    assert error.value.reason == reason


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(SourceError, match=r"gone\.jpg cannot be read"):
        attach.load(str(tmp_path / "gone.jpg"))


def test_heic_names_the_extra_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Price and run say it alike."""
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    box = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"
    ispe = b"\0\0\0\x14ispe\0\0\0\0" + (4032).to_bytes(4, "big") + (3024).to_bytes(4, "big")
    path = tmp_path / "p.heic"
    path.write_bytes(box + ispe + b"\0" * 100)
    for opens in (attach.probe, attach.load):
        with pytest.raises(MissingExtra) as error:
            opens(str(path))
        assert "reckon-llm[media]" in error.value.do


STARTS = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"GIF89a", b"BM",
          b"II*\0", b"MM\0*", b"\0\0\0\x18ftypheic", b""]  # fmt: skip


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=200))
def test_no_bytes_break_the_header_readers(start: bytes, rest: bytes) -> None:
    """A size, nothing, or one of our errors; and it ends."""
    try:
        found = picture_header(start + rest, lambda at, most: (start + rest)[at : at + most])
    except ReckonError as error:
        assert error.what
    else:
        assert found is None or (found.width > 0 and found.height > 0)
