"""Tokens of pictures: golden rows of every rule, by family, and the grid of all of them."""

import pytest

from reckon.price.media import image_tokens

TILES_4O, TILES_MINI = "openai_tiles 85 170", "openai_tiles 2833 5667"
TILES_O3, TILES_5 = "openai_tiles 75 150", "openai_tiles 70 140"
PATCHES_41 = "openai_patches 1.62 1.62 1536 2048"
PATCHES_NANO = "openai_patches 2.46 2.46 1536 2048"
PATCHES_O4 = "openai_patches 1.72 1.72 1536 2048"
PATCHES_5_MINI = "openai_patches 1.2 1.62 1536 2048"
COUNT = "openai_patches 1 1 1536 2048"
HIGH_54, ORIGINAL_55 = "openai_patches 1 1 2500 2048", "openai_patches 1 1 10000 6000"
CLAUDE, CLAUDE_HIGH = "claude 1568 1568", "claude 2576 4784"
PIXTRAL, SMALL_31 = "pixtral 1024 16 1", "pixtral 1540 14 2"
QWEN = "qwen 28"

OPENAI = [
    # OpenAI, Images and vision.
    (TILES_4O, 1024, 1024, 765),
    (TILES_4O, 2048, 4096, 1105),
    (COUNT, 1024, 1024, 1024),
    (COUNT, 1800, 2400, 1452),
    (PATCHES_41, 1800, 2400, 2353),
    (PATCHES_O4, 1800, 2400, 2498),
    # Bills of the picture alone, community.openai.com/t/1262691: it is never enlarged.
    (TILES_4O, 128, 64, 255),
    (TILES_O3, 128, 64, 225),
    (TILES_MINI, 128, 64, 8500),
    (PATCHES_O4, 128, 64, 14),
    (PATCHES_41, 128, 64, 13),
    (PATCHES_NANO, 128, 64, 20),
    # A bill of 1,118 with a prompt of 13 tokens (openllmetry, test_vision).
    (TILES_4O, 2560, 1669, 1105),
    # A bill of 1,119 with a prompt of 14 (pydantic-ai, test_openai).
    (TILES_4O, 3008, 2000, 1105),
    (HIGH_54, 2048, 2048, 2500),
    (HIGH_54, 1920, 1200, 2280),
    ("openai_tiles 65 129 512", 1024, 1024, 65 + 129),
]

ANTHROPIC = [
    # platform.claude.com, Vision, and measurements of it.
    (CLAUDE, 1000, 1000, 1296),
    (CLAUDE, 1920, 1080, 1560),
    (CLAUDE_HIGH, 3840, 2160, 4784),
    (CLAUDE, 1075, 1520, 1551),
    (CLAUDE, 1092, 1092, 1521),
    (CLAUDE, 200, 200, 64),
    # A bill of 276 with 16 tokens of prompt (pydantic-ai), of 76 with none but the frame
    # (llm-anthropic), and of 1,311 with 15 (openllmetry).
    (CLAUDE, 540, 360, 260),
    (CLAUDE, 166, 282, 66),
    (CLAUDE, 1001, 1001, 1296),
]

GOOGLE = [
    ("gemini_flat 258", 4032, 3024, 258),
    ("gemini_tiles", 300, 300, 258),
    # Bills of Gemini 2.0 (pydantic-ai, test_google): one tile more than documented.
    ("gemini_tiles", 540, 360, 1806),
    ("gemini_tiles", 3008, 2000, 3354),
    # Bills of Gemini 3 (pydantic-ai, test_multimodal_tool_returns).
    ("gemini3", 597, 566, 1088),
    ("gemini3", 400, 301, 1102),
    # The provider's counter for Gemini 3.5 Flash Lite: AlaskanTuna/Rokabot, issue 121.
    ("gemini3", 64, 64, 1089),
    ("gemini3", 256, 256, 1089),
    ("gemini3", 384, 384, 1089),
    ("gemini3", 385, 385, 1089),
    ("gemini3", 512, 512, 1089),
    ("gemini3", 1024, 1024, 1089),
    ("gemini3", 1024, 512, 1081),
    ("gemini3", 2048, 512, 1056),
    # Longer than the budget is wide: one row.
    ("gemini3", 5000, 1, 1120),
    ("gemini3", 1, 5000, 1120),
]

OTHERS = [
    (PIXTRAL, 1024, 1024, 4160),
    (PIXTRAL, 512, 512, 1056),
    (PIXTRAL, 1920, 1080, 2340),
    (SMALL_31, 1024, 1024, 1406),
    ("llama32", 500, 500, 1601),
    ("llama32", 1280, 720, 3202),
    ("llama32", 1800, 2400, 6404),
    # Bills of Llama 4 Scout at Groq, each less the 22 tokens of the same prompt: 749 and 2,344.
    ("llama4", 540, 360, 727),
    ("llama4", 3008, 2000, 2322),
    ("llama4", 336, 336, 147),
    (QWEN, 1024, 1024, 1369 + 2),
    (QWEN, 512, 512, 324 + 2),
    (QWEN, 1920, 1080, 2691 + 2),
    # Bills of Qwen2.5-VL, 269 and 448, less 20 and 26 tokens of prompt (pydantic-ai).
    (QWEN, 540, 360, 247 + 2),
    (QWEN, 597, 566, 420 + 2),
    ("qwen 28 4 16384", 1, 1, 4 + 2),
    # SmolVLM: 4 x 3 tiles, each with two marks, three line breaks, and the whole with three.
    ("smolvlm 1536 384 81", 1024, 768, 12 * 83 + 3 + 84),
    ("smolvlm 2048 512 64", 1024, 768, 12 * 66 + 3 + 67),
    ("smolvlm 1536 384 81", 768, 1024, 12 * 83 + 4 + 84),
    ("smolvlm 1536 384 81", 100, 100, 16 * 83 + 4 + 84),
    ("smolvlm 384 384 81", 500, 500, 84),
]


