"""Writes released_prices.json: every price period of our own files, as a release carries it.

Run it once a release, after the data is final and before the tag::

    python tests/catalogue/release_prices.py

From then on `test_catalogue_story_closed.py` holds each of these periods against the files: a
period may get an end, and a price that follows it, but its rates stay what they were. An entry
that was wrong is corrected here by hand, in the commit that says why.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from reckon.catalogue import overlay
from reckon.catalogue.block import own_files
from reckon.vocabulary.price import Price

RELEASED = Path(__file__).with_name("released_prices.json")


def period(key: str, price: Price) -> dict[str, Any]:
    """What may not change about a price: the model, the days, and every rate that is known."""
    kept: dict[str, Any] = msgspec.to_builtins(
        {
            "key": key,
            "start": price.start,
            "end": price.end,
            "rate": price.rate,
            "tiers": price.tiers,
            "per_request": price.per_request,
            "free": price.free,
        }
    )
    kept["rate"] = _known(kept["rate"])
    kept["tiers"] = [{**tier, "rate": _known(tier["rate"])} for tier in kept["tiers"]]
    return kept


def periods() -> list[dict[str, Any]]:
    """All periods of our own files, by model and start."""
    found = [
        period(model.key, price)
        for path in own_files()
        for model in overlay.read_models(path)
        for price in model.prices
    ]
    return sorted(found, key=lambda each: (each["key"], each["start"] or ""))


def _known(rate: dict[str, Any]) -> dict[str, Any]:
    return {kind: amount for kind, amount in rate.items() if amount is not None}


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(each) for each in periods())
    RELEASED.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
