"""Prices, costs and estimates."""

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["billed", "documented", "estimated"]
"""How a figure is known: a provider reported it for this call, a published rule says so, or it
is our own ratio or interval."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """USD per million tokens of each kind; None means this kind costs what the whole costs."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    audio_input: Decimal | None = None
    image_input: Decimal | None = None
    video_input: Decimal | None = None
    audio_output: Decimal | None = None
    image_output: Decimal | None = None


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of a request whose own input is larger than a threshold. Tiers are per request."""

    above_input_tokens: int
    rate: Rate


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """One dated price period of a model. A price is never overwritten: a new period is appended."""

    rate: Rate
    start: dt.date | None = None
    """First day of the period, UTC; None: not known, since release."""
    end: dt.date | None = None
    """First day that is no longer in the period; None: still valid."""
    tiers: tuple[Tier, ...] = ()
    per_request: Decimal = Decimal(0)
    """USD per request, beside the tokens."""
    per_search: Decimal | None = None
    """USD per web search that the provider runs, beside the tokens; None: not known."""
    per_searching_request: Decimal | None = None
    """USD per request in which the provider searched, however often; None: not known."""
    batch_multiplier: Decimal | None = None
    """Factor on everything in the provider's batch API, and in its flex tier where it has one;
    None: no batch price is known."""
    free: bool = False
    """True only where zero is the real price. A zero without this mark means unknown."""
    source: str = ""
    """Address, or package and version, that says so."""
    seen: dt.date | None = None
    """The day of the copy of the source that was read."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one request cost, in whole pico-dollars."""

    total_pico: int
    input_pico: int
    """Share of the input tokens; fees per request and per search are in the total alone."""
    output_pico: int
    """Share of the output tokens."""
    kind: Kind
    price_start: dt.date | None = None
    """Start of the price period that was used."""


class Interval(msgspec.Struct, frozen=True):
    """A number that is known to a degree; low == likely == high where it is exact."""

    low: float
    likely: float
    high: float

    @staticmethod
    def exactly(value: float) -> "Interval":
        """An interval of no width."""
        return Interval(value, value, value)

    @property
    def is_exact(self) -> bool:
        """Whether the interval has no width."""
        return self.low == self.high

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, factor: float) -> "Interval":
        """Every end multiplied by a non-negative factor."""
        return Interval(self.low * factor, self.likely * factor, self.high * factor)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a job on one model before it runs."""

    model: str
    """`provider/id`."""
    items: int
    input_tokens: Interval
    output_tokens: Interval
    low_pico: int | None
    """None: the price of the model is unknown."""
    likely_pico: int | None
    high_pico: int | None
    likely_input_pico: int | None = None
    """Share of the input in `likely_pico`."""
    likely_output_pico: int | None = None
    """Share of the output in `likely_pico`; fees per request are in neither."""
    kind: Kind
    hours: float | None
    """At the known rate limits; None: no limit is known."""
    upload_bytes: int
    price: Price | None
    notes: tuple[str, ...] = ()
    """Sentences a reader must see: retired, wide interval, doubtful rule."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Measured over predicted tokens of one model: by the user's own ledger, or by a counter."""

    model: str
    rows: int
    input_ratio: Interval
    output_tokens: Interval | None = None
    """Output tokens of one row; None: not measured."""
    source: str = ""
    """What measured it, as a reader is told: `your own calls`."""
