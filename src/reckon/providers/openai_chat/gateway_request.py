"""A request for chat completions that a client of the gateway sent, to a prompt.

The other direction of `request`. Fields that our nouns do not have stay in the prompt's options,
parts of messages in parts that this format alone reads.
"""

from typing import Any, Literal

import msgspec

from reckon.providers.gateway import (
    Positive,
    cache_mark,
    converted,
    decimal,
    effort_of,
    invalid,
    joined,
    media_at,
    request_of,
    schema_of,
)
from reckon.providers.made_up import made_up_id
from reckon.providers.openai_chat.turns import AUDIO_FORMATS, WIRE
from reckon.providers.untrusted import Json, as_list, as_table, table, text
from reckon.vocabulary.call import Request
from reckon.vocabulary.prompt import (
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

FORMATS_OF_REASONING = {
    "anthropic": "anthropic-claude-v1",
    "gemini": "google-gemini-v1",
    "openai_responses": "openai-responses-v1",
}
"""OpenRouter's names for the formats whose sealed reasoning a message holds, by ours."""

_READ = frozenset(
    {
        "role",
        "content",
        "refusal",
        "tool_calls",
        "reasoning",
        "reasoning_content",
        "extra_content",
        "tool_call_id",
    }
)

_TELLING = frozenset({"prefix", "function_call"})
"""Fields of a message that another format cannot do without."""

_WIRES = {name: wire for wire, name in FORMATS_OF_REASONING.items()}


class _Function(msgspec.Struct):
    name: str
    description: str = ""
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    tool_call_id: str = ""
    tool_calls: list[dict[str, Any]] | None = None


class _Asked(msgspec.Struct):
    """The fields of a request that our nouns have."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    max_tokens: Positive | None = None
    max_completion_tokens: Positive | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: Positive | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None


def read_request(body: bytes) -> Request:
    """What a client asks.

    Raises:
        RequestInvalid: The body is no request for chat completions.
    """
    asked, options = request_of(body, _Asked)
    form = asked.response_format or {}
    kind = form.get("type", "text")
    if kind not in ("json_schema", "json_object", "text"):
        raise invalid(f"response_format.type: {kind!r} is none of text, json_object, json_schema.")
    limit = asked.max_completion_tokens
    choice, others = _tool_choice(asked.tool_choice)
    effort = effort_of(asked.reasoning_effort)
    if asked.reasoning_effort and effort is None:
        others["reasoning_effort"] = asked.reasoning_effort
    prompt = Prompt(
        messages=_messages(asked.messages),
        max_output_tokens=asked.max_tokens if limit is None else limit,
        temperature=decimal(asked.temperature),
        top_p=decimal(asked.top_p),
        stop=(asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ()),
        seed=asked.seed,
        choices=1 if asked.n is None else asked.n,
        logprobs=(asked.top_logprobs or 0) if asked.logprobs else None,
        effort=effort,
        tools=tuple(_tool(each, place) for place, each in enumerate(asked.tools or ())),
        tool_choice=choice,
        parallel_tool_calls=asked.parallel_tool_calls,
        schema=schema_of(table(form, "json_schema")) if kind == "json_schema" else None,
        json=kind == "json_object",
        options=options | others,
        options_of=WIRE,
    )
    wanted = (asked.stream_options or {}).get("include_usage")
    return Request(
        model=asked.model,
        prompt=prompt,
        stream=bool(asked.stream),
        stream_usage=wanted is True,
    )


def _tool(tool: Json, place: int) -> Tool | ProviderTool:
    if tool.get("type") != "function" or tool.keys() - {"type", "function", "cache_control"}:
        return ProviderTool(wire=WIRE, data=tool)
    function = converted(tool.get("function"), _Function, f"tools[{place}].function")
    found = Tool(
        name=function.name,
        description=function.description,
        strict=function.strict,
        cache=cache_mark(tool),
    )
    if function.parameters is None:
        return found
    return msgspec.structs.replace(found, parameters=function.parameters)


def _tool_choice(said: str | Json | None) -> tuple[str | None, Json]:
    """The choice in our words, or as an option where we have none (`allowed_tools`)."""
    if said is None or isinstance(said, str):
        return ("required" if said == "any" else said), {}  # Mistral's word
    name = text(table(said, "function"), "name")
    if said.get("type") == "function" and name:
        return name, {}
    return None, {"tool_choice": said}


def _messages(said: list[Json]) -> tuple[Message, ...]:
    names: dict[str, str] = {}
    return joined([_message(each, place, names) for place, each in enumerate(said)])


def _message(said: Json, place: int, names: dict[str, str]) -> Message:
    where = f"messages[{place}]"
    message = converted(said, _Message, where)
    if message.role == "tool":
        parts = tuple(_parts(message.content, where))
        call = message.tool_call_id
        return Message(role="user", parts=(_result(call, parts, names.get(call, ""), where=where),))
    if message.role == "assistant":
        return Message(role="assistant", parts=tuple(_turn(message, said, where, names)))
    if message.role == "user":
        return Message(role="user", parts=(*_parts(message.content, where), *_kept(said)))
    return Message(role="system", parts=tuple(_parts(message.content, where)))


def _result(call: str, parts: tuple[Part, ...], name: str, *, where: str) -> ToolResult:
    said = tuple(part for part in parts if isinstance(part, Text | Media | MediaLink))
    if len(said) < len(parts):
        raise invalid(f"{where}.content: a tool's result holds a part of an unknown type.")
    return ToolResult(call, said, name=name)


def _turn(message: _Message, said: Json, where: str, names: dict[str, str]) -> list[Part]:
    """What a model said: thoughts, words, calls, and what this format alone reads."""
    parts: list[Part] = [*_thoughts(said)]
    parts += _parts(message.content, where)
    if text(said, "refusal"):
        parts.append(Text(text(said, "refusal")))
    seal = _seal(said)
    if seal and parts and isinstance(parts[-1], Text):
        parts[-1] = msgspec.structs.replace(parts[-1], signature=seal, sealed_by="gemini")
    for place, call in enumerate(message.tool_calls or ()):
        parts.append(_call(call, f"{where}/{place}"))
        last = parts[-1]
        if isinstance(last, ToolCall):
            names[last.id] = last.name
    return parts + _kept(said)


def _kept(said: Json) -> list[Part]:
    """The other fields of a message; those that decide what the model says next come last."""
    others = {name: said[name] for name in said.keys() - _READ if said[name]}
    telling = {name: others.pop(name) for name in _TELLING & others.keys()}
    return [
        Opaque(WIRE, fields, restates=restates)
        for fields, restates in ((others, True), (telling, False))
        if fields
    ]


def _call(call: Json, place: str) -> Part:
    function = table(call, "function")
    if not function:
        return Opaque(WIRE, {"tool_calls": [call]})
    seal = _seal(call)
    return ToolCall(
        text(call, "id") or made_up_id(place, 0, 0),
        text(function, "name"),
        text(function, "arguments"),
        seal,
        "gemini" if seal else "",
    )


def _seal(holder: Json) -> str:
    """Google's seal, which its own format and its compatible one share."""
    return text(table(table(holder, "extra_content"), "google"), "thought_signature")


def _thoughts(said: Json) -> list[Reasoning]:
    """Thoughts with the seals of the formats they came from, else the plain words."""
    details = [each for each in map(as_table, as_list(said.get("reasoning_details"))) if each]
    if not any(each.get(name) for each in details for name in ("signature", "data", "id")):
        words = text(said, "reasoning_content") or text(said, "reasoning")
        return [Reasoning(words)] if words else []
    return [
        Reasoning(
            text(each, "text") or text(each, "summary"),
            text(each, "signature"),
            text(each, "data"),
            text(each, "id"),
            _WIRES.get(text(each, "format"), WIRE),
        )
        for each in details
    ]


def _parts(content: str | list[Json] | None, where: str) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(part, where) for part in content or ()]


