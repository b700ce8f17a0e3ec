"""Merges every source of rows into one block of bytes that loads in milliseconds.

Order, later wins: genai-prices, the lists that were fetched, our own files, lists of prices that
others publish, the prices of the lists that providers gave out, the user's file of `llm`, the
user's own files. A row that says less than another row of the same model keeps what the other one
knows. Price periods are taken whole; those of a list are laid among the known ones, for a list
knows today's price and no history. What our own files, genai-prices and the lists state for now is
compared, and what differs by more than 1% from the price that won stays beside it.
"""

import re
from collections.abc import Iterable, Sequence, Set
from fnmatch import fnmatchcase, translate
from importlib import metadata
from typing import Any, cast

import msgspec

from reckon.catalogue import doubts, fetched, genai, llm_models, overlay
from reckon.catalogue.block import (
    FREE,
    MEDIA,
    PROVIDERS,
    fetched_files,
    llm_files,
    own_files,
    price_list_files,
    user_files,
    user_providers,
)
from reckon.catalogue.organizations import canonical
from reckon.catalogue.overlay import Effort, MediaRow, ProviderRow, SearchPrice
from reckon.vocabulary.model import Modality, Model, Provider
from reckon.vocabulary.price import Price

Stated = dict[str, list[Price]]
"""By model, the prices that its sources state for now."""


def compile_block() -> bytes:
    """Everything that is known, encoded.

    Raises:
        CatalogueError: A data file is malformed; names file, row and field.
    """
    rows = {row.id: row for row in overlay.read_providers(PROVIDERS)}
    if user_providers().exists():
        rows |= {row.id: row for row in overlay.read_providers(user_providers())}
    providers = {row.id: overlay.provider_of(row) for row in rows.values()}
    models: dict[str, Model] = {}
    names: dict[str, str] = {}
    for model, provider_name in genai.compile_models(metadata.version("genai-prices")):
        # The first row of an id wins: the package's own id goes before an equal clause.
        models.setdefault(model.key, model)
        names.setdefault(model.provider, provider_name)
    stated: Stated = {}
    _note_prices(stated, models.values())
    priced_by_us: set[str] = set()
    listed = _listed(providers)
    for row in listed:
        _lay_list_over(models, row)
    for path in own_files():
        ours = overlay.read_models(path)
        _lay_over(models, ours)
        _note_prices(stated, ours)
        priced_by_us |= {row.key for row in ours if row.prices}
    rules = overlay.read_media(MEDIA)
    _set_media_rules(models, rules)
    published = [row for row in _published() if row.provider in {*providers, *names}]
    _lay_published_over(models, published, priced_by_us)
    _note_prices(stated, published)
    for row in listed:
        _lay_prices_over(models, row, providers[row.provider])
    _note_prices(stated, listed)
    _keep_dissent(models, stated)
    described = llm_models.read(llm_files(), list(providers.values()))
    for row, usual in described.models:
        _lay_described_over(models, row, models.get(usual), described.providers[row.provider])
    for path in user_files():
        _lay_over(models, overlay.read_models(path))
    _set_media_rules(models, rules, and_notes=True)
    for path in (*own_files(), *user_files()):
        _price_searches(models, overlay.read_searches(path))
    for path in (*user_files(), *own_files()):
        _style_efforts(models, overlay.read_efforts(path))
    providers = described.providers | providers
    for id_ in {model.provider for model in models.values()} - providers.keys():
        # Known by its prices only: it can be run once its address is given.
        providers[id_] = Provider(
            id=id_,
            name=names.get(id_, id_),
            wire="openai_chat",
            base_url_variables=(f"{id_.upper().replace('-', '_')}_BASE_URL",),
        )
    return _encode(models.values(), providers, rows.values(), described)


def _listed(providers: dict[str, Provider]) -> list[Model]:
    """The models of all fetched lists whose provider is still known."""
    lists = [fetched.read(path) for path in fetched_files()]
    return [
        model
        for each in lists
        if each and each.provider in providers
        for model in fetched.models_of(each, providers[each.provider].name)
    ]


