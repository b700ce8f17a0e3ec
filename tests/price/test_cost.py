"""Usage to cost: exact, per request, unknown where something is unknown."""

import datetime as dt
from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.catalogue.load import load, price_on
from reckon.price.cost import bound_pico, cost, listed_cost, why_unknown
from reckon.price.estimate import by_hand
from reckon.vocabulary.money import to_pico, to_usd, usd_text
from reckon.vocabulary.price import Price, Rate, Tier
from reckon.vocabulary.usage import Usage

DAY = dt.date(2024, 12, 31)
MILLION = 1_000_000
COUNTS = st.integers(0, 10**7)
RATES = st.decimals(min_value=0, max_value=200, places=6)


def usd(pico: int | None) -> D:
    """Dollars of a known amount."""
    assert pico is not None
    return to_usd(pico)


def plain(input_rate: str, output_rate: str, **more: object) -> Price:
    """A price of two rates."""
    return Price(rate=Rate(input=D(input_rate), output=D(output_rate)), **more)  # type: ignore[arg-type]


def test_the_seed_example_is_exact() -> None:
    """68,000 photos on Gemini 1.5 Flash 8B: 17.68 M x 0.0375 + 6.8 M x 0.15 = 0.663 + 1.02."""
    model = load().find("gemini-1.5-flash-8b")
    found = by_hand(
        model, count=68_000, input_tokens=260, output_tokens=100, price=price_on(model, DAY)
    )
    assert usd(found.likely_input_pico) == D("17.68") * D("0.0375") == D("0.663")
    assert usd(found.likely_output_pico) == D("6.8") * D("0.15") == D("1.02")
    assert usd(found.low_pico) == usd(found.likely_pico) == usd(found.high_pico) == D("1.683")


def test_tiers_are_per_request_not_per_job() -> None:
    """The job's sum of 17.68 M tokens lies in the dearer tier, each request of 260 does not."""
    model = load().find("gemini-1.5-flash-8b")
    price = price_on(model, DAY)
    assert price is not None
    assert price.tiers
    assert price.tiers[0].above_input_tokens < 17_680_000
    found = by_hand(model, count=68_000, input_tokens=260, output_tokens=100, price=price)
    assert usd(found.likely_pico) != D("3.366")
    summed = cost(Usage(input_tokens=17_680_000, output_tokens=6_800_000), price)
    assert summed is not None
    assert usd(summed.total_pico) == D("3.366")


def test_the_8b_is_not_priced_as_its_larger_sister() -> None:
    """The alias trap: $6.732 must never appear."""
    catalogue = load()
    small, large = catalogue.find("gemini-1.5-flash-8b"), catalogue.find("gemini-1.5-flash")
    assert small.id != large.id
    for model in (small, catalogue.find("gemini-flash-1.5-8b")):
        found = by_hand(
            model, count=68_000, input_tokens=260, output_tokens=100, price=price_on(model, DAY)
        )
        assert usd(found.likely_pico) not in (D("6.732"), D("3.366"))


def test_a_large_request_is_priced_at_its_tier() -> None:
    """Above the threshold all of the request has the tier's rates; at it, none."""
    price = plain(
        "1", "2", tiers=(Tier(above_input_tokens=100, rate=Rate(input=D(10), output=D(20))),)
    )
    at, above = (cost(Usage(input_tokens=n, output_tokens=1), price) for n in (100, 101))
    assert at is not None
    assert above is not None
    assert usd(at.total_pico) == (100 * D(1) + 1 * D(2)) / MILLION
    assert usd(above.total_pico) == (101 * D(10) + 1 * D(20)) / MILLION


def test_cached_and_written_tokens_have_rates_of_their_own() -> None:
    """Parts are taken out of the whole and never counted twice."""
    price = Price(rate=Rate(input=D(3), output=D(15), cached_input=D("0.3"), cache_write=D("3.75")))
    found = cost(
        Usage(input_tokens=1000, output_tokens=10, cached_input_tokens=600, cache_write_tokens=300),
        price,
    )
    assert found is not None
    expected = 600 * D("0.3") + 300 * D("3.75") + 100 * D(3) + 10 * D(15)
    assert usd(found.total_pico) == expected / MILLION


def test_a_part_without_a_rate_costs_what_the_whole_costs() -> None:
    """No discount is made up."""
    found = cost(
        Usage(input_tokens=1000, output_tokens=0, cached_input_tokens=600), plain("2", "4")
    )
    assert found is not None
    assert usd(found.total_pico) == 1000 * D(2) / MILLION


def test_batch_is_the_providers_own_factor_or_unknown() -> None:
    """Half price where the row says so; no row, no number."""
    usage = Usage(input_tokens=MILLION, output_tokens=0)
    half = cost(usage, plain("2", "4", batch_multiplier=D("0.5")), batch=True)
    assert half is not None
    assert usd(half.total_pico) == D(1)
    assert cost(usage, plain("2", "4"), batch=True) is None


