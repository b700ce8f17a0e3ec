"""Prompts as Ollama's native chat wants them.

Sources: docs.ollama.com/openapi.yaml and the types of ollama-python 0.6. A marker for the cache is
accepted and says nothing here; seals of other providers stay behind, for only those read them.
"""

import base64

import msgspec

from reckon.errors import UnsupportedInput
from reckon.providers.made_up import is_made_up
from reckon.providers.options import options_for
from reckon.providers.untrusted import Json, as_table
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

WIRE = "ollama"

_TOP_OPTIONS = frozenset(
    "format keep_alive logprobs messages model options shift stream think tools top_logprobs"
    " truncate".split()
)
"""Fields of the request; an option of another name goes to its `options` (num_ctx, top_k, ...)."""

_THINK: dict[str, bool | str] = {"none": False, "minimal": "low", "xhigh": "high", "max": "high"}


def request_body(prompt: Prompt, model: Model, provider: Provider, *, stream: bool) -> Json:
    """The body of a request.

    Raises:
        UnsupportedInput: The format has no way to say a part of the prompt.
    """
    _check(prompt)
    body: Json = {
        "model": model.id,
        "messages": _messages(prompt, provider),
        "stream": stream,
    }
    # Whoever must not call a tool is told of none.
    if prompt.tools and prompt.tool_choice != "none":
        body["tools"] = [_tool(tool) for tool in prompt.tools if isinstance(tool, Tool)]
    if prompt.effort is not None:
        body["think"] = _THINK.get(prompt.effort, prompt.effort)
    if prompt.schema or prompt.json:
        body["format"] = prompt.schema.schema if prompt.schema else "json"
    if prompt.logprobs is not None:
        body["logprobs"] = True
        if prompt.logprobs:
            body["top_logprobs"] = prompt.logprobs
    options = _options(prompt)
    for name, value in options_for(prompt, WIRE).items():
        if name == "options":
            options |= as_table(value) or {}
        elif name in _TOP_OPTIONS:
            body[name] = value
        else:
            options[name] = value
    if options:
        body["options"] = options
    return body


def _check(prompt: Prompt) -> None:
    """Refuse what the format cannot say."""
    tools = [tool for tool in prompt.tools if isinstance(tool, Tool)]
    refused = {
        "Several answers at once": prompt.choices != 1,
        "A cap on reasoning tokens": prompt.reasoning_tokens is not None,
        f"The tool choice {prompt.tool_choice!r}": prompt.tool_choice not in (None, "auto", "none"),
        "One tool call at a time": prompt.parallel_tool_calls is False,
        "A tool that the provider runs": len(tools) < len(prompt.tools),
        "A strict tool": any(tool.strict for tool in tools),
    }
    for what, asked in refused.items():
        if asked:
            raise _refused(
                f"{what} cannot be asked for.",
                "Ollama's chat has no field for it.",
                "Leave it out, or use Ollama's OpenAI-compatible side.",
            )


def _options(prompt: Prompt) -> Json:
    wanted: Json = {
        "num_predict": prompt.max_output_tokens,
        "temperature": None if prompt.temperature is None else float(prompt.temperature),
        "top_p": None if prompt.top_p is None else float(prompt.top_p),
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _messages(prompt: Prompt, provider: Provider) -> list[Json]:
    names: dict[str, str] = {}
    messages: list[Json] = []
    for message in prompt.messages:
        messages += _message(message, provider, names)
    return messages


def _message(message: Message, provider: Provider, names: dict[str, str]) -> list[Json]:
    """The turn, and a turn of the role `tool` for each result in it, in their order."""
    role = provider.system_role if message.role == "system" else message.role
    messages: list[Json] = []
    open_turn: Json | None = None
    for part in message.parts:
        if isinstance(part, ToolResult):
            messages.append(_result(part, names))
            open_turn = None
            continue
        if open_turn is None:
            open_turn = {"role": role, "content": ""}
            messages.append(open_turn)
        _say(open_turn, part, names)
    if role == "assistant" and messages == [{"role": role, "content": ""}]:
        return []  # all of it belonged to another format, and an empty turn says nothing
    return messages


def _say(turn: Json, part: Part, names: dict[str, str]) -> None:
    """Add a part to a turn. Pictures stand beside the text; their place in it cannot be told."""
    match part:
        case Text():
            turn["content"] += part.text
        case Media():
            turn.setdefault("images", []).append(_picture(part))
        case Reasoning():
            # Sealed and encrypted thoughts are another provider's own.
            if not part.sealed_by and part.text:
                turn["thinking"] = turn.get("thinking", "") + part.text
        case Opaque(restates=True):
            pass
        case ToolCall():
            names[part.id] = part.name
            turn.setdefault("tool_calls", []).append(_call(part))
        case _:
            raise _refused(
                "A part of the conversation cannot be sent.",
                "Ollama's chat carries text, pictures in bytes, reasoning in words and tool calls.",
                "Leave that part out, or choose another provider.",
            )


def _picture(part: Media) -> str:
    attachment = part.attachment
    if attachment.modality != "image":
        raise _refused(
            f"{attachment.name or 'An attachment'} ({attachment.media_type}) cannot be sent.",
            "Ollama's chat carries pictures alone.",
            "Convert it, or choose another model.",
        )
    return base64.b64encode(attachment.content).decode()


def _call(part: ToolCall) -> Json:
    try:
        arguments = as_table(msgspec.json.decode(part.arguments or "{}"))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        arguments = None
    if arguments is None:
        raise _refused(
            f"The call of {part.name} cannot be told to Ollama.",
            "Its arguments are not a JSON object, and Ollama takes nothing else.",
            "Leave the call and its result out of the conversation.",
        )
    call: Json = {"function": {"name": part.name, "arguments": arguments}}
    return call if is_made_up(part.id) else {"id": part.id, **call}


def _result(part: ToolResult, names: dict[str, str]) -> Json:
    """A result. There is no field for failure, so a failure says it in its words."""
    said = msgspec.json.encode({"error": part.text}).decode() if part.is_error else part.text
    message: Json = {"role": "tool", "content": said}
    name = part.name or names.get(part.call_id, "")
    if name:
        message["tool_name"] = name
    if not is_made_up(part.call_id):
        message["tool_call_id"] = part.call_id
    for each in part.parts:
        if not isinstance(each, Text):
            _say(message, each, names)
    return message


def _refused(what: str, why: str, do: str) -> UnsupportedInput:
    return UnsupportedInput(what, why=why, do=do)
