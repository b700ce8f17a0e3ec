"""The turns of a conversation, as chat completions say them.

Three things the format has no place for, and where they go instead:

- Media in a tool's result: the format takes text alone there, so they follow in the user's turn,
  with a note at both places.
- That a tool failed: its text begins with `Error: `.
- Reasoning: it goes back only where the provider's row names a field for it.

A turn of the model's that holds nothing any more, because all of it belonged to another format, is
left out: many servers refuse an empty one.
"""

import base64
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from reckon.errors import UnsupportedInput
from reckon.providers.made_up import short_id
from reckon.providers.untrusted import Json, as_list
from reckon.vocabulary.model import Provider
from reckon.vocabulary.prompt import (
    Attachment,
    CacheFor,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

WIRE = "openai_chat"

THINKING_IN_CONTENT = "content"
"""As a provider's `reasoning_field`: reasoning goes back as `thinking` parts of the content, as
Mistral wants it."""

AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}

Marks = Literal["", "cache_control", "prompt_cache_breakpoint"]
"""The field that marks what to cache: none, OpenRouter's, OpenAI's own."""

HEARD = "OK"
"""What the model's turn says that stands between a result and the user's next words."""


class Dialect(NamedTuple):
    """What one request's way of speaking depends on."""

    provider: Provider
    marks: Marks


def messages_of(prompt: Prompt, dialect: Dialect) -> list[Json]:
    """The turns, in order.

    Raises:
        UnsupportedInput: The format, or the provider, has no way to say a part of one.
    """
    messages: list[Json] = []
    users: list[Message] = []  # neighbouring turns of the user
    for turn in prompt.messages:
        if turn.role == "user":
            users.append(turn)
            continue
        messages += _user_turns(users, dialect)
        users.clear()
        if turn.role == "system":
            messages.append(_system(turn, dialect))
        else:
            messages += _assistant(turn, dialect)
    messages += _user_turns(users, dialect)
    return _answered(messages) if dialect.provider.assistant_after_tool else messages


def _answered(messages: list[Json]) -> list[Json]:
    """With a turn of the model's after results that another turn than its own follows."""
    answered: list[Json] = []
    for message in messages:
        if (
            answered
            and answered[-1]["role"] == "tool"
            and message["role"] not in ("assistant", "tool")
        ):
            answered.append({"role": "assistant", "content": HEARD})
        answered.append(message)
    return answered


def _plain_text(message: Message) -> str | None:
    """The words of a turn of one text without marks, as nearly every turn is; else None."""
    if len(message.parts) != 1:
        return None
    [part] = message.parts
    return part.text if isinstance(part, Text) and not (part.cache or part.signature) else None


def _system(message: Message, dialect: Dialect) -> Json:
    role = dialect.provider.system_role
    words = _plain_text(message)
    if words is not None:
        return {"role": role, "content": words}
    texts = [part for part in message.parts if isinstance(part, Text)]
    if len(texts) < len(message.parts):
        raise unsupported(
            "A system turn holds more than text.",
            "Chat completions take text alone there.",
            "Move the rest into the user's turn.",
        )
    said = [_text(part, dialect.marks) for part in texts]
    return {"role": role, "content": _content(said, join=False)}


def _user_turns(turns: Sequence[Message], dialect: Dialect) -> list[Json]:
    """Results of tools come first, for they must follow the turn that asked for them."""
    results: list[Json] = []
    rest: list[Json] = []
    for turn in turns:
        words = _plain_text(turn)
        if words is not None:
            rest.append({"role": "user", "content": words})
            continue
        moved: list[Part] = []
        found = [part for part in turn.parts if isinstance(part, ToolResult)]
        results += [_result(part, moved, dialect) for part in found]
        others = [part for part in turn.parts if not isinstance(part, ToolResult)]
        if moved or others or not turn.parts:
            rest.append(_user([*moved, *others], dialect))
    return results + rest


def _result(result: ToolResult, moved: list[Part], dialect: Dialect) -> Json:
    """A `tool` message; its media are moved, with a note."""
    said: list[Json] = []
    for part in result.parts:
        if isinstance(part, Text):
            said.append(_text(part, dialect.marks))
            continue
        kind = part.attachment.modality if isinstance(part, Media) else part.modality
        name = f"{kind} {len(moved) // 2 + 1} of {result.name or 'tool call'} {result.call_id}"
        said.append({"type": "text", "text": f"[{name}: in the next message]"})
        moved += (Text(f"[{name}]"), part)
    if result.is_error:
        said.insert(0, {"type": "text", "text": "Error: "})
    if result.cache and said:
        said[-1] |= mark(result.cache, dialect.marks)
    call_id = _id(result.call_id, dialect.provider)
    return {"role": "tool", "tool_call_id": call_id, "content": _content(said)}


