"""A prompt, as chat completions say it: the body of a request. Its turns are made in `turns`.

A schema at a provider that knows JSON alone is told to the model in a system turn.
"""

import msgspec

from reckon.providers.openai_chat.turns import (
    WIRE,
    Dialect,
    Marks,
    mark,
    messages_of,
    refuse_foreign,
    unsupported,
)
from reckon.providers.options import options_for
from reckon.providers.untrusted import Json
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt, ProviderTool, Schema, Tool

_SWITCHES = frozenset({"thinking", "switch_and_field", "switch_or_field"})
"""Styles of effort that turn reasoning off by a switch."""


def request_body(prompt: Prompt, model: Model, provider: Provider, *, stream: bool) -> Json:
    """The JSON of a request.

    Marks for the cache go where the provider's row says that they are read. OpenAI's own are sent
    where the options hold `prompt_cache_options`, which the models that know marks know too.
    Everywhere else the provider caches by itself, and marks say nothing.

    Raises:
        UnsupportedInput: The format, or the provider, has no way to say a part of the prompt.
    """
    options = options_for(prompt, WIRE)
    marks: Marks = "cache_control" if provider.cache_marks else ""
    if "prompt_cache_options" in options:
        marks = "prompt_cache_breakpoint"
    messages = messages_of(prompt, Dialect(provider, marks))
    if prompt.schema and provider.schema_style == "json_object":
        _tell_schema(prompt.schema, messages, provider)
    body: Json = {"model": model.id, "messages": messages}
    if stream:
        body["stream"] = True
        if provider.stream_usage:
            body["stream_options"] = {"include_usage": True}
    body |= _sampling(prompt, provider)
    body |= _effort(prompt, provider)
    body |= _tools(prompt, marks)
    body |= _form(prompt, provider)
    return body | options


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
    if effort is None and cap is None:
        return {}
    word = provider.effort_words.get(effort, effort) if effort else None
    style = provider.effort_style
    if style == "object":
        asked: Json = {"effort": word} if word else {}
        return {"reasoning": asked if cap is None else asked | {"max_tokens": cap}}
    if effort == "none" and style in _SWITCHES:
        return {"thinking": {"type": "disabled"}}
    if style == "thinking":
        # On or off is all that is known here; OpenAI-compatible Anthropic takes a cap too.
        return {"thinking": {"type": "enabled"} | ({} if cap is None else {"budget_tokens": cap})}
    if cap is not None:
        raise unsupported(
            "A cap on the tokens of reasoning cannot be sent.",
            f"{provider.name} takes an effort at most.",
            "Use the effort, or a cap on the whole answer.",
        )
    if not style:
        raise unsupported(
            f"The effort {effort!r} cannot be sent.",
            f"{provider.name} has no way to ask for it.",
            "Leave the effort out, or choose another provider.",
        )
    switch: Json = {"thinking": {"type": "enabled"}} if style == "switch_and_field" else {}
    return switch | {"reasoning_effort": word}


def _tools(prompt: Prompt, marks: Marks) -> Json:
    fields: Json = {}
    if prompt.tools:
        fields["tools"] = [_tool(tool, marks) for tool in prompt.tools]
    if prompt.tool_choice in ("auto", "none", "required"):
        fields["tool_choice"] = prompt.tool_choice
    elif prompt.tool_choice is not None:
        fields["tool_choice"] = {"type": "function", "function": {"name": prompt.tool_choice}}
    if prompt.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = prompt.parallel_tool_calls
    return fields


def _tool(tool: Tool | ProviderTool, marks: Marks) -> Json:
    if isinstance(tool, ProviderTool):
        refuse_foreign(tool.wire, "A tool that the provider runs")
        return tool.data
    function: Json = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    said: Json = {"type": "function", "function": function}
    # OpenAI has no mark on a tool; one on the first text covers all tools before it.
    return said | mark(tool.cache, marks) if tool.cache and marks == "cache_control" else said


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


def _tell_schema(schema: Schema, messages: list[Json], provider: Provider) -> None:
    """Put the schema in words after the first turn of the system, or in its place."""
    said = msgspec.json.encode(schema.schema).decode()
    told = f"Answer with one JSON object that is valid by this JSON Schema: {said}"
    first = sum(message["role"] == provider.system_role for message in messages[:1])
    messages.insert(first, {"role": provider.system_role, "content": told})