def _published() -> list[Model]:
    """The models of all lists of prices that others publish, that of the latest list last."""
    lists = [each for path in price_list_files() if (each := fetched.read(path))]
    lists.sort(key=lambda each: each.fetched)
    return [kept.model for each in lists for kept in each.models]


def _lay_published_over(
    models: dict[str, Model], rows: Iterable[Model], priced_by_us: Set[str]
) -> None:
    """What a published list says, where nothing better is known.

    Its word goes before that of genai-prices from the day it was read. Its first word against a
    price of our own is a disagreement, and our price stays; one that agreed and then changed is
    news, and takes effect on the day it was seen.
    """
    for row in rows:
        known = models.get(row.key)
        if known is None:
            models[row.key] = row
            continue
        prices = known.prices
        if not prices:
            prices = row.prices
        elif row.prices and _agreed(row.prices[0], prices):
            prices = fetched.laid_over(prices, row.prices[1:])
        elif row.key not in priced_by_us:
            prices = fetched.laid_over(prices, row.prices)
        models[row.key] = msgspec.structs.replace(merge(row, known), prices=prices)


def _agreed(first: Price, known: tuple[Price, ...]) -> bool:
    """Whether a list began by saying what is known."""
    now = doubts.open_price(known)
    return now is not None and doubts.agree(now, first)


def _note_prices(stated: Stated, rows: Iterable[Model]) -> None:
    for row in rows:
        price = doubts.open_price(row.prices)
        if price is not None:
            for name in (row.id, *row.aliases):
                stated.setdefault(f"{row.provider}/{name}", []).append(price)


def _keep_dissent(models: dict[str, Model], stated: Stated) -> None:
    for key, model in models.items():
        names = (model.id, *model.aliases)
        said = [price for name in names for price in stated.get(f"{model.provider}/{name}", ())]
        # Nearly all models have one source.
        others = doubts.dissent(model.prices, said) if len(said) > 1 else ()
        if others:
            models[key] = msgspec.structs.replace(model, other_prices=others)


def _lay_list_over(models: dict[str, Model], row: Model) -> None:
    """All that a list says but its prices."""
    below = models.get(row.key)
    organization = below.organization if below else genai.organization_of(row.provider, row.id)
    row = msgspec.structs.replace(row, organization=organization, prices=())
    models[row.key] = merge(below, row) if below else row


def _lay_prices_over(models: dict[str, Model], row: Model, provider: Provider) -> None:
    known = models.get(row.key)
    if known is None:
        return
    prices = fetched.laid_over(known.prices, row.prices)
    if provider.local and not prices:
        prices = (FREE,)
    models[row.key] = msgspec.structs.replace(known, prices=prices)


def _lay_described_over(
    models: dict[str, Model], row: Model, usual: Model | None, provider: Provider
) -> None:
    """A model from the file of `llm`, over what is known of it at its provider."""
    below = models.get(row.key) or usual
    if below is not None:
        row = merge(
            msgspec.structs.replace(below, aliases=()),
            msgspec.structs.replace(row, organization=below.organization),
        )
    if provider.local and not row.prices:
        row = msgspec.structs.replace(row, prices=(FREE,))
    models[row.key] = row


def merge(below: Model, above: Model) -> Model:
    """One model from two rows: each field of `above` that says something wins."""
    said: dict[str, Any] = {
        field.name: value
        for field in msgspec.structs.fields(Model)
        for value in (getattr(above, field.name),)
        if value != field.default
    }
    # A note about prices that the upper row now knows would be untrue.
    kept = tuple(note for note in below.limitations if not (above.prices and "price" in note))
    return msgspec.structs.replace(below, **{**said, "limitations": kept + above.limitations})


