"""Documents: what their pages cost as pictures, what their text costs, or both."""

from math import ceil

from reckon.price.media.amazon import nova2
from reckon.price.media.anthropic import claude
from reckon.price.media.gemini import gemini3
from reckon.vocabulary.price import Interval

Pages = tuple[tuple[float, float], ...]

PIXELS_PER_POINT = 4
"""A page is made a picture at a resolution that nobody publishes: large enough to reach a rule's
bound, as all bills show."""
PAGE_MARKS = 30
"""Tokens around a page at Anthropic: what bills of two documents leave beside picture and text."""
OCR_MARKS = 12
"""Tokens around a document at Mistral, by a bill of a page with three words."""


def gemini_pages(pages: Pages, text: Interval, tokens: float = 258) -> float:
    """Gemini 1.5 to 2.5: each page a picture; its text is not billed."""
    del text
    return tokens * len(pages)


def gemini3_pages(pages: Pages, text: Interval, budget: float = 560) -> float:
    """Gemini 3: each page a picture within a budget of patches; its text is not billed."""
    del text
    return sum(gemini3(width, height, budget) for width, height in pages)


def claude_pages(pages: Pages, text: Interval, edge: float, cap: float) -> Interval:
    """Anthropic: each page a picture, and its text. Source: platform.claude.com, PDF support."""
    pictures = sum(claude(*_pixels(page), edge, cap) for page in pages)
    marks = PAGE_MARKS * len(pages)
    return Interval(pictures, pictures + marks, pictures + 2 * marks) + text


def openai_pages(pages: Pages, text: Interval, marks: float, picture: float) -> Interval:
    """OpenAI: text, and by the documentation a picture of each page.

    Bills of one page show text and a fixed number beside it in Chat Completions, text alone in
    Responses, and no picture: that is the high end.

    Args:
        pages: Of the document.
        text: Tokens of its text.
        marks: Tokens beside the text of a document in Chat Completions.
        picture: Tokens of the picture of a page at most.
    """
    return Interval(0, marks, marks + picture * len(pages)) + text


def nova2_pages(pages: Pages, text: Interval) -> Interval:
    """Nova 2: each page a picture; bills of a page with 3 words and with 600 are the same."""
    del text
    total = Interval.exactly(0)
    for page in pages:
        total += nova2(*_pixels(page))
    return total


def text_pages(pages: Pages, text: Interval) -> Interval:
    """Mistral: the text as it is read from the pages, with its layout in Markdown."""
    marks = OCR_MARKS * len(pages)
    return Interval(0, marks, 2 * marks) + Interval(
        text.low, ceil(text.likely * 1.2), ceil(text.high * 1.5)
    )


def _pixels(page: tuple[float, float]) -> tuple[float, float]:
    return page[0] * PIXELS_PER_POINT, page[1] * PIXELS_PER_POINT
