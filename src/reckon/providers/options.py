"""Parameters beyond our nouns, which each format has in words of its own.

Options that a client of the gateway gave in one format are put into the words of another where
both have them, left out where they say nothing of the answer, and refused where they would be lost.
"""

from collections.abc import Mapping
from typing import Any

from reckon.errors import UnsupportedInput
from reckon.providers.untrusted import Json, as_table
from reckon.vocabulary.prompt import Prompt

_SAME: tuple[Mapping[str, str], ...] = (
    {"anthropic": "top_k", "gemini": "topK", "ollama": "top_k", "openai_chat": "top_k"},
    {
        "openai_chat": "frequency_penalty",
        "gemini": "frequencyPenalty",
        "ollama": "frequency_penalty",
    },
    {
        "openai_chat": "presence_penalty",
        "gemini": "presencePenalty",
        "ollama": "presence_penalty",
    },
)
"""Names of one parameter, by wire format."""

_SILENT = frozenset(
    {
        "user",
        "metadata",
        "store",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "service_tier",
        "include",
        "truncation",
        "background",
    }
)
"""Parameters that say who asks, or how the provider keeps things, and nothing of the answer."""


def options_for(prompt: Prompt, wire: str) -> dict[str, Any]:
    """The prompt's options in the words of a wire format.

    Raises:
        UnsupportedInput: One of them has no word there.
    """
    if not prompt.options_of or prompt.options_of == wire:
        return prompt.options
    found: dict[str, Any] = {}
    for name, value in prompt.options.items():
        same = next((names for names in _SAME if names.get(prompt.options_of) == name), None)
        if same is not None and wire in same:
            found[same[wire]] = value
        elif name not in _SILENT:
            raise UnsupportedInput(
                f"The parameter {name!r} cannot be sent.",
                why=f"It is a word of the format {prompt.options_of!r}; the model that is asked"
                f" speaks {wire!r}, which has none for it.",
                do="Leave it out, or ask a model of a provider that speaks that format.",
            )
    return found


def lay_over(body: Json, options: Json) -> None:
    """Put options into a body; they win. Where both are tables, key by key."""
    for name, value in options.items():
        ours, theirs = as_table(body.get(name)), as_table(value)
        body[name] = value if ours is None or theirs is None else ours | theirs
