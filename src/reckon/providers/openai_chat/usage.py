"""Usage as providers spell it, to usage as we mean it."""

from decimal import Decimal, InvalidOperation

from reckon.providers.untrusted import Json, count, part, table
from reckon.vocabulary.money import to_pico
from reckon.vocabulary.usage import Usage


def openai_usage(usage: Json, *, tier: str = "", besides: str = "") -> Usage:
    """Usage as OpenAI's chat completions spell it, and those who copy them.

    `prompt_tokens` includes cached and audio tokens, `completion_tokens` includes reasoning and
    audio. DeepSeek names cached tokens `prompt_cache_hit_tokens`, Mistral `num_cached_tokens`,
    Together and Moonshot `cached_tokens`.
    Google and xAI leave reasoning out of `completion_tokens` and count it in `total_tokens` only;
    it is billed as output, so the difference is output. OpenRouter adds `cost` in dollars,
    Perplexity a table of costs.

    Args:
        usage: The table of counts.
        tier: The service tier, which the answer names beside the table.
        besides: What the answer shows to be billed besides, in words.
    """
    input_tokens = count(usage, "prompt_tokens")
    told_output = count(usage, "completion_tokens")
    hidden = _hidden_output(input_tokens, told_output, count(usage, "total_tokens"))
    output_tokens = told_output if told_output is None else told_output + hidden
    sent = table(usage, "prompt_tokens_details")
    received = table(usage, "completion_tokens_details")
    reasoning = count(received, "reasoning_tokens")
    cached = max(
        count(sent, "cached_tokens") or 0,
        count(usage, "prompt_cache_hit_tokens") or 0,
        count(usage, "num_cached_tokens") or 0,
        count(usage, "cached_tokens") or 0,
    )
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=part(cached, input_tokens),
        cache_write_tokens=part(count(sent, "cache_write_tokens"), input_tokens),
        audio_input_tokens=part(count(sent, "audio_tokens"), input_tokens),
        image_input_tokens=part(count(sent, "image_tokens"), input_tokens),
        video_input_tokens=part(count(sent, "video_tokens"), input_tokens),
        reasoning_tokens=part(max(reasoning or 0, hidden), output_tokens),
        audio_output_tokens=part(count(received, "audio_tokens"), output_tokens),
        image_output_tokens=part(count(received, "image_tokens"), output_tokens),
        web_searches=_searches(usage),
        service_tier=tier,
        billed_besides=besides,
        reported_cost_pico=_reported_cost(usage),
    )


def _hidden_output(sent: int | None, told: int | None, total: int | None) -> int:
    """Output tokens that only the total counts."""
    if sent is None or told is None or total is None:
        return 0
    return max(0, total - sent - told)


def _searches(usage: Json) -> int:
    """Searches that the provider ran: OpenRouter's name for them, and Perplexity's."""
    told = count(table(usage, "server_tool_use_details"), "web_search_requests")
    return told or count(usage, "num_search_queries") or 0


def _reported_cost(usage: Json) -> int | None:
    """OpenRouter's bill; with a key of the user's own, the upstream bill comes on top.

    Perplexity tells the cost of each part, and the total.
    """
    cost = _dollars(table(usage, "cost").get("total_cost", usage.get("cost")))
    if cost is None or usage.get("is_byok") is not True:
        return cost
    upstream = _dollars(table(usage, "cost_details").get("upstream_inference_cost"))
    return None if upstream is None else cost + upstream


def _dollars(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return to_pico(amount) if amount.is_finite() and 0 <= amount < 1_000_000 else None
