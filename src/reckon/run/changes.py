"""What changed among models since a day, and which of them you use: catalogue and ledger joined."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec

from reckon import settings
from reckon.catalogue import block, changes, fetched
from reckon.catalogue.changes import Change
from reckon.catalogue.load import load
from reckon.errors import UsageError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Observed
from reckon.run.clock import today
from reckon.vocabulary.price import Price


class Noted(NamedTuple):
    """A change, and how many calls of the ledger asked that model."""

    change: Change
    calls: int


def since(day: dt.date) -> list[Noted]:
    """What is new, cheaper, dearer, retired or gone since a day.

    Models that you use come first, then those of makers' own services, each part the latest first.

    From the catalogue's dated periods, from the days of release and retirement, from lists that
    were read again, and from prices as they were observed.

    Raises:
        UsageError: The day has not come yet.
    """
    last = today()
    if day > last:
        raise UsageError(
            f"--since {day} is after today, {last}.", do="Name a day of the past: 2024-12-31"
        )
    catalogue = load()
    lists = [
        each
        for path in (*block.fetched_files(), *block.price_list_files())
        if (each := fetched.read(path))
    ]
    with Ledger.look(settings.ledger_path()) as ledger:
        observed = ledger.observed_prices()
        calls = {row.group: row.calls for row in ledger.spend("model")}
    found = changes.merged(
        [
            *changes.of_models(catalogue.models, day, last),
            *changes.of_lists(lists, day, last),
            *_of_observations(observed, day, last),
        ]
    )
    noted = [Noted(each, calls.get(each.model, 0)) for each in found]
    makers = {model.provider for model in catalogue.first_party()}
    # The sort is stable: within each part the latest stays first.
    noted.sort(key=lambda each: (not each.calls, each.change.model.split("/")[0] not in makers))
    return noted


def _of_observations(observed: list[Observed], first: dt.date, last: dt.date) -> Iterator[Change]:
    """Prices that a list stated otherwise than before, whether or not they are the ones in use."""
    for (source, provider, model), rows in groupby(
        observed, key=lambda row: (row.source, row.provider, row.model)
    ):
        for before, now in pairwise(rows):
            day = now.first_seen.date()
            if first <= day <= last and before.price and now.price:
                yield from changes.repriced(
                    f"{provider}/{model}",
                    day,
                    _price(before.price, source),
                    _price(now.price, source),
                )


def _price(text: str, source: str) -> Price:
    return msgspec.structs.replace(msgspec.json.decode(text, type=Price), source=source)
