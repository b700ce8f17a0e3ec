"""Tokens of media: one pure function for each published or billed rule, a file for each family."""

from reckon.price.media.rules import (
    AUDIO,
    IMAGES,
    PDF,
    VIDEO,
    FilmTokens,
    audio_tokens,
    image_tokens,
    pdf_tokens,
    video_tokens,
)

__all__ = [
    "AUDIO",
    "IMAGES",
    "PDF",
    "VIDEO",
    "FilmTokens",
    "audio_tokens",
    "image_tokens",
    "pdf_tokens",
    "video_tokens",
]