def _part(part: Json, where: str) -> Part:
    kind, cache = part.get("type"), cache_mark(part)
    if kind == "text":
        return Text(text(part, "text"), cache)
    if kind == "refusal":
        return Text(text(part, "refusal"))
    return _media(part, cache, where) or Opaque(WIRE, {"content": [part]})


def _media(part: Json, cache: CacheFor | None, where: str) -> Media | MediaLink | None:
    """Media in a part of content; None where it is of another kind, or by the name of a file."""
    match part.get("type"):
        case "image_url":
            image = table(part, "image_url")
            # A wish for the detail of a picture has no word in other formats.
            if image.keys() - {"url"} and image.get("detail") != "auto":
                return None
            return media_at(text(image, "url"), "image", cache=cache)
        case "video_url":
            return media_at(text(table(part, "video_url"), "url"), "video", cache=cache)
        case "input_audio":
            audio = table(part, "input_audio")
            kinds = {name: media_type for media_type, name in AUDIO_FORMATS.items()}
            media_type = kinds.get(text(audio, "format"), f"audio/{text(audio, 'format')}")
            url = f"data:{media_type};base64,{text(audio, 'data')}"
            return media_at(url, "audio", cache=cache)
        case "file":
            file = table(part, "file")
            data = text(file, "file_data")
            name = text(file, "filename")
            # OpenRouter also takes an address there.
            inline = data.startswith("data:")
            return media_at(data, "pdf", name=name, cache=cache) if inline else None
        case str():
            return None
        case _:
            raise invalid(f"{where}.content: a part has no type.")
