"""Job -> Estimate: what rows will cost on each model, in one pass over the rows.

Every request is priced by itself, because tiers are per request; then the requests are summed.
Rows of equal size are grouped, so that 68,000 photos of a few sizes cost no more than those few,
and groups are folded in when there are many, so that memory does not grow with the job.

Text is counted to the last token up to `EXACT_BYTES`. Of what follows a random sample is counted,
and the other rows by their bytes at the sample's ratio; the sampling error is inside the interval.
"""

import datetime as dt
import math
import random
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from reckon.price.cost import cost
from reckon.price.encodings import Count, counter, exact_for
from reckon.price.media.parts import MediaTokens, Medium, kinds_of, media_notes, media_tokens
from reckon.price.ratio import RatioSums
from reckon.price.text import framing, scaled
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.price import Calibration, Estimate, Interval, Kind, Price
from reckon.vocabulary.usage import Usage

MOST_GROUPS = 50_000
WIDE = 2.0
"""An interval is wide when its high end is more than so many times its low end."""
HOURS_OF_A_DAY = 24

RATIOS_TO = "o200k"
"""The encoding whose count the ratios of the other families are of."""

EXACT_BYTES = 64_000_000
"""Bytes of text that are counted whole in each encoding: about four seconds."""
ONE_IN = 16
"""Of the rows after these, one in so many is counted."""
FIRST_SAMPLED = 30
"""The first of them are counted in any case, so that the error of the ratio is known."""

Size = tuple[int, int]


