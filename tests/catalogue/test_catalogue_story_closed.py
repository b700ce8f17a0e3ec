"""The story of the closed models' prices, 2022 to today, and what every row of it must keep."""

import datetime as dt
import json
from decimal import Decimal as D
from itertools import pairwise

import pytest
from release_prices import RELEASED, periods

from reckon.catalogue import overlay
from reckon.catalogue.block import own_files
from reckon.catalogue.load import Catalogue, price_on
from reckon.vocabulary.model import Model

FILES = frozenset({"openai", "anthropic", "google", "xai", "amazon", "cohere"})
ROWS = [model for path in own_files() if path.stem in FILES for model in overlay.read_models(path)]


@pytest.mark.parametrize(
    ("name", "day", "rate_in", "rate_out"),
    [
        ("text-davinci-003", "2022-12-31", "20", "20"),
        ("gpt-4", "2023-12-14", "30", "60"),
        ("gpt-4-32k", "2023-12-14", "60", "120"),
        ("gpt-4-turbo", "2023-12-14", "10", "30"),
        ("gpt-3.5-turbo", "2023-03-01", "2", "2"),
        ("gpt-3.5-turbo", "2023-06-13", "1.5", "2"),
        ("gpt-3.5-turbo", "2023-12-01", "1", "2"),
        ("gpt-3.5-turbo", "2024-02-16", "0.5", "1.5"),
        ("gpt-3.5-turbo-0301", "2023-06-12", "2", "2"),
        ("gpt-3.5-turbo-16k", "2023-12-14", "3", "4"),
        ("gpt-4o", "2024-05-13", "5", "15"),
        ("gpt-4o", "2024-12-31", "2.5", "10"),
        ("gpt-4o-mini", "2024-12-31", "0.15", "0.6"),
        ("gemini-1.5-flash", "2024-06-30", "0.35", "1.05"),
        ("gemini-1.5-flash", "2024-12-31", "0.075", "0.3"),
        ("gemini-1.5-pro", "2024-09-30", "3.5", "10.5"),
        ("gemini-1.5-pro", "2024-10-01", "1.25", "5"),
        ("gemini-1.5-flash-8b", "2024-12-31", "0.0375", "0.15"),
        ("o1", "2024-12-31", "15", "60"),
        ("o1-mini", "2025-01-30", "3", "12"),
        ("o1-mini", "2025-01-31", "1.1", "4.4"),
        ("o3", "2025-06-09", "10", "40"),
        ("o3", "2025-06-10", "2", "8"),
        ("claude-2.0", "2023-10-01", "11.02", "32.68"),
        ("claude-2.0", "2023-12-14", "8", "24"),
        ("claude-instant-1.2", "2023-12-14", "1.63", "5.51"),
        ("claude-3-haiku", "2024-12-31", "0.25", "1.25"),
        ("claude-3-opus", "2024-12-31", "15", "75"),
        ("claude-3-5-haiku", "2024-11-30", "1", "5"),
        ("claude-3-5-haiku", "2024-12-31", "0.8", "4"),
        ("aws/nova-micro", "2024-12-31", "0.035", "0.14"),
        ("cohere/command-r-plus-04-2024", "2024-04-30", "3", "15"),
        ("cohere/command-r-plus-08-2024", "2024-12-31", "2.5", "10"),
        ("xai/grok-4.20-0309-reasoning", "2026-04-29", "2", "6"),
        ("xai/grok-4.20-0309-reasoning", "2026-04-30", "1.25", "2.5"),
        ("gpt-5.6-luna", "2026-07-29", "1", "6"),
        ("gemini-3.6-flash", "2026-07-24", "1.5", "7.5"),
        ("gemini-3.6-flash", "2026-11-25", "0.75", "3.75"),
        ("gpt-6.2-sol", "2026-11-25", "2", "10"),
    ],
)
def test_a_model_cost_this_much_on_that_day(
    catalogue: Catalogue, name: str, day: str, rate_in: str, rate_out: str
) -> None:
    """USD per million tokens, as pages and price lists of that time say."""
    price = price_on(catalogue.find(name), dt.date.fromisoformat(day))
    assert price is not None
    assert (price.rate.input, price.rate.output) == (D(rate_in), D(rate_out))


def test_the_ratios_of_the_article_follow(catalogue: Catalogue) -> None:
    """12 times, 200 times, nearly 7 times and 27 times cheaper within a year."""

    def cost(name: str, *day: int) -> D:
        price = price_on(catalogue.find(name), dt.date(*day))
        assert price is not None
        return price.rate.input

    gpt4, gpt35 = cost("gpt-4", 2023, 12, 1), cost("gpt-3.5-turbo", 2023, 12, 1)
    assert gpt4 / cost("gpt-4o", 2024, 12, 31) == 12
    assert gpt4 / cost("gpt-4o-mini", 2024, 12, 31) == 200
    assert round(gpt35 / cost("gpt-4o-mini", 2024, 12, 31), 1) == D("6.7")
    assert round(gpt35 / cost("gemini-1.5-flash-8b", 2024, 12, 31)) == 27


