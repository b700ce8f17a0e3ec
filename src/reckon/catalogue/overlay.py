"""Reads our own TOML files, and the user's: models with dated price periods, and providers.

A file describes one organisation::

    organization = "google"        # as the boards write it
    provider = "google"            # who serves the rows, unless a row says otherwise

    [[model]]
    id = "gemini-1.5-flash-8b"
    modalities = ["text", "image"]

    [[model.price]]
    input = "0.0375"               # USD per million tokens; a string, never a float
    output = "0.15"
    source = "https://..."         # every price says where it was read

    [[search]]                     # what web searches cost, on all models of these names
    models = ["gemini-3*"]
    per_search = "0.014"           # USD; or per_searching_request
    source = "https://..."

    [[effort]]                     # how models of these names are told how much to reason
    models = ["gemini-2.5-*"]
    style = "budget"
    source = "https://..."

Dates are TOML dates. What is not known is left out.
"""

import datetime as dt
import itertools
import tomllib
from collections.abc import Iterator, Sequence, Set
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar, cast

import msgspec

from reckon.errors import CatalogueError
from reckon.vocabulary.model import EffortStyle, Limits, Modality, Model, Provider, Weights
from reckon.vocabulary.money import read_usd
from reckon.vocabulary.price import Price, Rate, Tier

KNOWN = frozenset({"organization", "provider", "model", "search", "effort"})
"""Keys at the top of a file of models."""

Row = TypeVar("Row", bound=msgspec.Struct)


class RateRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates of a price period or of a tier, as strings."""

    input: str
    output: str
    cached_input: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None
    audio_input: str | None = None
    image_input: str | None = None
    video_input: str | None = None
    audio_output: str | None = None
    image_output: str | None = None


class TierRow(RateRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates of requests with more input than the threshold."""

    above_input_tokens: int


