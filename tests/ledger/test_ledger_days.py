"""Spending by day: what a plot of it is made from."""

import datetime as dt
from pathlib import Path

from ledger_values import attempt, closing

from reckon.ledger.ledger import Ledger


def test_spending_of_a_day_is_summed_by_group(tmp_path: Path) -> None:
    """A day whose calls have no known cost is unknown, not zero; a call that failed is zero."""
    with Ledger.open(tmp_path / "reckon.db") as ledger:
        rows = ledger.begin([attempt(tag=tag) for tag in ("a", "a", "b", "c")])
        ledger.finish(
            [
                closing(rows[0]),
                closing(rows[1]),
                closing(rows[2], cost_pico=None, cost_kind=None),
                closing(rows[3], status="failed", response=None, cost_pico=None, error="cut"),
            ]
        )
        days = ledger.spend_days("tag")
        assert [(each.group, each.cost_pico) for each in days] == [
            ("a", 198),
            ("b", None),
            ("c", 0),
        ]
        assert len({each.day for each in days}) == 1
        [day] = ledger.spend_days("day")
        assert (day.group, day.cost_pico) == (day.day.isoformat(), 198)
        tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        assert ledger.spend_days("model", tomorrow) == []