def test_unknown_usage_is_unknown_cost() -> None:
    """Never zero."""
    assert cost(Usage(), plain("2", "4")) is None
    assert cost(Usage(input_tokens=5), plain("2", "4")) is None


def test_what_is_free_costs_nothing_whatever_was_counted() -> None:
    """A local model has a price: it is zero."""
    found = cost(Usage(), plain("0", "0", free=True))
    assert found is not None
    assert found.total_pico == 0


def test_what_the_provider_bills_wins() -> None:
    """OpenRouter says what a call cost; the figure is marked as billed."""
    found = cost(
        Usage(input_tokens=10, output_tokens=10, reported_cost_pico=12_345), plain("2", "4")
    )
    assert found is not None
    assert (found.total_pico, found.kind) == (12_345, "billed")


def test_fees_per_request_are_added() -> None:
    """Some providers take a fee for the call itself."""
    found = cost(Usage(input_tokens=0, output_tokens=0), plain("1", "1", per_request=D("0.005")))
    assert found is not None
    assert usd(found.total_pico) == D("0.005")


@given(a=st.tuples(COUNTS, COUNTS), b=st.tuples(COUNTS, COUNTS), rates=st.tuples(RATES, RATES))
def test_without_tiers_costs_add_up(
    a: tuple[int, int], b: tuple[int, int], rates: tuple[D, D]
) -> None:
    """cost(a + b) = cost(a) + cost(b), to the last pico-dollar."""
    price = Price(rate=Rate(input=rates[0], output=rates[1]))
    [first, second, both] = [
        cost(Usage(input_tokens=i, output_tokens=o), price)
        for i, o in (a, b, (a[0] + b[0], a[1] + b[1]))
    ]
    assert first is not None
    assert second is not None
    assert both is not None
    assert both.total_pico == first.total_pico + second.total_pico


@given(
    tokens=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    rates=st.tuples(RATES, RATES, RATES, RATES, RATES, RATES),
)
def test_no_bill_passes_its_bound(
    tokens: tuple[int, int, int, int, int], rates: tuple[D, D, D, D, D, D]
) -> None:
    """Whatever part is cached or written, and in whatever tier, the bound holds."""
    price = Price(
        rate=Rate(
            input=rates[0],
            output=rates[1],
            cached_input=rates[2],
            cache_write=rates[3],
            video_input=rates[5],
            image_output=rates[5],
        ),
        tiers=(Tier(above_input_tokens=1000, rate=Rate(input=rates[4], output=rates[2])),),
    )
    total, output, cached, written, media = tokens
    usage = Usage(
        input_tokens=total,
        output_tokens=output,
        cached_input_tokens=min(cached, total),
        cache_write_tokens=min(written, total),
        video_input_tokens=min(media, total),
        image_output_tokens=min(media, output),
    )
    found = cost(usage, price)
    assert found is not None
    # Rounding half-even may lift a bill by less than a pico-dollar for each part.
    assert found.total_pico <= bound_pico(total, output, price) + 1


@given(pico=st.integers(0, 2**62))
def test_money_survives_the_way_to_dollars_and_back(pico: int) -> None:
    """Pico-dollars to a decimal string and back, without loss and without exponent."""
    text = usd_text(to_usd(pico))
    assert "E" not in text
    assert to_pico(D(text)) == pico


def test_what_another_model_was_billed_for_makes_the_cost_unknown() -> None:
    """Its tokens have that model's price, so a sum without them would be too small."""
    usage = Usage(input_tokens=10, output_tokens=10, billed_besides="advice of claude-opus-4-7")
    assert cost(usage, plain("1", "2")) is None
    assert why_unknown(usage, plain("1", "2")) == (
        "Billed besides, at a price of its own: advice of claude-opus-4-7."
    )


def test_every_kind_of_token_has_its_own_rate_where_the_list_gives_one() -> None:
    """A part is taken out of the whole; what is left has the plain rate."""
    price = Price(
        rate=Rate(
            input=D(1),
            output=D(2),
            audio_input=D(3),
            image_input=D(5),
            video_input=D(7),
            audio_output=D(11),
            image_output=D(13),
        )
    )
    usage = Usage(
        input_tokens=1_000,
        audio_input_tokens=100,
        image_input_tokens=200,
        video_input_tokens=300,
        output_tokens=500,
        audio_output_tokens=50,
        image_output_tokens=150,
    )
    found = cost(usage, price)
    assert found is not None
    assert usd(found.input_pico) * MILLION == 100 * 3 + 200 * 5 + 300 * 7 + 400 * 1
    assert usd(found.output_pico) * MILLION == 50 * 11 + 150 * 13 + 300 * 2


