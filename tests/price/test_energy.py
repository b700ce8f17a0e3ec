"""Energy: an order of magnitude that holds the figures others have published."""

from decimal import Decimal

import msgspec
import pytest

from reckon.catalogue.load import load
from reckon.price import energy
from reckon.price.estimate import by_hand
from reckon.vocabulary.model import Model, Weights
from reckon.vocabulary.price import Estimate, Interval, Price, Rate

GPT_4O = "gpt-4o"


def model(name: str = "some-model", **fields: object) -> Model:
    """A model of that name."""
    return Model(id=name, provider="p", organization="o", **fields)  # type: ignore[arg-type]


def priced(output: str, **fields: object) -> Price:
    """A price with that output rate."""
    return Price(rate=Rate(input=Decimal(1), output=Decimal(output)), **fields)  # type: ignore[arg-type]


def size_of(name: str) -> energy.Size:
    """The size of a model of the catalogue, by its latest price."""
    found = load().find(name)
    size = energy.size_of(found, found.prices[-1])
    assert size is not None
    return size


@pytest.mark.parametrize(
    ("what", "watt_hours"),
    [
        ("Google's median prompt in Gemini Apps", 0.24),
        ("Epoch AI, GPT-4o with 500 tokens of answer", 0.30),
        ("Altman's average query", 0.34),
        ("EcoLogits, gpt-4o with 500 tokens, low", 0.72),
        ("EcoLogits, gpt-4o with 500 tokens, high", 1.20),
    ],
)
def test_the_interval_of_a_usual_answer_holds_every_published_figure(
    what: str, watt_hours: float
) -> None:
    """Four ways to know it, within an order of magnitude of each other."""
    found = energy.of_request(size_of(GPT_4O), 20, 500)
    assert found.low < watt_hours < found.high, what


@pytest.mark.parametrize(("tokens", "watt_hours"), [(10_000, 2.5), (100_000, 40)])
def test_long_prompts_take_what_epoch_reckons_for_them(tokens: int, watt_hours: float) -> None:
    """Attention grows with the square of the prompt: ten times the tokens, sixteen the energy."""
    hundred = energy.Size(low=1e11, high=1e11, reason="Epoch's own assumption")
    found = energy.of_request(hundred, tokens, 500)
    assert found.low < watt_hours < found.high
    assert found.high / found.low < 3


def test_epochs_own_assumptions_give_epochs_figure() -> None:
    """100B active, 500 tokens, 10% of the peak: 0.3 Wh lies near the middle."""
    found = energy.of_request(energy.Size(low=1e11, high=1e11, reason=""), 0, 500)
    assert found.likely == pytest.approx(0.301, rel=0.6)


def test_the_photos_take_about_a_kilowatt_hour() -> None:
    """68,000 photos on Gemini 1.5 Flash 8B: 0.55 kWh by EcoLogits' formula, 1.2 by Epoch's."""
    flash = load().find("gemini-1.5-flash-8b")
    job = by_hand(flash, count=68_000, input_tokens=260, output_tokens=100, price=flash.prices[-1])
    found = energy.of_job(flash, job)
    assert found is not None
    assert found.size.reason == "8B parameters, as its name says"
    assert found.kwh.low < 0.55 < 1.2 < found.kwh.high
    assert found.kwh.likely == pytest.approx(found.wh_each.likely * 68)
    assert found.car_km == pytest.approx(found.kwh.likely / 0.17)
    assert found.home_days == pytest.approx(found.kwh.likely * 365 / 10_715)


def test_the_same_question_has_the_same_answer() -> None:
    """Nothing is drawn at random."""
    size = energy.Size(low=1e10, high=1e11, reason="")
    energy._points.cache_clear()
    first = energy.of_request(size, 100, 100)
    energy._points.cache_clear()
    assert energy.of_request(size, 100, 100) == first


def test_the_points_are_evenly_spread_over_every_assumption() -> None:
    """Each tenth of a range holds a tenth of the points; the middle is where it should be."""
    sizes, reading, writing, overhead = map(sorted, zip(*energy._points(), strict=True))
    for part in range(10):
        inside = sum(part / 10 <= size < (part + 1) / 10 for size in sizes)
        assert inside == pytest.approx(energy.POINTS / 10, abs=2)
    middle = energy.POINTS // 2
    assert reading[middle] == pytest.approx(0.35, rel=0.01)
    assert writing[middle] == pytest.approx((0.02 * 0.2) ** 0.5, rel=0.01)
    assert overhead[middle] == pytest.approx(1.175, rel=0.01)


@pytest.mark.parametrize(
    ("found", "price", "low", "high", "reason"),
    [
        (
            model(weights=Weights(parameters=671e9, active_parameters=37e9)),
            None,
            37e9,
            37e9,
            "37B parameters, known",
        ),
        (
            model(weights=Weights(parameters=70.6e9)),
            None,
            70.6e9,
            70.6e9,
            "70.6B parameters, known",
        ),
        (model("qwen3-235b-a22b"), None, 22e9, 22e9, "22B parameters, as its name says"),
        (model("llama-3.2-1b-preview"), None, 1e9, 1e9, "1B parameters, as its name says"),
        (
            model("mixtral-8x7b"),
            priced("0.7"),
            4e9,
            30e9,
            "4B to 30B parameters at work, a guess: output costs $0.7",
        ),
        (
            model(),
            priced("60"),
            100e9,
            530e9,
            "100B to 530B parameters at work, a guess: output costs $60",
        ),
        (
            model(),
            None,
            4e9,
            250e9,
            "4B to 250B parameters at work, a guess: no price is known",
        ),
    ],
)
def test_a_size_is_known_or_said_to_be_guessed(
    found: Model, price: Price | None, low: float, high: float, reason: str
) -> None:
    """From the weights, from the name, or from the price of output."""
    size = energy.size_of(found, price)
    assert size == energy.Size(low=low, high=high, reason=reason)


def test_nothing_is_said_of_what_runs_here() -> None:
    """A free model of unknown size runs on the user's machine, which is no H100."""
    local = model("describe")
    assert energy.size_of(local, priced("0", free=True)) is None
    estimate = by_hand(
        local, count=1, input_tokens=1, output_tokens=1, price=priced("0", free=True)
    )
    assert energy.of_job(local, estimate) is None


def test_unknown_lengths_make_the_interval_wider() -> None:
    """Tokens are intervals themselves."""
    known = Estimate(
        model="p/m",
        items=10,
        input_tokens=Interval.exactly(1000),
        output_tokens=Interval.exactly(1000),
        low_pico=0,
        likely_pico=0,
        high_pico=0,
        kind="estimated",
        hours=None,
        upload_bytes=0,
        price=priced("10"),
    )
    vague = msgspec.structs.replace(known, output_tokens=Interval(100, 1000, 5000))
    narrow, wide = energy.of_job(model(), known), energy.of_job(model(), vague)
    assert narrow is not None
    assert wide is not None
    assert wide.kwh.low < narrow.kwh.low
    assert wide.kwh.likely == narrow.kwh.likely
    assert wide.kwh.high > narrow.kwh.high


def test_no_requests_take_no_energy() -> None:
    """And divide nothing by zero."""
    job = by_hand(model(), count=0, input_tokens=5, output_tokens=5, price=priced("10"))
    found = energy.of_job(model(), job)
    assert found is not None
    assert found.kwh == Interval(0, 0, 0)
