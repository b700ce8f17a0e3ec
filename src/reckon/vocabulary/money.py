"""Money as integers of pico-dollars (1e-12 USD).

A rate of $0.0375 per million tokens is 37,500 pico-dollars per token, so every published rate is
a whole number here; a signed 64-bit integer holds 9.2 million dollars.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, InvalidOperation

PICO_PER_USD = 10**12
MOST_USD = 1_000_000
"""No budget is larger; the ledger's integers would hold nine times as much."""


def to_pico(usd: Decimal, *, up: bool = False) -> int:
    """Dollars to whole pico-dollars; half-even, or upwards for a bound that must hold."""
    rounding = ROUND_CEILING if up else ROUND_HALF_EVEN
    return int((usd * PICO_PER_USD).to_integral_value(rounding=rounding))


def to_usd(pico: int) -> Decimal:
    """Pico-dollars to dollars, exact, without trailing zeros."""
    usd = (Decimal(pico) / PICO_PER_USD).normalize()
    # normalize() turns 100 into 1E+2, which no reader of JSON money expects.
    return usd.quantize(Decimal(1)) if usd.as_tuple().exponent > 0 else usd  # pyright: ignore[reportOperatorIssue]


def usd_text(usd: Decimal) -> str:
    """A decimal string without exponent, for JSON fields that end in `_usd`."""
    return f"{usd:f}"


def read_usd(value: object) -> Decimal:
    """Dollars as a file or a person states them: a number, never negative, with a point.

    Raises:
        ValueError: It is no such number: `is '0,15', not a number of dollars; write 0.15, with a
            point`, to be set behind what the number stands for.
    """
    try:
        amount = Decimal(value) if isinstance(value, str | int | Decimal) else None
    except InvalidOperation:
        amount = None
    if amount is None or isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise ValueError(f"is {value!r}, not a number of dollars{_with_point(value)}")
    return amount


def _with_point(value: object) -> str:
    if not isinstance(value, str) or value.count(",") != 1 or "." in value:
        return ""
    try:
        return f"; write {read_usd(value.replace(',', '.'))}, with a point"
    except ValueError:
        return ""
