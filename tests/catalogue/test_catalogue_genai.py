"""What is taken from genai-prices, checked against the package's own arithmetic."""

import datetime as dt
from decimal import Decimal

from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import (
    ConditionalPrice,
    ModelPrice,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from reckon.catalogue import genai
from reckon.catalogue.load import price_on
from reckon.vocabulary.model import Model

MILLION = Decimal(1_000_000)
NOISE = Decimal("1e-12")
"""A pico-dollar: the package carries some rates as floats."""


def _rows() -> dict[str, Model]:
    rows: dict[str, Model] = {}
    for model, _ in genai.compile_models("0.2.3"):
        rows.setdefault(model.key, model)
    return rows


def test_every_compiled_price_agrees_with_the_package():
    """Requests below and above the tiers, on three days, for each model that has a price."""
    rows = _rows()
    compared = 0
    for provider in providers:
        for info in provider.models:
            model = rows.get(f"{genai.PROVIDER_IDS.get(provider.id, provider.id)}/{info.id}")
            if model is None:
                continue
            for day in (dt.date(2025, 1, 1), dt.date(2026, 8, 1), dt.date(2026, 11, 23)):
                price = price_on(model, day)
                if price is None:
                    continue
                noon = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
                for tokens in (1_000, 200_001, 300_000):
                    rate = price.rate
                    for tier in price.tiers:
                        if tokens > tier.above_input_tokens:
                            rate = tier.rate
                    ours = (tokens * rate.input + 500 * rate.output) / MILLION + price.per_request
                    theirs = info.calc_price(
                        Usage(input_tokens=tokens, output_tokens=500),
                        provider,
                        genai_request_timestamp=noon,
                    )
                    total = theirs.input_price + theirs.output_price + price.per_request
                    assert abs(ours - total) < NOISE, model.key
                    compared += 1
    assert compared > 10_000


def _model_price(rate_in: str, rate_out: str) -> ModelPrice:
    return ModelPrice(input_mtok=Decimal(rate_in), output_mtok=Decimal(rate_out))


def test_dated_prices_become_periods_that_follow_each_other():
    """Each ends on the day the next begins."""
    day = dt.date(2026, 1, 1)
    periods, note = genai.prices_of(
        [
            ConditionalPrice(prices=_model_price("3", "4")),
            ConditionalPrice(StartDateConstraint(day), prices=_model_price("1", "2")),
        ],
        "s",
    )
    assert [(p.rate.input, p.start, p.end) for p in periods] == [(3, None, day), (1, day, None)]
    assert note == ""


def test_a_price_by_the_hour_is_unknown_and_says_so():
    """No single price could be right."""
    hours = TimeOfDateConstraint(dt.time(1, tzinfo=dt.UTC), dt.time(4, tzinfo=dt.UTC))
    periods, note = genai.prices_of(
        [
            ConditionalPrice(prices=_model_price("1", "2")),
            ConditionalPrice(hours, prices=_model_price("2", "4")),
        ],
        "s",
    )
    assert periods == ()
    assert "time of day" in note


def test_a_zero_or_missing_rate_is_no_price():
    """Neither a free row nor an embedding model gets an invented price."""
    assert genai.prices_of(_model_price("0", "1"), "s") == ((), "")
    assert genai.prices_of(ModelPrice(input_mtok=Decimal(1)), "s") == ((), "")


def test_foreign_units_make_the_price_unknown():
    """Pictures or minutes charged apart: text rates alone would be too low."""
    periods, note = genai.prices_of(
        ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(2), output_video_mtok=Decimal(30)),
        "s",
    )
    assert periods == ()
    assert "output_video_mtok" in note


def test_a_fee_per_request_is_carried():
    """Quoted per thousand requests there, per request here."""
    (period,), _ = genai.prices_of(
        ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(2), requests_kcount=Decimal(12)),
        "s",
    )
    assert period.per_request == Decimal("0.012")


def test_a_tier_carries_every_rate_at_its_threshold():
    """A rate without a tier of its own stays what it is."""
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=200_000, price=Decimal(2))])
    (period,), _ = genai.prices_of(ModelPrice(input_mtok=tiered, output_mtok=Decimal(5)), "s")
    (tier,) = period.tiers
    assert (tier.above_input_tokens, tier.rate.input, tier.rate.output) == (200_000, 2, 5)


def test_prefixes_of_the_package_are_not_names_of_ours():
    """Its `contains` clause for gemini-1.5-flash gives no row for the 8B."""
    rows = _rows()
    assert "google/gemini-1.5-flash" in rows
    assert "google/gemini-1.5-flash-8b" not in rows
    assert "google/gemini-flash-1.5-8b" in rows
