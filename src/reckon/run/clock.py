"""The day of today, in one place: prices, budgets and boards go by it."""

import datetime as dt


def today() -> dt.date:
    """The day prices are looked up for, UTC."""
    return dt.datetime.now(dt.UTC).date()
