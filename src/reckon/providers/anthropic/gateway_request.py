"""A request for a message that a client of the gateway sent, to a prompt.

The other direction of `request`. Fields that our nouns do not have stay in the prompt's options,
blocks in parts that this format alone reads.
"""

from typing import Any, Literal

import msgspec

from reckon.providers.anthropic.request import WIRE
from reckon.providers.gateway import (
    Positive,
    cache_mark,
    converted,
    decimal,
    effort_of,
    invalid,
    joined,
    media_of,
    request_of,
    unwrapped_seal,
)
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.call import Request
from reckon.vocabulary.model import Modality
from reckon.vocabulary.prompt import (
    CacheFor,
    Effort,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_TOOL_FIELDS = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class _Asked(msgspec.Struct):
    """The fields of a request that our nouns have."""

    model: str
    messages: list[dict[str, Any]]
    max_tokens: Positive
    system: str | list[dict[str, Any]] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None


def read_request(body: bytes) -> Request:
    """What a client asks.

    Raises:
        RequestInvalid: The body is no request for a message.
    """
    asked, options = request_of(body, _Asked)
    schema, effort = _output(asked.output_config or {}, options)
    thinking = asked.thinking or {}
    choice = asked.tool_choice or {}
    named = text(choice, "name") if choice.get("type") == "tool" else ""
    if named in ("auto", "none", "required"):
        raise invalid(f"tool_choice.name: a tool that must be called cannot be named {named!r}.")
    parallel = choice.get("disable_parallel_tool_use")
    messages = [_message(each, place) for place, each in enumerate(asked.messages)]
    system = _parts(asked.system or "", "system")
    if system:
        messages.insert(0, Message(role="system", parts=tuple(system)))
    prompt = Prompt(
        messages=joined(messages),
        max_output_tokens=asked.max_tokens,
        temperature=decimal(asked.temperature),
        top_p=decimal(asked.top_p),
        stop=tuple(asked.stop_sequences or ()),
        effort="none" if thinking.get("type") == "disabled" else effort,
        reasoning_tokens=_cap(thinking, options),
        tools=tuple(_tool(each) for each in asked.tools or ()),
        tool_choice=named or _CHOICES.get(text(choice, "type")),
        parallel_tool_calls=None if not isinstance(parallel, bool) else not parallel,
        schema=schema,
        options=options,
        options_of=WIRE,
    )
    return Request(model=asked.model, prompt=prompt, stream=bool(asked.stream))


def _output(config: Json, options: Json) -> tuple[Schema | None, Effort | None]:
    """Schema and effort; what else the table says stays an option."""
    rest = dict(config)
    form = as_table(rest.pop("format", None)) or as_table(options.pop("output_format", None)) or {}
    effort = effort_of(rest.get("effort"))
    if effort is not None:
        del rest["effort"]
    if rest:
        options["output_config"] = rest
    if form and form.get("type") != "json_schema":
        raise invalid(f"output_config.format.type: {form.get('type')!r} is not json_schema.")
    return Schema(schema=table(form, "schema")) if form else None, effort


def _cap(thinking: Json, options: Json) -> int | None:
    """The cap on reasoning; other wishes (`adaptive`, how it is shown) stay options."""
    kind = thinking.get("type")
    plain = thinking.keys() <= {"type", "budget_tokens"}
    if kind == "enabled" and plain:
        return count(thinking, "budget_tokens")
    if thinking and kind != "disabled":
        options["thinking"] = thinking
    return None


def _tool(tool: Json) -> Tool | ProviderTool:
    """A tool of the user's, where our noun can say all of it."""
    own = tool.get("type") in (None, "custom") and tool.keys() <= _TOOL_FIELDS
    if not own:
        return ProviderTool(wire=WIRE, data=tool)
    strict, name = tool.get("strict"), text(tool, "name")
    if not name:
        raise invalid("A tool has no name.")
    return Tool(
        name=name,
        description=text(tool, "description"),
        parameters=table(tool, "input_schema"),
        strict=strict if isinstance(strict, bool) else None,
        cache=cache_mark(tool),
    )


def _message(said: Json, place: int) -> Message:
    where = f"messages[{place}]"
    message = converted(said, _Message, where)
    return Message(role=message.role, parts=tuple(_parts(message.content, where)))


def _parts(content: str | list[Json], where: str) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [part for block in content for part in _block(block, where)]


def _block(block: Json, where: str) -> list[Part]:
    cache = cache_mark(block)
    match block.get("type"):
        case "text":
            return _text(block, cache)
        case "thinking":
            return [_thinking(block)]
        case "redacted_thinking":
            data = text(block, "data")
            own = Reasoning(encrypted=data, sealed_by=WIRE)
            return [unwrapped_seal(data, "") or own]
        case "tool_use":
            return _call(block)
        case "tool_result":
            return [_result(block, where, cache)]
        case str():
            return [_media(block, cache) or Opaque(WIRE, block)]
        case _:
            raise invalid(f"{where}.content: a block has no type.")


def _text(block: Json, cache: CacheFor | None) -> list[Part]:
    said = Text(text(block, "text"), cache)
    if not block.get("citations"):
        return [said]
    return [said, Opaque(WIRE, block, restates=True)]


def _thinking(block: Json) -> Reasoning:
    words, seal = text(block, "thinking"), text(block, "signature")
    own = Reasoning(words, seal, sealed_by=WIRE if seal else "")
    return unwrapped_seal(seal, words) or own


def _call(block: Json) -> list[Part]:
    arguments = msgspec.json.encode(table(block, "input")).decode()
    call = ToolCall(text(block, "id"), text(block, "name"), arguments)
    if not block.keys() - {"type", "id", "name", "input", "cache_control"}:
        return [call]
    return [call, Opaque(WIRE, block, restates=True)]


def _result(block: Json, where: str, cache: CacheFor | None) -> ToolResult | Opaque:
    """A result; one that holds what our noun has no place for stays as it came."""
    content = block.get("content")
    said = [Text(content)] if isinstance(content, str) else []
    for each in as_list(content):
        inner = _block(as_table(each) or {}, where)
        kept = [part for part in inner if isinstance(part, Text | Media | MediaLink)]
        if len(kept) < len(inner):
            return Opaque(WIRE, block)
        said += kept
    return ToolResult(
        text(block, "tool_use_id"),
        tuple(said),
        is_error=block.get("is_error") is True,
        cache=cache,
    )


def _media(block: Json, cache: CacheFor | None) -> Media | MediaLink | None:
    """A picture or a PDF, in bytes or at an address; None for what this format alone has.

    The title of a document is its name; one that asks for citations is told whole.
    """
    source = table(block, "source")
    plain = block.keys() <= {"type", "source", "cache_control", "title"}
    kinds: dict[object, Modality] = {"image": "image", "document": "pdf"}
    modality = kinds.get(block.get("type"))
    if not plain or modality is None:
        return None
    if source.get("type") == "url" and "title" not in block:
        return MediaLink(text(source, "url"), modality, cache=cache)
    if source.get("type") != "base64":
        return None
    return media_of(
        text(source, "data"), text(source, "media_type"), name=text(block, "title"), cache=cache
    )