def _user(parts: Sequence[Part], dialect: Dialect) -> Json:
    said: list[Json] = []
    turn: Json = {"role": "user"}
    for part in parts:
        match part:
            case Text():
                said.append(_text(part, dialect.marks))
            case Media():
                said.append(_media(part, dialect))
            case MediaLink():
                said.append(_link(part, dialect))
            case Opaque():
                _carry(part, turn, said)
            case _:
                raise unsupported(
                    "A user's turn holds reasoning or a call of a tool.",
                    "Only a model's own turn can.",
                    "Give that message the role `assistant`.",
                )
    return turn | {"content": _content(said, join=False)}


def _assistant(message: Message, dialect: Dialect) -> list[Json]:
    """The model's turn; none where nothing of it is left."""
    words = _plain_text(message)
    if words is not None:
        return [{"role": "assistant", "content": words}] if words else []
    said: list[Json] = []
    turn: Json = {"role": "assistant"}
    for part in message.parts:
        match part:
            case Text():
                said += [_said(part, dialect)] if part.text else []
                turn |= _seal(part)
            case Reasoning():
                _think(part, turn, said, dialect.provider)
            case ToolCall():
                _add(turn, "tool_calls", [_call(part, dialect.provider)])
            case Opaque():
                _carry(part, turn, said)
            case Media() | MediaLink():
                _made(part, turn, message, dialect)
            case _:
                raise unsupported(
                    "A model's turn holds the result of a tool.",
                    "Results are told by the user.",
                    "Give that message the role `user`.",
                )
    if "reasoning_details" in turn:
        turn.pop(dialect.provider.reasoning_field, None)  # the details say all of it
    if "audio" in turn:
        said = []  # the sound that goes back by its name says these words
    if not said and len(turn) == 1:
        return []
    if said or not (turn.keys() & {"tool_calls", "audio"}):
        return [turn | {"content": _content(said)}]
    return [turn | {"content": None}]


def _said(part: Text, dialect: Dialect) -> Json:
    """The model's words. OpenAI marks what others say alone, as in its Responses format."""
    own = dialect.marks == "prompt_cache_breakpoint"
    return _text(part, "" if own else dialect.marks)


def _think(part: Reasoning, turn: Json, said: list[Json], provider: Provider) -> None:
    """Reasoning goes back where the provider wants it; else it is left out."""
    field = provider.reasoning_field
    if part.sealed_by not in ("", WIRE):
        return
    if field == THINKING_IN_CONTENT and part.text:
        said.append({"type": "thinking", "thinking": [{"type": "text", "text": part.text}]})
    elif field and part.text:
        turn[field] = turn.get(field, "") + part.text


def _made(part: Media | MediaLink, turn: Json, message: Message, dialect: Dialect) -> None:
    """Media that the model made: pictures as OpenRouter takes them, sound by its name."""
    if isinstance(part, MediaLink):
        _add(turn, "images", [_link(part, dialect)])
    elif part.attachment.modality == "image":
        _add(turn, "images", [_media(part, dialect)])
    elif part.attachment.modality != "audio" or not _has_sound_name(message):
        raise _cannot_carry(part.attachment)


def _has_sound_name(message: Message) -> bool:
    return any(isinstance(part, Opaque) and "audio" in part.data for part in message.parts)


def _add(turn: Json, name: str, values: list[Any]) -> None:
    turn[name] = [*as_list(turn.get(name)), *values]


def _call(call: ToolCall, provider: Provider) -> Json:
    # Some servers leave the arguments out where there are none, and all of them read JSON here.
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": _id(call.id, provider), "type": "function", "function": function} | _seal(call)


def _id(call_id: str, provider: Provider) -> str:
    return short_id(call_id) if provider.short_call_ids else call_id


def _seal(part: Text | ToolCall) -> Json:
    """Google's seal over a call or the words of a turn, where its compatible format has it."""
    if not part.signature or part.sealed_by not in ("", WIRE):
        return {}
    return {"extra_content": {"google": {"thought_signature": part.signature}}}


