"""Dollars, tokens, times and sizes as people read them."""

import datetime as dt
from decimal import Decimal

from reckon.vocabulary.money import to_usd, usd_text

UNKNOWN = "unknown"


def dollars(pico: int | None) -> str:
    """`$1.68`; small amounts keep three digits that count, unknown is said."""
    if pico is None:
        return UNKNOWN
    usd = to_usd(pico)
    if usd == 0:
        return "$0"
    if abs(usd) >= Decimal("0.1"):
        return f"${usd:,.2f}"
    digits = 2 - usd.adjusted()
    return f"${usd:.{digits}f}"


def rate(usd: Decimal) -> str:
    """A rate as price lists write it: `$30`, `$2.50`, `$0.0375`."""
    exact = usd.normalize()
    places = -int(exact.as_tuple().exponent)
    return f"${usd:.2f}" if places == 1 else f"${exact:f}"


def exact_usd(pico: int | None) -> str | None:
    """A decimal string for JSON; None where unknown."""
    return None if pico is None else usd_text(to_usd(pico))


def tokens(value: float | None) -> str:
    """`17,680,000`."""
    return UNKNOWN if value is None else f"{round(value):,}"


def interval(low: float, likely: float, high: float) -> str:
    """One number where it is exact; `likely (low to high)` where not."""
    if round(low) == round(high):
        return f"{round(likely):,}"
    return f"{round(likely):,} ({round(low):,} to {round(high):,})"


def duration(seconds: float | None) -> str:
    """`22m`, `1h 05m`, `4.2s`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes = round(seconds / 60)
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def seconds(value: float | None) -> float | None:
    """A duration for JSON, to the millisecond; None stays None."""
    return None if value is None else round(value, 3)


def share(part: float, whole: float) -> str:
    """`97%`; three digits where it is tiny."""
    percent = 100 * part / whole
    return f"{percent:.0f}%" if percent >= 1 else f"{percent:.2g}%"


def known(cost_pico: int, unknown_calls: int) -> int | None:
    """A sum of costs; None where nothing is known of it, for unknown is never 0."""
    return None if unknown_calls and not cost_pico else cost_pico


def size(count: int) -> str:
    """`1.4 GB`, in powers of ten as disks and networks count."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def iso(moment: dt.datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(moment: dt.datetime | None) -> str:
    """A time for people, in their own zone."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
