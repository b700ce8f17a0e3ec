"""`reckon models prices|changes|history|list|show` and `refresh FILE`, as they are typed."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from command_line import error_lines, reckon, rows_of

from reckon import settings
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Attempt, SeenPrice
from reckon.run.clock import today

STORY = """
provider = "acme"

[[model]]
id = "old"
released = 2023-03-14
[[model.price]]
input = "30"
output = "60"
source = "https://acme.test/old"

[[model]]
id = "middle"
released = 2023-03-01
retired = 2024-12-01
successors = ["small"]
[[model.price]]
start = 2023-11-06
end = 2024-02-16
input = "1"
output = "2"
source = "https://acme.test/middle"
[[model.price]]
start = 2024-02-16
input = "0.5"
output = "1.5"
source = "https://acme.test/middle"

[[model]]
id = "small"
released = 2024-07-18
[[model.price]]
input = "0.15"
output = "0.6"
source = "https://acme.test/small"

[[model]]
id = "narrow"
released = 2020-01-01
context_tokens = 4_096

[[model]]
id = "wide"
released = 2020-07-01
context_tokens = 2_000_000

[[model]]
id = "secret"
"""


@pytest.fixture(autouse=True)
def story():
    """The models of a small story, in the user's folder."""
    folder = settings.home() / "catalogue"
    folder.mkdir(parents=True)
    (folder / "acme.toml").write_text(STORY)


def lines(*arguments: str) -> list[str]:
    """What is printed, with single spaces."""
    done = reckon(*arguments)
    assert done.returncode == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


WITHIN = ("--from", "2023-12-01", "--to", "2024-12-31")
MODELS = ("acme/old", "acme/middle", "acme/small")


def test_prices_over_time_with_ratios_that_read_naturally():
    """Periods cut at the days that were asked for, then what became cheaper than what."""
    assert lines("models", "prices", *MODELS, *WITHIN) == [
        "model from to $/M in $/M out source",
        "acme/old 2023-12-01 2024-12-31 30 60 https://acme.test/old",
        "acme/middle 2023-12-01 2024-02-15 1 2 https://acme.test/middle",
        "acme/middle 2024-02-16 2024-11-30 0.5 1.5 https://acme.test/middle",
        "acme/small 2024-07-18 2024-12-31 0.15 0.6 https://acme.test/small",
        "",
        "last price input output first price",
        "acme/middle $0.50 60x cheaper 40x cheaper than acme/old $30 of 2023-12-01",
        "acme/middle $0.50 2x cheaper 1.3x cheaper than acme/middle $1 of 2023-12-01",
        "acme/small $0.15 200x cheaper 100x cheaper than acme/old $30 of 2023-12-01",
        "acme/small $0.15 nearly 7x cheaper 3.3x cheaper than acme/middle $1 of 2023-12-01",
    ]


def test_ratios_are_exact_in_json():
    """As a fraction, and as a number that is not rounded."""
    rows = rows_of("models", "prices", *MODELS, *WITHIN)
    assert [(row["model"], row["from"], row["to"]) for row in rows] == [
        ("acme/old", "2023-12-01", "2024-12-31"),
        ("acme/middle", "2023-12-01", "2024-02-15"),
        ("acme/middle", "2024-02-16", "2024-11-30"),
        ("acme/small", "2024-07-18", "2024-12-31"),
    ]
    against_old, against_middle = rows[-1]["compared"]
    assert against_old["than"] == "acme/old"
    assert against_old["input_times_cheaper_exact"] == "200"
    assert against_middle["input_times_cheaper_exact"] == "20/3"
    assert against_middle["input_times_cheaper"] == 20 / 3
    assert against_middle["than_input_usd_per_mtok"] == "1"
    assert rows[-1]["input_usd_per_mtok"] == "0.15"


def test_a_price_that_is_unknown_says_so():
    """In the table and in JSON; a price that still holds has no end."""
    assert "acme/secret unknown unknown no price is known in this time" in lines(
        "models", "prices", "acme/secret", "acme/small"
    )
    secret, small = rows_of("models", "prices", "acme/secret", "acme/small")
    assert (secret["input_usd_per_mtok"], secret["from"], secret["compared"]) == (None, None, [])
    assert small["to"] is None