def test_searches_are_billed_each_or_once_a_request() -> None:
    """As the price says; the batch API takes nothing off."""
    usage = Usage(input_tokens=0, output_tokens=0, web_searches=3)
    each = plain("1", "1", per_search=D("0.01"), batch_multiplier=D("0.5"))
    once = plain("1", "1", per_searching_request=D("0.035"))
    for price, batch, expected in ((each, False, "0.03"), (each, True, "0.03")):
        found = cost(usage, price, batch=batch)
        assert found is not None
        assert usd(found.total_pico) == D(expected)
    grounded = cost(usage, once)
    assert grounded is not None
    assert usd(grounded.total_pico) == D("0.035")
    idle = cost(Usage(input_tokens=0, output_tokens=0), once)
    assert idle is not None
    assert idle.total_pico == 0


def test_searches_without_a_known_price_make_the_cost_unknown() -> None:
    """A sum without them would be too small."""
    usage = Usage(input_tokens=10, output_tokens=10, web_searches=2)
    assert cost(usage, plain("1", "2")) is None
    assert why_unknown(usage, plain("1", "2")) == (
        "Web searches were run (2), and what they cost is not known."
    )


def test_a_bill_needs_no_price_list() -> None:
    """A gateway's model that no list knows has a cost all the same."""
    found = cost(Usage(reported_cost_pico=77), None)
    assert found is not None
    assert (found.total_pico, found.kind, why_unknown(Usage(reported_cost_pico=77), None)) == (
        77,
        "billed",
        "",
    )


def test_a_bill_is_held_against_the_price_list() -> None:
    """Where the list can say what such a call costs; nothing billed, nothing to hold."""
    tokens = {"input_tokens": 1_000, "output_tokens": 100}
    billed = Usage(**tokens, reported_cost_pico=5)
    listed = listed_cost(billed, plain("2", "4"))
    assert listed == cost(Usage(**tokens), plain("2", "4"))
    assert listed is not None
    assert listed.kind == "documented"
    assert listed_cost(Usage(**tokens), plain("2", "4")) is None
    assert listed_cost(Usage(reported_cost_pico=5), plain("2", "4")) is None


@pytest.mark.parametrize("tier", ["flex", "batch"])
def test_flex_and_batch_cost_the_batch_price(tier: str) -> None:
    """Once, also for an answer of the batch API that names its tier; searches cost the same."""
    usage = Usage(input_tokens=1_000_000, output_tokens=0, service_tier=tier, web_searches=1)
    price = Price(
        rate=Rate(input=D(2), output=D(4)), batch_multiplier=D("0.5"), per_search=D("0.01")
    )
    for batch in (False, True):
        found = cost(usage, price, batch=batch)
        assert found is not None
        assert to_usd(found.total_pico) == D("1.01")


@pytest.mark.parametrize(
    ("tier", "sentence"),
    [
        ("priority", "It was served at the tier `priority`, whose price is not known."),
        ("provisioned", "It was served at the tier `provisioned`, whose price is not known."),
        ("flex", "It was served at the tier `flex`, whose price is not known."),
        ("batch", "No batch price is known."),
    ],
)
def test_a_tier_without_a_known_price_makes_the_cost_unknown(tier: str, sentence: str) -> None:
    """The standard price would be wrong; a bill wins all the same."""
    usage = Usage(input_tokens=10, output_tokens=10, service_tier=tier)
    assert cost(usage, plain("1", "2")) is None
    assert why_unknown(usage, plain("1", "2")) == sentence
    billed = msgspec.structs.replace(usage, reported_cost_pico=7)
    found = cost(billed, plain("1", "2"))
    assert found is not None
    assert (found.total_pico, why_unknown(billed, plain("1", "2"))) == (7, "")


@given(
    usage=st.builds(
        Usage,
        input_tokens=st.none() | COUNTS,
        output_tokens=st.none() | COUNTS,
        web_searches=st.integers(0, 2),
        service_tier=st.sampled_from(["", "flex", "batch", "priority"]),
        billed_besides=st.sampled_from(["", "advice"]),
        reported_cost_pico=st.none() | COUNTS,
    ),
    price=st.none()
    | st.builds(
        Price,
        rate=st.just(Rate(input=D(1), output=D(2))),
        batch_multiplier=st.none() | st.just(D("0.5")),
        per_search=st.none() | st.just(D("0.01")),
        free=st.booleans(),
    ),
    batch=st.booleans(),
)
def test_a_cost_is_known_or_a_sentence_says_why_not(
    usage: Usage, price: Price | None, batch: bool
) -> None:
    """Never both, never neither."""
    sentence = why_unknown(usage, price, batch=batch)
    assert (cost(usage, price, batch=batch) is None) == bool(sentence)
    assert sentence == "" or (sentence[0].isupper() and sentence.endswith("."))


def test_a_bill_wins_over_a_price_list_that_says_free() -> None:
    """A free price and a bill of nothing are both nothing."""
    free = Price(rate=Rate(input=D(0), output=D(0)), free=True)
    billed = cost(Usage(input_tokens=1, output_tokens=1, reported_cost_pico=7), free)
    assert billed is not None
    assert (billed.total_pico, billed.kind) == (7, "billed")
    nothing = cost(Usage(input_tokens=1, output_tokens=1, reported_cost_pico=0), free)
    assert nothing is not None
    assert nothing.total_pico == 0
