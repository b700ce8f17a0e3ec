"""Prices over time: which periods touch some days, and how many times cheaper they became."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from reckon.catalogue.price_history import periods, said, steps
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate

DECEMBER_2023 = dt.date(2023, 12, 1)
END_OF_2024 = dt.date(2024, 12, 31)


def price(input_: str, output: str, start: dt.date | None = None, end: dt.date | None = None):
    """A price in USD per million tokens."""
    return Price(
        rate=Rate(input=Decimal(input_), output=Decimal(output)), start=start, end=end, source="s"
    )


def model(id_: str, *prices: Price, **fields) -> Model:
    """A model with these prices."""
    return Model(id=id_, provider="p", organization="o", prices=prices, **fields)


TURBO_CHEAPER = dt.date(2024, 2, 16)
ARTICLE = [
    model("gpt-4", price("30", "60"), released=dt.date(2023, 3, 14)),
    model("gpt-4-turbo", price("10", "30"), released=dt.date(2023, 11, 6)),
    model(
        "gpt-3.5-turbo",
        price("1", "2", dt.date(2023, 11, 6), TURBO_CHEAPER),
        price("0.5", "1.5", TURBO_CHEAPER),
        released=dt.date(2023, 3, 1),
    ),
    model(
        "gpt-4o",
        price("5", "15", dt.date(2024, 5, 13), dt.date(2024, 10, 2)),
        price("2.5", "10", dt.date(2024, 10, 2)),
    ),
    model("gpt-4o-mini", price("0.15", "0.6"), released=dt.date(2024, 7, 18)),
    model("gemini-1.5-flash-8b", price("0.0375", "0.15"), released=dt.date(2024, 10, 3)),
]


def article_steps() -> dict[tuple[str, str], Fraction | None]:
    """Ratios of input, by the ids of the newer and the older model."""
    history = [periods(each, DECEMBER_2023, END_OF_2024) for each in ARTICLE]
    return {
        (step.now.model.id, step.than.model.id): step.times_cheaper("input")
        for step in steps(history)
    }


@pytest.mark.parametrize(
    ("now", "than", "ratio", "text"),
    [
        ("gpt-4o", "gpt-4", Fraction(30) / Fraction("2.5"), "12x cheaper"),
        ("gpt-4o-mini", "gpt-4", Fraction(30) / Fraction("0.15"), "200x cheaper"),
        ("gpt-4o-mini", "gpt-3.5-turbo", Fraction(20, 3), "nearly 7x cheaper"),
        ("gemini-1.5-flash-8b", "gpt-3.5-turbo", Fraction(80, 3), "27x cheaper"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo", Fraction(2), "2x cheaper"),
        ("gpt-4o", "gpt-3.5-turbo", Fraction(2, 5), "2.5x dearer"),
    ],
)
def test_the_ratios_of_2024_are_exact_and_read_as_people_say_them(now, than, ratio, text):
    """$30 of December 2023 against $2.50 is 12x; $1 against $0.15 is nearly 7x."""
    found = article_steps()[now, than]
    assert found == ratio
    assert said(found) == text


def test_a_price_is_held_against_what_was_there_no_later():
    """GPT-4 became no dearer than a model that came after it."""
    pairs = article_steps()
    assert ("gpt-4", "gpt-4o") not in pairs
    assert ("gpt-4", "gpt-4") not in pairs
    assert len(pairs) == 5 + 4 + 3 + 2 + 1 + 2


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (Fraction(1), "the same"),
        (Fraction(12), "12x cheaper"),
        (Fraction(1, 12), "12x dearer"),
        (Fraction(20, 3), "nearly 7x cheaper"),
        (Fraction("5.6"), "5.6x cheaper"),
        (Fraction("1.96"), "nearly 2x cheaper"),
        (Fraction("1.99"), "nearly 2x cheaper"),
        (Fraction("2.01"), "2x cheaper"),
        (Fraction("26.67"), "27x cheaper"),
        (Fraction("1234.5"), "1,234x cheaper"),
        (Fraction(100, 98), "2% cheaper"),
        (Fraction(100, 105), "5% dearer"),
        (None, "unknown"),
    ],
)
def test_a_ratio_is_said_as_people_say_it(ratio, text):
    """Whole ones as they are, large ones rounded, small ones in percent."""
    assert said(ratio) == text


def test_periods_are_cut_at_the_days_asked_for():
    """The last day is one of them."""
    turbo = ARTICLE[2]
    found = periods(turbo, DECEMBER_2023, END_OF_2024)
    assert [(str(each.rate("input")), each.start, each.end) for each in found] == [
        ("1", DECEMBER_2023, TURBO_CHEAPER - dt.timedelta(days=1)),
        ("0.5", TURBO_CHEAPER, END_OF_2024),
    ]
    assert [each.end for each in periods(turbo)] == [TURBO_CHEAPER - dt.timedelta(days=1), None]


def test_one_day_has_one_period():
    """On the day of a change the new price holds."""
    (only,) = periods(ARTICLE[2], TURBO_CHEAPER, TURBO_CHEAPER)
    assert only.rate("output") == Decimal("1.5")


def test_a_model_has_no_price_before_its_release_nor_after_its_end():
    """A price without dates holds from release to retirement."""
    one = model("m", price("1", "2"), released=dt.date(2024, 3, 1), retired=dt.date(2024, 6, 1))
    assert periods(one, until=dt.date(2024, 2, 28)) == []
    assert periods(one, since=dt.date(2024, 6, 1)) == []
    (only,) = periods(one)
    assert (only.start, only.end) == (dt.date(2024, 3, 1), dt.date(2024, 5, 31))


def test_a_day_that_nobody_knows_is_not_made_up():
    """No start and no day of release: unknown, not the first day that was asked for."""
    (only,) = periods(model("m", price("1", "2")), DECEMBER_2023, END_OF_2024)
    assert only.start is None


def test_a_hole_in_a_table_is_no_period():
    """A zero is unknown unless it is marked free."""
    assert periods(model("m", price("0", "0"))) == []
    free = Price(rate=Rate(input=Decimal(0), output=Decimal(0)), free=True, source="s")
    (only,) = periods(model("m", free))
    assert steps([[only], periods(ARTICLE[4])])[0].times_cheaper("input") is None


def test_models_without_a_price_are_passed_over():
    """They take no part in the ratios."""
    assert steps([[], periods(ARTICLE[0])]) == []
