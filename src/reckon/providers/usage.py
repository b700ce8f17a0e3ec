"""Usage as providers spell it, to usage as we mean it."""

from decimal import Decimal, InvalidOperation

from reckon.providers.untrusted import Json, count, table
from reckon.vocabulary.money import to_pico
from reckon.vocabulary.usage import Usage


def part(value: int | None, whole: int | None) -> int:
    """A count that is part of another; 0 where unknown, never more than the whole."""
    if value is None:
        return 0
    return value if whole is None else min(value, whole)


def openai_usage(usage: Json) -> Usage:
    """Usage as OpenAI's chat completions spell it, and those who copy them.

    `prompt_tokens` includes cached and audio tokens, `completion_tokens` includes reasoning and
    audio. DeepSeek names cached tokens `prompt_cache_hit_tokens`, Mistral `num_cached_tokens`.
    OpenRouter adds `cost` in dollars.
    """
    input_tokens = count(usage, "prompt_tokens")
    output_tokens = count(usage, "completion_tokens")
    sent = table(usage, "prompt_tokens_details")
    received = table(usage, "completion_tokens_details")
    cached = next(
        (
            found
            for found in (
                count(sent, "cached_tokens"),
                count(usage, "prompt_cache_hit_tokens"),
                count(usage, "num_cached_tokens"),
            )
            if found is not None
        ),
        None,
    )
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=part(cached, input_tokens),
        cache_write_tokens=part(count(sent, "cache_write_tokens"), input_tokens),
        audio_input_tokens=part(count(sent, "audio_tokens"), input_tokens),
        image_input_tokens=part(count(sent, "image_tokens"), input_tokens),
        reasoning_tokens=part(count(received, "reasoning_tokens"), output_tokens),
        audio_output_tokens=part(count(received, "audio_tokens"), output_tokens),
        reported_cost_pico=_dollars(usage.get("cost")),
    )


def _dollars(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return to_pico(amount) if amount.is_finite() and 0 <= amount < 1_000_000 else None
