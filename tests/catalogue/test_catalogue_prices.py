"""Prices that are known from elsewhere, spelled as arithmetic."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest

from reckon.catalogue.load import price_on
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate, Tier

MILLION = Decimal(1_000_000)
A_DAY = dt.date(2026, 11, 23)


def test_the_68000_photos_cost_one_dollar_and_683_thousandths(catalogue):
    """68,000 photos of 260 tokens in and 100 out: $0.663 + $1.02, priced request by request."""
    rate = price_on(catalogue.find("gemini-1.5-flash-8b"), A_DAY).rate
    assert 68_000 * (260 * rate.input / MILLION) == Decimal("0.663")
    assert 68_000 * (100 * rate.output / MILLION) == Decimal("1.020")


def test_the_8b_model_has_twice_its_price_above_128000_tokens(catalogue):
    """The tier of a long request, which a summed job must never fall into."""
    (tier,) = price_on(catalogue.find("gemini-1.5-flash-8b"), A_DAY).tiers
    assert tier.above_input_tokens == 128_000
    assert (tier.rate.input, tier.rate.output) == (Decimal("0.075"), Decimal("0.30"))


@pytest.mark.parametrize(
    ("name", "rate_in", "rate_out"),
    [
        ("gpt-4", "30", "60"),
        ("gpt-4-32k", "60", "120"),
        ("gpt-4-turbo", "10", "30"),
        ("gpt-4-1106-preview", "10", "30"),
        ("gpt-3.5-turbo", "0.5", "1.5"),
        ("gpt-3.5-turbo-0301", "1.5", "2"),
        ("gpt-3.5-turbo-0613", "1.5", "2"),
        ("gpt-3.5-turbo-1106", "1", "2"),
        ("text-davinci-003", "20", "20"),
        ("gpt-4o", "2.5", "10"),
        ("gpt-4o-2024-05-13", "5", "15"),
        ("gpt-4o-mini", "0.15", "0.6"),
        ("gpt-4.5-preview", "75", "150"),
        ("o1", "15", "60"),
        ("o1-preview", "15", "60"),
        ("o1-pro", "150", "600"),
        ("o1-mini", "1.10", "4.40"),
        ("claude-3-haiku", "0.25", "1.25"),
        ("claude-3-opus", "15", "75"),
        ("gemini-1.5-flash", "0.075", "0.30"),
        ("nova-micro", "0.035", "0.14"),
        ("nova-lite", "0.06", "0.24"),
    ],
)
def test_reference_prices(catalogue, name, rate_in, rate_out):
    """The reference prices of models that people compare with."""
    rate = price_on(catalogue.find(name), A_DAY).rate
    assert (rate.input, rate.output) == (Decimal(rate_in), Decimal(rate_out))


def test_o3_became_five_times_cheaper_on_a_day(catalogue):
    """o3 cost 10 / 40 until 2025-06-09 and 2 / 8 from 2025-06-10."""
    o3 = catalogue.find("o3")
    before, after = price_on(o3, dt.date(2025, 6, 9)), price_on(o3, dt.date(2025, 6, 10))
    assert (before.rate.input, before.rate.output) == (10, 40)
    assert (after.rate.input, after.rate.output) == (2, 8)


def test_batch_factors(catalogue):
    """Half price in batches, at xAI four fifths."""
    assert price_on(catalogue.find("gpt-4o-mini"), A_DAY).batch_multiplier == Decimal("0.5")
    assert price_on(catalogue.find("grok-4.3"), A_DAY).batch_multiplier == Decimal("0.8")


def _zero(**fields) -> Model:
    rate = Rate(input=Decimal(0), output=Decimal(0))
    price = Price(rate=rate, source="a table with a hole", **fields)
    return Model(id="m", provider="p", organization="o", prices=(price,))


def test_a_zero_without_the_free_mark_is_unknown():
    """A hole in a price table is not a gift."""
    assert price_on(_zero(), A_DAY) is None
    assert price_on(_zero(free=True), A_DAY).free


def test_a_zero_in_one_rate_or_in_a_tier_is_unknown():
    """Output at $0 is as wrong as input at $0, also above a threshold."""
    good, hole = Decimal(1), Decimal(0)
    half = Price(rate=Rate(input=good, output=hole), source="s")
    tier = Tier(above_input_tokens=10, rate=Rate(input=hole, output=good))
    tiered = Price(rate=Rate(input=good, output=good), tiers=(tier,), source="s")
    for price in (half, tiered):
        model = Model(id="m", provider="p", organization="o", prices=(price,))
        assert price_on(model, A_DAY) is None


def test_a_day_outside_every_period_has_no_price():
    """Before the first known period the price is unknown, not the first one."""
    rate = Rate(input=Decimal(1), output=Decimal(1))
    price = Price(rate=rate, start=dt.date(2025, 1, 1), end=dt.date(2026, 1, 1), source="s")
    model = Model(id="m", provider="p", organization="o", prices=(price,))
    assert price_on(model, dt.date(2024, 12, 31)) is None
    assert price_on(model, dt.date(2025, 1, 1)) is price
    assert price_on(model, dt.date(2026, 1, 1)) is None


def test_every_price_has_a_source_and_no_period_overlaps(catalogue):
    """The append-only shape: periods in order, each ends where the next begins or before."""
    for model in catalogue.models:
        assert all(price.source for price in model.prices), model.key
        for earlier, later in pairwise(model.prices):
            assert earlier.end is not None, model.key
            assert later.start is not None and earlier.end <= later.start, model.key


def test_no_listed_price_is_zero_unless_free(catalogue):
    """What is compiled never carries a zero by accident."""
    for model in catalogue.models:
        for price in model.prices:
            assert price.free or (price.rate.input > 0 and price.rate.output > 0), model.key


def test_every_rate_is_a_whole_number_of_picodollars_per_token(catalogue):
    """Integer money is exact for every rate there is."""
    for model in catalogue.models:
        for price in model.prices:
            for rate in (price.rate, *(tier.rate for tier in price.tiers)):
                for value in (rate.input, rate.output):
                    assert (value * MILLION) % 1 == 0, model.key
