"""Takes lists of prices, and files of our own format, into the user folder.

Every file is read and judged before the first is kept; each is kept whole or not at all.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from reckon import settings
from reckon.catalogue import doubts, fetched, overlay, price_files
from reckon.catalogue.load import Catalogue, load, price_on
from reckon.catalogue.price_files import PER_TOKEN, Kind
from reckon.errors import CatalogueError, SourceError
from reckon.providers import model_list
from reckon.run.refresh import keep_list
from reckon.run.refreshed import PriceChange, Refreshed, doubted, observe, refuse
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

LARGEST_FILE = 64 << 20
"""Bytes; LiteLLM's whole list has a twentieth of that."""


class _Judged(NamedTuple):
    """A file that may be kept, and how."""

    keep: Callable[[], object]
    name: str
    models: Sequence[Model]
    """What it lists at providers that are known."""
    notes: tuple[str, ...]


def refresh_files(paths: Sequence[Path], *, force: bool = False) -> list[Refreshed]:
    """Take price lists into the catalogue, with what they stated before.

    Args:
        paths: JSON of genai-prices, models.dev, LiteLLM or OpenRouter, or TOML of our own format.
        force: Take prices that are not believed as they stand.

    Returns:
        What each brought.

    Raises:
        SourceError: A file cannot be read.
        CatalogueError: It is malformed, of no known format, or states what cannot be right: a
            price more than ten times dearer or cheaper than it was, one that became zero, one in
            the unit of another list.
        LedgerError: The ledger, which keeps what was stated, cannot be written.
    """
    catalogue = load()
    judged = [_judge(path, catalogue, force=force) for path in paths]
    brought: list[Refreshed] = []
    for path, each in zip(paths, judged, strict=True):
        before = load()
        each.keep()
        brought.append(
            compared(each.name, path.name, each.models, before, load(), notes=each.notes)
        )
    return brought


def _judge(path: Path, catalogue: Catalogue, *, force: bool) -> _Judged:
    body = _body(path)
    if path.suffix.lower() == ".toml":
        return _own(path, body, catalogue, force=force)
    decoded = price_files.decode(body, path.name)
    kind = price_files.kind_of(decoded)
    if kind is None:
        raise CatalogueError(
            f"{path.name} is no list of prices that is known.",
            why="It is JSON, but not that of genai-prices (data.json), models.dev (api.json), "
            "LiteLLM (model_prices_and_context_window.json) or OpenRouter (/api/v1/models).",
            do="Give one of those, or a TOML file with [[model]] and [[model.price]].",
        )
    if kind == "OpenRouter":
        return _openrouter(path, body, catalogue, force=force)
    source = f"{kind} ({path.name})"
    file = price_files.read(decoded, kind, path.name, source)
    models, notes = known_rows(file, catalogue)
    target = fetched.price_list_path(kind)
    before = fetched.read(target)
    if not force:
        found = list(doubts_of(models, before, catalogue, kind=kind, zeros=set(file.zeros)))
        if found:
            raise refuse(path.name, found)
    return _Judged(partial(keep_published, before, models, kind, source), kind, models, notes)


