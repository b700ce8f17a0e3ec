"""Jobs to estimates: per request, then summed; rows are read once."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal as D

import msgspec
import pytest

from reckon.price import estimate as module
from reckon.price.cost import cost
from reckon.price.estimate import RowSize, estimate, estimate_many, retirement_note
from reckon.vocabulary.model import Limits, Model
from reckon.vocabulary.price import Calibration, Interval, Price, Rate, Tier
from reckon.vocabulary.usage import Usage

PRICE = Price(
    rate=Rate(input=D("0.15"), output=D("0.60")),
    tiers=(Tier(above_input_tokens=1000, rate=Rate(input=D("0.30"), output=D("1.20"))),),
    batch_multiplier=D("0.5"),
)
MODEL = Model(
    id="m",
    provider="p",
    organization="o",
    tokenizer="o200k",
    image_rule="openai_tiles 85 170",
    limits=Limits(requests_per_minute=60, tokens_per_minute=10_000),
)
OUTPUT = Interval.exactly(100)


def photos(*sizes: tuple[int, int]) -> Iterator[RowSize]:
    """A row for each picture."""
    for size in sizes:
        yield RowSize(text="describe this photo", images=(size,), upload_bytes=300)


def test_each_request_is_priced_by_itself() -> None:
    """One request above the tier's threshold and one below: two rates in one job."""
    found = estimate(MODEL, photos((512, 512), (1920, 1080)), price=PRICE, output_tokens=OUTPUT)
    small, large = 3 + 3 + 3 + 255, 3 + 3 + 3 + 1105
    each = [cost(Usage(input_tokens=n, output_tokens=100), PRICE) for n in (small, large)]
    assert found.input_tokens == Interval.exactly(small + large)
    assert found.likely_pico == sum(c.total_pico for c in each if c)
    assert found.low_pico == found.high_pico
    assert found.kind == "documented"


def test_uploads_add_up() -> None:
    """Four bytes for three."""
    found = estimate(MODEL, photos((8, 8), (8, 8)), price=PRICE, output_tokens=OUTPUT)
    assert found.upload_bytes == 600


def test_hours_are_those_of_the_limit_that_binds() -> None:
    """Tokens bind here: 120 rows of some 360 tokens at 10,000 a minute."""
    found = estimate(MODEL, photos(*[(512, 512)] * 120), price=PRICE, output_tokens=OUTPUT)
    tokens = 120 * (264 + 100)
    assert found.hours == pytest.approx(tokens / 10_000 / 60)


@pytest.mark.parametrize(
    ("limits", "minutes"),
    [
        (Limits(requests_per_minute=10, tokens_per_minute=1_000_000), 120 / 10),
        (Limits(requests_per_minute=1_000, tokens_per_minute=1_000), 120 * 364 / 1_000),
        (Limits(requests_per_minute=1_000, input_tokens_per_minute=1_000), 120 * 264 / 1_000),
        (
            Limits(input_tokens_per_minute=1_000, output_tokens_per_minute=100),
            120 * 100 / 100,
        ),
        (Limits(output_tokens_per_minute=1_000), 120 * 100 / 1_000),
    ],
    ids=["requests", "tokens", "input", "output binds before input", "output"],
)
def test_each_limit_counts_its_own(limits: Limits, minutes: float) -> None:
    """120 rows of 264 tokens in and 100 out."""
    model = msgspec.structs.replace(MODEL, limits=limits)
    rows = photos(*[(512, 512)] * 120)
    found = estimate(model, rows, price=PRICE, output_tokens=OUTPUT)
    assert found.hours == pytest.approx(minutes / 60)


@pytest.mark.parametrize(
    ("count", "hours"),
    [
        (50, 50 / 10 / 60),
        (51, 24 + 1 / 10 / 60),
        (100, 24 + 50 / 10 / 60),
        (120, 48 + 20 / 10 / 60),
    ],
)
def test_what_a_day_does_not_admit_waits_for_the_next(count: int, hours: float) -> None:
    """50 requests a day, 10 a minute: the first day's are sent at once."""
    limits = Limits(requests_per_minute=10, requests_per_day=50)
    model = msgspec.structs.replace(MODEL, limits=limits)
    rows = photos(*[(512, 512)] * count)
    found = estimate(model, rows, price=PRICE, output_tokens=OUTPUT)
    assert found.hours == pytest.approx(hours)


def test_without_known_limits_the_hours_are_unknown() -> None:
    """Nothing is guessed."""
    bare = msgspec.structs.replace(MODEL, limits=None)
    assert estimate(bare, photos((8, 8)), price=PRICE, output_tokens=OUTPUT).hours is None


def test_an_unknown_price_is_unknown_and_tokens_are_still_told() -> None:
    """None, and a sentence."""
    found = estimate(MODEL, photos((512, 512)), price=None, output_tokens=OUTPUT)
    assert (found.low_pico, found.likely_pico, found.high_pico) == (None, None, None)
    assert found.input_tokens.likely == 264
    assert "The price is unknown." in found.notes


def test_a_wide_interval_is_said() -> None:
    """A reader must not take the middle for the truth."""
    found = estimate(MODEL, photos((8, 8)), price=PRICE, output_tokens=Interval(10, 100, 1024))
    assert found.kind == "estimated"
    assert any("wide interval" in note for note in found.notes)


def test_many_models_are_priced_in_one_pass() -> None:
    """The rows can be read only once."""
    rows = photos((512, 512))
    other = msgspec.structs.replace(
        MODEL, id="c", tokenizer="claude", image_rule="claude 1568 1568"
    )
    both = estimate_many([(MODEL, PRICE), (other, PRICE)], rows, output_tokens=OUTPUT)
    assert [each.items for each in both] == [1, 1]
    assert both[0].input_tokens.is_exact
    assert not both[1].input_tokens.is_exact