def _carry(part: Opaque, turn: Json, said: list[Json]) -> None:
    """Fields of a message, kept as they came; lists of several parts are joined."""
    if part.wire != WIRE and part.restates:
        return
    refuse_foreign(part.wire, "A part of the conversation")
    for name, value in part.data.items():
        if name == "content":
            said += as_list(value)
        elif isinstance(value, list):
            _add(turn, name, as_list(part.data[name]))
        else:
            turn[name] = value


def _content(parts: list[Json], *, join: bool = True) -> str | list[Json]:
    """Plain text as a string, which every server understands; else the parts.

    What a model said in pieces is one text; texts that somebody gave apart are not run together.
    """
    if (join or len(parts) < 2) and all(part.keys() == {"type", "text"} for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _text(part: Text, marks: Marks) -> Json:
    said: Json = {"type": "text", "text": part.text}
    return said | mark(part.cache, marks) if part.cache and marks else said


def mark(cache: CacheFor, marks: Marks) -> Json:
    """A mark for the cache, as fields to add. OpenAI's has no lifetime of its own."""
    if not marks:
        return {}
    if marks == "prompt_cache_breakpoint":
        return {"prompt_cache_breakpoint": {"mode": "explicit"}}
    lifetime = {} if cache == "5m" else {"ttl": cache}
    return {"cache_control": {"type": "ephemeral"} | lifetime}


def _media(part: Media, dialect: Dialect) -> Json:
    attachment, provider = part.attachment, dialect.provider
    marked = _media_mark(part, dialect)
    encoded = base64.b64encode(attachment.content).decode()
    url = f"data:{attachment.media_type};base64,{encoded}"
    if attachment.modality == "image":
        return {"type": "image_url", "image_url": {"url": url}} | marked
    if attachment.modality == "audio" and attachment.media_type in AUDIO_FORMATS:
        audio = {"data": encoded, "format": AUDIO_FORMATS[attachment.media_type]}
        return {"type": "input_audio", "input_audio": audio} | marked
    if attachment.modality == "pdf" and provider.file_parts:
        file = {"filename": attachment.name or "document.pdf", "file_data": url}
        return {"type": "file", "file": file} | marked
    if attachment.modality == "video" and provider.video_parts:
        return {"type": "video_url", "video_url": {"url": url}}
    raise _cannot_carry(attachment)


def _link(part: MediaLink, dialect: Dialect) -> Json:
    provider = dialect.provider
    marked = _media_mark(part, dialect)
    if part.modality == "image":
        return {"type": "image_url", "image_url": {"url": part.url}} | marked
    if part.modality == "video" and provider.video_parts:
        return {"type": "video_url", "video_url": {"url": part.url}}
    raise unsupported(
        f"The link to {part.modality} {part.url} cannot be sent.",
        f"{provider.name}'s chat format fetches pictures"
        f"{' and video' if provider.video_parts else ''} by address.",
        "Attach the file itself.",
    )


def _media_mark(part: Media | MediaLink, dialect: Dialect) -> Json:
    """OpenAI marks pictures, sound and files too; with OpenRouter's word only text is marked."""
    if not part.cache:
        return {}
    if dialect.marks == "cache_control":
        raise unsupported(
            "A cache mark on media cannot be sent.",
            f"{dialect.provider.name} marks text and tools alone.",
            "Mark the text that follows: the cache covers all before it.",
        )
    return mark(part.cache, dialect.marks)


def _cannot_carry(attachment: Attachment) -> UnsupportedInput:
    return unsupported(
        f"{attachment.name or 'An attachment'} ({attachment.media_type}) cannot be sent.",
        "This provider's chat format carries pictures, and sound as WAV or MP3.",
        "Convert it, or choose another model.",
    )


def refuse_foreign(wire: str, what: str) -> None:
    """Refuse what another wire format alone reads.

    Raises:
        UnsupportedInput: It is not of this format.
    """
    if wire != WIRE:
        raise unsupported(
            f"{what} cannot be sent.",
            f"It belongs to the wire format {wire!r}; this is {WIRE!r}.",
            "Go on with the provider that it came from, or leave the part out.",
        )


def unsupported(what: str, why: str, do: str) -> UnsupportedInput:
    """What the format or the provider has no way to say."""
    return UnsupportedInput(what, why=why, do=do)
