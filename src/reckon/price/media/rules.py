"""The rules by their names, and what is known where there is none.

A rule is named by a catalogue row with its arguments, `openai_tiles 85 170`. A function that gives
an interval says that documents, bills or sizes leave it open; one that gives a number is exact.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

import msgspec

from reckon.errors import BadMedia, CatalogueError
from reckon.vocabulary.price import Interval

LARGEST_SIDE = 1_000_000
"""Pixels, or points of a page. No picture has more; a header that says so is broken."""
LONGEST_S = 31 * 24 * 3600.0
"""Seconds. No recording is longer; a header that says so is broken."""

IMAGES: Mapping[str, str] = {
    "openai_tiles": "openai",
    "openai_patches": "openai",
    "claude": "anthropic",
    "gemini_flat": "gemini",
    "gemini_tiles": "gemini",
    "gemini3": "gemini",
    "pixtral": "mistral",
    "nova": "amazon",
    "nova2": "amazon",
    "llama32": "llama",
    "llama4": "llama",
    "qwen": "qwen",
    "smolvlm": "smolvlm",
    "flat": "plain",
}
"""Rules of pictures, and the file each is in: it is loaded when a model needs it."""
AUDIO: Mapping[str, str] = {"up": "audio", "down": "audio", "whole_seconds": "audio"}
VIDEO: Mapping[str, str] = {
    "gemini2_video": "video",
    "gemini25_video": "video",
    "gemini3_video": "video",
    "nova_video": "video",
}
PDF: Mapping[str, str] = {
    "gemini_pages": "pdf",
    "gemini3_pages": "pdf",
    "claude_pages": "pdf",
    "openai_pages": "pdf",
    "nova2_pages": "pdf",
    "text_pages": "pdf",
}

UNKNOWN_IMAGE = Interval(64, 1_500, 10_000)
"""Tokens of a picture where no rule is known: below the smallest and above the largest result
of the rules here on ordinary photographs, which is all that can be said."""
UNKNOWN_SOUND = Interval(10, 25, 50)
"""Tokens of a second of sound where no rule is known: from OpenAI's 10 past Gemini's 32."""
UNKNOWN_FILM = Interval(60, 260, 600)
"""Tokens of a second of film, its sound included."""
UNKNOWN_PAGE = Interval(100, 2_000, 6_000)
"""Tokens of a page: from one with a title on it, as text, to a dense one as text and picture."""
PAGE_TEXT = Interval(0, 600, 3_000)
"""Tokens of the text on a page that nobody has read: nothing, a letter, a dense page of print."""


class FilmTokens(msgspec.Struct, frozen=True):
    """Tokens of a film by what they are, for some models bill them at two rates."""

    pictures: Interval
    sound: Interval


@lru_cache(maxsize=65_536)
def image_tokens(rule: str | None, width: int, height: int) -> Interval:
    """Tokens of one picture.

    Args:
        rule: Name and arguments; None: not known.
        width: Pixels as displayed.
        height: Pixels as displayed.

    Raises:
        BadMedia: The size makes no sense.
        CatalogueError: There is no such rule.
    """
    _check_size(width, height, "A picture", "pixels")
    if rule is None:
        return UNKNOWN_IMAGE
    return _interval(_apply(IMAGES, "image", rule, width, height))


@lru_cache(maxsize=4_096)
def audio_tokens(rule: str | None, seconds: float) -> Interval:
    """Tokens of one recording.

    Args:
        rule: Name and arguments; None: not known.
        seconds: Its length.

    Raises:
        BadMedia: The length makes no sense.
        CatalogueError: There is no such rule.
    """
    _check_length(seconds)
    if rule is None:
        return UNKNOWN_SOUND.times(seconds)
    return _interval(_apply(AUDIO, "audio", rule, seconds))


@lru_cache(maxsize=4_096)
def video_tokens(
    rule: str | None, seconds: float, width: int, height: int, has_audio: bool | None
) -> FilmTokens:
    """Tokens of one film.

    Args:
        rule: Name and arguments; None: not known.
        seconds: Its length.
        width: Pixels as displayed.
        height: Pixels as displayed.
        has_audio: Whether there is sound; None: nobody says, and it is counted.

    Raises:
        BadMedia: Length or size make no sense.
        CatalogueError: There is no such rule.
    """
    _check_length(seconds)
    _check_size(width, height, "A film", "pixels")
    if rule is None:
        return FilmTokens(UNKNOWN_FILM.times(max(1.0, seconds)), Interval.exactly(0))
    pictures, sound = _apply(VIDEO, "video", rule, seconds, width, height, has_audio is not False)
    return FilmTokens(_interval(pictures), _interval(sound))


@lru_cache(maxsize=4_096)
def pdf_tokens(
    rule: str | None, pages: tuple[tuple[float, float], ...], text_tokens: Interval | None = None
) -> Interval:
    """Tokens of one PDF.

    Args:
        rule: Name and arguments; None: not known.
        pages: Width and height of each page in points.
        text_tokens: Tokens of its text, by the model's own tokenizer; None: nobody has read it.

    Raises:
        BadMedia: A page's size makes no sense.
        CatalogueError: There is no such rule.
    """
    for width, height in pages:
        _check_size(width, height, "A page", "points")
    if rule is None:
        return UNKNOWN_PAGE.times(len(pages))
    text = PAGE_TEXT.times(len(pages)) if text_tokens is None else text_tokens
    return _interval(_apply(PDF, "PDF", rule, pages, text))


def _apply(rules: Mapping[str, str], kind: str, rule: str, *measures: object) -> Any:
    name, *arguments = rule.split()
    home = rules.get(name)
    if home is None:
        raise CatalogueError(
            f"There is no {kind} rule {name!r}.",
            why=f"Known are {', '.join(rules)}.",
            do="Correct the rule in the catalogue's file.",
        )
    function = getattr(import_module(f"reckon.price.media.{home}"), name)
    try:
        return function(*measures, *(float(argument) for argument in arguments))
    except (TypeError, ValueError) as error:
        raise CatalogueError(
            f"The arguments of the {kind} rule {rule!r} do not fit.",
            why=str(error),
            do="Correct the rule in the catalogue's file.",
        ) from error


def _interval(found: float | Interval) -> Interval:
    return found if isinstance(found, Interval) else Interval.exactly(found)


def _check_size(width: float, height: float, what: str, unit: str) -> None:
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise BadMedia(
            f"{what} of {width:g} x {height:g} {unit} makes no sense.",
            why=f"A side is 1 to {LARGEST_SIDE:,} {unit} long.",
            do="The file is broken: save it anew.",
        )


def _check_length(seconds: float) -> None:
    if not 0 < seconds <= LONGEST_S:
        raise BadMedia(
            f"A recording of {seconds:g} seconds makes no sense.",
            why="It is longer than nothing, and no longer than a month.",
            do="The file is broken: save it anew.",
        )