def _lay_over(models: dict[str, Model], rows: Iterable[Model]) -> None:
    for row in rows:
        below = models.get(row.key)
        models[row.key] = merge(below, row) if below else row
        for alias in row.aliases:
            # What we say is another name of this row is not a model of its own.
            models.pop(f"{row.provider}/{alias}", None)


def _price_searches(models: dict[str, Model], searches: Iterable[SearchPrice]) -> None:
    """Write what searches cost into every price period; a later row wins."""
    for row in searches:
        for key, model in models.items():
            if model.provider == row.provider and any(
                fnmatchcase(model.id, pattern) for pattern in row.models
            ):
                prices = tuple(
                    msgspec.structs.replace(
                        price,
                        per_search=row.per_search,
                        per_searching_request=row.per_searching_request,
                    )
                    for price in model.prices
                )
                models[key] = msgspec.structs.replace(model, prices=prices)


def _style_efforts(models: dict[str, Model], efforts: Iterable[Effort]) -> None:
    """Write how they are told how much to reason into the models that do not say it.

    The first row that fits a model wins.
    """
    for row in efforts:
        for key, model in models.items():
            if (
                model.provider == row.provider
                and model.effort_style is None
                and any(fnmatchcase(model.id, pattern) for pattern in row.models)
            ):
                models[key] = msgspec.structs.replace(model, effort_style=row.style)


_MEDIA: tuple[Modality, ...] = ("image", "audio", "video", "pdf")


def _set_media_rules(
    models: dict[str, Model], rows: Sequence[MediaRow], *, and_notes: bool = False
) -> None:
    """Write how they count the tokens of media into the models.

    The table of rules wins over rows of our own, for it is where bills are kept. Called again once
    the user's rows are laid over, it fills what is left and notes what is to know of each rule.
    """
    tests = [(re.compile("|".join(map(translate, row.models))).match, row) for row in rows]
    for key, model in models.items():
        name = key.lower()
        fits = [row for test, row in tests if test(name)]
        if not fits:
            continue
        said: dict[str, Any] = {}
        notes: dict[Modality, str] = {}
        for kind in _MEDIA:
            field = f"{kind}_rule"
            row = next((each for each in fits if getattr(each, field)), None)
            if row is None:
                continue
            rule, told = getattr(row, field), getattr(model, field)
            if told is None or not and_notes:
                said[field] = told = rule
            if and_notes and row.note and told == rule:
                notes[kind] = row.note
        models[key] = msgspec.structs.replace(model, **said, media_notes=notes)


def _encode(
    models: Iterable[Model],
    providers: dict[str, Provider],
    rows: Iterable[ProviderRow],
    described: llm_models.Found,
) -> bytes:
    ordered = sorted(map(_named, models), key=lambda model: (model.provider, model.id))
    keys = {model.key: place for place, model in enumerate(ordered)}
    for place, model in enumerate(ordered):
        for alias in model.aliases:
            # An alias never hides a model that has a row of its own.
            keys.setdefault(f"{model.provider}/{alias}", place)
    block = {
        "providers": providers,
        "first_party": [row.id for row in rows if row.first_party],
        "keys": keys,
        "models": [_lean(msgspec.to_builtins(model)) for model in ordered],
        "names": described.names,
        "refused": described.refused,
    }
    return msgspec.msgpack.encode(block)


def _named(model: Model) -> Model:
    """The model with the one spelling of its organisation."""
    return msgspec.structs.replace(model, organization=canonical(model.organization))


REQUIRED = frozenset({"organization"})
"""Fields without a default that may be empty."""


def _lean(value: Any) -> Any:
    """Without the fields that say nothing: a third of the bytes, and of the time to read them."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {
            name: _lean(inner)
            for name, inner in fields.items()
            if name in REQUIRED
            or (inner not in (None, "", [], (), {}) and (name, inner) != ("per_request", "0"))
        }
    if isinstance(value, list | tuple):
        return [_lean(inner) for inner in cast("list[Any]", value)]
    return value
