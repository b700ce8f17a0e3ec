"""A prompt in OpenAI's Responses format: the body of a request.

Written after the API reference of OpenAI (Create a model response) and the types of its official
Python package, version 3.57. Knows nothing of answers.
"""

import base64
from collections.abc import Sequence

import msgspec

from reckon.errors import UnsupportedInput
from reckon.providers.options import lay_over, options_for
from reckon.providers.untrusted import Json, as_table
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
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

WIRE = "openai_responses"

GAP = "\n\n"
"""Stands between two summaries of one piece of reasoning, for people; it is never sent."""

OWN_THOUGHT = "rs_reckon_"
"""Begins the names of thoughts that the gateway made up: no provider knows them."""

PICTURE_CALL = "image_generation_call"

CALL_FIELDS = frozenset({"type", "id", "call_id", "name", "arguments", "status"})
"""Fields of a call of a function that our noun holds, or that need not go back. What else it has
(the `namespace` of a tool that was searched for) follows it as a part of its own."""

Content = Text | Media | MediaLink


def request_body(prompt: Prompt, model: Model, provider: Provider, *, stream: bool) -> Json:
    """The whole body.

    Nothing is kept at the provider (`store: false`) unless the user's options say so. Options win;
    where one is a table (`reasoning`, `text`), its keys are laid over ours.

    Marks for the cache are sent where the options hold `prompt_cache_options`, which the models
    that know marks know too; everywhere else the provider caches by itself.

    Raises:
        UnsupportedInput: The format has no way to say a part of the prompt.
    """
    _refuse_what_is_not_there(prompt)
    options = options_for(prompt, WIRE)
    marks = "prompt_cache_options" in options
    messages = prompt.messages
    body: Json = {"model": model.id, "store": False}
    if messages and _is_instructions(messages[0], marks=marks):
        body["instructions"] = messages[0].text
        messages = messages[1:]
    items = [item for message in messages for item in _items(message, provider, marks=marks)]
    body["input"] = _named([*_told_schema(prompt, provider), *items])
    if stream:
        body["stream"] = True
    body |= _sampling(prompt) | _tools(prompt) | _thinking(prompt, provider)
    answer_format = _format(prompt, provider)
    if answer_format:
        body["text"] = {"format": answer_format}
    include = _include(prompt)
    if include:
        body["include"] = include
    lay_over(body, options)
    return body


def _refuse_what_is_not_there(prompt: Prompt) -> None:
    absent = {
        "several answers to one prompt": prompt.choices != 1,
        "stop sequences": bool(prompt.stop),
        "a seed": prompt.seed is not None,
        "a cap on the tokens of reasoning alone": prompt.reasoning_tokens is not None,
    }
    for what, asked in absent.items():
        if asked:
            raise UnsupportedInput(
                f"This provider's Responses format does not know {what}.",
                why="The API has no such parameter.",
                do="Leave it out, or choose a provider that speaks chat completions.",
            )


def _is_instructions(message: Message, *, marks: bool) -> bool:
    """Whether a message can be the `instructions`: a string, which holds no mark of the cache."""
    return message.role == "system" and all(
        isinstance(part, Text) and not (marks and part.cache) for part in message.parts
    )


def _named(items: list[Json]) -> list[Json]:
    """Each message of the assistant with a name and a status, which OpenRouter demands.

    OpenAI demands neither, but refuses names that do not begin with `msg` or come twice.
    """
    return [
        item | {"id": f"msg_{number:08d}", "status": "completed"}
        if item.get("role") == "assistant"
        else item
        for number, item in enumerate(items)
    ]


def _told_schema(prompt: Prompt, provider: Provider) -> list[Json]:
    """The schema in words, where the provider enforces JSON alone."""
    if prompt.schema is None or provider.schema_style == "json_schema":
        return []
    schema = msgspec.json.encode(prompt.schema.schema).decode()
    told = f"Answer with one JSON object that is valid by this JSON Schema: {schema}"
    content = [{"type": "input_text", "text": told}]
    return [{"type": "message", "role": provider.system_role, "content": content}]


def _sampling(prompt: Prompt) -> Json:
    fields: Json = {}
    if prompt.max_output_tokens is not None:
        fields["max_output_tokens"] = prompt.max_output_tokens
    if prompt.temperature is not None:
        fields["temperature"] = float(prompt.temperature)
    if prompt.top_p is not None:
        fields["top_p"] = float(prompt.top_p)
    if prompt.logprobs is not None:
        fields["top_logprobs"] = prompt.logprobs
    return fields