def test_a_model_that_is_named_twice_is_one():
    """By its plain id and by its key."""
    rows = rows_of("models", "prices", "gpt-4o-mini", "openai/gpt-4o-mini")
    assert len({(row["model"], row["from"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("command", [("prices", "acme/old"), ("history", "--context")])
def test_days_that_run_backwards_are_refused(command):
    """Exit 2."""
    done = reckon("models", *command, "--from", "2024-12-31", "--to", "2023-12-01")
    assert done.returncode == 2
    assert error_lines(done) == [
        "Error: --from 2024-12-31 is after --to 2023-12-01.",
        "Do: Give the earlier day to --from.",
    ]


def test_an_unknown_model_and_a_day_that_is_none_are_refused():
    """With the nearest names, and how a day is written."""
    done = reckon("models", "prices", "gpt-4o-minni")
    assert done.returncode == 2
    assert error_lines(done)[0] == "Error: There is no model 'gpt-4o-minni'."
    assert "gpt-4o-mini" in error_lines(done)[1]
    done = reckon("models", "prices", "gpt-4o", "--from", "31.12.2024")
    assert done.returncode == 2
    assert "'31.12.2024' is no day; write 2024-12-31" in done.stderr


def test_growth_of_context_windows():
    """From 4,096 to 2 million tokens; only what was larger than all before."""
    early = ("models", "history", "--context", "--to", "2020-12-31")
    assert lines(*early) == [
        "released model context of the first",
        "2020-01-01 acme/narrow 4,096 1x",
        "2020-07-01 acme/wide 2,000,000 488x",
        "",
        "4,096 to 2,000,000 tokens; the records of 2 models whose release and context window are "
        "known.",
    ]
    first, last = rows_of(*early)
    assert (first["context_tokens"], last["times_the_first"]) == (4_096, 2_000_000 / 4_096)


def test_a_time_without_a_known_window_says_so():
    """Instead of an empty table."""
    assert lines("models", "history", "--context", "--to", "2019-12-31") == [
        "No model of that time has a known day of release and context window."
    ]
    assert rows_of("models", "history", "--context", "--to", "2019-12-31") == []


def test_a_history_must_be_named():
    """One of two."""
    done = reckon("models", "history")
    assert done.returncode == 2
    assert error_lines(done)[0] == "Error: Say which history is meant, one of two."
    both = reckon("models", "history", "--context", "--cheapest-above", "1200")
    assert both.returncode == 2


def use(model: str) -> None:
    """A call of that model, in the ledger."""
    with Ledger.open(settings.ledger_path()) as ledger:
        ledger.begin(
            [
                Attempt(
                    run_id=None,
                    key="k",
                    item_id=None,
                    item_index=None,
                    model_asked=model,
                    prompt_text="hi",
                    system=None,
                    options={},
                    media=(),
                    reserved_pico=None,
                    price=None,
                    tag=None,
                )
            ]
        )


def test_changes_since_a_day_with_the_models_that_you_use_first():
    """New, cheaper, retired; with what to use instead."""
    use("acme/middle")
    shown = lines("models", "changes", "--since", "2023-12-01")
    assert shown[1:3] == [
        "* 2024-12-01 retired acme/middle use small",
        "* 2024-02-16 cheaper acme/middle input $1 -> $0.50, 2x cheaper, "
        "output $2 -> $1.50, 1.3x cheaper (https://acme.test/middle)",
    ]
    assert shown[-1] == "* 1 model that you use."
    rows = rows_of("models", "changes", "--since", "2023-12-01")
    assert rows[0]["is_used"] and rows[0]["calls"] == 1
    new = next(row for row in rows if row["model"] == "acme/small")
    assert (new["change"], new["day"], new["is_used"]) == ("new", "2024-07-18", False)


def test_prices_that_lists_stated_are_changes_too():
    """As the ledger noted them, though they are not the ones in use."""
    now = dt.datetime.now(dt.UTC)
    with Ledger.open(settings.ledger_path()) as ledger:
        for rate in ("1", "2"):
            price = json.dumps({"rate": {"input": rate, "output": rate}})
            seen = SeenPrice(source="LiteLLM", provider="acme", model="old", price=price)
            ledger.observe_prices([seen], now)
    rows = rows_of("models", "changes", "--since", str(today()))
    [row] = [row for row in rows if row["model"] == "acme/old"]
    assert (row["change"], row["source"]) == ("dearer", "LiteLLM")
    assert (row["before_input_usd_per_mtok"], row["input_usd_per_mtok"]) == ("1", "2")


def test_changes_of_the_future_are_refused():
    """Nobody knows them; and a day must be named."""
    done = reckon("models", "changes", "--since", "2999-01-01")
    assert done.returncode == 2
    assert error_lines(done)[0].startswith("Error: --since 2999-01-01 is after today, ")
    assert reckon("models", "changes").returncode == 2


def litellm(path, rate: str) -> str:
    """A price list that states this price of input for gpt-4o."""
    row = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": float(Decimal(rate) / 10**6),
        "output_cost_per_token": 1e-05,
    }
    path.write_text(json.dumps({"gpt-4o": row}))
    return str(path)


def test_sources_that_disagree_are_marked_in_the_list_and_named_on_the_card(tmp_path):
    """A star and a note; both prices with where they were read."""
    quiet = lines("models", "list", "gpt-4o", "--provider", "openai")
    assert not any("Another source differs" in line for line in quiet)
    done = reckon("models", "refresh", litellm(tmp_path / "prices.json", "3"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "LiteLLM lists 1 model (prices.json).",
        "Nothing has changed.",
        "1 differ by more than 1% from another source; `reckon models list` marks them.",
    ]
    shown = lines("models", "list", "gpt-4o", "--provider", "openai")
    assert any(line.startswith("openai/gpt-4o 2.5* 10 ") for line in shown)
    assert shown[-1] == (
        "* Another source differs by more than 1%; `reckon models show MODEL` gives both, "
        "with where they were read."
    )
    card = lines("models", "show", "gpt-4o")
    assert "price now: $2.5 in, $10 out per million tokens" in card
    assert "differs: $3 in, $10 out (source: LiteLLM (prices.json))" in card
    [row] = rows_of("models", "show", "gpt-4o")
    [other] = row["other_prices"]
    assert other == {
        "input_usd_per_mtok": "3",
        "output_usd_per_mtok": "10",
        "source": "LiteLLM (prices.json)",
        "seen": str(today()),
    }


def test_a_price_list_with_a_jump_is_refused_and_forced(tmp_path):
    """Exit 1 and three lines; `--force` is the way out that they name."""
    path = litellm(tmp_path / "prices.json", "250")
    done = reckon("models", "refresh", path)
    assert done.returncode == 1
    assert error_lines(done) == [
        "Error: prices.json was not taken: it states 1 price that cannot be right.",
        "Why: openai/gpt-4o: input $2.5 -> $250 (100 times).",
        "Do: Nothing was changed. Look at the source; --force takes the list as it stands.",
    ]
    assert not (settings.home() / "price-lists").exists()
    assert reckon("models", "refresh", path, "--force").returncode == 0


def test_a_price_with_a_decimal_comma_is_refused():
    """With what to write instead."""
    done = reckon("models", "list", "--max-price", "0,15")
    assert done.returncode == 2
    assert "it is '0,15', not a number of dollars; write 0.15, with a point" in done.stderr


def test_a_refresh_of_files_gives_its_changes_as_json(tmp_path):
    """The same shape as of a provider's list."""
    path = litellm(tmp_path / "prices.json", "2.5")
    reckon("models", "refresh", path)
    rows = rows_of("models", "refresh", litellm(tmp_path / "prices.json", "2"))
    [row] = rows
    assert (row["model"], row["change"]) == ("openai/gpt-4o", "price")
    assert (row["before_input_usd_per_mtok"], row["input_usd_per_mtok"]) == ("2.5", "2")
