"""A prompt, as chat completions say it.

Four things the format has no place for, and where they go instead:

- Media in a tool's result: the format takes text alone there, so they follow in the user's turn,
  with a note at both places.
- That a tool failed: its text begins with `Error: `.
- A schema at a provider that knows JSON alone: it is told to the model in a system turn.
- Reasoning: it goes back only where the provider's row names a field for it.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from reckon.errors import UnsupportedInput
from reckon.providers.options import options_for
from reckon.providers.untrusted import Json, as_list
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    CacheFor,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Text,
    Tool,
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


def request_body(prompt: Prompt, model: Model, provider: Provider, *, stream: bool) -> Json:
    """The JSON of a request.

    Raises:
        UnsupportedInput: The format, or the provider, has no way to say a part of the prompt.
    """
    body: Json = {"model": model.id, "messages": _messages(prompt, provider)}
    if stream:
        body["stream"] = True
        if provider.stream_usage:
            body["stream_options"] = {"include_usage": True}
    body |= _sampling(prompt, provider)
    body |= _effort(prompt, provider)
    body |= _tools(prompt)
    body |= _form(prompt, provider)
    return body | options_for(prompt, WIRE)


def _sampling(prompt: Prompt, provider: Provider) -> Json:
    """How the answer is drawn, and how much of it."""
    fields: Json = {}
    if prompt.max_output_tokens is not None:
        fields[provider.max_tokens_field] = prompt.max_output_tokens
    if prompt.temperature is not None:
        fields["temperature"] = float(prompt.temperature)
    if prompt.top_p is not None:
        fields["top_p"] = float(prompt.top_p)
    if prompt.stop:
        fields["stop"] = list(prompt.stop)
    if prompt.seed is not None:
        fields["seed"] = prompt.seed
    if prompt.choices != 1:
        fields["n"] = prompt.choices
    if prompt.logprobs is not None:
        fields["logprobs"] = True
        if prompt.logprobs:
            fields["top_logprobs"] = prompt.logprobs
    return fields


def _effort(prompt: Prompt, provider: Provider) -> Json:
    effort, cap = prompt.effort, prompt.reasoning_tokens
    effort = "xhigh" if effort == "max" else effort
    if effort is None and cap is None:
        return {}
    if provider.effort_style == "object":
        asked: Json = {"effort": effort} if effort else {}
        return {"reasoning": asked if cap is None else asked | {"max_tokens": cap}}
    if provider.effort_style == "thinking":
        # On or off is all that is known here; OpenAI-compatible Anthropic takes a cap too.
        if effort == "none":
            return {"thinking": {"type": "disabled"}}
        return {"thinking": {"type": "enabled"} | ({} if cap is None else {"budget_tokens": cap})}
    if cap is not None:
        raise _unsupported(
            "A cap on the tokens of reasoning cannot be sent.",
            f"{provider.name} takes an effort at most.",
            "Use the effort, or a cap on the whole answer.",
        )
    if provider.effort_style == "field":
        return {"reasoning_effort": effort}
    raise _unsupported(
        f"The effort {effort!r} cannot be sent.",
        f"{provider.name} has no way to ask for it.",
        "Leave the effort out, or choose another provider.",
    )


def _tools(prompt: Prompt) -> Json:
    fields: Json = {}
    if prompt.tools:
        fields["tools"] = [_tool(tool) for tool in prompt.tools]
    if prompt.tool_choice in ("auto", "none", "required"):
        fields["tool_choice"] = prompt.tool_choice
    elif prompt.tool_choice is not None:
        fields["tool_choice"] = {"type": "function", "function": {"name": prompt.tool_choice}}
    if prompt.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = prompt.parallel_tool_calls
    return fields


def _tool(tool: Tool | ProviderTool) -> Json:
    if isinstance(tool, ProviderTool):
        _own(tool.wire, "A tool that the provider runs")
        return tool.data
    if tool.cache:
        raise _no_mark("a tool")
    function: Json = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _form(prompt: Prompt, provider: Provider) -> Json:
    """What the answer must look like."""
    if prompt.schema and provider.schema_style == "json_schema":
        schema: Json = {"name": prompt.schema.name, "schema": prompt.schema.schema}
        if prompt.schema.description:
            schema["description"] = prompt.schema.description
        if prompt.schema.strict is not None:
            schema["strict"] = prompt.schema.strict
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    if prompt.schema or prompt.json:
        return {"response_format": {"type": "json_object"}}
    return {}


def _messages(prompt: Prompt, provider: Provider) -> list[Json]:
    messages: list[Json] = []
    users: list[Message] = []  # neighbouring turns of the user
    for turn in prompt.messages:
        if turn.role == "user":
            users.append(turn)
            continue
        messages += _user_turns(users, provider)
        users.clear()
        messages.append((_assistant if turn.role == "assistant" else _system)(turn, provider))
    messages += _user_turns(users, provider)
    if prompt.schema and provider.schema_style == "json_object":
        schema = msgspec.json.encode(prompt.schema.schema).decode()
        told = f"Answer with one JSON object that is valid by this JSON Schema: {schema}"
        first = sum(message["role"] == provider.system_role for message in messages[:1])
        messages.insert(first, {"role": provider.system_role, "content": told})
    return messages


def _plain_text(message: Message) -> str | None:
    """The words of a turn of one text without marks, as nearly every turn is; else None."""
    if len(message.parts) != 1:
        return None
    [part] = message.parts
    return part.text if isinstance(part, Text) and not (part.cache or part.signature) else None


def _system(message: Message, provider: Provider) -> Json:
    words = _plain_text(message)
    if words is not None:
        return {"role": provider.system_role, "content": words}
    texts = [part for part in message.parts if isinstance(part, Text)]
    if len(texts) < len(message.parts):
        raise _unsupported(
            "A system turn holds more than text.",
            "Chat completions take text alone there.",
            "Move the rest into the user's turn.",
        )
    return {"role": provider.system_role, "content": _content(map(_text, texts))}


def _user_turns(turns: Sequence[Message], provider: Provider) -> list[Json]:
    """Results of tools come first, for they must follow the turn that asked for them."""
    results: list[Json] = []
    rest: list[Json] = []
    for turn in turns:
        words = _plain_text(turn)
        if words is not None:
            rest.append({"role": "user", "content": words})
            continue
        moved: list[Part] = []
        results += [_result(part, moved) for part in turn.parts if isinstance(part, ToolResult)]
        others = [part for part in turn.parts if not isinstance(part, ToolResult)]
        if moved or others or not turn.parts:
            rest.append(_user([*moved, *others], provider))
    return results + rest


def _result(result: ToolResult, moved: list[Part]) -> Json:
    """A `tool` message; its media are moved, with a note."""
    said: list[Json] = []
    for part in result.parts:
        if isinstance(part, Text):
            said.append(_text(part))
            continue
        kind = part.attachment.modality if isinstance(part, Media) else part.modality
        name = f"{kind} {len(moved) // 2 + 1} of {result.name or 'tool call'} {result.call_id}"
        said.append({"type": "text", "text": f"[{name}: in the next message]"})
        moved += (Text(f"[{name}]"), part)
    if result.is_error:
        said.insert(0, {"type": "text", "text": "Error: "})
    if result.cache and said:
        said[-1] |= _mark(result.cache)
    return {"role": "tool", "tool_call_id": result.call_id, "content": _content(said)}


def _user(parts: Sequence[Part], provider: Provider) -> Json:
    said: list[Json] = []
    turn: Json = {"role": "user"}
    for part in parts:
        match part:
            case Text():
                said.append(_text(part))
            case Media():
                said.append(_media(part, provider))
            case MediaLink():
                said.append(_link(part, provider))
            case Opaque():
                _carry(part, turn, said)
            case _:
                raise _unsupported(
                    "A user's turn holds reasoning or a call of a tool.",
                    "Only a model's own turn can.",
                    "Give that message the role `assistant`.",
                )
    return turn | {"content": _content(said)}


def _assistant(message: Message, provider: Provider) -> Json:
    words = _plain_text(message)
    if words is not None:
        return {"role": "assistant", "content": words}
    said: list[Json] = []
    turn: Json = {"role": "assistant"}
    for part in message.parts:
        match part:
            case Text():
                said += [_text(part)] if part.text else []
                turn |= _seal(part)
            case Reasoning():
                _think(part, turn, said, provider)
            case ToolCall():
                _add(turn, "tool_calls", [_call(part)])
            case Opaque():
                _carry(part, turn, said)
            case Media() | MediaLink():
                _made(part, turn, message, provider)
            case _:
                raise _unsupported(
                    "A model's turn holds the result of a tool.",
                    "Results are told by the user.",
                    "Give that message the role `user`.",
                )
    if "reasoning_details" in turn:
        turn.pop(provider.reasoning_field, None)  # the details say all of it
    if "audio" in turn:
        said = []  # the sound that goes back by its name says these words
    if said or not (turn.keys() & {"tool_calls", "audio"}):
        return turn | {"content": _content(said)}
    return turn | {"content": None}


def _think(part: Reasoning, turn: Json, said: list[Json], provider: Provider) -> None:
    """Reasoning goes back where the provider wants it; else it is left out."""
    field = provider.reasoning_field
    if part.sealed_by not in ("", WIRE):
        return
    if field == THINKING_IN_CONTENT and part.text:
        said.append({"type": "thinking", "thinking": [{"type": "text", "text": part.text}]})
    elif field and part.text:
        turn[field] = turn.get(field, "") + part.text


def _made(part: Media | MediaLink, turn: Json, message: Message, provider: Provider) -> None:
    """Media that the model made: pictures as OpenRouter takes them, sound by its name."""
    if isinstance(part, MediaLink):
        _add(turn, "images", [_link(part, provider)])
    elif part.attachment.modality == "image":
        _add(turn, "images", [_media(part, provider)])
    elif part.attachment.modality != "audio" or not _has_sound_name(message):
        raise _cannot_carry(part.attachment)


def _has_sound_name(message: Message) -> bool:
    return any(isinstance(part, Opaque) and "audio" in part.data for part in message.parts)


def _add(turn: Json, name: str, values: list[Any]) -> None:
    turn[name] = [*as_list(turn.get(name)), *values]


def _call(call: ToolCall) -> Json:
    # Some servers leave the arguments out where there are none, and all of them read JSON here.
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function} | _seal(call)


def _seal(part: Text | ToolCall) -> Json:
    """Google's seal over a call or the words of a turn, where its compatible format has it."""
    if not part.signature or part.sealed_by not in ("", WIRE):
        return {}
    return {"extra_content": {"google": {"thought_signature": part.signature}}}


