"""What is absurd in a list of prices, and what two sources disagree on."""

import datetime as dt
from decimal import Decimal

import pytest

from reckon.catalogue import doubts, fetched
from reckon.catalogue.load import load
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate, Tier


def price(input_: str, output: str = "10", source: str = "s", **fields) -> Price:
    """A price in USD per million tokens."""
    rate = Rate(input=Decimal(input_), output=Decimal(output))
    return Price(rate=rate, source=source, **fields)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (("2.5", "10"), []),
        (("25", "100"), []),
        (("0.25", "1"), []),
        (("250", "10"), ["input $2.5 -> $250 (100 times)"]),
        (("0.2", "10"), ["input $2.5 -> $0.2 (12 times)"]),
        (("2.5", "0"), ["output $10 -> $0"]),
        (
            ("2500", "10"),
            ["input $2.5 -> $2500 (1,000 times, as a price per thousand tokens would be)"],
        ),
        (
            ("0.0000025", "10"),
            ["input $2.5 -> $0.0000025 (1,000,000 times, as a price per token would be)"],
        ),
    ],
)
def test_a_jump_is_told_with_its_numbers(now, said):
    """Ten times is the most that is believed; a factor of a whole unit betrays it."""
    assert list(doubts.jumps(price("2.5"), price(*now))) == said


@pytest.mark.parametrize(
    ("rate", "per_token", "said"),
    [
        (price("0.003", "0.01"), False, ""),
        (price("150", "600"), False, ""),
        (
            price("0.0000025", "10"),
            False,
            "input 0.0000025 per million would be $0.0000025 per million tokens; "
            "per token it would be $2.5",
        ),
        (
            price("150000", "10"),
            True,
            "input 0.15 per token would be $150000 per million tokens; "
            "per million it would be $0.15",
        ),
        (
            price("1", "2", tiers=(Tier(above_input_tokens=9, rate=price("20000").rate),)),
            True,
            "input 0.02 per token would be $20000 per million tokens; "
            "per million it would be $0.02",
        ),
    ],
)
def test_a_price_in_the_unit_of_another_list_is_found(rate, per_token, said):
    """And what it would be in that unit."""
    assert doubts.foreign_unit(rate, per_token=per_token) == said


@pytest.mark.parametrize(
    ("other", "agrees"),
    [(("1", "10"), True), (("1.01", "10"), True), (("1.02", "10"), False), (("1", "9.8"), False)],
)
def test_two_sources_agree_within_a_hundredth(other, agrees):
    """Input and output each."""
    assert doubts.agree(price("1"), price(*other)) is agrees


def test_dissent_names_each_other_source_once():
    """Its latest word counts; the source that won does not disagree with itself."""
    known = (price("1", source="ours; and more"),)
    said = [
        price("2", source="theirs"),
        price("3", source="theirs"),
        price("1", source="a third"),
        price("9", source="ours; and more"),
    ]
    (other,) = doubts.dissent(known, said)
    assert (other.source, other.rate.input) == ("theirs", 3)


def test_what_is_free_or_has_ended_has_no_dissent():
    """There is no price of today to hold it against."""
    free = price("0", "0", free=True)
    ended = price("1", end=dt.date(2026, 1, 1))
    assert doubts.dissent((free,), [price("2", source="t")]) == ()
    assert doubts.dissent((ended,), [price("2", source="t")]) == ()
    assert doubts.dissent((), [price("2", source="t")]) == ()


NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def published(*readings: tuple[dt.datetime, str], model: str = "gpt-4o") -> None:
    """A list of prices that states these prices of input for an OpenAI model."""
    kept: fetched.FetchedList | None = None
    for now, rate in readings:
        row = Model(id=model, provider="openai", organization="openai", prices=(price(rate),))
        kept = fetched.join(kept, [row], provider="LiteLLM", source="LiteLLM (x.json)", now=now)
    assert kept is not None
    fetched.write(kept, fetched.price_list_path("LiteLLM"))


def rates(model: str = "gpt-4o") -> tuple[list[str], list[str]]:
    """The open price of input, and what others state."""
    found = load().find(model)
    return (
        [str(each.rate.input) for each in found.prices if each.end is None],
        [f"{each.rate.input} {each.source}" for each in found.other_prices],
    )


def test_our_own_price_stays_where_a_list_disagrees(home):
    """And the model remembers what the list says."""
    published((NOW, "3.5"))
    assert rates() == (["2.5"], ["3.5 LiteLLM (x.json)"])


def test_a_list_that_agrees_within_a_hundredth_is_not_mentioned(home):
    """2.51 is 2.5."""
    published((NOW, "2.51"))
    assert rates() == (["2.5"], [])


def test_a_list_that_agreed_and_then_changed_brings_news(home):
    """The price is that of the list from the day of the change; the days before keep theirs."""
    published((NOW, "2.5"), (LATER, "2"))
    now, others = rates()
    assert now == ["2"]
    assert [other.split()[0] for other in others] == ["2.5"]
    before = [each for each in load().find("gpt-4o").prices if each.end == LATER.date()]
    assert [str(each.rate.input) for each in before] == ["2.5"]


def test_a_list_knows_better_than_genai_prices(home):
    """Where we have no price of our own."""
    known = next(
        each
        for each in load().models
        if each.provider == "groq" and each.prices and each.source.startswith("genai-prices")
    )
    row = Model(id=known.id, provider="groq", organization="", prices=(price("7", "8"),))
    kept = fetched.join(None, [row], provider="models.dev", source="models.dev (y)", now=NOW)
    fetched.write(kept, fetched.price_list_path("models.dev"))
    found = load().find(known.key)
    assert found.prices[-1].rate.input == 7
    assert [each.source.split()[0] for each in found.other_prices] == ["genai-prices"]


def test_a_list_may_describe_a_model_that_nobody_else_knows(home):
    """At a provider that is known; others have no address."""
    rows = [
        Model(id="brand-new", provider=provider, organization="", prices=(price("1"),))
        for provider in ("openai", "nobody-knows")
    ]
    kept = fetched.join(None, rows, provider="LiteLLM", source="LiteLLM (x)", now=NOW)
    fetched.write(kept, fetched.price_list_path("LiteLLM"))
    assert load().find("openai/brand-new").prices[0].rate.input == 1
    assert not load().lists("nobody-knows/brand-new")


def test_what_genai_prices_says_of_an_alias_is_held_against_our_row(home):
    """Its gemini-flash-1.5-8b is our gemini-1.5-flash-8b, and a user's price has no dissent."""
    row = Model(
        id="gemini-flash-1.5-8b", provider="google", organization="google", prices=(price("9"),)
    )
    kept = fetched.join(None, [row], provider="LiteLLM", source="LiteLLM (x)", now=NOW)
    fetched.write(kept, fetched.price_list_path("LiteLLM"))
    assert rates("gemini-1.5-flash-8b") == (["0.0375"], ["9 LiteLLM (x)"])


def test_a_damaged_price_list_is_a_named_mistake(home):
    """With the way out."""
    published((NOW, "1"))
    path = fetched.price_list_path("LiteLLM")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Exception, match=r"litellm\.json cannot be read") as caught:
        load()
    assert "reckon models refresh FILE" in str(caught.value)
