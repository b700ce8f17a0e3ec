"""Usage -> Cost. Exact: rates in USD per million tokens are pico-dollars per token times 1e6.

Prices hold per request: a tier is chosen by the size of the request's own input, never by the sum
over a job.
"""

from decimal import ROUND_CEILING, Decimal

from reckon.vocabulary.money import PICO_PER_USD, to_pico
from reckon.vocabulary.price import Cost, Kind, Price, Rate
from reckon.vocabulary.usage import Usage

PICO_PER_TOKEN = Decimal(PICO_PER_USD) / 1_000_000
"""Pico-dollars per token at a rate of 1 USD per million tokens."""


def cost(
    usage: Usage, price: Price, *, kind: Kind = "documented", batch: bool = False
) -> Cost | None:
    """What one request cost.

    Args:
        usage: Tokens of this one request.
        price: The price of the day of the call.
        kind: How the token counts are known.
        batch: Whether it went through the provider's batch API.

    Returns:
        The cost in whole pico-dollars, or None where it is unknown: the counts are missing or not
        all of what is billed, or there is no batch price. What the provider itself reports for the
        call wins.
    """
    if usage.reported_cost_pico is not None and not price.free:
        return Cost(
            total_pico=usage.reported_cost_pico,
            input_pico=0,
            output_pico=0,
            kind="billed",
            price_start=price.start,
        )
    if price.free:
        return Cost(total_pico=0, input_pico=0, output_pico=0, kind=kind, price_start=price.start)
    factor = _factor(price, batch=batch)
    if usage.input_tokens is None or usage.output_tokens is None or factor is None:
        return None
    if usage.billed_besides:
        return None
    rate = rate_for(price, usage.input_tokens)
    input_usd = _input_millionths(usage, usage.input_tokens, rate) * factor
    output_usd = _output_millionths(usage, usage.output_tokens, rate) * factor
    input_pico = _whole(input_usd * PICO_PER_TOKEN)
    output_pico = _whole(output_usd * PICO_PER_TOKEN)
    return Cost(
        total_pico=input_pico + output_pico + to_pico(price.per_request * factor),
        input_pico=input_pico,
        output_pico=output_pico,
        kind=kind,
        price_start=price.start,
    )


def bound_pico(input_high: int, max_output: int, price: Price, *, batch: bool = False) -> int:
    """The most that one request can cost, rounded up.

    Args:
        input_high: Input tokens at most.
        max_output: The cap on output tokens that is sent.
        price: The price of the day.
        batch: Whether it goes through the batch API.

    Every tier that the request may fall into is tried, with the dearest rate of each kind: a
    cache write costs more than plain input, and which tokens are written is not ours to say.
    """
    if price.free:
        return 0
    factor = _factor(price, batch=batch) or Decimal(1)
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


def _factor(price: Price, *, batch: bool) -> Decimal | None:
    return price.batch_multiplier if batch else Decimal(1)


def _input_millionths(usage: Usage, total: int, rate: Rate) -> Decimal:
    """Dollars times a million. Parts have rates of their own where the price list gives them."""
    special = (
        (usage.cached_input_tokens, rate.cached_input),
        (usage.cache_write_tokens, rate.cache_write),
        (usage.cache_write_1h_tokens, rate.cache_write_1h or rate.cache_write),
        (usage.audio_input_tokens, rate.audio_input),
    )
    return _parts(special, total, rate.input)


def _output_millionths(usage: Usage, total: int, rate: Rate) -> Decimal:
    return _parts(((usage.audio_output_tokens, rate.audio_output),), total, rate.output)


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
        )
        if each is not None
    )


def _dearest_output(rate: Rate) -> Decimal:
    return max(each for each in (rate.output, rate.audio_output) if each is not None)


def _whole(pico: Decimal) -> int:
    return to_pico(pico / PICO_PER_USD)
