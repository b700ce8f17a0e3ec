"""The engine `builtin`: describes pictures and picks sentences, in this process, for nothing.

It is not a language model and says so in each answer. It is the floor that a paid model must beat.
"""

import asyncio
from collections.abc import AsyncGenerator

from reckon.errors import UnsupportedInput
from reckon.providers.builtin import picture, text
from reckon.vocabulary.prompt import Attachment, Prompt
from reckon.vocabulary.response import Event, Finished, Started, TextDelta, UsageSeen
from reckon.vocabulary.usage import Usage

MODEL = "builtin/describe"
_CHARACTERS_PER_TOKEN = 4
"""To honour `max_output_tokens` without a tokenizer."""


async def respond(prompt: Prompt) -> AsyncGenerator[Event]:
    """The events of one answer. Pixels are read in a thread, so that the loop stays free.

    Raises:
        BadMedia: A picture is broken.
        UnsupportedInput: Something else than text and pictures is attached.
    """
    yield Started(model=MODEL)
    whole = await asyncio.to_thread(answer, prompt)
    shown = _within(whole, prompt.max_output_tokens)
    yield TextDelta(shown)
    # Nothing here is counted or billed by the token.
    yield UsageSeen(Usage(input_tokens=0, output_tokens=0))
    yield Finished("stop" if shown == whole else "length")


def answer(prompt: Prompt) -> str:
    """Descriptions of all pictures of the last turn, or sentences from its text."""
    turns = [message for message in prompt.messages if message.role == "user"]
    if not turns:
        return text.NOTHING
    attachments = turns[-1].attachments
    for attachment in attachments:
        if attachment.modality != "image":
            raise UnsupportedInput(
                f"{MODEL} takes pictures and text, not {attachment.modality}.",
                do=f"Choose a model with `reckon models --modality {attachment.modality}`.",
            )
    if not attachments:
        return text.answer(turns[-1].text)
    if len(attachments) == 1:
        return _describe(attachments[0])
    return "\n\n".join(
        f"{number}. {f'{item.name}: ' if item.name else ''}{_describe(item)}"
        for number, item in enumerate(attachments, 1)
    )


def describe_image(content: bytes, *, name: str = "", facts: dict[str, str] | None = None) -> str:
    """A paragraph about the picture in `content`.

    Raises:
        BadMedia: The bytes are no whole picture.
    """
    return picture.describe(content, name=name, facts=facts)


def summarise(material: str) -> str:
    """The up to three sentences of a text that say most."""
    return text.summarise(material)


def _describe(attachment: Attachment) -> str:
    return picture.describe(attachment.content, name=attachment.name, facts=attachment.facts)


def _within(answer: str, max_output_tokens: int | None) -> str:
    """Whole sentences within the limit; at least the first words."""
    most = (max_output_tokens or len(answer)) * _CHARACTERS_PER_TOKEN
    if len(answer) <= most:
        return answer
    cut = answer[:most]
    end = cut.rfind(". ")
    return cut[: end + 1] if end > 0 else cut
