"""Price lists from files: judged whole, kept whole, and what they stated before stays."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from reckon import settings
from reckon.catalogue.load import load, price_on
from reckon.errors import CatalogueError, ReckonError, SourceError
from reckon.ledger.ledger import Ledger
from reckon.run.clock import today
from reckon.run.refresh_file import refresh_files


def litellm(path: Path, **rates: tuple[float, float]) -> Path:
    """A list of LiteLLM's shape, OpenAI's models at dollars per million tokens."""
    rows = {
        id_.replace("_", "-"): {
            "litellm_provider": "openai",
            "mode": "chat",
            "input_cost_per_token": input_ / 1e6,
            "output_cost_per_token": output / 1e6,
        }
        for id_, (input_, output) in rates.items()
    }
    path.write_text(json.dumps(rows))
    return path


def models_dev(path: Path, provider: str, **costs: tuple[float, float]) -> Path:
    """A list of models.dev's shape."""
    models = {
        id_.replace("_", "-"): {"cost": {"input": input_, "output": output}}
        for id_, (input_, output) in costs.items()
    }
    path.write_text(json.dumps({provider: {"models": models}}))
    return path


def own(path: Path, *periods: str, model: str = "gpt-4o") -> Path:
    """A file of our own format; each period is its lines of TOML."""
    rows = "".join(f"[[model.price]]\n{each}\n" for each in periods)
    path.write_text(f'provider = "openai"\n[[model]]\nid = "{model}"\n{rows}')
    return path


def observed() -> list[tuple[str, str, str | None]]:
    """List, model, and rate of input of all that the ledger noted."""
    with Ledger.look(settings.ledger_path()) as ledger:
        return [
            (row.source, f"{row.provider}/{row.model}", row.price and _input(row.price))
            for row in ledger.observed_prices()
        ]


def _input(price: str) -> str:
    return json.loads(price)["rate"]["input"]


def kept() -> list[str]:
    """Every file of the user folder but the cache."""
    home = settings.home()
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and "cache" not in path.parts
    )


def refused(path: Path, **options: Any) -> ReckonError:
    """The error of a refresh, which must have changed nothing."""
    before = kept()
    with pytest.raises(ReckonError) as caught:
        refresh_files([path], **options)
    assert kept() == before
    assert len(caught.value.lines()) <= 3
    return caught.value


def test_a_list_is_noted_in_the_ledger_and_kept(tmp_path):
    """What is new is known from then on; what disagrees is said."""
    path = litellm(tmp_path / "prices.json", gpt_4o=(3, 10), brand_new=(1, 2))
    (brought,) = refresh_files([path])
    assert (brought.name, brought.listed, brought.new) == ("LiteLLM", 2, ("openai/brand-new",))
    assert brought.notes == (
        "1 differ by more than 1% from another source; `reckon models list` marks them.",
    )
    assert kept() == ["price-lists/litellm.json", "reckon.db"]
    assert observed() == [
        ("LiteLLM", "openai/brand-new", "1"),
        ("LiteLLM", "openai/gpt-4o", "3"),
    ]
    assert price_on(load().find("openai/brand-new"), today()).rate.output == 2


def test_a_second_reading_is_appended(tmp_path):
    """An equal price goes on, another one is a new row and a new period."""
    for rate in (2.5, 2.5, 2):
        path = litellm(tmp_path / "prices.json", gpt_4o=(rate, 10))
        (brought,) = refresh_files([path])
    assert observed() == [
        ("LiteLLM", "openai/gpt-4o", "2.5"),
        ("LiteLLM", "openai/gpt-4o", "2"),
    ]
    (change,) = brought.prices
    assert change.model == "openai/gpt-4o"
    assert (str(change.before.rate.input), str(change.now.rate.input)) == ("2.5", "2")


def test_a_jump_of_a_hundred_times_is_refused_with_its_numbers(tmp_path):
    """And the good rows beside it are not taken either."""
    path = litellm(tmp_path / "prices.json", gpt_4o=(250, 10), brand_new=(1, 2))
    error = refused(path)
    assert isinstance(error, CatalogueError)
    assert error.what == "prices.json was not taken: it states 1 price that cannot be right."
    assert error.why == "openai/gpt-4o: input $2.5 -> $250 (100 times)."
    assert error.do == (
        "Nothing was changed. Look at the source; --force takes the list as it stands."
    )
    assert not load().lists("openai/brand-new")


