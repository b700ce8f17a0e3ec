"""What web searches cost: rows of an organisation's file that hold for all models of a name."""

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import pytest

from reckon.catalogue.load import load, price_on
from reckon.catalogue.overlay import read_searches
from reckon.errors import CatalogueError

DAY = dt.date(2026, 11, 25)
ROW = """
organization = "acme"
[[search]]
models = ["acme-*"]
per_search = "0.01"
source = "https://acme.example/prices"
"""


def fees(name: str) -> tuple[D | None, D | None]:
    """Of a model today: for each search, for each request that searched."""
    price = price_on(load().find(name), DAY)
    assert price is not None
    return price.per_search, price.per_searching_request


def test_a_row_holds_for_all_models_of_its_names_whoever_priced_their_tokens() -> None:
    """Anthropic takes $10 a thousand searches, on models of our own files and of the package."""
    assert fees("claude-opus-4-1") == (D("0.01"), None)
    assert fees("claude-sonnet-4-5-20250929") == (D("0.01"), None)


def test_gemini_bills_requests_first_and_searches_later() -> None:
    """Up to 2.5, $35 a thousand requests that searched; from 3 on, $14 a thousand searches."""
    assert fees("gemini-2.5-flash") == (None, D("0.035"))
    assert fees("gemini-3-flash-preview") == (D("0.014"), None)


def test_where_two_tools_have_two_prices_none_is_known() -> None:
    """OpenAI's models that do not reason: no usage says which of the tools was used."""
    assert fees("gpt-5-mini") == (D("0.01"), None)
    assert fees("gpt-4o") == (None, None)


def test_another_providers_model_of_that_name_is_left_alone() -> None:
    """A gateway bills in its own way."""
    assert fees("openrouter/anthropic/claude-sonnet-4.5") == (None, None)


def test_a_users_row_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract of one's own has prices of its own."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        ROW.replace("acme-*", "claude-opus-4-1")
        .replace('"acme"', '"anthropic"')
        .replace("0.01", "0.002")
    )
    monkeypatch.setenv("RECKON_HOME", str(tmp_path))
    assert fees("claude-opus-4-1") == (D("0.002"), None)
    assert fees("claude-sonnet-4-5-20250929") == (D("0.01"), None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('per_search = "0.01"', ""), "give either `per_search` or `per_searching_request`"),
        (
            ('per_search = "0.01"', 'per_search = "1"\nper_searching_request = "1"'),
            "give either `per_search` or `per_searching_request`",
        ),
        (('"0.01"', '"free"'), "`per_search` is 'free', not a number of dollars"),
        (('"0.01"', '"-1"'), "`per_search` is '-1', not a number of dollars"),
        (('["acme-*"]', "[]"), "`models` or `source` is empty"),
        (('"https://acme.example/prices"', '" "'), "`models` or `source` is empty"),
        (('organization = "acme"', ""), "no `provider` at the top of the file"),
        (("per_search", "per_serch"), "per_serch"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    """With the file, the row and the field."""
    path = tmp_path / "acme.toml"
    path.write_text(ROW.replace(*change))
    with pytest.raises(CatalogueError) as refused:
        read_searches(path)
    assert str(path) in refused.value.what
    assert why in refused.value.why
    assert refused.value.do == "Correct the row, or take it out of the file."
