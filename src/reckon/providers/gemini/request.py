"""Prompts as Gemini's generateContent wants them.

Sources: ai.google.dev/api/generate-content, and the discovery types of google-genai 3.6. A marker
for the cache is accepted and says nothing here: Gemini caches by itself.
"""

import base64
import re
from typing import Any

import msgspec

from reckon.errors import UnsupportedInput
from reckon.providers.effort import BUDGETS, refuse_where_none
from reckon.providers.made_up import is_made_up
from reckon.providers.options import options_for
from reckon.providers.untrusted import Json, as_table
from reckon.vocabulary.model import Model
from reckon.vocabulary.prompt import (
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

WIRE = "gemini"

_GENERATION_OPTIONS = frozenset(
    "audioTimestamp audioTranscriptionConfig candidateCount enableAffectiveDialog"
    " enableEnhancedCivicAnswers frequencyPenalty logprobs maxOutputTokens mediaResolution"
    " modelSelectionConfig presencePenalty responseFormat responseJsonSchema responseLogprobs"
    " responseMimeType responseModalities responseSchema routingConfig seed speechConfig"
    " stopSequences temperature thinkingConfig topK topP translationConfig imageConfig".split()
)
"""Fields of generationConfig; an option of another name goes to the top of the request."""

_TOP_OPTIONS = frozenset(
    "cachedContent contents generationConfig labels modelArmorConfig safetySettings serviceTier"
    " store systemInstruction toolConfig tools".split()
)

FOREIGN_CALL = "skip_thought_signature_validator"

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def request_body(prompt: Prompt, model: Model) -> Json:
    """The body of a request, for one answer or for a stream.

    All turns of the system, wherever they stand, make the one instruction that Gemini has.

    Raises:
        UnsupportedInput: The format has no way to say a part of the prompt.
    """
    body: Json = {"contents": _contents(prompt.messages)}
    system = [part for each in prompt.messages if each.role == "system" for part in each.parts]
    if system:
        body["systemInstruction"] = {"parts": [_instruction(part) for part in system]}
    if prompt.tools:
        body["tools"] = _tools(prompt.tools)
    mode = _function_calling(prompt)
    if mode:
        body["toolConfig"] = {"functionCallingConfig": mode}
    generation = _generation(prompt, model)
    if generation:
        body["generationConfig"] = generation
    _merge(body, _placed(options_for(prompt, WIRE)))
    return body


def _contents(messages: tuple[Message, ...]) -> list[Json]:
    """Turns of user and model. Neighbours of one role are one turn.

    All results of one turn's calls must stand in the turn right after it.
    """
    names: dict[str, str] = {}
    contents: list[Json] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = _parts(message.parts, names)
        if not parts:
            continue
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _parts(parts: tuple[Part, ...], names: dict[str, str]) -> list[Json]:
    encoded: list[Json] = []
    for part in parts:
        if isinstance(part, ToolCall):
            names[part.id] = part.name
        if isinstance(part, Text) and not (part.signature and _seal(part)):
            if part.text:  # the API refuses an empty text
                encoded.append({"text": part.text})
            continue
        encoded += _part(part, names)
    _excuse_foreign_call(parts, encoded)
    return encoded


def _excuse_foreign_call(parts: tuple[Part, ...], encoded: list[Json]) -> None:
    """Gemini 3 refuses a turn whose first call has no seal of its own.

    A call that another provider's model made has none; Google's page on thought signatures names
    the word that stands in for it.
    """
    calls = [each for each in encoded if "functionCall" in each]
    if not calls or any(
        not isinstance(part, ToolResult | Opaque | MediaLink) and _seal(part) for part in parts
    ):
        return
    if "id" in calls[0]["functionCall"]:
        calls[0]["thoughtSignature"] = FOREIGN_CALL


def _part(part: Part, names: dict[str, str]) -> list[Json]:
    match part:
        case Text():
            return [_signed({"text": part.text}, _seal(part))]
        case Media() | MediaLink():
            return [_signed(_media(part), _seal(part) if isinstance(part, Media) else "")]
        case Reasoning():
            return _thought(part)
        case ToolCall():
            return [_signed({"functionCall": _call(part)}, _seal(part))]
        case ToolResult():
            return [{"functionResponse": _result(part, names)}]
        case Opaque():
            return _carried(part)


def _carried(part: Opaque) -> list[Json]:
    if part.wire == WIRE:
        return [part.data]
    if part.restates:
        return []
    raise _refused(
        f"A part of the wire format {part.wire} cannot go to Gemini.",
        "Only the provider that made it can read it.",
        "Leave that part out of the conversation, or stay with its provider.",
    )


def _seal(part: Text | Media | Reasoning | ToolCall) -> str:
    """Google's own seal; one of another provider would be refused."""
    return part.signature if part.sealed_by in ("", WIRE) else ""


def _signed(part: Json, signature: str) -> Json:
    return {**part, "thoughtSignature": signature} if signature else part


def _media(part: Media | MediaLink) -> Json:
    if isinstance(part, MediaLink):
        link = {"fileUri": part.url}
        if part.media_type:
            link["mimeType"] = part.media_type
        return {"fileData": link}
    data = base64.b64encode(part.attachment.content).decode()
    return {"inlineData": {"mimeType": part.attachment.media_type, "data": data}}


def _thought(part: Reasoning) -> list[Json]:
    """Gemini's own thoughts. Those of others, sealed or encrypted, are left out."""
    if part.sealed_by not in ("", WIRE) or part.encrypted or not (part.text or part.signature):
        return []
    return [_signed({"text": part.text, "thought": True}, part.signature)]


def _call(part: ToolCall) -> Json:
    arguments = _object(part.arguments or "{}")
    if arguments is None:
        raise _refused(
            f"The call of {part.name} cannot be told to Gemini.",
            "Its arguments are not a JSON object, and Gemini takes nothing else.",
            "Leave the call and its result out of the conversation.",
        )
    return _identified({"name": part.name, "args": arguments}, part.id)


def _result(part: ToolResult, names: dict[str, str]) -> Json:
    """A result: an object as it is, other text under `result`, a failure under `error`."""
    name = part.name or names.get(part.call_id, "")
    if not name:
        raise _refused(
            "A tool's result does not say whose it is.",
            f"Gemini wants the tool's name, and no call before it has the id {part.call_id!r}.",
            "Give the result its tool's name.",
        )
    if part.is_error:
        said: Json = {"error": part.text}
    else:
        found = _object(part.text)
        said = {"result": part.text} if found is None else found
    response = _identified({"name": name, "response": said}, part.call_id)
    media = [_media(each) for each in part.parts if not isinstance(each, Text)]
    if media:
        response["parts"] = media
    return response


def _identified(fields: Json, call_id: str) -> Json:
    return fields if is_made_up(call_id) else {"id": call_id, **fields}


def _object(said: str) -> Json | None:
    try:
        decoded: Any = msgspec.json.decode(said)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return as_table(decoded)


def _instruction(part: Part) -> Json:
    if not isinstance(part, Text):
        raise _refused(
            "Only text can be in the system's turn.",
            "Gemini's system instruction holds text alone.",
            "Move the part to the user's turn.",
        )
    return {"text": part.text}


def _tools(tools: tuple[Tool | ProviderTool, ...]) -> list[Json]:
    declared: list[Json] = []
    encoded: list[Json] = []
    for tool in tools:
        if isinstance(tool, Tool):
            function: Json = {"name": tool.name, "parametersJsonSchema": tool.parameters}
            if tool.description:
                function["description"] = tool.description
            declared.append(function)
        elif tool.wire == WIRE:
            encoded.append(tool.data)
        else:
            raise _refused(
                f"A tool of the wire format {tool.wire} cannot go to Gemini.",
                "The provider runs such a tool itself, and each has its own.",
                "Name Gemini's own tool, or leave it out.",
            )
    return [{"functionDeclarations": declared}, *encoded] if declared else encoded


def _function_calling(prompt: Prompt) -> Json:
    """Whether a tool may or must be called; VALIDATED holds calls to their schemas."""
    if prompt.parallel_tool_calls is False:
        raise _refused(
            "Gemini cannot be held to one tool call at a time.",
            "The format has no such switch.",
            "Leave `parallel_tool_calls` unset.",
        )
    choice = prompt.tool_choice
    if choice in (None, "auto") and any(
        isinstance(tool, Tool) and tool.strict for tool in prompt.tools
    ):
        return {"mode": "VALIDATED"}
    if choice is None:
        return {}
    if choice in _MODES:
        return {"mode": _MODES[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


def _generation(prompt: Prompt, model: Model) -> Json:
    wanted: Json = {
        "maxOutputTokens": prompt.max_output_tokens,
        "temperature": None if prompt.temperature is None else float(prompt.temperature),
        "topP": None if prompt.top_p is None else float(prompt.top_p),
        "stopSequences": list(prompt.stop) or None,
        "seed": prompt.seed,
        "candidateCount": prompt.choices if prompt.choices != 1 else None,
        "responseLogprobs": True if prompt.logprobs is not None else None,
        "logprobs": prompt.logprobs or None,
        "responseMimeType": "application/json" if prompt.json or prompt.schema else None,
        "responseJsonSchema": prompt.schema.schema if prompt.schema else None,
        "thinkingConfig": _thinking(prompt, model) or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _thinking(prompt: Prompt, model: Model) -> Json:
    """A budget in tokens (Gemini 2.5) or a level (Gemini 3 and later), never both.

    `none` is a budget of 0; a model that cannot stop thinking refuses it. Summaries of the
    thoughts come only where they are asked for, so they are.
    """
    refuse_where_none(prompt.effort, model)
    if prompt.reasoning_tokens is not None and prompt.effort not in (None, "none"):
        raise _refused(
            "Gemini takes either an effort or a cap on reasoning tokens.",
            "It answers a request that has both with an error.",
            "Set one of them: the cap for Gemini 2.5, the effort for Gemini 3.",
        )
    if prompt.effort == "none" and model.effort_style == "none":
        return {}
    budget = prompt.reasoning_tokens
    if prompt.effort == "none" or (prompt.effort and model.effort_style == "budget"):
        budget = BUDGETS[prompt.effort]
    if budget is not None:
        return {"thinkingBudget": budget} | ({"includeThoughts": True} if budget else {})
    if prompt.effort is not None:
        level = "XHIGH" if prompt.effort == "max" else prompt.effort.upper()
        return {"thinkingLevel": level, "includeThoughts": True}
    return {}


def _placed(options: dict[str, Any]) -> Json:
    """Options in their places, in camel case: those of generationConfig there, others on top."""
    top: Json = {}
    generation: Json = {}
    for key, value in options.items():
        name = _camel(key)
        if name in _GENERATION_OPTIONS:
            generation[name] = value
        else:
            top[name if name in _TOP_OPTIONS else key] = value
    if generation:
        # A copy: the options are the user's.
        inner = top["generationConfig"] = dict(as_table(top.get("generationConfig")) or {})
        _merge(inner, generation)
    return top


def _merge(ours: Json, theirs: Json) -> None:
    """Lay tables into tables, key by key; of two spellings of a name ours is kept."""
    for key, value in theirs.items():
        name = _camel(key) if _camel(key) in ours else key
        mine, new = as_table(ours.get(name)), as_table(value)
        if mine is not None and new is not None:
            ours[name] = copy = dict(mine)
            _merge(copy, new)
        else:
            ours[name] = value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _refused(what: str, why: str, do: str) -> UnsupportedInput:
    return UnsupportedInput(what, why=why, do=do)