def test_force_takes_a_jump(tmp_path):
    """As what that list says: our own price stays, and the two disagree."""
    path = litellm(tmp_path / "prices.json", gpt_4o=(250, 10))
    refresh_files([path], force=True)
    found = load().find("gpt-4o")
    assert price_on(found, today()).rate.input == 2.5
    assert [str(each.rate.input) for each in found.other_prices] == ["250"]


def test_a_price_that_becomes_zero_is_refused(tmp_path):
    """A zero is a hole. Where nothing was known, it counts as unknown."""
    error = refused(litellm(tmp_path / "prices.json", gpt_4o=(0, 0)))
    assert error.why == "openai/gpt-4o: input $2.5 -> $0."
    (brought,) = refresh_files([litellm(tmp_path / "p.json", brand_new=(0, 0))])
    assert brought.notes == ("1 cost nothing by the list: their price counts as unknown.",)
    assert load().find("openai/brand-new").prices == ()


def test_a_list_is_held_against_what_it_said_itself(tmp_path):
    """A list that was forced once may say the same again, and not ten times more."""
    path = litellm(tmp_path / "prices.json", gpt_4o=(250, 10))
    refresh_files([path], force=True)
    refresh_files([path])
    error = refused(litellm(path, gpt_4o=(2.5, 10)))
    assert error.why == "openai/gpt-4o: input $250 -> $2.5 (100 times)."


def test_a_price_per_token_in_a_list_per_million_is_found(tmp_path):
    """Mixed units, told with what the price would be in the other one."""
    path = models_dev(tmp_path / "api.json", "openai", brand_new=(0.00000015, 0.0000006))
    assert refused(path).why == (
        "openai/brand-new: mixed units: input 0.00000015 per million would be $0.00000015 per "
        "million tokens; per token it would be $0.15."
    )


def test_a_price_per_million_in_a_list_per_token_is_found(tmp_path):
    """The other way round."""
    path = litellm(tmp_path / "prices.json", brand_new=(150_000, 600_000))
    assert "per million it would be $0.15" in refused(path).why


def test_many_doubts_are_counted(tmp_path):
    """Five are shown."""
    rates = {f"new_{number}": (1e6, 1e6) for number in range(9)}
    error = refused(litellm(tmp_path / "prices.json", **rates))
    assert error.what.endswith("it states 9 prices that cannot be right.")
    assert error.why.endswith("; and 4 more.")


def test_no_file_is_kept_where_a_later_one_is_refused(tmp_path):
    """All are judged before the first is written."""
    good = models_dev(tmp_path / "api.json", "openai", brand_new=(1, 2))
    bad = litellm(tmp_path / "prices.json", gpt_4o=(250, 10))
    with pytest.raises(CatalogueError):
        refresh_files([good, bad])
    assert kept() == []