def _carry(part: Opaque, turn: Json, said: list[Json]) -> None:
    """Fields of a message, kept as they came; lists of several parts are joined."""
    if part.wire != WIRE and part.restates:
        return
    _own(part.wire, "A part of the conversation")
    for name, value in part.data.items():
        if name == "content":
            said += as_list(value)
        elif isinstance(value, list):
            _add(turn, name, as_list(part.data[name]))
        else:
            turn[name] = value


def _content(parts: Iterable[Json]) -> str | list[Json]:
    """Plain text as a string, which every server understands; else the parts."""
    parts = list(parts)
    if all(part.keys() == {"type", "text"} for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _text(part: Text) -> Json:
    return {"type": "text", "text": part.text} | (_mark(part.cache) if part.cache else {})


def _mark(cache: CacheFor) -> Json:
    """A mark for the cache, which OpenRouter passes on to providers that need one."""
    marker = {"type": "ephemeral"}
    return {"cache_control": marker if cache == "5m" else marker | {"ttl": cache}}


def _media(part: Media, provider: Provider) -> Json:
    attachment = part.attachment
    if part.cache:
        raise _no_mark("media")
    encoded = base64.b64encode(attachment.content).decode()
    url = f"data:{attachment.media_type};base64,{encoded}"
    if attachment.modality == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    if attachment.modality == "audio" and attachment.media_type in AUDIO_FORMATS:
        audio = {"data": encoded, "format": AUDIO_FORMATS[attachment.media_type]}
        return {"type": "input_audio", "input_audio": audio}
    if attachment.modality == "pdf" and provider.file_parts:
        file = {"filename": attachment.name or "document.pdf", "file_data": url}
        return {"type": "file", "file": file}
    if attachment.modality == "video" and provider.video_parts:
        return {"type": "video_url", "video_url": {"url": url}}
    raise _cannot_carry(attachment)


def _link(part: MediaLink, provider: Provider) -> Json:
    if part.cache:
        raise _no_mark("media")
    if part.modality == "image":
        return {"type": "image_url", "image_url": {"url": part.url}}
    if part.modality == "video" and provider.video_parts:
        return {"type": "video_url", "video_url": {"url": part.url}}
    raise _unsupported(
        f"The link to {part.modality} {part.url} cannot be sent.",
        f"{provider.name}'s chat format fetches pictures"
        f"{' and video' if provider.video_parts else ''} by address.",
        "Attach the file itself.",
    )


def _cannot_carry(attachment: Attachment) -> UnsupportedInput:
    return _unsupported(
        f"{attachment.name or 'An attachment'} ({attachment.media_type}) cannot be sent.",
        "This provider's chat format carries pictures, and sound as WAV or MP3.",
        "Convert it, or choose another model.",
    )


def _own(wire: str, what: str) -> None:
    if wire != WIRE:
        raise _unsupported(
            f"{what} cannot be sent.",
            f"It belongs to the wire format {wire!r}; this is {WIRE!r}.",
            "Go on with the provider that it came from, or leave the part out.",
        )


def _no_mark(what: str) -> UnsupportedInput:
    return _unsupported(
        f"A cache mark on {what} cannot be sent.",
        "Chat completions mark text alone.",
        "Mark the text that follows: the cache covers all before it.",
    )


def _unsupported(what: str, why: str, do: str) -> UnsupportedInput:
    return UnsupportedInput(what, why=why, do=do)
