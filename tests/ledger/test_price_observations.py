"""What lists stated of prices, and when: appended, never overwritten."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from reckon.ledger import schema
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import SeenPrice

FIRST = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SECOND = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
THIRD = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger of a test lies."""
    return tmp_path / "reckon.db"


def seen(price: str | None, model: str = "m", source: str = "list") -> SeenPrice:
    """A price as a list states it."""
    return SeenPrice(source=source, provider="p", model=model, price=price)


def rows(ledger: Ledger) -> list[tuple[str, str | None, dt.datetime, dt.datetime]]:
    """Model, price, first and last time, of all that was observed."""
    return [
        (row.model, row.price, row.first_seen, row.last_seen) for row in ledger.observed_prices()
    ]


def test_a_price_that_stays_is_one_row_with_its_last_day(path: Path) -> None:
    """And one that changes is a row more; the old one is not touched."""
    with Ledger.open(path) as ledger:
        assert ledger.observe_prices([seen("1")], FIRST) == 1
        assert ledger.observe_prices([seen("1")], SECOND) == 0
        assert ledger.observe_prices([seen("2")], THIRD) == 1
        assert rows(ledger) == [("m", "1", FIRST, SECOND), ("m", "2", THIRD, THIRD)]
        assert ledger.verify() == []


def test_a_price_that_comes_back_is_a_new_row(path: Path) -> None:
    """1, 2, 1 are three observations."""
    with Ledger.open(path) as ledger:
        for price, moment in (("1", FIRST), ("2", SECOND), ("1", THIRD)):
            ledger.observe_prices([seen(price)], moment)
        assert [row[1] for row in rows(ledger)] == ["1", "2", "1"]


def test_a_price_that_is_no_longer_stated_is_observed_too(path: Path) -> None:
    """One that never was is not."""
    with Ledger.open(path) as ledger:
        ledger.observe_prices([seen("1"), seen(None, "never")], FIRST)
        ledger.observe_prices([seen(None), seen(None, "never")], SECOND)
        assert rows(ledger) == [("m", "1", FIRST, FIRST), ("m", None, SECOND, SECOND)]


def test_two_lists_are_two_histories(path: Path) -> None:
    """What one says is no change of the other."""
    with Ledger.open(path) as ledger:
        ledger.observe_prices([seen("1", source="a")], FIRST)
        ledger.observe_prices([seen("2", source="b")], FIRST)
        assert ledger.observe_prices([seen("1", source="a"), seen("2", source="b")], SECOND) == 0


def test_an_earlier_reading_does_not_turn_time_back(path: Path) -> None:
    """A clock that was set back leaves the last day as it is."""
    with Ledger.open(path) as ledger:
        ledger.observe_prices([seen("1")], SECOND)
        ledger.observe_prices([seen("1")], FIRST)
        assert rows(ledger) == [("m", "1", SECOND, SECOND)]


def test_all_prices_of_a_list_are_noted_or_none(path: Path) -> None:
    """A row that cannot be written takes none with it half."""

    def broken():
        yield seen("1")
        raise RuntimeError

    with Ledger.open(path) as ledger:
        with pytest.raises(RuntimeError):
            ledger.observe_prices(broken(), FIRST)
        assert rows(ledger) == []


def test_a_ledger_of_the_second_layout_gets_room_for_prices(path: Path) -> None:
    """Its rows stay; a reader alone does not change it."""
    with sqlite3.connect(path) as old:
        for migration in schema.MIGRATIONS[:2]:
            for statement in migration.split(";"):
                old.execute(statement)
        old.execute(
            "INSERT INTO attempts (id, started, finished, status, owner, row_key, model_asked,"
            " options, input_tokens, output_tokens, cost_pico)"
            " VALUES ('A1', 1, 2, 'done', 'o', 'k', 'openai/m', '{}', 10, 20, 30)"
        )
        old.execute("INSERT INTO search_queue VALUES (1)")
        old.execute("PRAGMA user_version = 2")
    old.close()
    with Ledger.look(path) as ledger:
        assert ledger.show("A1").cost_pico == 30
        assert ledger.observed_prices() == []
        assert ledger.verify() == []
    with Ledger.open(path) as ledger:
        assert ledger.observe_prices([seen("1")], FIRST) == 1


def test_days_in_the_wrong_order_are_found(path: Path) -> None:
    """`verify` says so."""
    with Ledger.open(path) as ledger:
        ledger.observe_prices([seen("1")], SECOND)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE price_observations SET last_seen = 0")
    raw.close()
    with Ledger.open(path) as ledger:
        assert ledger.verify() == ["1 observed prices were last seen before they were first seen."]
