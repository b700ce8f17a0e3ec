"""A prompt in the words of Anthropic's messages format.

The format and its limits: platform.claude.com/docs, the pages on messages, tool use, prompt
caching, effort, thinking and structured outputs.
"""

import base64
from typing import Any

import msgspec

from reckon.errors import UnsupportedInput
from reckon.providers.effort import BUDGETS, refuse_where_none
from reckon.providers.options import lay_over, options_for
from reckon.providers.untrusted import Json, as_table
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

WIRE = "anthropic"

DEFAULT_MAX_TOKENS = 4096
"""The format demands a limit; this is it where neither the prompt nor the model has one."""

LEAST_BUDGET = 1024
"""The format takes no smaller cap on reasoning."""

_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

_EFFORTS = {"minimal": "low"}
"""Words for efforts that the format has not."""

_TOOL_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def request_body(prompt: Prompt, model: Model, provider: Provider, *, stream: bool) -> Json:
    """The body of a request.

    Raises:
        UnsupportedInput: The format has no way to say a part of the prompt.
    """
    _refuse_the_unsayable(prompt)
    refuse_where_none(prompt.effort, model)
    first = next(
        (n for n, each in enumerate(prompt.messages) if each.role != "system"),
        len(prompt.messages),
    )
    budget = _budget(prompt, model)
    body: Json = {
        "model": model.id,
        "max_tokens": _max_tokens(prompt, model, budget),
        "messages": _turns(prompt.messages[first:], provider),
    }
    system = [part for message in prompt.messages[:first] for part in _texts(message)]
    if system:
        body["system"] = _system(system)
    if stream:
        body["stream"] = True
    if prompt.temperature is not None:
        body["temperature"] = float(prompt.temperature)
    if prompt.top_p is not None:
        body["top_p"] = float(prompt.top_p)
    if prompt.stop:
        body["stop_sequences"] = list(prompt.stop)
    body |= _tools(prompt) | _thinking(prompt, model, provider, budget)
    body |= _output_config(prompt, model)
    lay_over(body, options_for(prompt, WIRE))
    return body


def _refuse_the_unsayable(prompt: Prompt) -> None:
    if prompt.choices != 1:
        raise _cannot("Several answers to one prompt", "Ask once for each answer.")
    if prompt.seed is not None:
        raise _cannot("A seed", "Leave it out: answers cannot be made repeatable here.")
    if prompt.logprobs is not None:
        raise _cannot("A wish for the probabilities of tokens", "Choose a model that gives them.")
    if prompt.json and prompt.schema is None:
        raise _cannot("JSON without a schema", "Give a schema, or ask for JSON in the prompt.")
    if prompt.effort == "none" and prompt.reasoning_tokens:
        raise UnsupportedInput(
            "No effort and a cap on reasoning cannot both be sent.",
            why="The one turns reasoning off, the other turns it on.",
            do="Give one of the two.",
        )


def _max_tokens(prompt: Prompt, model: Model, budget: int | None) -> int:
    if prompt.max_output_tokens is not None:
        return prompt.max_output_tokens
    # Reasoning counts against the limit, which must be larger than its cap.
    return model.max_output_tokens or DEFAULT_MAX_TOKENS + (budget or 0)