def _thinking(prompt: Prompt, provider: Provider) -> Json:
    if prompt.effort is None:
        return {}
    if not provider.effort_style:
        raise UnsupportedInput(
            f"{provider.name} cannot be told how much to reason.",
            why="Its interface has no such parameter.",
            do="Leave the effort out.",
        )
    return {"reasoning": {"effort": "xhigh" if prompt.effort == "max" else prompt.effort}}


def _include(prompt: Prompt) -> list[str]:
    """What the provider adds to its answer only when asked.

    Reasoning comes sealed where the model reasons: a model that does not refuses the question.
    """
    reasons = prompt.effort not in (None, "none") or any(
        isinstance(part, Reasoning) and part.sealed_by in ("", WIRE)
        for message in prompt.messages
        for part in message.parts
    )
    include = ["reasoning.encrypted_content"] if reasons else []
    if prompt.logprobs is not None:
        include.append("message.output_text.logprobs")
    return include


def _format(prompt: Prompt, provider: Provider) -> Json:
    if prompt.schema is not None and provider.schema_style == "json_schema":
        schema = prompt.schema
        said: Json = {"type": "json_schema", "name": schema.name, "schema": schema.schema}
        if schema.description:
            said["description"] = schema.description
        return said if schema.strict is None else said | {"strict": schema.strict}
    if prompt.schema is not None or prompt.json:
        return {"type": "json_object"}
    return {}


def _tools(prompt: Prompt) -> Json:
    fields: Json = {}
    if prompt.tools:
        fields["tools"] = [_tool(tool) for tool in prompt.tools]
    if prompt.tool_choice is not None:
        fields["tool_choice"] = _tool_choice(prompt.tool_choice, prompt.tools)
    if prompt.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = prompt.parallel_tool_calls
    return fields


def _tool(tool: Tool | ProviderTool) -> Json:
    if isinstance(tool, ProviderTool):
        _check_wire(tool, f"A tool that the provider runs ({tool.data.get('type', 'no type')})")
        return tool.data
    said: Json = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters,
        # The field must be there; null is the provider's default, which is to be strict.
        "strict": tool.strict,
    }
    return said | {"description": tool.description} if tool.description else said


def _tool_choice(choice: str, tools: Sequence[Tool | ProviderTool]) -> str | Json:
    if choice in ("auto", "none", "required"):
        return choice
    for tool in tools:
        if isinstance(tool, ProviderTool):
            if tool.data.get("name") == choice:
                return {"type": tool.data.get("type"), "name": choice}
            if tool.data.get("type") == choice:
                return {"type": choice}
    return {"type": "function", "name": choice}


def _check_wire(part: Opaque | ProviderTool, what: str) -> None:
    if part.wire != WIRE:
        raise UnsupportedInput(
            f"{what} cannot be sent to this provider.",
            why=f"It is made for the format {part.wire}; this provider speaks {WIRE}.",
            do="Leave it out, or stay with the provider that it came from.",
        )


def _items(message: Message, provider: Provider, *, marks: bool) -> list[Json]:
    """A message as input items, in order: words and media, and what stands beside messages."""
    if message.role == "assistant":
        return _assistant_items(message.parts)
    role = provider.system_role if message.role == "system" else message.role
    items: list[Json] = []
    content: list[Json] | None = None
    for part in message.parts:
        if not isinstance(part, Content):
            items += _other_items(part, message.parts, marks=marks)
            content = None
            continue
        if content is None:
            content = []
            items.append({"type": "message", "role": role, "content": content})
        content.append(_content(part, marks=marks))
    return items


def _assistant_items(parts: Sequence[Part]) -> list[Json]:
    """What the model said and did. A picture goes back in the call that made it."""
    items: list[Json] = []
    for part in parts:
        if isinstance(part, Text):
            items += [_said(part)] if part.text else []
        elif isinstance(part, Opaque) and _is_call(part):
            _complete(part.data, items)
        elif isinstance(part, Media) and items and _lacks_its_picture(items[-1]):
            items[-1] |= {"result": base64.b64encode(part.attachment.content).decode()}
        elif isinstance(part, Media | MediaLink):
            raise UnsupportedInput(
                "Media in the assistant's turn cannot be sent.",
                why="The Responses format takes back only pictures that its own tool made.",
                do="Put it into a turn of the user.",
            )
        else:
            items += _other_items(part, parts, marks=False)
    return items


def _is_call(part: Opaque) -> bool:
    return part.wire == WIRE and part.restates and part.data.get("type") == "function_call"


def _complete(call: Json, items: list[Json]) -> None:
    """Give a call what our noun lacks; the call itself may have been left out."""
    lacking = {
        name: value for name, value in call.items() if name not in CALL_FIELDS and value is not None
    }
    for item in items:
        if item["type"] == "function_call" and item["call_id"] == call.get("call_id"):
            item.update(lacking)


