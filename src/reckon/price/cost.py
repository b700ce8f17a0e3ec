"""Usage -> Cost. Exact: rates in USD per million tokens are pico-dollars per token times 1e6.

Prices hold per request: a tier is chosen by the size of the request's own input, never by the sum
over a job.

A service tier other than the standard one has another price. Flex costs what the batch API costs,
at OpenAI (developers.openai.com/api/docs/guides/flex-processing) and at Google, where both are half
of the standard price (ai.google.dev/gemini-api/docs/optimization); read on 2026-11-25. What any
other tier costs is not known here.
"""

from decimal import ROUND_CEILING, Decimal

import msgspec

from reckon.vocabulary.money import PICO_PER_USD, to_pico
from reckon.vocabulary.price import Cost, Kind, Price, Rate
from reckon.vocabulary.usage import Usage

PICO_PER_TOKEN = Decimal(PICO_PER_USD) / 1_000_000
"""Pico-dollars per token at a rate of 1 USD per million tokens."""

_AS_BATCH = frozenset({"batch", "flex"})
"""Service tiers that cost what the batch API costs."""


def cost(
    usage: Usage, price: Price | None, *, kind: Kind = "documented", batch: bool = False
) -> Cost | None:
    """What one request cost.

    Args:
        usage: Tokens of this one request.
        price: The price of the day of the call; None: not known.
        kind: How the token counts are known.
        batch: Whether it went through the provider's batch API, if the usage names no tier.

    Returns:
        The cost in whole pico-dollars, or None where it is unknown; `why_unknown` says why. What
        the provider itself reports for the call wins.
    """
    start = price.start if price else None
    if price is not None and price.free and not usage.reported_cost_pico:
        return Cost(total_pico=0, input_pico=0, output_pico=0, kind=kind, price_start=start)
    if usage.reported_cost_pico is not None:
        billed = usage.reported_cost_pico
        return Cost(
            total_pico=billed, input_pico=0, output_pico=0, kind="billed", price_start=start
        )
    if price is None:
        return None
    factor, searches = _factor(usage, price, batch=batch), _searches_usd(usage.web_searches, price)
    if usage.input_tokens is None or usage.output_tokens is None or usage.billed_besides:
        return None
    if factor is None or searches is None:
        return None
    rate = rate_for(price, usage.input_tokens)
    input_usd = _input_millionths(usage, usage.input_tokens, rate) * factor
    output_usd = _output_millionths(usage, usage.output_tokens, rate) * factor
    input_pico = _whole(input_usd * PICO_PER_TOKEN)
    output_pico = _whole(output_usd * PICO_PER_TOKEN)
    fees_pico = to_pico(price.per_request * factor) + to_pico(searches)
    return Cost(
        total_pico=input_pico + output_pico + fees_pico,
        input_pico=input_pico,
        output_pico=output_pico,
        kind=kind,
        price_start=price.start,
    )


def listed_cost(usage: Usage, price: Price) -> Cost | None:
    """What the price list says of a request whose cost the provider reported: the audit of a bill.

    Returns:
        None where nothing was reported, and where the price list cannot say.
    """
    if usage.reported_cost_pico is None or price.free:
        return None
    return cost(msgspec.structs.replace(usage, reported_cost_pico=None), price)


def why_unknown(usage: Usage, price: Price | None, *, batch: bool = False) -> str:
    """Why the cost of a request is unknown, as a sentence; empty where it is known."""
    if usage.reported_cost_pico is not None or (price is not None and price.free):
        return ""
    if price is None:
        return "The price of the model is unknown."
    if usage.input_tokens is None or usage.output_tokens is None:
        return "The provider did not say how many tokens were used."
    if usage.billed_besides:
        return f"Billed besides, at a price of its own: {usage.billed_besides}."
    if _searches_usd(usage.web_searches, price) is None:
        return f"Web searches were run ({usage.web_searches}), and what they cost is not known."
    return _no_price_of(usage.service_tier) if _factor(usage, price, batch=batch) is None else ""


