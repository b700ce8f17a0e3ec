"""Compiles the models of the genai-prices package, or of a file of its data, into our own rows.

Imported only while the catalogue's cache is built: the package takes half a second to import.
Its matcher is never used. A row stands for the ids that the package lists as exactly equal;
prefix and contains clauses are dropped, because they take `gemini-1.5-flash-8b` for
`gemini-1.5-flash`. An equal id that names a size, where the row's own id names none, is known and
its price is not: `gpt-6-sol-pro` does not cost what `gpt-6-sol` costs.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, cast

from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price, Rate, Tier

PROVIDER_IDS = {"x-ai": "xai"}
"""Where our id of a provider is not the package's."""

NOT_SERVED_HERE = {
    # Vertex AI serves these, the Gemini endpoint of our provider row does not.
    "google": ("claude-", "anthropic/"),
    # Open weights, priced by other hosts.
    "openai": ("gpt-oss",),
}

RATE_FIELDS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "input_video_mtok": "video_input",
    "output_audio_mtok": "audio_output",
    "output_image_mtok": "image_output",
}
# Fees of optional tools, and the rate of cached audio: not part of a plain call. Searches have
# their price in our own files, for the package does not say what is counted: Gemini 2.5 takes its
# fee for the request, Gemini 3 for each search.
BESIDE_THE_CALL = {"web_searches_kcount", "storage_searches_kcount", "cache_audio_read_mtok"}

PLACES = 6
"""Decimals of USD per million tokens that make a whole pico-dollar per token."""

TIME_OF_DAY = "The price depends on the time of day; no single price is carried."
OTHER_UNITS = "Charged in units that are not carried here ({units}); the price is unknown."
DEPRECATED = "Marked deprecated by genai-prices."
SIZE_LOST = "genai-prices prices it as {base}, which is another size; the price is unknown."

_SIZES = re.compile(
    r"(?<![a-z0-9])(\d+(?:\.\d+)?[bm]|nano|micro|tiny|mini|lite|small|medium|large|pro|max|ultra)"
    r"(?![a-z0-9])"
)


def compile_models(version: str) -> Iterator[tuple[Model, str]]:
    """Every model of the package, with its provider's name.

    Args:
        version: The package's version, for the source of each price.
    """
    from genai_prices.data import providers  # pyright: ignore[reportUnknownVariableType]

    return models_of(providers, f"genai-prices {version}")


def models_of(providers: Iterable[Any], source: str) -> Iterator[tuple[Model, str]]:
    """The models of these providers, each with its provider's name.

    Args:
        providers: As the package has them, or as `genai_file.providers_of` makes them.
        source: What each price is said to come from.
    """
    for provider in providers:
        provider_id = id_of(provider.id)
        left_out = NOT_SERVED_HERE.get(provider_id, ())
        for info in provider.models:
            prices, note = prices_of(info.prices, source)
            notes = ((note,) if note else ()) + ((DEPRECATED,) if info.deprecated else ())
            for name in _exact_ids(info):
                if left_out and name.startswith(left_out):
                    continue
                lost = loses_size(name, info.id)
                yield (
                    Model(
                        id=name,
                        provider=provider_id,
                        organization=organization_of(provider_id, name),
                        name=info.name or "",
                        context_tokens=info.context_window,
                        prices=() if lost else prices,
                        limitations=(SIZE_LOST.format(base=info.id), *notes) if lost else notes,
                        source=source,
                    ),
                    provider.name,
                )


def id_of(provider: str) -> str:
    """Our id of a provider of the package."""
    return PROVIDER_IDS.get(provider, provider)


def loses_size(name: str, base: str) -> bool:
    """Whether a name says a size that the name whose price it is given does not say."""
    return bool(set(_SIZES.findall(name.lower())) - set(_SIZES.findall(base.lower())))


def _exact_ids(info: Any) -> list[str]:
    """The package's own id first, then the strings it lists as equal."""
    clauses = getattr(info.match, "or_", [info.match])
    equal = [clause.equals for clause in clauses if hasattr(clause, "equals")]
    return list(dict.fromkeys([info.id, *equal]))


def organization_of(provider: str, model: str) -> str:
    """Whose model it is, as far as its id or its provider tells; empty where they do not."""
    if "/" in model:
        return model.split("/", 1)[0].lstrip("@~")
    if provider == "aws":
        parts = [part for part in model.split(".") if part not in ("global", "regional", "us")]
        return parts[0] if len(parts) > 1 else ""
    return provider


def prices_of(found: Any, source: str) -> tuple[tuple[Price, ...], str]:
    """Price periods, oldest first, and a note where there are none for a reason."""
    if not isinstance(found, list):
        price, note = _price(found, source, None)
        return ((price,) if price else ()), note
    by_start: dict[dt.date | None, Any] = {}
    for condition in cast("list[Any]", found):
        constraint: Any = condition.constraint
        if constraint is not None and not hasattr(constraint, "start_date"):
            return (), TIME_OF_DAY
        by_start[constraint.start_date if constraint else None] = condition.prices
    starts = sorted(by_start, key=lambda start: start or dt.date.min)
    ends = [*starts[1:], None]
    periods: list[Price] = []
    notes: list[str] = []
    for start, end in zip(starts, ends, strict=True):
        price, note = _price(by_start[start], source, start, end)
        if price:
            periods.append(price)
        notes.append(note)
    return tuple(periods), next((note for note in notes if note), "")


def _price(
    found: Any, source: str, start: dt.date | None, end: dt.date | None = None
) -> tuple[Price | None, str]:
    fields = cast("dict[str, Any]", vars(found))
    units = {name: value for name, value in fields.items() if value is not None}
    per_request = units.pop("requests_kcount", Decimal(0))
    foreign = units.keys() - RATE_FIELDS.keys() - BESIDE_THE_CALL
    if foreign or hasattr(per_request, "base"):
        return None, OTHER_UNITS.format(units=", ".join(sorted(foreign or {"requests_kcount"})))
    rates = {field: units[name] for name, field in RATE_FIELDS.items() if name in units}
    base = _rate_at(rates, 0)
    if base is None:
        return None, ""
    thresholds = sorted(
        {tier.start for value in rates.values() for tier in getattr(value, "tiers", ())}
    )
    tiers = [
        Tier(above_input_tokens=threshold, rate=rate)
        for threshold in thresholds
        if (rate := _rate_at(rates, threshold)) is not None
    ]
    price = Price(
        rate=base,
        start=start,
        end=end,
        tiers=tuple(tiers),
        per_request=Decimal(per_request) / 1000,
        source=source,
    )
    return price, ""


def _rate_at(rates: dict[str, Any], threshold: int) -> Rate | None:
    """The rates above a threshold; None unless input and output are known and not zero."""
    values = {field: _value_at(value, threshold) for field, value in rates.items()}
    # A zero in a price table is far more often a hole than a gift.
    if not values.get("input") or not values.get("output"):
        return None
    return Rate(**values)


def _value_at(value: Any, threshold: int) -> Decimal:
    if not hasattr(value, "tiers"):
        return _clean(value)
    at: Any = value.base
    for tier in value.tiers:
        if threshold and tier.start <= threshold:
            at = tier.price
    return _clean(at)


def _clean(value: Any) -> Decimal:
    """Without the noise of floats: 0.18000000000000002 is 0.18, to a pico-dollar per token."""
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    is_noisy = isinstance(exponent, int) and exponent < -PLACES
    return round(exact, PLACES).normalize() if is_noisy else exact