def _budget(prompt: Prompt, model: Model) -> int | None:
    """The cap on the tokens of reasoning: as given, or what the effort stands for.

    One that stands for an effort leaves half of the answer's limit to the answer.
    """
    if prompt.reasoning_tokens is not None or model.effort_style != "budget":
        return prompt.reasoning_tokens
    if prompt.effort is None or prompt.effort == "none":
        return None
    wanted, most = BUDGETS[prompt.effort], prompt.max_output_tokens or model.max_output_tokens
    if most is None:
        return wanted
    if most <= LEAST_BUDGET:
        raise UnsupportedInput(
            f"The effort {prompt.effort!r} does not fit into an answer of {most} tokens.",
            why=f"{model.id} is told its effort as at least {LEAST_BUDGET} tokens of reasoning,"
            " which count against the limit of the answer.",
            do="Raise the limit, or leave the effort out.",
        )
    return min(wanted, max(LEAST_BUDGET, most // 2))


def _texts(message: Message) -> list[Text]:
    texts = [part for part in message.parts if isinstance(part, Text)]
    if len(texts) < len(message.parts):
        raise _not_in_system()
    return texts


def _refuse_in_system(message: Message) -> None:
    """Between the others a system turn may also hold blocks of the format's own."""
    for part in message.parts:
        if not isinstance(part, Text) and not (isinstance(part, Opaque) and part.wire == WIRE):
            raise _not_in_system()


def _not_in_system() -> UnsupportedInput:
    return _cannot("A system turn with more than text", "Put media into a user's turn.")


def _system(parts: list[Text]) -> str | list[Json]:
    if len(parts) == 1 and parts[0].cache is None:
        return parts[0].text
    return [_text(part) for part in parts]


def _turns(messages: tuple[Message, ...], provider: Provider) -> list[Json]:
    """The turns; neighbours of one role are one turn, and a user's turn begins with results.

    A system turn after the first others keeps its place: newer models take it there.
    """
    turns: list[Json] = []
    for message in messages:
        if message.role == "system":
            _refuse_in_system(message)
        if message.role == "assistant":
            _refuse_media(message)
        blocks = _blocks(message.parts, provider)
        if not blocks:
            continue  # the format refuses an empty turn; a model that has no more to say makes one
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": message.role, "content": blocks})
    for turn in turns:
        if turn["role"] == "user":
            turn["content"].sort(key=_is_no_result)
    return turns


def _refuse_media(message: Message) -> None:
    if any(isinstance(part, Media | MediaLink) for part in message.parts):
        raise UnsupportedInput(
            "Media in the assistant's turn cannot be sent.",
            why="Anthropic's format takes pictures and PDF in turns of the user alone.",
            do="Put it into a turn of the user.",
        )


def _is_no_result(block: Json) -> bool:
    return block.get("type") != "tool_result"


def _blocks(parts: tuple[Part, ...], provider: Provider) -> list[Json]:
    blocks: list[Json] = []
    for part in parts:
        match part:
            case Opaque():
                carry_back(part, blocks)
            case Reasoning():
                blocks += _reasoning(part, provider)
            case ToolCall():
                blocks.append(_tool_use(part))
            case ToolResult():
                blocks.append(_tool_result(part))
            case _:
                blocks += _content(part)
    return blocks


def _content(part: Text | Media | MediaLink) -> list[Json]:
    match part:
        case Text(""):
            return []  # the format refuses empty texts
        case Text():
            return [_text(part)]
        case Media():
            return [_marked(_media(part.attachment), part.cache)]
        case MediaLink():
            return [_marked(_link(part), part.cache)]


def _text(part: Text) -> Json:
    return _marked({"type": "text", "text": part.text}, part.cache)


def _marked(block: Json, cache: CacheFor | None) -> Json:
    if cache is not None:
        # Five minutes are the default and need no word.
        block["cache_control"] = {"type": "ephemeral"} | ({"ttl": cache} if cache != "5m" else {})
    return block


def _media(attachment: Attachment) -> Json:
    source = {
        "type": "base64",
        "media_type": attachment.media_type,
        "data": base64.b64encode(attachment.content).decode(),
    }
    if attachment.modality == "image" and attachment.media_type in _PICTURES:
        return {"type": "image", "source": source}
    if attachment.modality == "pdf":
        title = {"title": attachment.name} if attachment.name else {}
        return {"type": "document", "source": source, **title}
    raise UnsupportedInput(
        f"{attachment.name or 'An attachment'} ({attachment.media_type}) cannot be sent.",
        why="Anthropic's format carries PDF, and pictures as JPEG, PNG, GIF or WebP.",
        do="Convert it, or choose another model.",
    )


def _link(link: MediaLink) -> Json:
    kinds = {"image": "image", "pdf": "document"}
    if link.modality not in kinds:
        raise UnsupportedInput(
            f"{link.url} ({link.modality}) cannot be sent.",
            why="Anthropic's format takes addresses of pictures and of PDF only.",
            do="Choose another model.",
        )
    return {"type": kinds[link.modality], "source": {"type": "url", "url": link.url}}


def _reasoning(part: Reasoning, provider: Provider) -> list[Json]:
    """Reasoning with its seal, in its place.

    What has no seal stays out: the format refuses it. Servers that speak this format without seals
    and still want their reasoning back say so by `reasoning_field`.
    """
    if part.sealed_by not in ("", WIRE):
        return []
    if part.encrypted:
        return [{"type": "redacted_thinking", "data": part.encrypted}]
    if part.signature or provider.reasoning_field:
        return [{"type": "thinking", "thinking": part.text, "signature": part.signature}]
    return []


def _tool_use(call: ToolCall) -> Json:
    return {
        "type": "tool_use",
        "id": call.id,
        "name": call.name,
        "input": json_input(call.arguments),
    }


def json_input(arguments: str) -> Json:
    """The arguments of a call as the object that the format wants.

    No arguments are an empty object. A model's invalid JSON goes back whole, under a name that
    says what it is, as Anthropic's page on fine-grained tool streaming advises: an empty object
    in its place would tell the model that it had called without arguments.
    """
    if not arguments.strip():
        return {}
    try:
        decoded: Any = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        decoded = None
    found = as_table(decoded)
    return {"INVALID_JSON": arguments} if found is None else found


def _tool_result(result: ToolResult) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": result.call_id}
    content = [block for part in result.parts for block in _content(part)]
    if content:
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return _marked(block, result.cache)


def carry_back(part: Opaque, blocks: list[Json]) -> None:
    """Append a block as it came.

    One that restates a call or the end of a text, with what our nouns lack (see
    `blocks`), takes their place; a text that somebody changed since stays changed.
    """
    if part.wire != WIRE:
        if part.restates:
            return
        raise _other_wire("A part of the conversation", part.wire)
    last = blocks[-1] if blocks else {}
    kind, said = part.data.get("type"), part.data.get("text")
    if kind == "text" and last.get("type") == kind:
        if isinstance(said, str) and str(last.get("text")).endswith(said):
            _restate(part.data, blocks, before=str(last.get("text")).removesuffix(said))
    elif kind == "tool_use" and last.get("type") == kind and last.get("id") == part.data.get("id"):
        _restate(part.data, blocks)
    else:
        blocks.append(part.data)


def _restate(data: Json, blocks: list[Json], before: str = "") -> None:
    """Put a block in the place of the last, whose first words and cache marker stay."""
    last = blocks.pop()
    if before:
        blocks.append({"type": "text", "text": before})
    mark = {"cache_control": last["cache_control"]} if "cache_control" in last else {}
    blocks.append(data | mark)


def _tools(prompt: Prompt) -> Json:
    found: Json = {}
    if prompt.tools:
        found["tools"] = [_tool(tool) for tool in prompt.tools]
    choice = _tool_choice(prompt)
    if choice:
        found["tool_choice"] = choice
    return found


def _tool(tool: Tool | ProviderTool) -> Json:
    if isinstance(tool, ProviderTool):
        if tool.wire != WIRE:
            raise _other_wire("A tool that the provider runs", tool.wire)
        return tool.data
    found: Json = {"name": tool.name, "input_schema": tool.parameters}
    if tool.description:
        found["description"] = tool.description
    if tool.strict is not None:
        found["strict"] = tool.strict
    return _marked(found, tool.cache)


def _tool_choice(prompt: Prompt) -> Json:
    parallel = prompt.parallel_tool_calls if prompt.tools else None
    if prompt.tool_choice is None and parallel is None:
        return {}
    name = prompt.tool_choice or "auto"
    kind = _TOOL_CHOICES.get(name)
    choice: Json = {"type": kind} if kind else {"type": "tool", "name": name}
    if parallel is not None and kind != "none":
        choice["disable_parallel_tool_use"] = not parallel
    return choice


def _thinking(prompt: Prompt, model: Model, provider: Provider, budget: int | None) -> Json:
    """Whether and how long the model reasons.

    Models since Claude Sonnet 5 reason by themselves and are steered by effort alone; those from
    4.6 to 4.8 need a word more that lets them, and older ones take a number of tokens. The model's
    row says which; a provider's `effort_style = "thinking"` says the word for all its models.
    """
    if budget:
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if budget == 0 or prompt.effort == "none":
        return {} if model.effort_style == "none" else {"thinking": {"type": "disabled"}}
    if prompt.effort is not None and not provider.effort_style:
        raise UnsupportedInput(
            f"Effort cannot be sent to {provider.name}.",
            why="Its servers do not know `output_config.effort`.",
            do="Leave the effort out, or cap the tokens of reasoning.",
        )
    adaptive = model.effort_style == "adaptive" or provider.effort_style == "thinking"
    if prompt.effort is not None and adaptive:
        return {"thinking": {"type": "adaptive"}}
    return {}


def _output_config(prompt: Prompt, model: Model) -> Json:
    """Effort and schema. The format always enforces a schema, and has no name for it."""
    config: Json = {}
    if prompt.effort not in (None, "none") and model.effort_style != "budget":
        config["effort"] = _EFFORTS.get(prompt.effort, prompt.effort)
    if prompt.schema is not None:
        config["format"] = {"type": "json_schema", "schema": prompt.schema.schema}
    return {"output_config": config} if config else {}


def _cannot(what: str, do: str) -> UnsupportedInput:
    return UnsupportedInput(
        f"{what} cannot be sent.", why="Anthropic's messages format has no word for it.", do=do
    )


def _other_wire(what: str, wire: str) -> UnsupportedInput:
    return UnsupportedInput(
        f"{what} cannot be sent.",
        why=f"It is made for the wire format {wire!r}, and this provider speaks {WIRE!r}.",
        do="Go on with a model of the provider that it came from, or leave it out.",
    )