def bound_pico(input_high: int, max_output: int, price: Price, *, batch: bool = False) -> int:
    """The most that one request without searches can cost, rounded up.

    Args:
        input_high: Input tokens at most.
        max_output: The cap on output tokens that is sent, times the answers that are asked for.
        price: The price of the day.
        batch: Whether it goes through the batch API.

    Every tier that the request may fall into is tried, with the dearest rate of each kind: a
    cache write costs more than plain input, and which tokens are written is not ours to say.
    """
    if price.free:
        return 0
    factor = _factor(Usage(), price, batch=batch) or Decimal(1)
    rates = [price.rate, *(t.rate for t in price.tiers if input_high > t.above_input_tokens)]
    dearest = max(
        _dearest_input(rate) * input_high + _dearest_output(rate) * max_output for rate in rates
    )
    amount = (dearest * PICO_PER_TOKEN + price.per_request * PICO_PER_USD) * factor
    return int(amount.to_integral_value(rounding=ROUND_CEILING))


def rate_for(price: Price, input_tokens: float) -> Rate:
    """The rates of a request with so many input tokens."""
    rate = price.rate
    for tier in sorted(price.tiers, key=lambda tier: tier.above_input_tokens):
        if input_tokens > tier.above_input_tokens:
            rate = tier.rate
    return rate


def _factor(usage: Usage, price: Price, *, batch: bool) -> Decimal | None:
    tier = usage.service_tier or ("batch" if batch else "")
    if tier in _AS_BATCH:
        return price.batch_multiplier
    return None if tier else Decimal(1)


def _no_price_of(tier: str) -> str:
    if tier in ("", "batch"):
        return "No batch price is known."
    return f"It was served at the tier `{tier}`, whose price is not known."


def _searches_usd(searches: int, price: Price) -> Decimal | None:
    """The price of searches, in dollars: the batch API takes nothing off."""
    if not searches:
        return Decimal(0)
    if price.per_searching_request is not None:
        return price.per_searching_request
    return None if price.per_search is None else price.per_search * searches


def _input_millionths(usage: Usage, total: int, rate: Rate) -> Decimal:
    """Dollars times a million. Parts have rates of their own where the price list gives them."""
    special = (
        (usage.cached_input_tokens, rate.cached_input),
        (usage.cache_write_tokens, rate.cache_write),
        (usage.cache_write_1h_tokens, rate.cache_write_1h or rate.cache_write),
        (usage.audio_input_tokens, rate.audio_input),
        (usage.image_input_tokens, rate.image_input),
        (usage.video_input_tokens, rate.video_input),
    )
    return _parts(special, total, rate.input)


def _output_millionths(usage: Usage, total: int, rate: Rate) -> Decimal:
    special = (
        (usage.audio_output_tokens, rate.audio_output),
        (usage.image_output_tokens, rate.image_output),
    )
    return _parts(special, total, rate.output)


def _parts(
    special: tuple[tuple[int, Decimal | None], ...], total: int, plain_rate: Decimal
) -> Decimal:
    plain = total
    amount = Decimal(0)
    for tokens, rate in special:
        if rate is not None:
            taken = min(tokens, plain)
            plain -= taken
            amount += taken * rate
    return amount + plain * plain_rate


def _dearest_input(rate: Rate) -> Decimal:
    return max(
        each
        for each in (
            rate.input,
            rate.cached_input,
            rate.cache_write,
            rate.cache_write_1h,
            rate.audio_input,
            rate.image_input,
            rate.video_input,
        )
        if each is not None
    )


def _dearest_output(rate: Rate) -> Decimal:
    rates = (rate.output, rate.audio_output, rate.image_output)
    return max(each for each in rates if each is not None)


def _whole(pico: Decimal) -> int:
    return to_pico(pico / PICO_PER_USD)