def test_cached_input_of_sonnet_5_5_became_half_as_dear(catalogue: Catalogue) -> None:
    """A change of one rate alone is a period too."""
    model = catalogue.find("claude-sonnet-5-5")
    before, after = (price_on(model, dt.date(2026, 10, day)) for day in (6, 7))
    assert before is not None and after is not None
    assert (before.rate.cached_input, after.rate.cached_input) == (D("0.2"), D("0.1"))
    assert before.rate.output == after.rate.output


def test_two_models_of_one_name_are_two_rows(catalogue: Catalogue) -> None:
    """Claude 3.5 Sonnet came twice; the plain name is the second."""
    first, second = (catalogue.find(f"claude-3-5-sonnet-{day}") for day in ("20240620", "20241022"))
    assert first.released == dt.date(2024, 6, 20)
    assert second.released == dt.date(2024, 10, 22)
    assert not set(first.arena_names) & set(second.arena_names)
    assert catalogue.find("claude-3-5-sonnet") == second


@pytest.mark.parametrize(
    ("board", "model"),
    [
        ("GPT-4-0314", "gpt-4-0314"),
        ("ChatGPT-4", "gpt-4-0314"),
        ("gpt-3.5-turbo-0314", "gpt-3.5-turbo-0301"),
        ("Claude 3.5 Sonnet (20240620)", "claude-3-5-sonnet-20240620"),
        ("Gemini-1.5-Flash-8B-001", "gemini-1.5-flash-8b"),
        ("Amazon Nova Micro 1.0", "amazon.nova-micro-v1:0"),
        ("Command R+ (08-2024)", "command-r-plus-08-2024"),
    ],
)
def test_a_board_s_name_leads_to_the_model(board: str, model: str) -> None:
    """Each spelling that the boards use."""
    assert model in [row.id for row in ROWS if board in row.arena_names]


def test_windows_grow_from_4096_to_2_million(catalogue: Catalogue) -> None:
    """The first row of 2023 and the largest of 2024."""
    assert catalogue.find("gpt-3.5-turbo-0301").context_tokens == 4_096
    assert catalogue.find("gemini-1.5-pro").context_tokens == 2_000_000


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.key)
def test_a_row_of_the_story_is_sound(catalogue: Catalogue, model: Model) -> None:
    """Sources and days on each period, in order and after release, and no zero but a free one."""
    assert model.source and not model.source.startswith("overlay ")
    for price in model.prices:
        assert price.source and price.seen
        assert price.start is None or model.released is None or price.start >= model.released
        amounts = [price.rate.input, price.rate.output]
        amounts += [rate for tier in price.tiers for rate in (tier.rate.input, tier.rate.output)]
        assert all(amounts) or price.free
    for earlier, later in pairwise(model.prices):
        assert earlier.end is not None and earlier.end == later.start
    if model.released and model.retired:
        assert model.released < model.retired
    for successor in model.successors:
        assert catalogue.find(successor).key != model.key


def test_a_model_that_was_shut_down_names_what_to_use_instead() -> None:
    """Where its maker names it: OpenAI always does, since 2023."""
    for model in ROWS:
        if model.provider == "openai" and model.retired and "deprecations" in model.source:
            known = model.successors or model.id in NO_REPLACEMENT_READ
            assert known, model.key


NO_REPLACEMENT_READ = frozenset({"gpt-3.5-turbo-1106", "gpt-5.1", "gpt-5.1-2025-11-13"})
"""Their dates come from lists without the column of replacements."""


def test_a_price_of_a_release_is_never_overwritten() -> None:
    """Each period is still there, rate for rate; what was open may have got an end."""
    today = {(each["key"], each["start"]): each for each in periods()}
    for released in json.loads(RELEASED.read_text(encoding="utf-8")):
        now = today.get((released["key"], released["start"]))
        assert now is not None, f"{released['key']}: the period is gone"
        if released["end"] is None:
            now = {**now, "end": None}
        assert now == released, released["key"]


def test_the_prices_of_the_release_are_at_hand() -> None:
    """The list is written by release_prices.py and holds every file."""
    keys = {each["key"] for each in json.loads(RELEASED.read_text(encoding="utf-8"))}
    assert {"openai/gpt-4", "google/gemini-1.5-flash-8b", "anthropic/claude-2.1"} <= keys
