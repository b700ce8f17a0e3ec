"""What is absurd in a list of prices: a jump, a zero, a price in the unit of another list.

Also what two sources are said to disagree on. Pure: a price before, a price now.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from reckon.vocabulary.price import Price, Rate

MOST_CHANGE = 10
"""A price that becomes more than so many times dearer or cheaper at once is doubted."""
TOLERANCE = Decimal("0.01")
"""Two sources agree within this share of the larger price."""

LEAST_USD = Decimal("0.0003")
MOST_USD = Decimal(10_000)
"""No price per million tokens is outside: the least that is asked is $0.003, the most $600."""

_MILLION = 10**6
_FACTORS = {1_000: "per thousand tokens", _MILLION: "per token"}


def jumps(before: Price, now: Price) -> Iterator[str]:
    """How a price changed beyond belief, a phrase for input and for output: `input $2.5 -> $250
    (100 times)`."""
    for side in ("input", "output"):
        old: Decimal = getattr(before.rate, side)
        new: Decimal = getattr(now.rate, side)
        if not old and not new:
            continue
        if not old or not new:
            yield f"{side} ${old:f} -> ${new:f}"
            continue
        factor = max(old, new) / min(old, new)
        if factor > MOST_CHANGE:
            yield f"{side} ${old:f} -> ${new:f} ({_times(factor)}{_unit_of(factor)})"


def foreign_unit(price: Price, *, per_token: bool) -> str:
    """What shows that a price is in another unit than its list; empty where nothing does.

    Args:
        price: In dollars per million tokens, as it follows from the list's unit.
        per_token: Whether the list states dollars per token.
    """
    unit, other = ("token", "million") if per_token else ("million", "token")
    for side, rate in _rates(price):
        stated = rate / _MILLION if per_token else rate
        if 0 < rate < LEAST_USD or rate > MOST_USD:
            said = f"{side} {_plain(stated)} per {unit} would be ${_plain(rate)} per million tokens"
            meant = stated if per_token else stated * _MILLION
            is_meant = LEAST_USD <= meant <= MOST_USD
            return f"{said}; per {other} it would be ${_plain(meant)}" if is_meant else said
    return ""


def agree(one: Price, other: Price) -> bool:
    """Whether two prices are the same within a hundredth, input and output each."""
    return all(
        abs(a - b) <= TOLERANCE * max(a, b)
        for a, b in (
            (one.rate.input, other.rate.input),
            (one.rate.output, other.rate.output),
        )
    )


def open_price(prices: tuple[Price, ...]) -> Price | None:
    """The period that has no end; None where the price is not known any more."""
    return prices[-1] if prices and prices[-1].end is None else None


def dissent(known: tuple[Price, ...], stated: Iterable[Price]) -> tuple[Price, ...]:
    """What other sources state for now, where it is not what is known: input and output alone.

    Args:
        known: The periods that hold for a model.
        stated: What its sources state for now; of one source, the last counts.
    """
    now = open_price(known)
    if now is None or now.free:
        return ()
    by_source = {_publisher(price): price for price in stated if price.source != now.source}
    return tuple(
        Price(
            rate=Rate(input=price.rate.input, output=price.rate.output),
            source=source,
            seen=price.seen,
        )
        for source, price in by_source.items()
        if not price.free and not agree(now, price)
    )


def _publisher(price: Price) -> str:
    """The first that a source names: our own rows name what else they rest on behind it."""
    return price.source.partition(";")[0]


def _rates(price: Price) -> Iterator[tuple[str, Decimal]]:
    for rate in (price.rate, *(tier.rate for tier in price.tiers)):
        yield "input", rate.input
        yield "output", rate.output


def _times(factor: Decimal) -> str:
    return f"{round(factor):,} times"


def _unit_of(factor: Decimal) -> str:
    """A factor of a whole unit betrays that unit."""
    return next(
        (
            f", as a price {unit} would be"
            for size, unit in _FACTORS.items()
            if abs(factor - size) <= size * TOLERANCE
        ),
        "",
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
