"""Counters of input tokens that providers offer for free: the call, and what it answers. No I/O.

A counter takes the request that would be sent, without what only decides the answer. Sources: the
API references of Anthropic (Count tokens), Google (models.countTokens) and OpenAI (Get input token
counts), and the types of their official Python packages.
"""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers import registry
from reckon.providers.untrusted import Json, as_table, count
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt

_ANTHROPIC = frozenset(
    {"messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"}
)
_RESPONSES = frozenset(
    {
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
    }
)


def counts(provider: Provider) -> bool:
    """Whether the provider has a counter."""
    return _wire(provider) in _COUNTERS


def count_call(
    prompt: Prompt, model: Model, provider: Provider, *, base_url: str, key: str | None
) -> Call:
    """The call that counts a prompt.

    Raises:
        UnsupportedInput: The format has no way to say a part of the prompt.
    """
    wire = _wire(provider)
    asked = registry.wire_format(wire).encode(
        prompt, model, provider, base_url=base_url, key=key, stream=False
    )
    end, body = _COUNTERS[wire](msgspec.json.decode(asked.body), model)
    url = urlsplit(asked.url)
    path = url.path.removesuffix(":generateContent") + end
    return msgspec.structs.replace(
        asked, url=urlunsplit(url._replace(path=path)), body=msgspec.json.encode(body)
    )


def read_count(body: bytes, provider: Provider) -> int:
    """The tokens that a counter answered.

    Raises:
        AnswerInvalid: It is no count.
    """
    try:
        answer = as_table(msgspec.json.decode(body)) or {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = cast("Json", {})
    found = count(answer, "totalTokens" if _wire(provider) == "gemini" else "input_tokens")
    if found is None:
        raise AnswerInvalid(
            f"{provider.name} counted nothing.",
            why="The answer of its counter holds no number of tokens.",
            do="Check the base URL, or leave --sample out.",
        )
    return found


def _wire(provider: Provider) -> str:
    """The format that the provider's counter speaks."""
    return provider.count_wire or provider.wire


def _anthropic(body: Json, _: Model) -> tuple[str, Json]:
    return "/count_tokens", _only(body, _ANTHROPIC)


def _gemini(body: Json, model: Model) -> tuple[str, Json]:
    return ":countTokens", {"generateContentRequest": {"model": f"models/{model.id}", **body}}


def _responses(body: Json, _: Model) -> tuple[str, Json]:
    return "/input_tokens", _only(body, _RESPONSES)


def _only(body: Json, names: frozenset[str]) -> Json:
    return {name: value for name, value in body.items() if name in names}


_COUNTERS: dict[str, Callable[[Any, Model], tuple[str, Json]]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai_responses": _responses,
}