def _body(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SourceError(
                f"{path} is too large for a list of prices.",
                why=f"It has more than {LARGEST_FILE >> 20} MiB.",
                do="Give the list itself.",
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.",
            why=error.strerror or str(error),
            do="Give a file; `reckon models refresh --provider P` fetches a provider's own list.",
        ) from error


def known_rows(
    file: price_files.PriceFile, catalogue: Catalogue
) -> tuple[list[Model], tuple[str, ...]]:
    """The models of a list whose provider is known, at today's price, and notes on the others."""
    day = dt.datetime.now(dt.UTC).date()
    models = [as_of(model, day) for model in file.models if model.provider in catalogue.providers]
    elsewhere = len(file.models) - len(models)
    zeros = sum(catalogue.providers.get(key.partition("/")[0]) is not None for key in file.zeros)
    notes = (
        f"{elsewhere:,} are of providers that are not known here." if elsewhere else "",
        f"{zeros:,} cost nothing by the list: their price counts as unknown." if zeros else "",
    )
    return models, tuple(note for note in notes if note)


def as_of(model: Model, day: dt.date) -> Model:
    """A model with the price of a day alone, undated: a list is a statement about today."""
    price = price_on(model, day)
    stated = price and msgspec.structs.replace(price, start=None, end=None)
    return msgspec.structs.replace(model, prices=(stated,) if stated else ())


def keep_published(
    before: fetched.FetchedList | None, models: Sequence[Model], kind: Kind, source: str
) -> None:
    """Keep what a list of many providers states now, with what it stated before."""
    now = dt.datetime.now(dt.UTC)
    after = fetched.join(before, models, provider=kind, source=source, now=now)
    observe(kind, models, now)
    fetched.write(after, fetched.price_list_path(kind))


def _openrouter(path: Path, body: bytes, catalogue: Catalogue, *, force: bool) -> _Judged:
    """OpenRouter's own list, as if it had been fetched."""
    provider = catalogue.provider("openrouter")
    models = list(
        {model.id: model for model in model_list.read_page(body, provider).models}.values()
    )
    if not force:
        before = fetched.read(fetched.path_of(provider.id))
        found = list(doubts_of(models, before, catalogue, kind="OpenRouter"))
        if found:
            raise refuse(path.name, found)
    keep = partial(keep_list, provider, models, source=path.name, catalogue=catalogue, force=True)
    return _Judged(keep, provider.name, models, ())


def doubts_of(
    models: Sequence[Model],
    before: fetched.FetchedList | None,
    catalogue: Catalogue,
    *,
    kind: Kind,
    zeros: Set[str] = frozenset(),
) -> Iterator[str]:
    """What cannot be right, against what the list itself said before or else what is known."""
    day = dt.datetime.now(dt.UTC).date()
    said = {
        kept.model.key: doubts.open_price(kept.model.prices)
        for kept in (before.models if before else ())
    }
    for model in models:
        stated = doubts.open_price(model.prices)
        unit = stated and doubts.foreign_unit(stated, per_token=kind in PER_TOKEN)
        if unit:
            yield f"{model.key}: mixed units: {unit}"
            continue
        known = said.get(model.key) or _known(catalogue, model.key, day)
        for phrase in doubted(known, stated, zero=model.key in zeros):
            yield f"{model.key}: {phrase}"


def _known(catalogue: Catalogue, key: str, day: dt.date) -> Price | None:
    return price_on(catalogue.find(key), day) if catalogue.lists(key) else None


def _own(path: Path, body: bytes, catalogue: Catalogue, *, force: bool) -> _Judged:
    """A file of our own format: kept as `catalogue/NAME.toml`, where it wins over everything."""
    models = overlay.read_models(path)
    overlay.read_searches(path)
    overlay.read_efforts(path)
    target = settings.home() / "catalogue" / path.name
    is_there = target.exists() and target.samefile(path)
    if not force:
        found = list(_own_doubts(models, catalogue))
        if target.exists() and not is_there:
            found += _overwritten(overlay.read_models(target), models)
        if found:
            raise refuse(path.name, found)

    def keep() -> None:
        now = dt.datetime.now(dt.UTC)
        observe(f"catalogue/{path.name}", [as_of(model, now.date()) for model in models], now)
        if not is_there:
            fetched.write_whole(target, body)

    return _Judged(keep, f"catalogue/{path.name}", models, ())


def _own_doubts(models: Sequence[Model], catalogue: Catalogue) -> Iterator[str]:
    day = dt.datetime.now(dt.UTC).date()
    for model in models:
        for price in model.prices:
            unit = doubts.foreign_unit(price, per_token=False)
            if unit:
                yield f"{model.key}: mixed units: {unit}"
        now = doubts.open_price(model.prices)
        is_zero = now is not None and not now.free and not (now.rate.input and now.rate.output)
        for phrase in doubted(_known(catalogue, model.key, day), now, zero=is_zero):
            yield f"{model.key}: {phrase}"


def _overwritten(old: Sequence[Model], new: Sequence[Model]) -> Iterator[str]:
    """Price periods of the file before that the new one does not have: they may only be ended."""
    now_there = {(model.key, price.start): price for model in new for price in model.prices}
    for model in old:
        for price in model.prices:
            stays = now_there.get((model.key, price.start))
            if stays is None or stays.rate != price.rate or stays.tiers != price.tiers:
                when = price.start or "the beginning"
                yield f"{model.key}: the price from {when} was ${price.rate.input:f} in, " + (
                    f"${stays.rate.input:f} now" if stays else "and is gone"
                )


def compared(
    name: str,
    source: str,
    models: Sequence[Model],
    before: Catalogue,
    after: Catalogue,
    *,
    notes: tuple[str, ...] = (),
) -> Refreshed:
    """What a list changed in the catalogue."""
    keys = [model.key for model in models]
    known = [key for key in keys if before.lists(key)]
    changes: list[PriceChange] = []
    dissent = 0
    for key in known:
        row = after.find(key)
        was = doubts.open_price(before.find(key).prices)
        now = doubts.open_price(row.prices)
        if was != now and not (was and now and fetched.agrees(was, now)):
            changes.append(PriceChange(model=key, before=was, now=now))
        sources = (price.source for price in (*row.other_prices, *row.prices[-1:]))
        dissent += bool(row.other_prices) and any(each.startswith(name) for each in sources)
    told = (
        f"{dissent:,} differ by more than 1% from another source; `reckon models list` marks them."
        if dissent
        else ""
    )
    return Refreshed(
        name=name,
        source=source,
        listed=len(keys),
        new=tuple(sorted({key for key in keys if not before.lists(key)})),
        prices=tuple(changes),
        notes=(*notes, told) if told else notes,
    )
