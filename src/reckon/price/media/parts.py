"""What a request holds beside text and pictures, and the tokens of all its media on a model."""

from typing import NamedTuple

import msgspec

from reckon.price.media.rules import audio_tokens, image_tokens, pdf_tokens, video_tokens
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.price import Interval


class Sound(msgspec.Struct, frozen=True):
    """A recording."""

    seconds: float


class Film(msgspec.Struct, frozen=True):
    """A film, its size in pixels as displayed."""

    seconds: float
    width: int
    height: int
    has_audio: bool | None = None


class Document(msgspec.Struct, frozen=True):
    """A PDF, its pages in points."""

    pages: tuple[tuple[float, float], ...]


Medium = Sound | Film | Document
Size = tuple[int, int]

_MODALITY: dict[type, Modality] = {Sound: "audio", Film: "video", Document: "pdf"}
NOTHING = Interval.exactly(0)


class MediaTokens(NamedTuple):
    """Tokens by what they are; pages of documents are billed as plain input."""

    images: Interval = NOTHING
    audio: Interval = NOTHING
    video: Interval = NOTHING
    pages: Interval = NOTHING

    def times(self, factors: Interval) -> "MediaTokens":
        """Likely numbers times the ends of a measured ratio."""
        return MediaTokens(
            *(
                Interval(
                    each.likely * factors.low,
                    each.likely * factors.likely,
                    each.likely * factors.high,
                )
                for each in self
            )
        )


def media_tokens(
    model: Model, images: tuple[Size, ...], media: tuple[Medium, ...] = ()
) -> MediaTokens:
    """Tokens of the media of one request on one model.

    Raises:
        BadMedia: A size or length makes no sense.
        CatalogueError: The model's row names a rule that there is not.
    """
    pictures = NOTHING
    for width, height in images:
        pictures += image_tokens(model.image_rule, width, height)
    if not media:
        return MediaTokens(pictures)
    audio = video = pages = NOTHING
    for medium in media:
        match medium:
            case Sound():
                audio += audio_tokens(model.audio_rule, medium.seconds)
            case Film():
                film = video_tokens(
                    model.video_rule,
                    medium.seconds,
                    medium.width,
                    medium.height,
                    medium.has_audio,
                )
                video += film.pictures
                audio += film.sound
            case Document():
                pages += pdf_tokens(model.pdf_rule, medium.pages)
    return MediaTokens(pictures, audio, video, pages)


def kinds_of(images: tuple[Size, ...], media: tuple[Medium, ...]) -> set[Modality]:
    """Which media a request holds."""
    found: set[Modality] = set()
    if images:
        found.add("image")
    found.update(_MODALITY[type(medium)] for medium in media)
    return found


def media_notes(model: Model, kinds: set[Modality]) -> list[str]:
    """What a reader must know of the rules for these media."""
    rules: dict[Modality, tuple[str | None, str]] = {
        "image": (model.image_rule, "pictures"),
        "audio": (model.audio_rule, "sound"),
        "video": (model.video_rule, "films"),
        "pdf": (model.pdf_rule, "PDFs"),
    }
    notes: list[str] = []
    for kind in sorted(kinds & rules.keys()):
        rule, name = rules[kind]
        if rule is None:
            notes.append(f"How many tokens {name} cost on this model is not known: a wide guess.")
        elif note := model.media_notes.get(kind):
            notes.append(note)
    return notes
