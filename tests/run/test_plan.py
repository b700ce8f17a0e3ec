"""Pricing a job: one walk over the rows, every model that can do it."""

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import pytest
from PIL import Image

from reckon.errors import SourceError, TemplateError, UnknownModel, UnsupportedInput, UsageError
from reckon.run.plan import price, price_by_hand

PROMPT = "describe this photo"
DAY = dt.date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, a broken one, an empty one, and a text."""
    root = tmp_path / "photos"
    root.mkdir()
    for number, size in enumerate([(640, 480), (640, 480), (1920, 1080)]):
        Image.new("RGB", size, "green").save(root / f"{number}.jpg")
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00")
    (root / "empty.png").touch()
    (root / "notes.txt").write_text("words")
    return root


def test_a_folder_is_priced_exactly_where_the_rule_is_exact(folder: Path) -> None:
    """gpt-4o: 85 + 170 a tile, text by its own tokenizer, framing of one message."""
    quote = price((str(folder),), PROMPT, models=["gpt-4o"], output_tokens=100, on=DAY)
    [found] = quote.estimates
    text = 3 + 3 + 3
    tokens = 2 * (text + 85 + 170 * 2 * 1) + (text + 85 + 170 * 3 * 2)
    assert found.input_tokens.is_exact
    assert found.input_tokens.likely == tokens
    rate = found.price.rate if found.price else None
    assert rate is not None
    assert D(quote.to_rows()[0]["likely_usd"]) == (tokens * rate.input + 300 * rate.output) / 10**6


def test_what_was_skipped_is_said_in_one_line_with_its_reasons(folder: Path) -> None:
    """Counted, and the same words for the same cause."""
    quote = price((str(folder),), PROMPT, models=["gpt-4o"], on=DAY)
    assert quote.items == 3
    assert quote.skipped_line() == "Skipped 3: 1 broken picture, 1 empty file, 1 text file."


def test_without_a_model_every_model_that_can_do_it_is_priced(folder: Path) -> None:
    """Those that take pictures, are served, and have a price; the likely cheapest first."""
    quote = price((str(folder),), PROMPT, output_tokens=100, on=DAY)
    names = [each.model for each in quote.estimates]
    assert "builtin/describe" not in names  # no language model: taken only by name
    assert "openai/gpt-4o-mini" in names
    assert "openai/gpt-3.5-turbo" not in names
    assert "google/gemini-1.5-flash-8b" not in names
    prices = [each.likely_pico for each in quote.estimates if each.likely_pico is not None]
    assert prices == sorted(prices)
    assert len(prices) == len(names)


def test_lines_are_priced_on_models_that_take_text(tmp_path: Path) -> None:
    """A model that takes no pictures can do it."""
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    quote = price((str(path),), "sum up: {{line}}", models=["gpt-3.5-turbo"], on=DAY)
    assert quote.items == 2


def test_a_system_message_is_priced_with_each_row(tmp_path: Path) -> None:
    """Its text and its framing."""
    path = tmp_path / "lines.txt"
    path.write_text("one\n")
    plain = price((str(path),), "{{line}}", models=["gpt-4o"], on=DAY).estimates[0]
    more = price((str(path),), "{{line}}", models=["gpt-4o"], system="be brief", on=DAY)
    assert more.estimates[0].input_tokens.likely > plain.input_tokens.likely + 3


def test_an_unknown_length_of_answers_gives_an_interval_and_a_note(folder: Path) -> None:
    """Up to the cap that is sent."""
    quote = price((str(folder),), PROMPT, models=["gpt-4o"], max_output=500, on=DAY)
    [found] = quote.estimates
    assert found.output_tokens.high == 3 * 500
    assert found.low_pico is not None
    assert found.high_pico is not None
    assert found.low_pico < found.high_pico
    assert any("--output-tokens" in note for note in quote.notes)


def test_the_napkin_sum_by_hand() -> None:
    """0.663 + 1.02 = 1.683 dollars, and the model is retired."""
    quote = price_by_hand(
        count=68_000, input_tokens=260, output_tokens=100, models=["gemini-1.5-flash-8b"]
    )
    [row] = quote.to_rows()
    assert (row["input_usd"], row["output_usd"], row["likely_usd"]) == ("0.663", "1.02", "1.683")
    assert row["low_usd"] == row["high_usd"] == "1.683"
    assert any("retired" in note and "gemini-2.5-flash-lite" in note for note in row["notes"])


def test_the_price_of_an_earlier_day_can_be_asked_for() -> None:
    """o3 became cheaper on 2025-06-10."""
    sums = [
        price_by_hand(
            count=1, input_tokens=10**6, output_tokens=0, models=["o3"], on=dt.date(2025, 6, day)
        ).to_rows()[0]["likely_usd"]
        for day in (9, 10)
    ]
    assert sums == ["10", "2"]


def test_scores_stand_beside_prices_with_their_board() -> None:
    """The arena's newest of the day that is asked about; a model that is not on it has none."""
    asked = {"count": 1, "input_tokens": 1, "output_tokens": 1}
    quote = price_by_hand(
        **asked, models=["gpt-4-0314", "text-davinci-003"], on=dt.date(2025, 1, 1)
    )
    rows = {row["model"]: row for row in quote.to_rows()}
    scored, unscored = rows["openai/gpt-4-0314"], rows["openai/text-davinci-003"]
    assert (round(scored["score"]), scored["board"]) == (1186, "2024-12-31")
    assert scored["score_low"] < scored["score"] < scored["score_high"]
    assert (unscored["score"], unscored["board"]) == (None, None)
    assert quote.scores_line().startswith("Scores of 2024-12-31: Chatbot Arena, votes of people")
    before_any = price_by_hand(**asked, models=["gpt-4-0314"], on=dt.date(2023, 4, 1))
    assert (before_any.scores, before_any.scores_line()) == ({}, "")