class PriceRow(RateRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dated price period."""

    source: str
    start: dt.date | None = None
    end: dt.date | None = None
    seen: dt.date | None = None
    tiers: tuple[TierRow, ...] = ()
    per_request: str = "0"
    batch_multiplier: str | None = None
    free: bool = False


class ModelRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of a file; the fields are those of `Model`."""

    id: str
    provider: str | None = None
    organization: str | None = None
    name: str = ""
    aliases: tuple[str, ...] = ()
    """Other names of the same thing; a request always carries `id`."""
    snapshots: tuple[str, ...] = ()
    """Further ids that the provider serves under this description, each a model of its own."""
    family: str = ""
    released: dt.date | None = None
    retired: dt.date | None = None
    successors: tuple[str, ...] = ()
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    modalities: tuple[Modality, ...] | None = None
    tokenizer: str | None = None
    image_rule: str | None = None
    audio_rule: str | None = None
    video_rule: str | None = None
    pdf_rule: str | None = None
    effort_style: EffortStyle | None = None
    price: tuple[PriceRow, ...] = ()
    limits: Limits | None = None
    weights: Weights | None = None
    licence: str | None = None
    free_tier: bool | None = None
    limitations: tuple[str, ...] = ()
    arena_names: tuple[str, ...] = ()
    source: str = ""


class SearchRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the web searches of a provider cost, whatever the model's tokens cost."""

    models: tuple[str, ...]
    """Ids; a star stands for any letters, `[0-9]` for a digit."""
    source: str
    per_search: str | None = None
    per_searching_request: str | None = None
    seen: dt.date | None = None


class EffortRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How models of a provider are told how much to reason, where their own rows do not say."""

    models: tuple[str, ...]
    """Ids, as in `SearchRow`; the first row that fits a model holds for it."""
    style: EffortStyle
    source: str


class MediaRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How models count the tokens of media, wherever they are served; names of `price/media`."""

    models: tuple[str, ...]
    """Keys, `provider/id`, in lower case; as in `SearchRow`. The first row that fits a model and
    says a rule holds for it."""
    source: str
    image_rule: str | None = None
    audio_rule: str | None = None
    video_rule: str | None = None
    pdf_rule: str | None = None
    note: str = ""
    """What a reader must know of these rules, as a sentence."""


class Effort(NamedTuple):
    """An effort row, with its provider."""

    provider: str
    models: tuple[str, ...]
    style: EffortStyle


class SearchPrice(NamedTuple):
    """A search row, read."""

    provider: str
    models: tuple[str, ...]
    per_search: Decimal | None
    per_searching_request: Decimal | None


class ProviderRow(Provider, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider as it stands in a file, and whether plain ids mean it."""

    name: str = ""
    wire: str = "openai_chat"
    first_party: bool = False
    """Plain ids mean this provider: it serves models that its own organisation makes."""


def read_models(path: Path) -> list[Model]:
    """The models of one file.

    Raises:
        CatalogueError: Not TOML, an unknown or missing field, a rate that is no number, price
            periods that overlap, a model listed twice; names file, row and field.
    """
    table = read_table(path, known=KNOWN)
    organization = table.get("organization")
    provider = table.get("provider")
    rows = _rows(table, "model", ModelRow, path)
    models = [_model(row, path, provider or organization, organization) for row in rows]
    found: dict[str, Model] = {}
    for row, model in zip(rows, models, strict=True):
        for id_ in (row.id, *row.snapshots):
            one = model if id_ == row.id else msgspec.structs.replace(model, id=id_, aliases=())
            if found.setdefault(one.key, one) is not one:
                raise CatalogueError(f"{path}, {id_}: the model is listed twice.")
    return list(found.values())


def read_searches(path: Path) -> list[SearchPrice]:
    """What searches cost, by one file.

    Raises:
        CatalogueError: As `read_models`.
    """
    found: list[SearchPrice] = []
    for provider, row, where in _by_names(path, "search", SearchRow):
        if (row.per_search is None) == (row.per_searching_request is None):
            _fail(path, where, "give either `per_search` or `per_searching_request`")
        each, whole = (
            None if text is None else _decimal(text, path, where, name)
            for name, text in (
                ("per_search", row.per_search),
                ("per_searching_request", row.per_searching_request),
            )
        )
        found.append(SearchPrice(provider, row.models, each, whole))
    return found


def read_efforts(path: Path) -> list[Effort]:
    """How models are told how much to reason, by one file.

    Raises:
        CatalogueError: As `read_models`.
    """
    rows = _by_names(path, "effort", EffortRow)
    return [Effort(provider, row.models, row.style) for provider, row, _ in rows]


NamedRow = TypeVar("NamedRow", SearchRow, EffortRow)


def _by_names(path: Path, key: str, kind: type[NamedRow]) -> Iterator[tuple[str, NamedRow, str]]:
    """Rows on all models of some names, each with the provider and its place in the file."""
    table = read_table(path, known=KNOWN)
    provider = table.get("provider") or table.get("organization")
    for row in _rows(table, key, kind, path):
        where = f"{key} of {', '.join(row.models) or 'no model'}"
        if not isinstance(provider, str):
            _fail(path, where, "no `provider` at the top of the file")
        if not row.models or not row.source.strip():
            _fail(path, where, "`models` or `source` is empty")
        yield provider, row, where


def read_media(path: Path) -> list[MediaRow]:
    """How models count the tokens of media.

    Raises:
        CatalogueError: As `read_models`.
    """
    rows = _rows(read_table(path, known={"media"}), "media", MediaRow, path)
    for row in rows:
        if not row.models or not row.source.strip():
            where = f"media of {', '.join(row.models) or 'no model'}"
            _fail(path, where, "`models` or `source` is empty")
    return rows


def read_providers(path: Path) -> list[ProviderRow]:
    """The providers of one file.

    Raises:
        CatalogueError: As `read_models`.
    """
    table = read_table(path, known={"provider"})
    return _rows(table, "provider", ProviderRow, path)


def provider_of(row: ProviderRow) -> Provider:
    """The provider that a row describes."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in Provider.__struct_fields__}
    fields["name"] = row.name or row.id
    return Provider(**fields)


def read_table(path: Path, *, known: Set[str]) -> dict[str, Any]:
    """The top of a TOML file, with no keys beside the known ones."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path} cannot be read.", why=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path} is not TOML.", why=str(error)) from error
    unknown = sorted(table.keys() - known)
    if unknown:
        _fail(path, "top of the file", f"unknown field `{unknown[0]}`")
    return table


def _rows(table: dict[str, Any], key: str, kind: type[Row], path: Path) -> list[Row]:
    found: Any = table.get(key, [])
    if not isinstance(found, list):
        _fail(path, key, f"`[{key}]` must be written `[[{key}]]`")
    rows: list[Row] = []
    for number, raw in enumerate(cast("list[Any]", found), start=1):
        name: Any = cast("dict[str, Any]", raw).get("id") if isinstance(raw, dict) else None
        where = f"{key} {number} ({name})" if isinstance(name, str) else f"{key} {number}"
        try:
            row = msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            _fail(path, where, str(error))
        if not getattr(row, "id", "-").strip():
            _fail(path, where, "`id` is empty")
        rows.append(row)
    return rows


def _model(row: ModelRow, path: Path, provider: Any, organization: Any) -> Model:
    provider = row.provider or provider
    if not isinstance(provider, str):
        _fail(path, row.id, "no `provider`, neither in the row nor at the top of the file")
    prices = tuple(_price(price, path, row.id) for price in row.price)
    _check_periods(prices, path, row.id)
    fields: dict[str, Any] = {
        name: getattr(row, name)
        for name in ModelRow.__struct_fields__
        if name not in ("price", "provider", "organization", "snapshots")
    }
    fields["source"] = row.source or f"overlay {path.name}"
    fields["organization"] = row.organization or str(organization or provider)
    return Model(provider=provider, prices=prices, **fields)


def _price(row: PriceRow, path: Path, model: str) -> Price:
    if not row.source.strip():
        _fail(path, model, "a price without `source`")
    where = f"{model}, price from {row.start or 'the beginning'}"
    price = Price(
        rate=_rate(row, path, where),
        start=row.start,
        end=row.end,
        tiers=tuple(
            Tier(above_input_tokens=tier.above_input_tokens, rate=_rate(tier, path, where))
            for tier in sorted(row.tiers, key=lambda tier: tier.above_input_tokens)
        ),
        per_request=_decimal(row.per_request, path, where, "per_request"),
        batch_multiplier=None
        if row.batch_multiplier is None
        else _decimal(row.batch_multiplier, path, where, "batch_multiplier"),
        free=row.free,
        source=row.source,
        seen=row.seen,
    )
    if price.start and price.end and price.end <= price.start:
        _fail(path, where, "`end` is not after `start`")
    return price


def _rate(row: RateRow, path: Path, where: str) -> Rate:
    rates: dict[str, Any] = {}
    for name in RateRow.__struct_fields__:
        text: str | None = getattr(row, name)
        rates[name] = None if text is None else _decimal(text, path, where, name)
    return Rate(**rates)


def _decimal(text: str, path: Path, where: str, field: str) -> Decimal:
    try:
        return read_usd(text)
    except ValueError as error:
        _fail(path, where, f"`{field}` {error}")


def _check_periods(prices: Sequence[Price], path: Path, model: str) -> None:
    """Periods follow each other and do not overlap."""
    ordered = sorted(prices, key=lambda price: price.start or dt.date.min)
    for earlier, later in itertools.pairwise(ordered):
        if earlier.end is None or later.start is None or later.start < earlier.end:
            _fail(path, model, f"price periods overlap at {later.start}")


def _fail(path: Path, where: str, why: str) -> NoReturn:
    raise CatalogueError(
        f"{path}, {where}: the row is malformed.",
        why=why,
        do="Correct the row, or take it out of the file.",
    )
