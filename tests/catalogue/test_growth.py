"""Growth of context windows, and the cheapest good model of each month."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from reckon.catalogue.growth import cheapest_above, context_records, months
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate


def model(id_: str, released: str | None, context: int | None = None, **fields) -> Model:
    """A model of that day and window."""
    day = dt.date.fromisoformat(released) if released else None
    return Model(
        id=id_, provider="p", organization="o", released=day, context_tokens=context, **fields
    )


def priced(id_: str, released: str | None, *prices: tuple[str, str | None, str | None], **fields):
    """A model with dated prices of input."""
    return model(
        id_,
        released,
        prices=tuple(
            Price(
                rate=Rate(input=Decimal(rate), output=Decimal(rate)),
                start=start and dt.date.fromisoformat(start),
                end=end and dt.date.fromisoformat(end),
                source="s",
            )
            for rate, start, end in prices
        ),
        **fields,
    )


def test_context_windows_grew_from_4096_to_2_million():
    """Only what was larger than everything before is a record."""
    found = context_records(
        [
            model("gemini-1.5-pro", "2024-06-27", 2_000_000),
            model("gpt-3.5-turbo", "2022-11-30", 4_096),
            model("claude-2.1", "2023-11-21", 200_000),
            model("gpt-4", "2023-03-14", 8_192),
            model("gpt-4-turbo", "2023-11-06", 128_000),
            model("gpt-4o", "2024-05-13", 128_000),
        ]
    )
    assert [(each.model.id, each.context_tokens) for each in found] == [
        ("gpt-3.5-turbo", 4_096),
        ("gpt-4", 8_192),
        ("gpt-4-turbo", 128_000),
        ("claude-2.1", 200_000),
        ("gemini-1.5-pro", 2_000_000),
    ]


def test_a_name_that_moved_on_does_not_hide_the_window_of_its_first_day():
    """gpt-3.5-turbo means a newer version today; a name of one version alone stays."""
    found = context_records(
        [
            model("gpt-3.5-turbo", "2023-03-01", 16_385),
            model("gpt-3.5-turbo-0301", "2023-03-01", 4_096),
            model("gpt-4-32k", "2023-03-14", 32_768),
            model("gpt-4-32k-0613", "2023-06-13", 32_768),
        ]
    )
    assert [(each.model.id, each.context_tokens) for each in found] == [
        ("gpt-3.5-turbo-0301", 4_096),
        ("gpt-4-32k", 32_768),
    ]


def test_what_is_unknown_makes_no_record():
    """Neither without a day nor without a window; of one day the larger counts."""
    found = context_records(
        [
            model("no-day", None, 10**9),
            model("no-window", "2024-01-01"),
            model("small", "2024-01-01", 1),
            model("large", "2024-01-01", 2),
        ]
    )
    assert [each.model.id for each in found] == ["large"]


def test_the_cheapest_model_above_a_score_by_month():
    """A model counts from the month of its release, at the price of that month, to its end."""
    good = priced("good", "2024-01-15", ("10", None, "2024-03-10"), ("4", "2024-03-10", None))
    better = priced("better", "2024-02-20", ("6", None, None), retired=dt.date(2024, 4, 1))
    weak = priced("weak", "2024-01-01", ("0.1", None, None))
    found = cheapest_above(
        [(good, 1200.0), (better, 1250.0), (weak, 1100.0)],
        1200,
        dt.date(2023, 12, 5),
        dt.date(2024, 4, 30),
    )
    assert [
        (f"{each.month:%Y-%m}", each.model.id, str(each.price.rate.input), each.candidates)
        for each in found
    ] == [
        ("2024-01", "good", "10", 1),
        ("2024-02", "better", "6", 2),
        ("2024-03", "good", "4", 2),
        ("2024-04", "good", "4", 1),
    ]
    assert found[-1].times_cheaper(found[0]) == Fraction(5, 2)


def test_what_is_free_or_of_unknown_price_is_not_the_cheapest():
    """Unknown is not zero, and what runs at home has no price to compare."""
    free = Price(rate=Rate(input=Decimal(0), output=Decimal(0)), free=True, source="s")
    rows = [
        (model("free", "2024-01-01", prices=(free,)), 2000.0),
        (model("unknown", "2024-01-01"), 2000.0),
        (priced("no-day", None, ("1", None, None)), 2000.0),
    ]
    assert cheapest_above(rows, 1000, dt.date(2024, 1, 1), dt.date(2024, 2, 1)) == []


def test_a_month_that_is_not_over_counts_to_today():
    """What comes out tomorrow is not there yet."""
    new = priced("new", "2024-02-20", ("1", None, None))
    assert cheapest_above([(new, 1.0)], 1, dt.date(2024, 2, 1), dt.date(2024, 2, 19)) == []


def test_months_of_every_length_follow_each_other():
    """December to March over a leap year."""
    found = list(months(dt.date(2023, 12, 31), dt.date(2024, 3, 1)))
    assert [f"{each:%Y-%m}" for each in found] == ["2023-12", "2024-01", "2024-02", "2024-03"]