class RowSize(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the price of one request."""

    text: str
    """All text of the request, system message included."""
    messages: int = 1
    images: tuple[Size, ...] = ()
    """Width and height as displayed."""
    media: tuple[Medium, ...] = ()
    """Sound, films and documents."""
    upload_bytes: int = 0
    """Bytes of media that are sent, before base64."""


_Counted = tuple[int, ...] | int
"""Tokens of a text in each encoding; or its bytes, where it is not in the sample."""
_Group = tuple[_Counted, int, tuple[Size, ...], tuple[Medium, ...]]

_NO_MEDIA = MediaTokens()
_ENDS = ("low", "likely", "high")


class _Texts:
    """Counts texts, of a large job those of a sample."""

    def __init__(self, encodings: tuple[str, ...]) -> None:
        self.encodings = encodings
        self.guessed = 0
        """Texts that were not counted."""
        self._count: list[Count] = []
        self._bytes = 0
        self._chance = random.Random(0).random  # noqa: S311 - draws a sample, guards nothing
        self._sample = [RatioSums() for _ in encodings]

    def count(self, text: str) -> _Counted:
        """Tokens in each encoding, or the bytes of a text that the sample leaves out."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if self._bytes < EXACT_BYTES:
            self._bytes += size
            return self._exactly(text)
        if self._sample[0].count >= FIRST_SAMPLED and self._chance() * ONE_IN >= 1:
            self.guessed += 1
            return size
        counted = self._exactly(text)
        for sums, tokens in zip(self._sample, counted, strict=True):
            sums.add(size, tokens)
        return counted

    def tokens(self, counted: _Counted) -> dict[str, int]:
        """What `count` gave, as tokens by encoding."""
        if isinstance(counted, tuple):
            return dict(zip(self.encodings, counted, strict=True))
        return {
            name: round(counted * (sums.ratio or 0.0))
            for name, sums in zip(self.encodings, self._sample, strict=True)
        }

    def error(self) -> float:
        """Half of the 95% interval of a sum of guessed tokens, as a share of it."""
        # The rows that were left out stray around the true ratio too, though they are many.
        strays = math.sqrt(1 + 1 / ONE_IN)
        return max((s.half_width() or 0.0) / (s.ratio or 1.0) * strays for s in self._sample)

    def next_stretch(self) -> None:
        """The texts that follow have a sample of their own: a source may be sorted by language."""
        self._sample = [RatioSums() for _ in self.encodings]

    def _exactly(self, text: str) -> tuple[int, ...]:
        if not self._count:
            self._count = [counter(name) for name in self.encodings]
        return tuple([count(text) for count in self._count])


class _Sum:
    """The running sums of one model."""

    def __init__(self, model: Model, price: Price | None, cached_tokens: int = 0) -> None:
        self.model = model
        self.exact = exact_for(model)
        """What counts its text exactly; None: a ratio."""
        self.price = price
        self.cached_tokens = cached_tokens
        self.input = [0.0, 0.0, 0.0]
        self.pico = [0, 0, 0]
        self.likely_input_pico = 0
        self.likely_output_pico = 0
        self.known = price is not None
        self.kinds: set[Modality] = set()
        """Media that the rows hold."""

    def add(
        self,
        request: Interval,
        output: Interval,
        count: int,
        *,
        batch: bool,
        media: MediaTokens = _NO_MEDIA,
        error: float = 0.0,
    ) -> None:
        """So many equal requests, whose input strays by a share in the sum.

        `media` says which of their tokens have a rate of their own.
        """
        for end, name in enumerate(_ENDS):
            tokens: float = getattr(request, name)
            stray = (end - 1) * error
            self.input[end] += tokens * count * (1 + stray)
            if self.price is None:
                continue
            whole = round(tokens)
            usage = Usage(
                input_tokens=whole,
                output_tokens=round(getattr(output, name)),
                cached_input_tokens=min(self.cached_tokens, whole),
                image_input_tokens=round(getattr(media.images, name)),
                audio_input_tokens=round(getattr(media.audio, name)),
                video_input_tokens=round(getattr(media.video, name)),
            )
            each = cost(usage, self.price, batch=batch)
            if each is None:
                self.known = False
                continue
            self.pico[end] += each.total_pico * count + round(each.input_pico * count * stray)
            if end == 1:
                self.likely_input_pico += each.input_pico * count
                self.likely_output_pico += each.output_pico * count


def estimate_many(
    models: Sequence[tuple[Model, Price | None]],
    rows: Iterable[RowSize],
    *,
    output_tokens: Interval,
    batch: bool = False,
    cached_tokens: int = 0,
    calibrations: Mapping[str, Calibration] | None = None,
) -> list[Estimate]:
    """The price of the same rows on each model; the rows are read once.

    Args:
        models: Models with their price of the day; None: unknown.
        rows: One for each request; streams.
        output_tokens: Tokens of one answer.
        batch: Prices of the provider's batch API.
        cached_tokens: Input tokens of each request that the provider has in its cache.
        calibrations: Measured ratios by model key; they replace our own guess.

    Returns:
        Estimates in the order of `models`.
    """
    known = calibrations or {}
    sums = [_Sum(model, price, cached_tokens) for model, price in models]
    texts = _Texts(_encodings(sums))
    groups: dict[_Group, int] = {}
    items = upload = 0

    def fold() -> None:
        error = texts.error()
        for (counted, messages, images, others), count in groups.items():
            tokens = texts.tokens(counted)
            kinds = kinds_of(images, others)
            stray = 0.0 if isinstance(counted, tuple) else error
            for each in sums:
                media = media_tokens(each.model, images, others)
                request = _request(each, tokens, messages, media)
                calibration = known.get(each.model.key)
                output = output_tokens
                if calibration is not None:
                    request = _calibrated(request, calibration)
                    media = media.times(calibration.input_ratio)
                    output = calibration.output_tokens or output
                each.kinds |= kinds
                each.add(request, output, count, batch=batch, media=media, error=stray)
        groups.clear()
        texts.next_stretch()

    text: str | None = None
    counted: _Counted = ()
    for row in rows:
        items += 1
        upload += row.upload_bytes
        if row.text != text:
            text = row.text
            counted = texts.count(text)
        group = (counted, row.messages, row.images, row.media)
        groups[group] = groups.get(group, 0) + 1
        if len(groups) >= MOST_GROUPS:
            fold()
            text = None  # what was guessed holds by its own stretch alone
    fold()
    return [
        _estimate(each, items, upload, output_tokens, known, batch=batch, guessed=texts.guessed)
        for each in sums
    ]


def estimate(
    model: Model,
    rows: Iterable[RowSize],
    *,
    price: Price | None,
    output_tokens: Interval,
    batch: bool = False,
    calibration: Calibration | None = None,
) -> Estimate:
    """The price of rows on one model; see `estimate_many`."""
    calibrations = {model.key: calibration} if calibration else None
    [found] = estimate_many(
        [(model, price)],
        rows,
        output_tokens=output_tokens,
        batch=batch,
        calibrations=calibrations,
    )
    return found


def by_hand(
    model: Model,
    *,
    count: int,
    input_tokens: int,
    output_tokens: int,
    price: Price | None,
    batch: bool = False,
    cached_tokens: int = 0,
) -> Estimate:
    """The napkin sum, exact: so many equal requests of known size."""
    each = _Sum(model, price, cached_tokens)
    output = Interval.exactly(output_tokens)
    each.add(Interval.exactly(input_tokens), output, count, batch=batch)
    return _estimate(each, count, 0, output, {}, batch=batch)


def _encodings(sums: Iterable[_Sum]) -> tuple[str, ...]:
    """The encodings to count with. Families without one are counted as a ratio to o200k."""
    return tuple(sorted({each.exact or RATIOS_TO for each in sums}) or [RATIOS_TO])


def _request(each: _Sum, counted: Mapping[str, int], messages: int, media: MediaTokens) -> Interval:
    """Input tokens of one request on one model."""
    model = each.model
    if each.exact is None:
        total = scaled(counted[RATIOS_TO], model.tokenizer)
    else:
        total = Interval.exactly(counted[each.exact])
    total += framing(model.tokenizer, messages)
    for kind in media:
        total += kind
    return total


def _calibrated(request: Interval, calibration: Calibration) -> Interval:
    ratio = calibration.input_ratio
    if request.is_exact and ratio.low <= 1 <= ratio.high:
        return request  # a count that is exact was found to be right
    return Interval(
        request.likely * ratio.low, request.likely * ratio.likely, request.likely * ratio.high
    )


def _estimate(
    each: _Sum,
    items: int,
    upload: int,
    output_tokens: Interval,
    calibrations: Mapping[str, Calibration],
    *,
    batch: bool,
    guessed: int = 0,
) -> Estimate:
    calibration = calibrations.get(each.model.key)
    measured = calibration.output_tokens if calibration else None
    output = (measured or output_tokens).times(items)
    tokens = Interval(*each.input)
    exact = tokens.is_exact and output.is_exact
    kind: Kind = "documented" if exact else "estimated"
    low, likely, high = each.pico if each.known else (None, None, None)
    return Estimate(
        model=each.model.key,
        items=items,
        input_tokens=tokens,
        output_tokens=output,
        low_pico=low,
        likely_pico=likely,
        high_pico=high,
        likely_input_pico=each.likely_input_pico if each.known else None,
        likely_output_pico=each.likely_output_pico if each.known else None,
        kind=kind,
        hours=None if batch else _hours(each.model, items, tokens.likely, output.likely),
        upload_bytes=upload,
        price=each.price,
        notes=(
            *_notes(each, low, high, batch=batch),
            *_cache_notes(each),
            *((_measured_by(calibration),) if calibration else ()),
            *((_sampled(guessed),) if guessed else ()),
        ),
    )


def _hours(model: Model, items: int, input_tokens: float, output_tokens: float) -> float | None:
    """Hours at the known rate limits, whichever binds; None where none is known.

    A day's requests are sent as fast as the minutes allow; what is left waits for the next day.
    """
    limits = model.limits
    if limits is None:
        return None
    minutes = [
        amount / limit
        for amount, limit in (
            (items, limits.requests_per_minute),
            (input_tokens + output_tokens, limits.tokens_per_minute),
            (input_tokens, limits.input_tokens_per_minute),
            (output_tokens, limits.output_tokens_per_minute),
        )
        if limit
    ]
    if not minutes and not limits.requests_per_day:
        return None
    hours = max(minutes, default=0.0) / 60
    if not limits.requests_per_day or items <= limits.requests_per_day:
        return hours
    days = math.ceil(items / limits.requests_per_day) - 1
    last_day = 1 - days * limits.requests_per_day / items
    return max(hours, days * HOURS_OF_A_DAY + hours * last_day)


def _notes(each: _Sum, low: int | None, high: int | None, *, batch: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if each.price is None:
        notes.append("The price is unknown.")
    elif not each.known:
        notes.append("No batch price is known." if batch else "The cost is unknown.")
    if low and high and high > WIDE * low:
        notes.append(f"A wide interval: the high end is {high / low:.1f} times the low one.")
    return (*notes, *media_notes(each.model, each.kinds))


def _cache_notes(each: _Sum) -> tuple[str, ...]:
    if not each.cached_tokens or each.price is None:
        return ()
    if each.price.rate.cached_input is None:
        return ("No price of cached input is known: all input is taken at the full price.",)
    return (
        f"Up to {each.cached_tokens:,} input tokens of each request are taken at the price of "
        "cached input; the first request, and any after a long pause, pays the full price.",
    )


def _measured_by(calibration: Calibration) -> str:
    ratio = calibration.input_ratio
    return (
        f"Input by {calibration.source or 'measured calls'}, {calibration.rows:,} of them: "
        f"{ratio.likely:.3f} ({ratio.low:.3f} to {ratio.high:.3f}) times our count."
    )


def _sampled(guessed: int) -> str:
    return (
        f"A large job: the text of {guessed:,} rows was estimated by a random sample, 1 in "
        f"{ONE_IN} of them; the interval holds the sampling error."
    )


def retirement_note(model: Model, day: dt.date) -> str | None:
    """The sentence for a model that is no longer served on that day."""
    if not model.retired_on(day):
        return None
    instead = f" Use {' or '.join(model.successors)} instead." if model.successors else ""
    return f"{model.key} was retired on {model.retired}.{instead}"