def test_openrouters_list_is_kept_as_if_it_had_been_fetched(tmp_path):
    """Dollars per token, as strings; a router's -1 is unknown."""
    path = tmp_path / "models.json"
    rows = [
        {"id": "a/b", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    ]
    path.write_text(json.dumps({"data": rows}))
    (brought,) = refresh_files([path])
    assert (brought.name, brought.listed) == ("OpenRouter", 2)
    assert "openrouter/a/b" in brought.new
    assert kept() == ["fetched/openrouter.json", "reckon.db"]
    assert price_on(load().find("openrouter/a/b"), today()).rate.input == 1


def test_openrouters_list_in_the_wrong_unit_is_found(tmp_path):
    """Dollars per million where they are per token."""
    path = tmp_path / "models.json"
    row = {"id": "a/b", "pricing": {"prompt": "0.15", "completion": "0.6"}}
    path.write_text(json.dumps({"data": [row]}))
    assert "openrouter/a/b: mixed units: input 0.15 per token" in refused(path).why


def test_genai_prices_own_file_is_taken(tmp_path):
    """Of dated prices the one of today."""
    path = tmp_path / "data.json"
    prices = [
        {"prices": {"input_mtok": 2, "output_mtok": 4}},
        {
            "constraint": {"start_date": "2026-01-01"},
            "prices": {"input_mtok": 1, "output_mtok": 2},
        },
        {
            "constraint": {"start_date": "2999-01-01"},
            "prices": {"input_mtok": 9, "output_mtok": 9},
        },
    ]
    models = [{"id": "brand-new", "match": {"equals": "brand-new"}, "prices": prices}]
    path.write_text(json.dumps([{"id": "openai", "name": "OpenAI", "models": models}]))
    refresh_files([path])
    assert observed() == [("genai-prices", "openai/brand-new", "1")]


def test_providers_that_are_not_known_are_left_out_and_counted(tmp_path):
    """There is no address to ask them at."""
    (brought,) = refresh_files([models_dev(tmp_path / "api.json", "nobody", a=(1, 2), b=(1, 2))])
    assert brought.listed == 0
    assert brought.notes == ("2 are of providers that are not known here.",)


PERIOD = 'input = "2"\noutput = "8"\nsource = "a letter from sales"\n'


def test_a_file_of_our_own_format_goes_into_the_folder_and_wins(tmp_path):
    """Checked first, and noted in the ledger."""
    (brought,) = refresh_files([own(tmp_path / "mine.toml", PERIOD)])
    assert brought.name == "catalogue/mine.toml"
    assert [str(each.now.rate.input) for each in brought.prices] == ["2"]
    assert kept() == ["catalogue/mine.toml", "reckon.db"]
    assert observed() == [("catalogue/mine.toml", "openai/gpt-4o", "2")]
    assert price_on(load().find("gpt-4o"), today()).source == "a letter from sales"


def test_our_own_format_is_judged_too(tmp_path):
    """A jump, a price per token, a zero that is not marked free."""
    jump = own(tmp_path / "mine.toml", PERIOD.replace('"2"', '"250"'))
    assert refused(jump).why == "openai/gpt-4o: input $2.5 -> $250 (100 times)."
    unit = own(tmp_path / "mine.toml", PERIOD.replace('"2"', '"0.0000025"'))
    assert "mixed units: input 0.0000025 per million" in refused(unit).why
    zero = own(tmp_path / "mine.toml", PERIOD.replace('"2"', '"0"').replace('"8"', '"0"'))
    assert refused(zero).why == "openai/gpt-4o: input $2.5 -> $0."


def test_a_decimal_comma_is_named(tmp_path):
    """With what to write."""
    error = refused(own(tmp_path / "mine.toml", PERIOD.replace('"2"', '"0,15"')))
    assert error.why == "`input` is '0,15', not a number of dollars; write 0.15, with a point"


def test_a_period_that_was_kept_is_not_overwritten(tmp_path):
    """It may be ended, and another may follow; nothing else."""
    refresh_files([own(tmp_path / "mine.toml", PERIOD)])
    other = own(tmp_path / "mine.toml", PERIOD.replace('"2"', '"3"'))
    assert refused(other).why == ("openai/gpt-4o: the price from the beginning was $2 in, $3 now.")
    gone = own(tmp_path / "mine.toml", "start = 2026-01-01\n" + PERIOD)
    assert "was $2 in, and is gone" in refused(gone).why
    later = PERIOD.replace('"2"', '"3"')
    ended = own(tmp_path / "mine.toml", PERIOD + "end = 2026-01-01", "start = 2026-01-01\n" + later)
    refresh_files([ended])
    assert [str(each.rate.input) for each in load().find("gpt-4o").prices] == ["2", "3"]


def test_a_file_that_is_edited_in_its_place_is_checked_where_it_lies(tmp_path):
    """`models refresh` of a file of the user folder reads it again."""
    refresh_files([own(tmp_path / "mine.toml", PERIOD)])
    place = settings.home() / "catalogue" / "mine.toml"
    refresh_files([own(place, PERIOD.replace('"8"', '"9"'))])
    assert price_on(load().find("gpt-4o"), today()).rate.output == 9


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "a.json is not JSON."),
        ("a.json", "<html>", "a.json is not JSON."),
        ("a.json", '{"a": 1}', "a.json is no list of prices that is known."),
        ("a.toml", "[[model]\n", "is not TOML."),
        ("a.toml", 'provider = "p"\n[[model]]\nid = "m"\ncolour = 1\n', "the row is malformed."),
        ("a.toml", 'provider = "p"\n[[model]]\nid="m"\n[[model]]\nid="m"\n', "listed twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, text, said):
    """And nothing is half-written."""
    path = tmp_path / name
    path.write_text(text)
    assert said in refused(path).what


def test_a_file_that_is_not_there_is_named(tmp_path):
    """A folder is no file either."""
    error = refused(tmp_path / "none.json")
    assert isinstance(error, SourceError)
    assert error.why == "No such file or directory"
    assert isinstance(refused(tmp_path), SourceError)


def test_an_earlier_day_keeps_its_price(tmp_path):
    """A list speaks from the day it was read."""
    refresh_files([litellm(tmp_path / "a.json", gpt_4o=(2.5, 10))])
    refresh_files([litellm(tmp_path / "a.json", gpt_4o=(2, 10))])
    yesterday = today() - dt.timedelta(days=1)
    assert price_on(load().find("gpt-4o"), yesterday).rate.input == 2.5
