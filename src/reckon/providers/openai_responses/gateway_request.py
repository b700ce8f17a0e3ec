"""A request in the Responses format that a client of the gateway sent, to a prompt.

The other direction of `request`. Fields that our nouns do not have stay in the prompt's options,
items in parts that this format alone reads.
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
    unwrapped_seal,
)
from reckon.providers.openai_responses.request import CALL_FIELDS, GAP, OWN_THOUGHT, WIRE
from reckon.providers.untrusted import Json, as_list, as_table, text
from reckon.vocabulary.call import Request
from reckon.vocabulary.prompt import (
    Effort,
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

_ROLES: dict[str, Literal["user", "assistant", "system"]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}


_TOOL_FIELDS = frozenset({"type", "name", "description", "parameters", "strict"})


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Asked(msgspec.Struct):
    """The fields of a request that our nouns have."""

    model: str
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: Positive | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    include: list[str] | None = None
    reasoning: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None


def read_request(body: bytes) -> Request:
    """What a client asks.

    Raises:
        RequestInvalid: The body is no request in the Responses format.
    """
    asked, options = request_of(body, _Asked)
    include = asked.include or []
    if include:
        options["include"] = include
    form = _form(asked.text or {}, options)
    kind = form.get("type", "text")
    if kind not in ("json_schema", "json_object", "text"):
        raise invalid(f"text.format.type: {kind!r} is none of text, json_object, json_schema.")
    effort = _effort(asked.reasoning or {}, options)
    prompt = Prompt(
        messages=_messages(asked),
        max_output_tokens=asked.max_output_tokens,
        temperature=decimal(asked.temperature),
        top_p=decimal(asked.top_p),
        logprobs=_logprobs(asked, include),
        effort=effort,
        tools=tuple(_tool(each, place) for place, each in enumerate(asked.tools or ())),
        tool_choice=_tool_choice(asked.tool_choice, options),
        parallel_tool_calls=asked.parallel_tool_calls,
        schema=schema_of(form) if kind == "json_schema" else None,
        json=kind == "json_object",
        options=options,
        options_of=WIRE,
    )
    return Request(model=asked.model, prompt=prompt, stream=bool(asked.stream))


def _logprobs(asked: _Asked, include: list[str]) -> int | None:
    if asked.top_logprobs is not None or "message.output_text.logprobs" in include:
        return asked.top_logprobs or 0
    return None


def _form(said: Json, options: Json) -> Json:
    """The form of the answer; what else the table says stays an option."""
    rest = dict(said)
    form = as_table(rest.pop("format", None)) or {}
    if rest:
        options["text"] = rest
    return form


def _effort(said: Json, options: Json) -> Effort | None:
    effort = effort_of(said.get("effort"))
    rest = {name: value for name, value in said.items() if name != "effort" or effort is None}
    if rest:
        options["reasoning"] = rest
    return effort


def _tool(tool: Json, place: int) -> Tool | ProviderTool:
    if tool.get("type") != "function" or tool.keys() - _TOOL_FIELDS:
        return ProviderTool(wire=WIRE, data=tool)
    function = converted(tool, _Function, f"tools[{place}]")
    found = Tool(name=function.name, description=function.description or "", strict=function.strict)
    if function.parameters is None:
        return found
    return msgspec.structs.replace(found, parameters=function.parameters)


def _tool_choice(said: str | Json | None, options: Json) -> str | None:
    if said is None or isinstance(said, str):
        return said
    if said.get("type") == "function":
        return text(said, "name")
    options["tool_choice"] = said
    return None


def _messages(asked: _Asked) -> tuple[Message, ...]:
    messages: list[Message] = []
    if asked.instructions:
        messages.append(Message(role="system", parts=(Text(asked.instructions),)))
    if isinstance(asked.input, str):
        return (*messages, Message(role="user", parts=(Text(asked.input),)))
    names: dict[str, str] = {}
    for place, item in enumerate(asked.input):
        message = _item(item, f"input[{place}]", names)
        last = messages[-1] if messages else None
        if last is not None and last.role == message.role == "assistant":
            messages[-1] = Message(role="assistant", parts=(*last.parts, *message.parts))
        else:
            messages.append(message)
    return joined(messages)


def _item(item: Json, where: str, names: dict[str, str]) -> Message:
    kind = text(item, "type") or ("message" if "role" in item else "")
    match kind:
        case "message":
            return _message(item, where)
        case "function_call":
            call = ToolCall(text(item, "call_id"), text(item, "name"), text(item, "arguments"))
            names[call.id] = call.name
            if any(item[name] is not None for name in item.keys() - CALL_FIELDS):
                return _said(call, Opaque(WIRE, item, restates=True))
            return _said(call)
        case "function_call_output":
            return Message(role="user", parts=(_result(item, where, names),))
        case "reasoning":
            return _said(*_reasoning(item))
        case "":
            raise invalid(f"{where}: the item has no type.")
        case _:
            role = "user" if kind.endswith("_output") else "assistant"
            return Message(role=role, parts=(Opaque(WIRE, item),))


def _said(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts)


def _message(item: Json, where: str) -> Message:
    role = _ROLES.get(text(item, "role"))
    if role is None:
        raise invalid(f"{where}.role: it is none of {', '.join(_ROLES)}.")
    content = item.get("content")
    parts: list[Part] = [Text(content)] if isinstance(content, str) else []
    for each in as_list(content):
        part = _part(as_table(each) or {}, where)
        if part is None:
            # A file by its id, sound: the whole message stays as it came.
            return Message(role=role, parts=(Opaque(WIRE, item),))
        parts.append(part)
    phase = text(item, "phase")
    if phase and parts and isinstance(parts[-1], Text):
        parts[-1] = msgspec.structs.replace(parts[-1], signature=phase, sealed_by=WIRE)
    return Message(role=role, parts=tuple(parts))


def _result(item: Json, where: str, names: dict[str, str]) -> Part:
    call_id, output = text(item, "call_id"), item.get("output")
    if isinstance(output, str):
        return ToolResult(call_id, (Text(output),), name=names.get(call_id, ""))
    parts = [_part(as_table(each) or {}, where) for each in as_list(output)]
    kept = tuple(part for part in parts if part is not None)
    if len(kept) < len(parts):
        return Opaque(WIRE, item)
    return ToolResult(call_id, kept, name=names.get(call_id, ""))


def _part(part: Json, where: str) -> Text | Media | MediaLink | None:
    """A part of a message; None where this format alone has such."""
    match part.get("type"):
        case "input_text" | "output_text" | "text":
            return Text(text(part, "text"), cache_mark(part))
        case "refusal":
            return Text(text(part, "refusal"))
        case str():
            return _media(part)
        case _:
            raise invalid(f"{where}.content: a part has no type.")


def _media(part: Json) -> Media | MediaLink | None:
    if part.get("type") == "input_image" and text(part, "image_url"):
        return media_at(text(part, "image_url"), "image")
    if part.get("type") == "input_file" and text(part, "file_data"):
        found = media_at(text(part, "file_data"), "pdf", name=text(part, "filename"))
        is_pdf = isinstance(found, Media) and found.attachment.modality == "pdf"
        return found if is_pdf else None
    if part.get("type") == "input_file" and text(part, "file_url"):
        return MediaLink(text(part, "file_url"), "pdf")
    return None


def _reasoning(item: Json) -> list[Part]:
    """The thoughts of one item: a part for each summary, the seal on the last.

    One that has neither a seal nor open words is known to the provider by its id alone.
    """
    # Open words are all of the thought, a summary is about it; some say both.
    said = item.get("content") or item.get("summary")
    words = [text(as_table(each) or {}, "text") for each in as_list(said)]
    words = [each for each in words if each]
    id_, seal = text(item, "id"), text(item, "encrypted_content")
    if not seal and not item.get("content"):
        plain: list[Part] = [Reasoning(GAP.join(words))] if words else []
        return plain if id_.startswith(OWN_THOUGHT) else [*plain, Opaque(WIRE, item, restates=True)]
    foreign = unwrapped_seal(seal, GAP.join(words))
    if foreign is not None:
        return [foreign]
    last = words.pop() if words else ""
    return [
        *(Reasoning(each + GAP, id=id_, sealed_by=WIRE) for each in words),
        Reasoning(last, encrypted=seal, id=id_, sealed_by=WIRE),
    ]
