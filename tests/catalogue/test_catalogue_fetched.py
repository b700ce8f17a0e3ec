"""The history of a provider's list: nothing is forgotten, no price is overwritten."""

import datetime as dt
from decimal import Decimal

import pytest

from reckon.catalogue import fetched
from reckon.catalogue.load import load, price_on
from reckon.errors import CatalogueError
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate

FIRST = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SECOND = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
THIRD = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def price(input_: str, output: str = "2", **fields: object) -> Price:
    """A price in USD per million tokens."""
    return Price(rate=Rate(input=Decimal(input_), output=Decimal(output)), **fields)


def listed(id_: str = "m", *prices: Price, **fields: object) -> Model:
    """A model as a list gives it."""
    return Model(id=id_, provider="openrouter", organization="", prices=prices, **fields)


def history(*readings: tuple[dt.datetime, list[Model]]) -> fetched.FetchedList:
    """The list after each reading."""
    kept: fetched.FetchedList | None = None
    for now, models in readings:
        kept = fetched.join(kept, models, provider="openrouter", source="https://l.test", now=now)
    assert kept is not None
    return kept


def periods(prices: tuple[Price, ...]) -> list[tuple[str, dt.date | None, dt.date | None]]:
    """Input rate, first day, first day after."""
    return [(str(each.rate.input), each.start, each.end) for each in prices]


def test_a_price_that_changes_ends_where_the_new_one_begins():
    """And an equal one goes on."""
    after = history(
        (FIRST, [listed("m", price("1"))]),
        (SECOND, [listed("m", price("1"))]),
        (THIRD, [listed("m", price("3"))]),
    )
    [kept] = after.models
    assert periods(kept.model.prices) == [
        ("1", FIRST.date(), THIRD.date()),
        ("3", THIRD.date(), None),
    ]
    assert kept.model.prices[0].seen == SECOND.date()
    assert {each.source for each in kept.model.prices} == {"https://l.test"}


def test_a_price_that_is_no_longer_stated_ends():
    """From then on it is unknown, not what it was."""
    after = history((FIRST, [listed("m", price("1"))]), (SECOND, [listed("m")]))
    assert periods(after.models[0].model.prices) == [("1", FIRST.date(), SECOND.date())]


def test_a_model_that_goes_stays_with_the_time_it_was_last_seen():
    """And one that comes back keeps the day it was first seen."""
    gone = history((FIRST, [listed("a"), listed("b")]), (SECOND, [listed("b")]))
    a, b = gone.models
    assert (a.first_seen, a.last_seen, gone.lists(a)) == (FIRST, FIRST, False)
    assert (b.first_seen, b.last_seen, gone.lists(b)) == (FIRST, SECOND, True)
    back = fetched.join(gone, [listed("a")], provider="openrouter", source="s", now=THIRD)
    assert (back.models[0].first_seen, back.lists(back.models[0])) == (FIRST, True)


@pytest.mark.parametrize(
    ("known", "stated", "result"),
    [
        # Nothing was known.
        ([], [("3", 10, None)], [("3", 10, None)]),
        # What was known agrees.
        ([("3", None, None)], [("3", 10, None)], [("3", None, None)]),
        # It does not.
        ([("1", None, None)], [("3", 10, None)], [("1", None, 10), ("3", 10, None)]),
        # It agreed, and then the list stated nothing any more.
        ([("3", None, None)], [("3", 10, 12)], [("3", None, 12)]),
        # It had ended before.
        ([("1", 1, 5)], [("3", 10, None)], [("1", 1, 5), ("3", 10, None)]),
        # A price that is announced for later comes all the same.
        (
            [("1", 1, 20), ("9", 20, None)],
            [("3", 10, None)],
            [("1", 1, 10), ("3", 10, 20), ("9", 20, None)],
        ),
        # Two changes.
        (
            [("1", None, None)],
            [("3", 10, 12), ("4", 12, None)],
            [("1", None, 10), ("3", 10, 12), ("4", 12, None)],
        ),
        # On the same day as a known period: the list is right.
        ([("1", 10, None)], [("3", 10, None)], [("3", 10, None)]),
    ],
)
def test_what_a_list_states_is_laid_among_what_is_known(known, stated, result):
    """Days of November 2026; a known price from before the list stays for its days."""

    def made(rows):
        return tuple(
            price(
                rate,
                start=start and dt.date(2026, 11, start),
                end=end and dt.date(2026, 11, end),
            )
            for rate, start, end in rows
        )

    assert periods(fetched.laid_over(made(known), made(stated))) == periods(made(result))


