"""Pictures and sound that come in answers of chat completions."""

import base64
import binascii
import hashlib
import re

from reckon.providers.untrusted import Json, text
from reckon.vocabulary.model import Modality
from reckon.vocabulary.prompt import Attachment, Media, MediaLink

_SOUNDS = {
    b"RIFF": "audio/wav",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
    b"\xff\xf1": "audio/aac",
}
"""Formats of sound by their first bytes."""

_RAW_SOUND = "audio/pcm"
"""Raw 16-bit samples have no mark. OpenAI streams them, 24,000 a second."""


def picture(url: str) -> Media | MediaLink | None:
    """The picture in a data URL, or at an address; None where it is neither."""
    if url.startswith(("https://", "http://")):
        return MediaLink(url, "image")
    head, comma, data = url.partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if not comma or head != f"data:{media_type};base64" or not media_type.startswith("image/"):
        return None
    content = _decoded(data)
    return _media(content, media_type, "image") if content else None


class Sound:
    """OpenAI's `audio` of a message, whole or in pieces."""

    def __init__(self) -> None:
        self.id = ""
        self._data: list[str] = []

    def read(self, audio: Json) -> str:
        """Take a piece; gives the words of it."""
        self.id = text(audio, "id") or self.id
        self._data.append(text(audio, "data"))
        return text(audio, "transcript")

    def media(self) -> Media | None:
        """All of the sound; None where there is none, or it is broken."""
        # Each piece of a stream may be padded by itself.
        pieces = re.findall(r"[^=]+=*", "".join(self._data))
        decoded = [_decoded(piece) for piece in pieces]
        content = b"".join(piece for piece in decoded if piece)
        if not content or None in decoded:
            return None
        kinds = (kind for mark, kind in _SOUNDS.items() if content.startswith(mark))
        return _media(content, next(kinds, _RAW_SOUND), "audio")


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def _media(content: bytes, media_type: str, modality: Modality) -> Media:
    digest = hashlib.sha256(content).hexdigest()
    return Media(
        Attachment(media_type=media_type, modality=modality, content=content, digest=digest)
    )