def _said(part: Text) -> Json:
    said: Json = {"type": "output_text", "text": part.text, "annotations": []}
    item: Json = {"type": "message", "role": "assistant", "content": [said]}
    if part.signature and part.sealed_by == WIRE:
        # OpenAI's label of the text (`commentary`, `final_answer`), which it wants back.
        item["phase"] = part.signature
    return item


def _lacks_its_picture(item: Json) -> bool:
    return item.get("type") == PICTURE_CALL and "result" not in item


def _other_items(
    part: Reasoning | ToolCall | ToolResult | Opaque, parts: Sequence[Part], *, marks: bool
) -> list[Json]:
    match part:
        case Reasoning():
            return _reasoning_items(part, parts)
        case ToolCall():
            return [
                {
                    "type": "function_call",
                    "call_id": part.id,
                    "name": part.name,
                    "arguments": part.arguments or "{}",
                }
            ]
        case ToolResult():
            return [
                {
                    "type": "function_call_output",
                    "call_id": part.call_id,
                    "output": _tool_output(part, marks=marks),
                }
            ]
        case Opaque(restates=True) if part.wire != WIRE:
            return []
        case Opaque():
            _check_wire(part, f"A part of the conversation ({part.data.get('type', 'no type')})")
            return [_carried(part.data)]


def _carried(item: Json) -> Json:
    """An item as it came; the sources of a search, told on request, are refused in the input."""
    action = as_table(item.get("action"))
    if item.get("type") != "web_search_call" or action is None:
        return dict(item)
    return item | {"action": {key: value for key, value in action.items() if key != "sources"}}


def _reasoning_items(part: Reasoning, parts: Sequence[Part]) -> list[Json]:
    """All parts of one id as one item, in the place of the first.

    Sealed thoughts go back with their summaries, open ones (DeepSeek, OpenRouter) as content.
    Thoughts without an id come from another format, or were never sealed; no provider takes them.
    """
    one = [each for each in parts if isinstance(each, Reasoning) and each.id == part.id]
    if not part.id or part.sealed_by not in ("", WIRE) or one[0] is not part:
        return []
    texts = [each.text for each in one if each.text]
    texts = [text.removesuffix(GAP) for text in texts[:-1]] + texts[-1:]
    encrypted = next((each.encrypted for each in one if each.encrypted), "")
    item: Json = {"type": "reasoning", "id": part.id, "summary": []}
    if encrypted:
        item["summary"] = [{"type": "summary_text", "text": text} for text in texts]
        return [item | {"encrypted_content": encrypted}]
    if texts:
        return [item | {"content": [{"type": "reasoning_text", "text": text} for text in texts]}]
    return []


def _tool_output(result: ToolResult, *, marks: bool) -> str | list[Json]:
    """The format has no mark for a failure: a word before the result tells of it."""
    parts = (Text("Error: "), *result.parts) if result.is_error else result.parts
    marked = marks and any(part.cache for part in (result, *parts))
    if not marked and all(isinstance(part, Text) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    output = [_content(part, marks=marks) for part in parts]
    if marks and result.cache and output:
        output[-1] |= _MARK
    return output


_MARK: Json = {"prompt_cache_breakpoint": {"mode": "explicit"}}


def _content(part: Content, *, marks: bool) -> Json:
    match part:
        case Text():
            said: Json = {"type": "input_text", "text": part.text}
        case Media():
            said = _media(part.attachment)
        case MediaLink():
            said = _media_link(part)
    return said | _MARK if marks and part.cache else said


def _media(attachment: Attachment) -> Json:
    data = base64.b64encode(attachment.content).decode()
    url = f"data:{attachment.media_type};base64,{data}"
    if attachment.modality == "image":
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    if attachment.modality == "pdf":
        name = attachment.name or "document.pdf"
        return {"type": "input_file", "filename": name, "file_data": url}
    raise _unsendable(attachment.name or "An attachment", attachment.media_type)


def _media_link(link: MediaLink) -> Json:
    if link.modality == "image":
        return {"type": "input_image", "image_url": link.url, "detail": "auto"}
    if link.modality == "pdf":
        return {"type": "input_file", "file_url": link.url}
    raise _unsendable(link.url, link.media_type or link.modality)


def _unsendable(name: str, kind: str) -> UnsupportedInput:
    """Sound is refused: OpenAI's own package has the part `input_audio`, and no place for it."""
    return UnsupportedInput(
        f"{name} ({kind}) cannot be sent.",
        why="This provider's Responses format carries pictures and PDF files.",
        do="Convert it, or choose another model.",
    )