def test_a_known_price_that_says_more_agrees():
    """The list states input and output; that cached input is cheaper stays known."""
    known = Price(rate=Rate(input=Decimal(1), output=Decimal(2), cached_input=Decimal("0.1")))
    assert fetched.agrees(known, price("1.0"))
    assert not fetched.agrees(known, price("1.1"))
    assert not fetched.agrees(price("1"), known)


def test_a_kept_list_is_part_of_the_catalogue(home):
    """A plain restart finds its models, with what the list says of them."""
    model = listed("new/model", price("1"), context_tokens=1000, modalities=("text", "image"))
    fetched.write(history((FIRST, [model])))
    found = load().find("openrouter/new/model")
    assert (found.context_tokens, found.modalities) == (1000, ("text", "image"))
    assert found.organization == "new"
    assert found.source == "list of models, https://l.test, 2026-11-01"
    assert price_on(found, dt.date(2026, 11, 2)).rate.input == 1
    assert price_on(found, dt.date(2026, 10, 31)) is None


def test_a_model_that_is_gone_says_so_on_its_card(home):
    """It may still be served to others, so it is not called retired."""
    fetched.write(history((FIRST, [listed("a/b"), listed("c/d")]), (SECOND, [listed("c/d")])))
    assert load().find("openrouter/a/b").limitations == (
        "Not in OpenRouter's list of 2026-11-10; last seen there on 2026-11-01.",
    )
    assert load().find("openrouter/c/d").limitations == ()


def test_our_own_rows_know_better_than_a_list_but_for_todays_price(home):
    """A list that says only `vision` does not take the PDF from a model."""
    ours = load().find("google/gemini-2.5-flash")
    row = Model(
        id="gemini-2.5-flash",
        provider="google",
        organization="",
        prices=(price("77", "78"),),
        modalities=("text", "image"),
    )
    fetched.write(fetched.join(None, [row], provider="google", source="https://l.test", now=THIRD))
    found = load().find("gemini-2.5-flash")
    assert found.modalities == ours.modalities
    assert "pdf" in found.modalities
    day, day_before = THIRD.date(), THIRD.date() - dt.timedelta(days=1)
    assert price_on(found, day).rate.input == 77
    assert price_on(found, day_before).rate == price_on(ours, day_before).rate


def test_what_a_local_server_lists_is_free(home):
    """It states no price, and runs here."""
    row = Model(id="llama3.2:latest", provider="ollama", organization="")
    fetched.write(fetched.join(None, [row], provider="ollama", source="s", now=FIRST))
    assert price_on(load().find("ollama/llama3.2:latest"), FIRST.date()).free


def test_a_list_of_a_provider_that_is_gone_is_passed_over(home):
    """Its row was taken out of providers.toml."""
    fetched.write(fetched.join(None, [listed()], provider="was-mine", source="s", now=FIRST))
    assert not load().lists("was-mine/m")


def test_a_damaged_list_is_a_named_mistake(home):
    """With the way out."""
    path = fetched.write(history((FIRST, [listed()])))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CatalogueError) as caught:
        load()
    assert str(path) in caught.value.what
    assert caught.value.do == (
        "Move the file away, then `reckon models refresh --provider openrouter` fetches it anew."
    )


def test_a_provider_with_a_port_in_its_name_has_a_file(home):
    """Colons are no part of a file's name everywhere."""
    assert fetched.path_of("localhost:8080").name == "localhost%3A8080.json"