def test_folding_groups_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, sums are the same."""
    sizes = [(n, n) for n in range(1, 60)]
    whole = estimate(MODEL, photos(*sizes), price=PRICE, output_tokens=OUTPUT)
    monkeypatch.setattr(module, "MOST_GROUPS", 7)
    assert estimate(MODEL, photos(*sizes), price=PRICE, output_tokens=OUTPUT) == whole


def test_a_calibration_replaces_our_guess() -> None:
    """Measured ratios of the user's own ledger win."""
    measured = Calibration(
        model="p/m",
        rows=50,
        input_ratio=Interval(1.05, 1.1, 1.2),
        output_tokens=Interval(40, 50, 60),
    )
    found = estimate(
        MODEL, photos((512, 512)), price=PRICE, output_tokens=OUTPUT, calibration=measured
    )
    assert found.input_tokens.likely == pytest.approx(264 * 1.1)
    assert found.output_tokens == Interval(40, 50, 60)


def test_batch_halves_the_price() -> None:
    """By the row's own factor."""
    live = estimate(MODEL, photos((512, 512)), price=PRICE, output_tokens=OUTPUT)
    batch = estimate(MODEL, photos((512, 512)), price=PRICE, output_tokens=OUTPUT, batch=True)
    assert live.likely_pico is not None
    assert batch.likely_pico == live.likely_pico // 2


def test_a_retired_model_names_its_successors() -> None:
    """What to use instead, on and after the day, not before."""
    old = msgspec.structs.replace(MODEL, retired=dt.date(2025, 9, 24), successors=("p/new",))
    assert retirement_note(old, dt.date(2025, 9, 23)) is None
    assert (
        retirement_note(old, dt.date(2025, 9, 24))
        == "p/m was retired on 2025-09-24. Use p/new instead."
    )


def texts(count: int) -> Iterator[RowSize]:
    """Rows of different texts, some of them dense."""
    for number in range(count):
        words = "plain words of a row " * (1 + number % 7)
        yield RowSize(text=f"{number} {'0x9f#' * 9 if number % 5 == 0 else words}")


def test_a_large_job_is_counted_by_a_sample_with_its_error_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exact count lies in the interval, which is narrow; and the note says so."""
    whole = estimate(MODEL, texts(6000), price=PRICE, output_tokens=OUTPUT)
    monkeypatch.setattr(module, "EXACT_BYTES", 10_000)
    found = estimate(MODEL, texts(6000), price=PRICE, output_tokens=OUTPUT)
    assert whole.input_tokens.is_exact
    assert found.input_tokens.low <= whole.input_tokens.likely <= found.input_tokens.high
    assert found.input_tokens.high < 1.15 * found.input_tokens.low
    assert None not in (whole.likely_pico, found.low_pico, found.high_pico)
    assert found.low_pico < whole.likely_pico < found.high_pico  # type: ignore[operator]
    assert found.kind == "estimated"
    assert any("random sample, 1 in 16" in note for note in found.notes)


def test_a_source_that_is_sorted_is_sampled_stretch_by_stretch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dense rows come last: what was learnt of the first does not hold for them."""
    rows = [RowSize(text=f"{n} plain words of a row", messages=n) for n in range(3000)]
    rows += [RowSize(text=f"{n} 0x9f#@!{n * 7919}", messages=n) for n in range(3000)]
    whole = estimate(MODEL, rows, price=PRICE, output_tokens=OUTPUT)
    monkeypatch.setattr(module, "EXACT_BYTES", 1_000)
    monkeypatch.setattr(module, "MOST_GROUPS", 1_000)
    found = estimate(MODEL, rows, price=PRICE, output_tokens=OUTPUT)
    assert found.input_tokens.low <= whole.input_tokens.likely <= found.input_tokens.high


def test_equal_texts_of_a_large_job_are_counted_once_and_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A million photos with one prompt need no sample."""
    monkeypatch.setattr(module, "EXACT_BYTES", 100)
    rows = photos(*[(512, 512)] * 2000)
    assert estimate(MODEL, rows, price=PRICE, output_tokens=OUTPUT).input_tokens.is_exact


def test_an_exact_count_that_calls_confirm_stays_exact() -> None:
    """A ratio whose interval holds 1 is no reason to widen it."""
    measured = Calibration(model="p/m", rows=50, input_ratio=Interval(0.99, 1.002, 1.01))
    found = estimate(
        MODEL, photos((512, 512)), price=PRICE, output_tokens=OUTPUT, calibration=measured
    )
    assert found.input_tokens == Interval.exactly(264)
    assert found.output_tokens == OUTPUT


def test_cached_input_is_taken_at_its_own_price() -> None:
    """200 of 264 tokens at a tenth of the price, and the note says what is assumed."""
    cached = msgspec.structs.replace(
        PRICE, rate=msgspec.structs.replace(PRICE.rate, cached_input=D("0.015")), tiers=()
    )
    both = [
        estimate_many(
            [(MODEL, price)], photos((512, 512)), output_tokens=OUTPUT, cached_tokens=200
        )[0]
        for price in (cached, PRICE)
    ]
    assert both[0].likely_input_pico == 64 * 150_000 + 200 * 15_000
    assert any("the first request" in note for note in both[0].notes)
    assert both[1].likely_input_pico == 264 * 150_000
    assert any("No price of cached input is known" in note for note in both[1].notes)
