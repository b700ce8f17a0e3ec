"""What goes to a model: prompts, messages, parts, attachments, tools.

A message keeps every part in its order, also those that only its own provider can read (signed
reasoning, calls of tools that the provider runs), so that the next turn says back exactly what
was said.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from reckon.vocabulary.model import Modality

CacheFor = Literal["5m", "1h"]
"""How long a provider shall keep the prompt up to a marked part in its cache."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model shall reason before it answers; each provider's nearest word is sent."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that were read on purpose by `run/attach`, ready to be sent."""

    media_type: str
    """`image/jpeg`, ..."""
    modality: Modality
    content: bytes
    digest: str
    """sha256 of the user's original file, hex."""
    name: str = ""
    """For people; never sent, but where a format asks for a file name."""
    width: int | None = None
    height: int | None = None
    facts: dict[str, str] = {}
    """What the original's metadata said (size, date, camera, place): filled for engines on this
    machine only, never sent."""


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A piece of text."""

    text: str
    cache: CacheFor | None = None
    signature: str = ""
    """A seal of the provider's over its own words; it goes back with them (Gemini)."""
    sealed_by: str = ""
    """The wire format whose seal it is; every other one leaves it out."""


class Media(msgspec.Struct, frozen=True, tag="media"):
    """A piece of media."""

    attachment: Attachment
    cache: CacheFor | None = None
    signature: str = ""
    """A seal of the provider's over a picture that it made (Gemini)."""
    sealed_by: str = ""
    """As `Text.sealed_by`."""


class MediaLink(msgspec.Struct, frozen=True, tag="media_link"):
    """Media that the provider shall fetch by itself. Nothing is read here."""

    url: str
    modality: Modality
    media_type: str = ""
    cache: CacheFor | None = None


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """What a model thought, with all that its provider wants back in the next turn."""

    text: str = ""
    signature: str = ""
    """A seal over the text (Anthropic, Gemini)."""
    encrypted: str = ""
    """Thoughts that only the provider can read (OpenAI, Anthropic's redacted ones)."""
    id: str = ""
    """The provider's name for this item (OpenAI's responses)."""
    sealed_by: str = ""
    """The wire format that it came in. Where it is another than the one it goes to, the reasoning
    is left out: no provider takes the thoughts of another, and the answer does not need them."""


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """A call of one of the user's tools that the model asks for."""

    id: str
    """Unique in the conversation; made up by us where a format has none."""
    name: str
    arguments: str
    """JSON text, as the model wrote it; it may be invalid, for models make mistakes."""
    signature: str = ""
    """A seal of the provider's over the call (Gemini)."""
    sealed_by: str = ""
    """As `Text.sealed_by`."""


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """What a tool gave back."""

    call_id: str
    parts: tuple[Text | Media | MediaLink, ...]
    name: str = ""
    """The tool's name, which some formats ask for."""
    is_error: bool = False
    cache: CacheFor | None = None

    @property
    def text(self) -> str:
        """All text of the result."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


class Opaque(msgspec.Struct, frozen=True, tag="opaque"):
    """A part that one wire format alone understands, kept as it came and carried back as it is.

    Calls and results of tools that the provider runs are such parts. Another format refuses them,
    but for those that only restate.
    """

    wire: str
    """The wire format: `anthropic`, `openai_responses`, ..."""
    data: dict[str, Any]
    restates: bool = False
    """Whether the parts before it say the same, for all who do not speak that format."""


Part = Text | Media | MediaLink | Reasoning | ToolCall | ToolResult | Opaque


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation. Results of tools are parts of a user's turn."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All text of the message; reasoning and results of tools are not in it."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All media of the message, those in results of tools included."""
        found: list[Attachment] = []
        for part in self.parts:
            inner = part.parts if isinstance(part, ToolResult) else (part,)
            found += [each.attachment for each in inner if isinstance(each, Media)]
        return tuple(found)


def _no_arguments() -> dict[str, Any]:
    return {"type": "object", "properties": {}}


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may ask to be called."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=_no_arguments)
    """JSON Schema of the arguments."""
    strict: bool | None = None
    """Whether the provider shall enforce the schema; None: its default."""
    cache: CacheFor | None = None


class ProviderTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that the provider runs itself (web search, code), passed through as it is."""

    wire: str
    data: dict[str, Any]


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer must look like."""

    schema: dict[str, Any]
    """JSON Schema."""
    name: str = "answer"
    description: str = ""
    strict: bool | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One whole request to one model, before any wire format. None: the provider's default."""

    messages: tuple[Message, ...]
    max_output_tokens: int | None = None
    temperature: Decimal | None = None
    top_p: Decimal | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    """How many answers are wanted."""
    logprobs: int | None = None
    """How many alternatives of each token are told with their probabilities; 0: the token alone."""
    effort: Effort | None = None
    reasoning_tokens: int | None = None
    """A cap on the tokens of reasoning, where the provider has such."""
    tools: tuple[Tool | ProviderTool, ...] = ()
    tool_choice: str | None = None
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    parallel_tool_calls: bool | None = None
    schema: Schema | None = None
    json: bool = False
    """Whether the answer must be JSON, without a schema."""
    options: dict[str, Any] = {}
    """Further parameters, passed to the provider as they are; they win over the fields above."""
    options_of: str = ""
    """The wire format whose words the options are; empty: those of whoever is asked."""

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
