"""Tokens of sound, films and documents: golden rows of every rule."""

import pytest

from reckon.price.media import audio_tokens, pdf_tokens, video_tokens
from reckon.vocabulary.price import Interval

A4, LETTER = (595.0, 842.0), (612.0, 792.0)


@pytest.mark.parametrize(
    ("rule", "seconds", "tokens"),
    [
        # OpenAI, Realtime costs: a token for each tenth of a second.
        ("down 10", 10, 100),
        ("down 10", 180, 1_800),
        ("down 10", 3_600, 36_000),
        # Its bills (pydantic-ai, test_openai).
        ("down 10", 4.488, 44),
        ("down 10", 6.96, 69),
        # Google: 32 a second for 2.5, by documentation and by bill.
        ("up 32", 60, 1_920),
        ("up 32", 4.488, 144),
        ("up 32", 3.2391, 104),
        # 25 for 3, by documentation and by bill.
        ("up 25", 4.488, 113),
        ("up 25", 3.1956, 80),
        # 25 for each whole second of 2.0, by bill.
        ("whole_seconds 25", 6.96, 150),
    ],
)
def test_a_recording_costs_what_documents_and_bills_say(
    rule: str, seconds: float, tokens: int
) -> None:
    """One by one."""
    assert audio_tokens(rule, seconds) == Interval.exactly(tokens)


def test_where_the_providers_counter_has_more_it_is_the_high_end() -> None:
    """Gemini 3.5: 643 tokens for 20 seconds where the documentation has 500."""
    found = audio_tokens("up 25 32.2", 20)
    assert (found.likely, found.high) == (500, 644)


@pytest.mark.parametrize(
    ("rule", "film", "pictures", "sound"),
    [
        # Gemini 2.0 (pydantic-ai, test_google): 258 a frame at one door, 260 at the other.
        ("gemini2_video", (1.305, 1280, 720, False), (258, 260), 0),
        ("gemini2_video", (59.9, 1280, 720, True), (59 * 258, 59 * 260), 59 * 25),
        # Gemini 2.5: bills of a film of ten seconds and of one of a minute.
        ("gemini25_video", (10.027, 320, 176, True), (2_893, 2_893), 321),
        ("gemini25_video", (59.9, 1280, 720, True), (15_780, 15_780), 1_917),
        # Gemini 3: 640 + 250 at one door, 910 together at the other.
        ("gemini3_video", (10.027, 320, 176, True), (640, 910 - 250), 250),
        ("gemini3_video", (1.305, 1280, 720, False), (64, 66), 0),
        # Nova, by its documentation.
        ("nova_video", (10.0, 640, 480, True), (2_880, 2_880), 0),
        ("nova_video", (30.0, 640, 480, True), (8_640, 8_640), 0),
        ("nova_video", (960.0, 640, 480, True), (276_480, 276_480), 0),
        ("nova_video", (3_600.0, 640, 480, True), (276_480, 276_480), 0),
    ],
)
def test_a_film_costs_what_bills_say(
    rule: str,
    film: tuple[float, int, int, bool],
    pictures: tuple[int, int],
    sound: int,
) -> None:
    """Bills of one film from two doors of a provider lie within the interval, and likely among
    them."""
    found = video_tokens(rule, *film)
    low, high = pictures
    assert found.pictures.low <= low <= found.pictures.likely <= high <= found.pictures.high
    assert found.sound == Interval.exactly(sound)


def test_gemini_2_5_bills_the_sound_of_a_silent_film() -> None:
    """526 + 44 tokens sent inline, 263 and no sound uploaded before (pydantic-ai)."""
    found = video_tokens("gemini25_video", 1.305, 1280, 720, False)
    assert (found.pictures.low, found.pictures.likely) == (263, 526)
    assert (found.sound.low, found.sound.likely) == (0, 42)


def test_documented_minutes_of_film() -> None:
    """Google: 60 s are 15,780 tokens of pictures for 2.5, 70 x 60 + 25 x 60 at most for 3."""
    assert video_tokens("gemini25_video", 60, 1280, 720, True).pictures.likely == 15_780
    third = video_tokens("gemini3_video", 60, 1280, 720, True)
    assert third.pictures.high + third.sound.high == 5_700


@pytest.mark.parametrize(
    ("rule", "pages", "tokens"),
    [
        # Bills of one page, of two documents, and of 77 pages (pydantic-ai).
        ("gemini_pages", (A4,), 258),
        ("gemini_pages", (A4, A4), 516),
        ("gemini_pages", (LETTER,) * 77, 19_866),
        # Bills of Gemini 3 for a page of each size, at the usual and at the high resolution.
        ("gemini3_pages 560", (A4,), 532),
        ("gemini3_pages 560", (LETTER,), 520),
        ("gemini3_pages 1120", (A4,), 1_092),
        ("gemini3_pages 1120", (LETTER,), 1_102),
    ],
)
def test_google_bills_the_pages_and_not_their_text(
    rule: str, pages: tuple[tuple[float, float], ...], tokens: int
) -> None:
    """A page with three words costs as much as one with six hundred."""
    for text in (Interval.exactly(3), Interval.exactly(900), None):
        assert pdf_tokens(rule, pages, text) == Interval.exactly(tokens)


def test_anthropic_bills_the_page_as_a_picture_and_its_text() -> None:
    """1,588 tokens of a page with three words: 2,218 less 630 of the request around it."""
    found = pdf_tokens("claude_pages 1568 1568", (A4,), Interval.exactly(4))
    assert found.likely == pytest.approx(1_588, rel=0.01)


def test_openai_bills_the_text_and_a_fixed_number_beside_it() -> None:
    """gpt-5-mini, Chat Completions: 375 less 161 around it, and 1,109 less 161; Responses: text."""
    short = pdf_tokens("openai_pages 210 2489", (A4,), Interval.exactly(4))
    long = pdf_tokens("openai_pages 210 2489", (LETTER,), Interval.exactly(738))
    assert (short.low, short.likely) == (4, 375 - 161)
    assert (long.low, long.likely) == (738, 1_109 - 161)
    assert short.high == 4 + 210 + 2_489


def test_nova_2_bills_the_page_alone() -> None:
    """3,529 and 3,514 tokens for a page of each size, in the same request (pydantic-ai)."""
    first, second = pdf_tokens("nova2_pages", (A4,)), pdf_tokens("nova2_pages", (LETTER,))
    assert first.likely - second.likely == 3_529 - 3_514
    assert first.likely == pytest.approx(3_529 - 944, rel=0.01)


def test_mistral_bills_what_it_reads_from_the_page() -> None:
    """16 tokens for three words (94 less 78 around it), 901 for a page of 733."""
    short = pdf_tokens("text_pages", (A4,), Interval.exactly(4))
    long = pdf_tokens("text_pages", (LETTER,), Interval.exactly(733))
    assert (short.low, short.likely) == (4, 17)
    assert long.likely == pytest.approx(901, rel=0.02)


def test_text_that_nobody_has_read_makes_an_interval() -> None:
    """From an empty page to a dense one."""
    found = pdf_tokens("claude_pages 1568 1568", (A4,) * 10)
    assert found.low == 15_510
    assert found.high > 45_000
    assert pdf_tokens("gemini_pages", (A4,) * 10).is_exact


def test_without_a_rule_all_is_a_wide_guess() -> None:
    """From the least to the most that any rule here says."""
    assert (audio_tokens(None, 60).low, audio_tokens(None, 60).high) == (600, 3_000)
    assert video_tokens(None, 60, 640, 480, True).pictures.low == 3_600
    assert pdf_tokens(None, (A4,)).high == 6_000