def test_an_unknown_price_is_null_and_listed_last() -> None:
    """Never zero."""
    quote = price_by_hand(
        count=1, input_tokens=1, output_tokens=1, models=["openai/not-listed", "gpt-4o"]
    )
    assert [row["model"] for row in quote.to_rows()] == ["openai/gpt-4o", "openai/not-listed"]
    assert quote.to_rows()[1]["likely_usd"] is None


def test_a_quote_shows_as_a_table_in_a_notebook(folder: Path) -> None:
    """Escaped, with what was skipped."""
    page = price((str(folder),), PROMPT, models=["gpt-4o"], on=DAY)._repr_html_()
    assert page.startswith("<table>")
    assert "openai/gpt-4o" in page
    assert "1 broken picture" in page


def test_an_empty_folder_is_no_job(tmp_path: Path) -> None:
    """Zero items, and a sentence."""
    quote = price((str(tmp_path),), PROMPT, models=["gpt-4o"], on=DAY)
    assert quote.items == 0
    assert "The source has no rows." in quote.notes


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"models": ["gpt-4o-mimi"]}, UnknownModel),
        ({"models": ["gpt-3.5-turbo"]}, UnsupportedInput),
        ({"prompt": "{{nope}}", "models": ["gpt-4o"]}, TemplateError),
        ({"sources": ("/nowhere",), "models": ["gpt-4o"]}, SourceError),
    ],
)
def test_what_cannot_be_priced_is_said(
    arguments: dict[str, object], error: type[Exception], folder: Path
) -> None:
    """Unknown model, wrong kind of input, unknown column, no source."""
    values: dict[str, object] = {"sources": (str(folder),), "prompt": PROMPT} | arguments
    with pytest.raises(error):
        price(**values)  # type: ignore[arg-type]


def test_negative_numbers_by_hand_are_refused() -> None:
    """With the name of the option."""
    with pytest.raises(UsageError, match="--input-tokens -1"):
        price_by_hand(count=1, input_tokens=-1, output_tokens=0, models=["gpt-4o"])


def test_a_source_of_two_kinds_needs_a_model_that_takes_both(tmp_path: Path) -> None:
    """Lines first and a picture after them: the picture is not forgotten."""
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    Image.new("RGB", (64, 64)).save(tmp_path / "sea.png")
    both = [str(tmp_path / "lines.txt"), str(tmp_path / "sea.png")]
    with pytest.raises(UnsupportedInput, match="takes no image input"):
        price(both, "describe", models=["gpt-3.5-turbo"])
    assert price(both, "describe", models=["gpt-4o-mini"]).items == 3
    named = {each.model for each in price(both, "describe").estimates}
    assert "openai/gpt-4o-mini" in named
    assert "openai/gpt-3.5-turbo" not in named
