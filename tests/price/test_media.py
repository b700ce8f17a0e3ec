"""Tokens of pictures: golden rows of every rule."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.catalogue.load import load
from reckon.errors import BadMedia, CatalogueError
from reckon.price.media import IMAGES, image_tokens

TRUTH = Path(__file__).parents[3] / "shared" / "facts" / "multimodal-token-truth.csv"

TILES_4O, TILES_MINI = "openai_tiles 85 170", "openai_tiles 2833 5667"
TILES_O3, TILES_5 = "openai_tiles 75 150", "openai_tiles 70 140"
PATCHES_41 = "openai_patches 1.62 1.62 1536 2048"
PATCHES_O4 = "openai_patches 1.72 1.72 1536 2048"
HIGH_54 = "openai_patches 1 1 2500 2048"
CLAUDE, CLAUDE_HIGH = "claude 1568 1568", "claude 2576 4784"
PIXTRAL, SMALL_31 = "pixtral 1024 16 1", "pixtral 1540 14 2"
QWEN = "qwen 28"

# Sources: OpenAI, Images and vision; platform.claude.com, Vision; mistral_common; AWS; Qwen.
GOLDEN = [
    (TILES_4O, 1024, 1024, 765),
    (TILES_4O, 2048, 4096, 1105),
    (TILES_4O, 1920, 1080, 1105),
    (TILES_4O, 128, 64, 255),  # measured: a small picture is not enlarged
    (TILES_O3, 128, 64, 225),
    (TILES_MINI, 128, 64, 8500),
    (TILES_MINI, 1920, 1080, 36835),
    (TILES_O3, 1920, 1080, 975),
    (TILES_5, 1920, 1080, 910),
    ("openai_patches 1 1 1536 2048", 1024, 1024, 1024),
    ("openai_patches 1 1 1536 2048", 1800, 2400, 1452),
    (PATCHES_41, 1800, 2400, 2353),
    (PATCHES_O4, 1800, 2400, 2498),
    (PATCHES_O4, 128, 64, 14),  # measured
    (PATCHES_41, 128, 64, 13),  # measured
    ("openai_patches 2.46 2.46 1536 2048", 128, 64, 20),  # measured
    (HIGH_54, 2048, 2048, 2500),
    (HIGH_54, 1920, 1200, 2280),
    (CLAUDE, 1000, 1000, 1296),
    (CLAUDE, 1920, 1080, 1560),
    (CLAUDE_HIGH, 3840, 2160, 4784),
    (CLAUDE, 1075, 1520, 1551),
    (CLAUDE, 1092, 1092, 1521),
    (CLAUDE, 200, 200, 64),
    (CLAUDE, 4032, 3024, 1564),
    ("gemini_flat 258", 4032, 3024, 258),
    ("gemini_tiles", 300, 300, 258),
    ("gemini_tiles", 960, 540, 1548),
    ("gemini_tiles", 1024, 1024, 1032),
    ("gemini_tiles", 3000, 2000, 3096),
    (PIXTRAL, 1024, 1024, 4160),
    (PIXTRAL, 512, 512, 1056),
    (PIXTRAL, 1920, 1080, 2340),
    (SMALL_31, 1024, 1024, 1406),
    ("llama32", 500, 500, 1601),
    ("llama32", 1280, 720, 3202),
    ("llama32", 1800, 2400, 6404),
    (QWEN, 1024, 1024, 1369 + 2),
    (QWEN, 512, 512, 324 + 2),
    (QWEN, 1920, 1080, 2691 + 2),
]


@pytest.mark.parametrize(("rule", "width", "height", "tokens"), GOLDEN)
def test_a_rule_gives_the_published_number(rule: str, width: int, height: int, tokens: int) -> None:
    """Documented or measured numbers, one by one."""
    assert image_tokens(rule, width, height).likely == tokens


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(900, 450, 800), (900, 900, 1300), (1400, 900, 1800), (1800, 900, 2400), (1300, 1300, 2600)],
)
def test_the_nova_interval_holds_amazons_table(width: int, height: int, tokens: int) -> None:
    """The table gives rounded numbers; ours is a fit, and says so by its width."""
    found = image_tokens("nova", width, height)
    assert found.low <= tokens <= found.high


def test_documents_and_bills_that_disagree_give_an_interval() -> None:
    """gpt-5-mini: 1.62 by the documents, 1.2 by measured bills."""
    found = image_tokens("openai_patches 1.2 1.62 1536 2048", 1024, 1024)
    assert (found.low, found.high) == (1229, 1659)


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
    """No row names a rule that nobody has written."""
    for model in load().models:
        if model.image_rule:
            assert image_tokens(model.image_rule, 640, 480).high >= 0


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
            "llama32",
            "gemini3",
        ]
    ),
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
)
def test_any_size_gives_a_bounded_positive_number(rule: str, width: int, height: int) -> None:
    """No rule breaks down on odd shapes."""
    found = image_tokens(rule, width, height)
    assert 0 < found.low <= found.likely <= found.high < 10**7


def test_rules_are_named_once() -> None:
    """The table of rules is the list of what a catalogue row may say."""
    assert all(name == function.__name__ for name, function in RULES.items())


@pytest.mark.skipif(not TRUTH.exists(), reason="needs the table of billed tokens")
def test_recorded_bills_of_gemini_pictures_lie_in_our_intervals() -> None:
    """What Google billed for a picture alone, by model."""
    checked = 0
    for row in csv.DictReader(TRUTH.read_text(encoding="utf-8").splitlines()):
        billed = json.loads(row["billed_tokens"]).get("IMAGE")
        if row["provider"] != "gemini" or row["media_type"] != "image" or not billed:
            continue
        if not row["width"] or ";" in row["width"]:
            continue
        model = load().find(f"google/{row['model']}")
        found = image_tokens(model.image_rule, int(row["width"]), int(row["height"]))
        assert found.low <= billed <= found.high, row
        checked += 1
    assert checked >= 5
