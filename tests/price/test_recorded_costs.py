"""The cost of every recorded answer, against a reading of the raw JSON that shares no code with it.

Each is priced twice: at the catalogue's price of its day, and at a made-up one in which every kind
of token has a rate of its own, so that no part can hide in another.
"""

from collections import Counter
from decimal import Decimal as D
from operator import itemgetter

import pytest
from usage_of_recorded import (
    BY_HAND,
    day_of,
    fee_of,
    has_other_bills,
    is_stream,
    recorded,
    searches_of,
    tier_of,
    usage_of,
)

from reckon.catalogue.load import load, price_on
from reckon.errors import ReckonError
from reckon.price.cost import cost, listed_cost, rate_for, why_unknown
from reckon.providers import registry
from reckon.run.collect import Collector
from reckon.vocabulary.money import to_usd
from reckon.vocabulary.price import Price, Rate
from reckon.vocabulary.usage import Usage
from recorded_wire import Json, needs_recordings

ANSWERS = list(recorded())
CASES = [
    pytest.param(wire, each, id=f"{wire}-{each['provider']}-{each['id']}") for wire, each in ANSWERS
]

APART = Price(
    rate=Rate(
        input=D(2),
        output=D(3),
        cached_input=D(5),
        cache_write=D(7),
        cache_write_1h=D(11),
        audio_input=D(13),
        image_input=D(17),
        video_input=D(19),
        audio_output=D(23),
        image_output=D(29),
    ),
    per_search=D("0.031"),
    batch_multiplier=D("0.37"),
)
"""A rate of its own for each kind of token, all of them prime."""

BILL_DIFFERS = {
    "w-377d3866b9e0": "open weights: the host that answered has a price of its own",
    "w-f5d9f0841d3b": "a plugin's fee of $0.002, which no usage counts",
    "w-0ab324bff664": "tokens that were read and stored count in both, and both are billed",
}
"""Where OpenRouter's bill is not what its price list says, and why."""

SEARCHED = {"w-6aa6531851dc", "w-0c8524631713"}
"""Bills with a search in them, for which no price list has a price."""

REASONS = (
    "The price of the model is unknown.",
    "The provider did not say how many tokens were used.",
    "Billed besides, at a price of its own: ",
    "Web searches were run ",
    "It was served at the tier ",
)


def used(wire: str, exchange: Json) -> tuple[Usage, str]:
    """The usage as we read it, and the model that answered."""
    decoder = registry.wire_format(wire).decoder(stream=is_stream(exchange))
    collector = Collector()
    try:
        for event in decoder.feed(exchange["response"]["body"].encode()):
            collector.add(event)
        for event in decoder.close():
            collector.add(event)
    except ReckonError:
        pass  # an error inside an answer: what was counted before it stands
    response = collector.response()
    return response.usage, response.model or exchange["model"]


def listed(exchange: Json, model: str) -> Price | None:
    """The catalogue's price of the day, for the model that answered or the one that was asked."""
    provider = {"google-vertex": "google"}.get(exchange["provider"], exchange["provider"])
    for name in (model, exchange["model"]):
        try:
            found = price_on(load().find(f"{provider}/{name}"), day_of(exchange))
        except ReckonError:
            continue
        if found is not None:
            return found
    return None


def without_bill(usage: Usage) -> Usage:
    """The same counts, as a provider that tells no cost would give them."""
    return Usage(
        **{
            name: getattr(usage, name)
            for name in Usage.__struct_fields__
            if name != "reported_cost_pico"
        }
    )


@needs_recordings
@pytest.mark.parametrize(("wire", "exchange"), CASES)
def test_the_cost_is_what_the_raw_usage_comes_to(wire: str, exchange: Json) -> None:
    """At the price of the day and at the made-up one; unknown where nothing was counted."""
    raw = usage_of(wire, exchange)
    usage, model = used(wire, exchange)
    searches = searches_of(wire, exchange, raw)
    assert usage.web_searches == searches
    counts = without_bill(usage)
    tier, unsaid = tier_of(exchange), has_other_bills(wire, exchange)
    assert bool(usage.billed_besides) == unsaid
    if raw:
        assert usage.service_tier == tier
    for price in (APART, listed(exchange, model)):
        if price is None:
            continue
        found = cost(counts, price)
        fee = fee_of(price, searches)
        factor = {"": D(1), "flex": price.batch_multiplier}.get(tier)
        if not raw or unsaid or factor is None or (fee is None and not price.free):
            assert found is None
            assert why_unknown(counts, price)
            continue
        assert found is not None
        if price.free:
            assert found.total_pico == 0
            continue
        assert usage.input_tokens is not None
        rate = rate_for(price, usage.input_tokens)
        expected = BY_HAND[wire](raw, rate) / 1_000_000 * factor + (fee or 0)
        if exchange["id"] != "w-0ab324bff664":  # see `BILL_DIFFERS`: its parts exceed the whole
            assert to_usd(found.total_pico) == expected


@needs_recordings
def test_what_is_unknown_is_counted() -> None:
    """Most answers have a cost; each of the others says why it has none."""
    why: Counter[str] = Counter()
    for wire, exchange in ANSWERS:
        usage, model = used(wire, exchange)
        why[why_unknown(usage, listed(exchange, model))] += 1
    assert why.pop("") >= 0.7 * len(ANSWERS), why
    assert all(sentence.startswith(REASONS) for sentence in why), why


@needs_recordings
@pytest.mark.parametrize(
    "exchange",
    [each for _, each in ANSWERS if each["provider"] == "openrouter"],
    ids=itemgetter("id"),
)
def test_openrouters_bill_is_what_its_price_list_says(exchange: Json) -> None:
    """The bill wins. The list says the same to a hundredth; where not, the reason is known."""
    wire = "openai_responses" if exchange["endpoint"].endswith("responses") else "openai_chat"
    raw = usage_of(wire, exchange)
    usage, model = used(wire, exchange)
    told = D(str(raw["cost"]))
    if raw.get("is_byok"):
        told += D(str(raw["cost_details"]["upstream_inference_cost"]))
    price = listed(exchange, model)
    assert price is not None
    billed, audit = cost(usage, price), listed_cost(usage, price)
    assert billed is not None
    assert billed.kind == "billed"
    assert abs(to_usd(billed.total_pico) - told) < D("1e-12")
    if exchange["id"] in SEARCHED:
        assert audit is None
        return
    assert audit is not None
    agrees = abs(to_usd(audit.total_pico) - told) <= told / 100
    assert agrees != (exchange["id"] in BILL_DIFFERS)
