"""Job -> Estimate: what rows will cost on each model, in one pass over the rows.

Every request is priced by itself, because tiers are per request; then the requests are summed.
Rows of equal size are grouped, so that 68,000 photos of a few sizes cost no more than those few,
and groups are folded in when there are many, so that memory does not grow with the job.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from reckon.price.cost import cost
from reckon.price.media.parts import MediaTokens, Medium, kinds_of, media_notes, media_tokens
from reckon.price.text import EXACT, count_text, framing, scaled
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.price import Calibration, Estimate, Interval, Kind, Price
from reckon.vocabulary.usage import Usage

MOST_GROUPS = 50_000
WIDE = 2.0
"""An interval is wide when its high end is more than so many times its low end."""
HOURS_OF_A_DAY = 24

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


_Group = tuple[tuple[tuple[str, int], ...], int, tuple[Size, ...], tuple[Medium, ...]]

_NO_MEDIA = MediaTokens()


_ENDS = ("low", "likely", "high")


class _Sum:
    """The running sums of one model."""

    def __init__(self, model: Model, price: Price | None) -> None:
        self.model = model
        self.price = price
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
    ) -> None:
        """So many equal requests; `media` says which of their tokens have a rate of their own."""
        for end, name in enumerate(_ENDS):
            tokens: float = getattr(request, name)
            self.input[end] += tokens * count
            if self.price is None:
                continue
            usage = Usage(
                input_tokens=round(tokens),
                output_tokens=round(getattr(output, name)),
                image_input_tokens=round(getattr(media.images, name)),
                audio_input_tokens=round(getattr(media.audio, name)),
                video_input_tokens=round(getattr(media.video, name)),
            )
            each = cost(usage, self.price, batch=batch)
            if each is None:
                self.known = False
                continue
            self.pico[end] += each.total_pico * count
            if end == 1:
                self.likely_input_pico += each.input_pico * count
                self.likely_output_pico += each.output_pico * count


def estimate_many(
    models: Sequence[tuple[Model, Price | None]],
    rows: Iterable[RowSize],
    *,
    output_tokens: Interval,
    batch: bool = False,
    calibrations: Mapping[str, Calibration] | None = None,
) -> list[Estimate]:
    """The price of the same rows on each model; the rows are read once.

    Args:
        models: Models with their price of the day; None: unknown.
        rows: One for each request; streams.
        output_tokens: Tokens of one answer.
        batch: Prices of the provider's batch API.
        calibrations: Measured ratios by model key; they replace our own guess.

    Returns:
        Estimates in the order of `models`.
    """
    known = calibrations or {}
    sums = [_Sum(model, price) for model, price in models]
    encodings = _encodings(model for model, _ in models)
    groups: dict[_Group, int] = {}
    items = upload = 0

    def fold() -> None:
        for (texts, messages, images, others), count in groups.items():
            counted = dict(texts)
            kinds = kinds_of(images, others)
            for each in sums:
                media = media_tokens(each.model, images, others)
                request = _request(each.model, counted, messages, media)
                calibration = known.get(each.model.key)
                output = output_tokens
                if calibration is not None:
                    request = _calibrated(request, calibration)
                    media = media.times(calibration.input_ratio)
                    output = calibration.output_tokens
                each.kinds |= kinds
                each.add(request, output, count, batch=batch, media=media)
        groups.clear()

    text: str | None = None
    texts: tuple[tuple[str, int], ...] = ()
    for row in rows:
        items += 1
        upload += row.upload_bytes
        if row.text != text:
            text = row.text
            texts = tuple((name, int(count_text(text, name).likely)) for name in encodings)
        group = (texts, row.messages, row.images, row.media)
        groups[group] = groups.get(group, 0) + 1
        if len(groups) >= MOST_GROUPS:
            fold()
    fold()
    return [_estimate(each, items, upload, output_tokens, known, batch=batch) for each in sums]


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
) -> Estimate:
    """The napkin sum, exact: so many equal requests of known size."""
    each = _Sum(model, price)
    output = Interval.exactly(output_tokens)
    each.add(Interval.exactly(input_tokens), output, count, batch=batch)
    return _estimate(each, count, 0, output, {}, batch=batch)


def _encodings(models: Iterable[Model]) -> tuple[str, ...]:
    """The encodings to count with. Families without one are counted as a ratio to o200k."""
    return tuple(
        sorted({m.tokenizer if m.tokenizer in EXACT else "o200k" for m in models if m.tokenizer})
        or ["o200k"]
    )


def _request(
    model: Model, counted: Mapping[str, int], messages: int, media: MediaTokens
) -> Interval:
    """Input tokens of one request on one model."""
    exact = counted.get(model.tokenizer or "")
    if exact is None:
        exact = next(iter(counted.values())) if "o200k" not in counted else counted["o200k"]
        total = scaled(exact, model.tokenizer)
    else:
        total = Interval.exactly(exact)
    total += framing(model.tokenizer, messages)
    for each in media:
        total += each
    return total


def _calibrated(request: Interval, calibration: Calibration) -> Interval:
    ratio = calibration.input_ratio
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
) -> Estimate:
    calibration = calibrations.get(each.model.key)
    output = (calibration.output_tokens if calibration else output_tokens).times(items)
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
        notes=_notes(each, low, high, batch=batch),
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


def retirement_note(model: Model, day: dt.date) -> str | None:
    """The sentence for a model that is no longer served on that day."""
    if not model.retired_on(day):
        return None
    instead = f" Use {' or '.join(model.successors)} instead." if model.successors else ""
    return f"{model.key} was retired on {model.retired}.{instead}"
