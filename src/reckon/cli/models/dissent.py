"""What other sources say a model costs, in the commands that show its price."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reckon.show.money import rate

if TYPE_CHECKING:
    from reckon.vocabulary.model import Model
    from reckon.vocabulary.price import Price

MARK = "*"
NOTE = (
    f"{MARK} Another source differs by more than 1%; `reckon models show MODEL` gives both, "
    "with where they were read."
)


def others(model: "Model", price: "Price | None") -> "list[Price]":
    """What other sources state against the price of a day; none where that is unknown."""
    if price is None or not model.other_prices:
        return []
    from reckon.catalogue.doubts import agree

    return [other for other in model.other_prices if not agree(price, other)]


def other_rows(found: "Iterable[Price]") -> list[dict[str, str | None]]:
    """The same for JSON."""
    return [
        {
            "input_usd_per_mtok": f"{each.rate.input:f}",
            "output_usd_per_mtok": f"{each.rate.output:f}",
            "source": each.source,
            "seen": str(each.seen) if each.seen else None,
        }
        for each in found
    ]


def other_lines(model: "Model", price: "Price | None") -> list[tuple[str, str]]:
    """The same for a card."""
    return [
        (
            "differs",
            f"{rate(each.rate.input)} in, {rate(each.rate.output)} out (source: {each.source})",
        )
        for each in others(model, price)
    ]
