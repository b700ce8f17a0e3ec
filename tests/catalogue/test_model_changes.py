"""What changed among models since a day."""

import datetime as dt
from decimal import Decimal

import pytest

from reckon.catalogue import changes, fetched
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate

FIRST = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SECOND = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
SINCE = dt.date(2026, 11, 1)
TODAY = dt.date(2026, 11, 25)


def price(input_: str, output: str, start: dt.date | None = None) -> Price:
    """A price in USD per million tokens."""
    return Price(rate=Rate(input=Decimal(input_), output=Decimal(output)), start=start, source="s")


def model(id_: str = "m", *prices: Price, **fields) -> Model:
    """A model."""
    return Model(id=id_, provider="p", organization="o", prices=prices, source="here", **fields)


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (("2", "4"), ("1", "4"), "cheaper"),
        (("2", "4"), ("1", "3"), "cheaper"),
        (("2", "4"), ("2", "5"), "dearer"),
        (("2", "4"), ("1", "5"), "repriced"),
        (("2", "4"), ("2", "4"), None),
        (("2", "4"), ("0", "4"), None),
    ],
)
def test_a_price_that_moved_is_cheaper_dearer_or_both(before, now, kind):
    """Input and output may part; a zero is a hole and no gift."""
    day = dt.date(2026, 11, 5)
    row = model("m", price(*before), price(*now, start=day))
    found = list(changes.of_models([row], SINCE, TODAY))
    assert [(each.kind, each.day) for each in found] == ([(kind, day)] if kind else [])


def test_release_and_retirement_count_within_the_days():
    """With what to use instead; what comes later has not happened."""
    rows = [
        model("new", released=SINCE),
        model("old", released=SINCE - dt.timedelta(days=1)),
        model("gone", retired=TODAY, successors=("next",)),
        model("going", retired=TODAY + dt.timedelta(days=1)),
    ]
    found = list(changes.of_models(rows, SINCE, TODAY))
    assert [(each.model, each.kind, each.successors) for each in found] == [
        ("p/new", "new", ()),
        ("p/gone", "retired", ("next",)),
    ]


def test_the_first_reading_of_a_list_is_no_news():
    """What came with a later reading is new, and what was missing then is gone."""
    once = fetched.join(None, [model("a"), model("b")], provider="p", source="l", now=FIRST)
    assert list(changes.of_lists([once], SINCE, TODAY)) == []
    twice = fetched.join(once, [model("b"), model("c")], provider="p", source="l", now=SECOND)
    found = list(changes.of_lists([twice], SINCE, TODAY))
    assert [(each.model, each.kind, each.day) for each in found] == [
        ("p/a", "gone", FIRST.date()),
        ("p/c", "new", SECOND.date()),
    ]


def test_what_two_sources_say_is_one_change():
    """The day of release goes before the day a list first had it; the latest day comes first."""
    released = changes.Change(day=SINCE, model="p/m", kind="new", source="overlay")
    seen = changes.Change(day=TODAY, model="p/m", kind="new", source="list")
    other = changes.Change(day=TODAY, model="p/n", kind="dearer", source="list")
    assert changes.merged([released, seen, other, other]) == [other, released]


def test_two_changes_of_one_price_are_two():
    """Cheaper in May, cheaper in June."""
    rows = [
        changes.Change(day=dt.date(2026, month, 1), model="p/m", kind="cheaper", source="s")
        for month in (5, 6)
    ]
    assert [each.day.month for each in changes.merged(rows)] == [6, 5]
