"""What goes to a model: prompts, messages, parts, attachments."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from reckon.vocabulary.model import Modality


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that were read on purpose by `run/attach`, ready to be sent."""

    media_type: str
    """`image/jpeg`, ..."""
    modality: Modality
    content: bytes
    digest: str
    """sha256 of the user's original file, hex."""
    name: str = ""
    """For people; never sent."""
    width: int | None = None
    height: int | None = None
    facts: dict[str, str] = {}
    """What the original's metadata said (size, date, camera, place): filled for engines on this
    machine only, never sent."""


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A piece of text."""

    text: str


class Media(msgspec.Struct, frozen=True, tag="media"):
    """A piece of media."""

    attachment: Attachment


Part = Text | Media


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All text of the message."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All media of the message."""
        return tuple(part.attachment for part in self.parts if isinstance(part, Media))


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One whole request to one model, before any wire format."""

    messages: tuple[Message, ...]
    max_output_tokens: int | None = None
    temperature: Decimal | None = None
    options: dict[str, Any] = {}
    """Further parameters, passed to the provider as they are."""

    @staticmethod
    def of(
        text: str,
        *,
        system: str | None = None,
        attachments: tuple[Attachment, ...] = (),
        max_output_tokens: int | None = None,
        options: dict[str, Any] | None = None,
    ) -> "Prompt":
        """A prompt of one user message."""
        parts: list[Part] = [Media(attachment) for attachment in attachments]
        if text:
            parts.append(Text(text))
        messages = [Message(role="user", parts=tuple(parts))]
        if system:
            messages.insert(0, Message(role="system", parts=(Text(system),)))
        return Prompt(
            messages=tuple(messages),
            max_output_tokens=max_output_tokens,
            options=options or {},
        )
