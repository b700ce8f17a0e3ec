"""`builtin/describe`: every sentence about a picture is true of its pixels or its metadata."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from reckon.errors import BadMedia, ReckonError, UnsupportedInput
from reckon.providers.builtin import places
from reckon.providers.builtin_describe import describe_image, respond, summarise
from reckon.vocabulary.prompt import Attachment, Prompt
from reckon.vocabulary.response import Event, Finished, TextDelta, UsageSeen

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
SKIMAGE = Path(skimage.__file__).parent / "data"
SKLEARN = Path(sklearn.__file__).parent / "datasets" / "images"


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def of_example(name: str) -> str:
    """The description of one of the example photos."""
    return describe_image((PHOTOS / name).read_bytes(), name=name)


def events_of(prompt: Prompt) -> list[Event]:
    """The events of one answer."""

    async def work() -> list[Event]:
        return [event async for event in respond(prompt)]

    return asyncio.run(work())


def test_metadata_is_told_as_date_camera_and_place() -> None:
    """What EXIF says, in words; the sea is far from every town, so no town is named."""
    sea = of_example("open-sea.jpg")
    assert "Taken on 30 November 2022 at 14:20, with a FUJIFILM X-T5" in sea
    assert "28.50° N, 41.25° W" in sea
    assert "km" not in sea
    assert "with a Canon EOS R6 (f/11, ISO 100)" in of_example("trips/snow-peak.jpg")


def test_a_turned_picture_is_described_as_it_is_seen() -> None:
    """Stored on its side: size and places are those of the upright picture."""
    meadow = of_example("meadow-sideways.jpg")
    assert meadow.startswith("A tall picture of 600 x 800 pixels")
    assert "green at the bottom" in meadow
    assert "blue at the top" in meadow


def test_without_metadata_nothing_is_made_up() -> None:
    """It says so."""
    assert "It carries no date, camera or place." in describe_image(
        encoded(Image.new("RGB", (64, 64), "red"))
    )


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((255, 0, 0), "red"),
        ((0, 0, 128), "blue"),
        ((0, 128, 0), "green"),
        ((255, 165, 0), "orange"),
        ((255, 255, 255), "white"),
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
        ((150, 75, 0), "brown"),
        ((255, 255, 0), "yellow"),
        ((128, 0, 128), "purple"),
        ((255, 192, 203), "pink"),
    ],
)
def test_colours_have_the_names_that_people_use(colour: tuple[int, int, int], name: str) -> None:
    """Plain colours, plain names."""
    assert name in describe_image(encoded(Image.new("RGB", (80, 80), colour)))


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((0, 0, 300, 100), "at the top"),
        ((0, 200, 300, 300), "at the bottom"),
        ((0, 0, 100, 300), "on the left"),
        ((200, 0, 300, 300), "on the right"),
        ((100, 100, 200, 200), "in the centre"),
    ],
)
def test_a_colour_is_said_to_be_where_it_is(box: tuple[int, int, int, int], where: str) -> None:
    """A red patch on blue."""
    picture = Image.new("RGB", (301, 301), (30, 60, 200))
    ImageDraw.Draw(picture).rectangle(box, fill=(220, 20, 20))
    said = describe_image(encoded(picture))
    assert f"red {where}" in said, said


def test_light_is_told() -> None:
    """Dark is dark and bright is bright."""
    assert "dark" in describe_image(encoded(Image.new("RGB", (64, 64), (12, 12, 14))))
    assert "bright" in describe_image(encoded(Image.new("RGB", (64, 64), (240, 238, 235))))


def test_sharp_and_blurred_are_told_apart() -> None:
    """The same real photograph, before and after a blur."""
    with Image.open(SKLEARN / "china.jpg") as china:
        sharp = china.convert("RGB")
    assert "Sharp" in describe_image(encoded(sharp, "JPEG"))
    blurred = describe_image(encoded(sharp.filter(ImageFilter.GaussianBlur(6)), "JPEG"))
    assert "Sharp" not in blurred
    assert "blurred" in blurred


@pytest.mark.parametrize(
    ("path", "true"),
    [
        (SKLEARN / "china.jpg", ["640 x 427", "white at the top right"]),
        (SKLEARN / "flower.jpg", ["640 x 427", "orange", "brightest in the centre"]),
        (SKIMAGE / "camera.png", ["512 x 512", "Black and white"]),
        (SKIMAGE / "rocket.jpg", ["640 x 427", "dark", "brightest at the bottom"]),
        (SKIMAGE / "chelsea.png", ["451 x 300", "brown", "warm in tone"]),
        (SKIMAGE / "hubble_deep_field.jpg", ["black (92%)", "very dark"]),
    ],
)
def test_real_photographs_are_described_truly(path: Path, true: list[str]) -> None:
    """A temple under white sky, a red flower, a man with a camera, a launch at night, a cat."""
    said = describe_image(path.read_bytes())
    for words in true:
        assert words in said, said


def test_a_place_is_named_by_its_nearest_town_with_distance_and_direction() -> None:
    """Interlaken lies about 43 km south-east of Bern; the middle of an ocean has coordinates."""
    assert "43 km south-east of Bern, Switzerland" in of_example("meadow-sideways.jpg")
    assert places.place("28.5,-41.25") == "at 28.50° N, 41.25° W"


def test_it_says_what_it_is() -> None:
    """Nobody shall take it for a language model."""
    assert "not a language model" in of_example("poster.png")
    assert "not a language model" in summarise("One sentence. Two sentences. Three of them.")


def test_a_text_is_answered_by_its_own_sentences() -> None:
    """Extraction: nothing that the text does not say."""
    text = (
        "The harbour of Lisbon was rebuilt after the earthquake of 1755. "
        "Many birds live there. The earthquake of 1755 destroyed the old harbour. "
        "Ships from all over the world call at the harbour. Tea is served at four."
    )
    [delta] = [
        event.text
        for event in events_of(Prompt.of(f"What did the earthquake do to the harbour? {text}"))
        if isinstance(event, TextDelta)
    ]
    sentences = delta.split("\n")[0]
    assert "The earthquake of 1755 destroyed the old harbour." in sentences
    assert "Tea" not in sentences


def test_the_limit_of_the_answer_is_kept_and_said() -> None:
    """Whole sentences within the cap, and a stop reason of length."""
    picture = Attachment(
        media_type="image/jpeg",
        modality="image",
        content=(PHOTOS / "open-sea.jpg").read_bytes(),
        digest="d",
    )
    events = events_of(Prompt.of("describe", attachments=(picture,), max_output_tokens=20))
    [said] = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(said) <= 80
    assert said.endswith(".")
    assert events[-1] == Finished("length")
    [usage] = [event.usage for event in events if isinstance(event, UsageSeen)]
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)


def test_several_pictures_are_numbered() -> None:
    """One paragraph each, by name."""
    pictures = tuple(
        Attachment(
            media_type="image/png",
            modality="image",
            content=encoded(Image.new("RGB", (32, 32), colour)),
            digest=colour,
            name=f"{colour}.png",
        )
        for colour in ("red", "green")
    )
    [said] = [
        event.text
        for event in events_of(Prompt.of("describe", attachments=pictures))
        if isinstance(event, TextDelta)
    ]
    assert said.startswith("1. red.png: ")
    assert "\n\n2. green.png: " in said


def test_sound_is_refused_with_a_way_out() -> None:
    """It looks and reads; it does not listen."""
    sound = Attachment(media_type="audio/wav", modality="audio", content=b"RIFF", digest="d")
    with pytest.raises(UnsupportedInput, match="not audio") as refused:
        events_of(Prompt.of("listen", attachments=(sound,)))
    assert "--modality audio" in refused.value.do


@pytest.mark.parametrize(
    "spoil", [lambda b: b[: len(b) // 2], lambda _b: b"", lambda _b: b"no picture at all"]
)
def test_a_broken_picture_is_an_error_with_its_name(spoil: Callable[[bytes], bytes]) -> None:
    """Never a description of half a picture."""
    whole = (PHOTOS / "open-sea.jpg").read_bytes()
    with pytest.raises(BadMedia, match=r"sea\.jpg"):
        describe_image(spoil(whole), name="sea.jpg")


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_crash_it(noise: bytes, at: int) -> None:
    """A description or one of our errors, whatever the file holds."""
    whole = encoded(Image.new("RGB", (16, 16), "red"), "JPEG")
    try:
        assert describe_image(whole[:at] + noise + whole[at:])
    except ReckonError as error:
        assert error.do or error.why


def test_a_blurred_photograph_is_not_called_a_drawing() -> None:
    """A clock in motion has flat areas and few colours, and no hard edge."""
    said = describe_image((SKIMAGE / "clock_motion.png").read_bytes())
    assert "drawing" not in said
    assert "soft rather than sharp" in said


def test_a_drawing_is_called_one_and_has_no_grain() -> None:
    """Flat areas and hard edges."""
    for name in ("poster.png", "chart.png"):
        said = of_example(name)
        assert "suggest a drawing" in said, said
        assert "grain" not in said


def test_transparent_parts_are_told() -> None:
    """White where nothing is: the sentence says so; an opaque alpha channel is not transparent."""
    whole = Image.new("RGBA", (64, 64), (200, 30, 30, 255))
    assert "transparent" not in describe_image(encoded(whole))
    whole.paste((0, 0, 0, 0), (0, 0, 32, 64))
    assert "Parts of it are transparent; here they are seen on white." in describe_image(
        encoded(whole)
    )
