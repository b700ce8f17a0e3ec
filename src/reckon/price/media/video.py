"""Films: a frame of each second, and their sound. Each gives tokens of the pictures and the sound.

Google's documentation has 258 tokens for a frame in one place and 263 with its timestamp in
another; bills of each generation round the seconds in their own way.
"""

from math import ceil, floor

from reckon.price.media.gemini import TILE, gemini3
from reckon.vocabulary.price import Interval

VERTEX_FRAME = 260
"""Tokens of a frame at Gemini 2.0 by bills of Vertex AI; the Developer API bills 258."""
STAMPED_FRAME = 263
"""Tokens of a frame at Gemini 2.5."""
VERTEX_FRAME_3 = 64
"""Tokens of a frame at Gemini 3 by bills of Vertex AI and of uploaded files."""
MOST_FRAMES = 960
"""Nova takes no more, of films however long."""

Both = tuple[float | Interval, float | Interval]


def gemini2_video(
    seconds: float, width: float, height: float, has_audio: bool, sound: float = 25
) -> Both:
    """Gemini 2.0: a frame of each whole second."""
    del width, height
    whole = max(1, floor(seconds))
    pictures = Interval(TILE * whole, TILE * whole, VERTEX_FRAME * whole)
    return pictures, sound * whole if has_audio else 0


def gemini25_video(
    seconds: float, width: float, height: float, has_audio: bool, sound: float = 32
) -> Both:
    """Gemini 2.5: a frame of each second that was begun, and sound even for a silent film.

    A bill of the same silent film, uploaded before, has one frame for its 1.3 seconds and no sound.
    """
    del width, height
    tokens = ceil(round(seconds * sound, 6))
    pictures = STAMPED_FRAME * ceil(round(seconds, 3))
    least = STAMPED_FRAME * max(1, floor(seconds))
    return (
        Interval(least, pictures, pictures),
        tokens if has_audio else Interval(0, tokens, tokens),
    )


def gemini3_video(  # noqa: PLR0917 - arguments come from a catalogue row by position
    seconds: float,
    width: float,
    height: float,
    has_audio: bool,
    budget: float = 70,
    sound: float = 25,
    most: float = 0,
) -> Both:
    """Gemini 3: of each whole second a frame within a budget of patches, and 25 for its sound.

    A film that is sent inline has the frames of the rule, one that is uploaded before or read by
    Vertex AI has 64 a frame: likely is between the two, for nobody knows which way a film will go.

    Args:
        seconds: Length.
        width: Pixels.
        height: Pixels.
        has_audio: Whether there is sound.
        budget: Patches of a frame at most.
        sound: Tokens of a second of sound.
        most: Tokens of a frame by the provider's counter, where it has more.
    """
    whole = max(1, floor(seconds))
    frame = gemini3(width, height, budget)
    low, high = min(VERTEX_FRAME_3, frame), max(budget, most)
    pictures = Interval(low * whole, (frame + VERTEX_FRAME_3) / 2 * whole, high * whole)
    return pictures, sound * whole if has_audio else 0


def nova_video(
    seconds: float, width: float, height: float, has_audio: bool, frame: float = 288
) -> Both:
    """Nova: 288 a frame, one a second, 960 frames at most; sound is not heard.

    Bills of Nova 2 Lite are from half of that, for a small film of ten seconds, to three times as
    much, for a large one of a second. Source: AWS, Video understanding.
    """
    del width, height, has_audio
    likely = frame * min(MOST_FRAMES, max(1, round(seconds)))
    return Interval(floor(likely * 0.5), likely, likely + 1_600), 0
