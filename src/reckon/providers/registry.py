"""Wire formats and engines by the name that a provider's row gives. Loaded when first used."""

from functools import cache
from importlib import import_module
from typing import cast

from reckon.errors import UsageError
from reckon.providers.wire import Engine, GatewayFormat, WireFormat

_WIRE_FORMATS = {
    "openai_chat": "reckon.providers.openai_chat.wire:OpenAIChat",
    "openai_responses": "reckon.providers.openai_responses.wire:OpenAIResponses",
    "anthropic": "reckon.providers.anthropic.wire:AnthropicMessages",
    "gemini": "reckon.providers.gemini.wire:Gemini",
    "ollama": "reckon.providers.ollama.wire:OllamaChat",
}
_GATEWAYS = {
    "openai_chat": "reckon.providers.openai_chat.gateway:OpenAIChatGateway",
    "openai_responses": "reckon.providers.openai_responses.gateway:ResponsesGateway",
    "anthropic": "reckon.providers.anthropic.gateway:AnthropicGateway",
}
_ENGINES = {"builtin": "reckon.providers.builtin_describe"}


def is_engine(name: str) -> bool:
    """Whether a provider of that wire answers in this process."""
    return name in _ENGINES


@cache
def wire_format(name: str) -> WireFormat:
    """The wire format of that name; one for all calls, for formats keep nothing.

    Raises:
        UsageError: There is none, here or among the installed `reckon.providers` entry points.
    """
    if name in _WIRE_FORMATS:
        return _load(_WIRE_FORMATS[name])()
    # Reading the installed packages takes longer than a whole call to a format of our own.
    from importlib.metadata import entry_points

    for entry in entry_points(group="reckon.providers", name=name):
        return entry.load()()
    raise UsageError(
        f"There is no wire format {name!r}.",
        why=f"Known are {', '.join(sorted(_WIRE_FORMATS))}.",
        do="Correct `wire` in the provider's row.",
    )


def gateway_format(name: str) -> GatewayFormat:
    """The gateway's side of the wire format of that name.

    Raises:
        KeyError: The gateway does not serve that format.
    """
    return _load(_GATEWAYS[name])()


def engine(name: str) -> Engine:
    """The engine of that name: a module with a `respond` of its own."""
    return cast("Engine", import_module(_ENGINES[name]))


def _load(path: str) -> type:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