@pytest.mark.parametrize(
    ("rule", "width", "height", "tokens"), [*OPENAI, *ANTHROPIC, *GOOGLE, *OTHERS]
)
def test_a_rule_gives_the_number_of_documents_and_bills(
    rule: str, width: int, height: int, tokens: int
) -> None:
    """One by one."""
    assert image_tokens(rule, width, height).likely == tokens


RULES_OF_GRID = (
    TILES_4O, TILES_MINI, TILES_O3, TILES_5, COUNT, PATCHES_41, PATCHES_O4, HIGH_54, ORIGINAL_55,
    CLAUDE, CLAUDE_HIGH, "gemini_tiles", PIXTRAL, SMALL_31, "llama32", QWEN,
)  # fmt: skip
GRID = """
128x64    255 8500 225 210 8 13 14 8 8 15 15 258 36 18 1601 10
200x200   255 8500 225 210 49 80 85 49 49 64 64 258 182 72 1601 49
512x512   255 8500 225 210 256 415 441 256 256 361 361 1032 1056 380 1601 324
960x540   765 25501 675 630 510 827 878 510 510 700 700 1548 2074 720 1601 646
1000x1000 765 25501 675 630 1024 1659 1762 1024 1024 1296 1296 1032 4032 1332 1601 1296
1024x1024 765 25501 675 630 1024 1659 1762 1024 1024 1369 1369 1032 4160 1406 1601 1369
1092x1092 765 25501 675 630 1225 1985 2107 1225 1225 1521 1521 1032 4160 1560 1601 1521
1280x720  1105 36835 975 910 920 1491 1583 920 920 1196 1196 1548 2340 1222 3202 1196
1800x2400 765 25501 675 630 1452 2353 2498 2451 4275 1564 4740 3096 3136 2365 6404 5504
1920x1080 1105 36835 975 910 1508 2443 2594 2040 2040 1560 2691 1548 2340 1736 3202 2691
2048x4096 1105 36835 975 910 1458 2362 2508 2048 8192 1568 4232 4644 2112 1595 6404 10658
3840x2160 1105 36835 975 910 1508 2443 2594 2304 8160 1560 4784 3870 2340 1736 6404 10549
4032x3024 765 25501 675 630 1452 2353 2498 2451 9890 1564 4740 6192 3120 2352 6404 15552
"""


@pytest.mark.parametrize("line", GRID.strip().splitlines())
def test_the_grid_of_rules_and_sizes_stays_as_it_is(line: str) -> None:
    """Sixteen documented rules on thirteen sizes; a bill that says otherwise moves likely alone."""
    size, *numbers = line.split()
    width, height = map(int, size.split("x"))
    for rule, number in zip(RULES_OF_GRID, map(int, numbers), strict=True):
        found = image_tokens(rule, width, height).low
        # The grid counts Qwen's patches without the two tokens around them.
        assert found - (2 if rule == QWEN else 0) == number, rule


def test_where_documents_and_bills_disagree_the_bill_is_likely_and_both_are_inside() -> None:
    """gpt-5-mini: 1.62 by the documents, 1.2 by bills; Gemini 2.0: a tile more by bills."""
    found = image_tokens(PATCHES_5_MINI, 1024, 1024)
    assert (found.low, found.likely, found.high) == (1229, 1229, 1659)
    tiles = image_tokens("gemini_tiles", 960, 540)
    assert (tiles.low, tiles.likely, tiles.high) == (1548, 1806, 1806)


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(900, 450, 800), (900, 900, 1300), (1400, 900, 1800), (1800, 900, 2400), (1300, 1300, 2600)],
)
def test_the_nova_interval_holds_amazons_table(width: int, height: int, tokens: int) -> None:
    """The table gives rounded numbers; ours is a fit, and says so by its width."""
    found = image_tokens("nova", width, height)
    assert found.low <= tokens <= found.high


@pytest.mark.parametrize(("width", "height"), [(540, 360), (3008, 2000)])
def test_nova_pro_bills_a_small_picture_as_a_large_one_of_its_shape(
    width: int, height: int
) -> None:
    """1,837 and 1,839 tokens, of which 12 to 20 are the prompt (pydantic-ai, test_bedrock)."""
    assert image_tokens("nova", width, height).likely == pytest.approx(1_821, rel=0.01)


def test_nova_2_bills_two_pictures_as_the_rule_has_it() -> None:
    """1,384 tokens with one and 1,109 with the other, in the same words (pydantic-ai)."""
    kiwi, mountain = image_tokens("nova2", 597, 566), image_tokens("nova2", 400, 301)
    assert kiwi.likely - mountain.likely == 275
    assert kiwi.low < kiwi.likely < kiwi.high
