"""What a refresh brought, what it must not bring, and its note in the ledger."""

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from reckon import settings
from reckon.catalogue import doubts
from reckon.errors import CatalogueError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import SeenPrice
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

SHOWN_DOUBTS = 5


class PriceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A price that holds otherwise than before. None: none is known."""

    model: str
    before: Price | None
    now: Price | None


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh brought."""

    name: str
    """Whose list it was, or what kind of file."""
    source: str
    listed: int
    """Models in the list."""
    new: tuple[str, ...]
    """`provider/id` of those that no row of the catalogue knew."""
    gone: tuple[str, ...] = ()
    """Those that the list had when it was last read, and has no more."""
    prices: tuple[PriceChange, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on what was left out or differs."""


def doubted(before: Price | None, now: Price | None, *, zero: bool = False) -> Iterator[str]:
    """Why a price is not believed, a phrase each.

    Args:
        before: What the list stated, or the catalogue knows.
        now: What the list states.
        zero: Whether it states that the model costs nothing.
    """
    if before is None:
        return
    if zero and not before.free:
        yield f"input ${before.rate.input:f} -> $0"
    elif now is not None:
        yield from doubts.jumps(before, now)


def refuse(name: str, found: list[str]) -> CatalogueError:
    """The error for a list that states what is not believed.

    Args:
        name: Of the list.
        found: `provider/id: phrase` each.
    """
    count = f"{len(found):,} price{'' if len(found) == 1 else 's'} that cannot be right"
    more = len(found) - SHOWN_DOUBTS
    return CatalogueError(
        f"{name} was not taken: it states {count}.",
        why="; ".join(found[:SHOWN_DOUBTS]) + (f"; and {more:,} more." if more > 0 else "."),
        do="Nothing was changed. Look at the source; --force takes the list as it stands.",
    )


def observe(source: str, models: Iterable[Model], now: dt.datetime) -> None:
    """Note in the ledger what a list states now.

    Args:
        source: The list.
        models: Each with the price of now as its last one, or none.
        now: When it was read, UTC.
    """
    with Ledger.open(settings.ledger_path()) as ledger:
        ledger.observe_prices((_seen(source, model) for model in models), now)


def _seen(source: str, model: Model) -> SeenPrice:
    stated = doubts.open_price(model.prices)
    return SeenPrice(
        source=source,
        provider=model.provider,
        model=model.id,
        price=None if stated is None else _as_text(stated),
    )


def _as_text(price: Price) -> str:
    """What is paid, without what tells when and where it was read."""
    bare = msgspec.structs.replace(price, start=None, end=None, seen=None, source="")
    fields = msgspec.to_builtins(bare)
    return msgspec.json.encode(
        {name: value for name, value in fields.items() if value not in (None, "", [], ())}
    ).decode()
