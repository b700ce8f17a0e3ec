"""Rules of media: what holds of all of them, and what is refused."""

from collections.abc import Mapping
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.catalogue.load import load
from reckon.errors import BadMedia, CatalogueError
from reckon.price.media import (
    AUDIO,
    IMAGES,
    PDF,
    VIDEO,
    audio_tokens,
    image_tokens,
    pdf_tokens,
    video_tokens,
)

TILES_4O, CLAUDE = "openai_tiles 85 170", "claude 1568 1568"
PATCHES_41 = "openai_patches 1.62 1.62 1536 2048"
CLAUDE_HIGH, PIXTRAL, QWEN = "claude 2576 4784", "pixtral 1024 16 1", "qwen 28"


def test_without_a_rule_the_interval_is_wide() -> None:
    """Unknown is an interval that holds every rule's answer for an ordinary photograph."""
    unknown = image_tokens(None, 1920, 1080)
    for rule in (TILES_4O, CLAUDE, "gemini_flat 258", PIXTRAL, QWEN):
        assert unknown.low <= image_tokens(rule, 1920, 1080).likely <= unknown.high


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (10**7, 10)])
def test_absurd_sizes_are_refused(size: tuple[int, int]) -> None:
    """A broken header is not priced."""
    with pytest.raises(BadMedia, match="makes no sense"):
        image_tokens(CLAUDE, *size)


@pytest.mark.parametrize("rule", ["no_such_rule", "openai_tiles", "openai_tiles x y"])
def test_a_rule_that_is_not_one_is_a_catalogue_error(rule: str) -> None:
    """A typing error in a data file is named."""
    with pytest.raises(CatalogueError):
        image_tokens(rule, 100, 100)


def test_every_rule_in_the_catalogue_exists() -> None:
    """No row names a rule that nobody has written, or arguments that do not fit it."""
    for model in load().models:
        assert image_tokens(model.image_rule, 640, 480).high >= 0
        assert audio_tokens(model.audio_rule, 60.0).high > 0
        assert video_tokens(model.video_rule, 60.0, 640, 480, True).pictures.high > 0
        assert pdf_tokens(model.pdf_rule, ((612.0, 792.0),)).high > 0


@given(
    rule=st.sampled_from(
        [
            TILES_4O,
            PATCHES_41,
            CLAUDE,
            CLAUDE_HIGH,
            "gemini_tiles",
            PIXTRAL,
            QWEN,
            "nova",
            "nova2",
            "llama32",
            "llama4",
            "gemini3",
            "smolvlm 1536 384 81",
        ]
    ),
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
)
def test_any_size_gives_a_bounded_positive_number(rule: str, width: int, height: int) -> None:
    """No rule breaks down on odd shapes."""
    found = image_tokens(rule, width, height)
    assert 0 < found.low <= found.likely <= found.high < 10**7


@pytest.mark.parametrize("rules", [IMAGES, AUDIO, VIDEO, PDF])
def test_each_name_of_a_rule_is_a_function_of_its_file(rules: Mapping[str, str]) -> None:
    """The tables of rules are what a catalogue row may say; files are loaded when one is asked."""
    for name, home in rules.items():
        function = getattr(import_module(f"reckon.price.media.{home}"), name)
        assert function.__doc__, name


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 10.0**9])
def test_absurd_lengths_are_refused(seconds: float) -> None:
    """A broken header is not priced."""
    with pytest.raises(BadMedia, match="makes no sense") as refused:
        audio_tokens("up 32", seconds)
    assert refused.value.do == "The file is broken: save it anew."
    with pytest.raises(BadMedia):
        video_tokens(None, seconds, 640, 480, True)


def test_absurd_pages_are_refused() -> None:
    """So is a page without a side."""
    with pytest.raises(BadMedia, match="A page of 0 x 792 points makes no sense"):
        pdf_tokens("gemini_pages", ((0.0, 792.0),))


@given(seconds=st.floats(0.01, 10**6), width=st.integers(1, 8_000), height=st.integers(1, 8_000))
def test_a_longer_film_never_costs_less(seconds: float, width: int, height: int) -> None:
    """Each end of the interval grows with the length, for each rule."""
    for rule in (*(f"{name}" for name in VIDEO), None):
        short = video_tokens(rule, seconds, width, height, True)
        long = video_tokens(rule, seconds * 1.5, width, height, True)
        for one, other in ((short.pictures, long.pictures), (short.sound, long.sound)):
            assert one.low <= one.likely <= one.high
            assert one.low <= other.low
            assert one.likely <= other.likely
            assert one.high <= other.high
